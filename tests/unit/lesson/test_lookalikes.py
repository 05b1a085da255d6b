"""Signs that only look right are named, each once and at its place, and text that has them on purpose is left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classroom.lesson import lesson_from_text

REST = "sources: {note: {kind: card}}\nscenes: {s: note}\n"
CARD = "sources:\n  note: {kind: card, title: x}\nscenes: {s: note}\n"

COLON = "'：' is a full-width sign; switch to English input, and write ':' and a space"
COMMA = "'，' is a full-width sign; switch to English input, and write ','"
QUOTE = 'a curly quotation mark stands here, as word processors make them; write " instead'
SPACE = "a special space (U+00A0) stands here; write a plain one"
UNSEEN = "an invisible character (U+200B) stands here; delete it"
TEXT = "full-width letters or digits stand here; switch to English input, and write them again"
NO_SPACE = "a space is missing after ':'"
ESCAPE = "a '\\' has a special meaning in double quotes; put a path of Windows in single quotes, or write '/' instead"


def told(text: str) -> list[str]:
    return [str(fault).removeprefix("l.yaml:") for fault in lesson_from_text(text, "l.yaml", {}).faults]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (CARD.replace("kind: ", "kind："), [f"2:14: {COLON}"]),
        (CARD.replace("note: ", "note： "), [f"2:7: {COLON}"]),
        (CARD.replace("sources:", "sources："), [f"1:8: {COLON}"]),
        ('lesson: {title： "线性代数"}\n' + REST, [f"1:15: {COLON}"]),
        ("lesson:\n  title： 线性代数\n" + REST, [f"2:8: {COLON}"]),
        ("lesson:\n  title：线性代数\n  language：zh\n" + REST, [f"2:8: {COLON}", f"3:11: {COLON}"]),
        (CARD.replace(", ", "， "), [f"2:20: {COMMA}"]),
        ('lesson: {title: "线性代数"，language: zh}\n' + REST, [f"1:23: {COMMA}"]),
        ("lesson: {title: “Algebra, week 3”}\n" + REST, [f"1:17: {QUOTE}"]),
        ("lesson:\n  title: “Algebra: week 3”\n" + REST, [f"2:10: {QUOTE}"]),
        ('lesson: {title: "Algebra”}\n' + REST, [f"1:25: {QUOTE}"]),
        (CARD.replace("card", "‘card’"), ["2:16: " + QUOTE.replace('"', "'")]),
        (CARD.replace("  note", "\u00a0\u00a0note"), [f"2:1: {SPACE}"]),
        (CARD.replace("  note", "\u3000\u3000note"), ["2:1: " + SPACE.replace("00A0", "3000")]),
        (CARD.replace("kind: ", "kind:\u00a0"), [f"2:15: {SPACE}"]),
        (CARD.replace("{s: note}", "{s: no\u200bte}"), [f"3:15: {UNSEEN}"]),
        (CARD + "program: {fps: ３０}\n", [f"4:16: {TEXT}"]),
        (CARD.replace("{kind", "｛kind").replace("x}", "x｝"), [
            "2:9: '｛' is a full-width sign; switch to English input, and write '{'",
            "2:30: '｝' is a full-width sign; switch to English input, and write '}'",
        ]),
        (CARD + "cues:\n  – {after: 5m, scene: s}\n", ["5:3: '–' is a dash; write '-'"]),
        (CARD.replace("kind: ", "kind:"), [f"2:14: {NO_SPACE}"]),
        ("lesson:\n  title:Algebra\n" + REST, [f"2:8: {NO_SPACE}"]),
        # What else is wrong is still told, at the place where it stands in the file.
        (CARD.replace("kind: card, ", "kind：card, size: 3, "), [
            f"2:14: {COLON}",
            "2:21: sources.note.size: unknown key; allowed here: kind, title, text, image, until or countdown",
        ]),
    ],
)  # fmt: skip
def test_a_sign_that_only_looks_right_is_named(text: str, expected: list[str]) -> None:
    assert told(text) == expected


@pytest.mark.parametrize("title", ["第一节：导论，“极限”", "Don’t", "５ apples – or 6", "a:b", "“Algebra”"])
def test_text_may_have_them(title: str) -> None:
    assert told(f"lesson:\n  title: {title}\n{REST}") == []
    assert told(f"lesson: {{title: '{title}', langage: zh}}\n{REST}") == [
        f"1:{20 + len(title) + 1}: lesson.langage: unknown key; did you mean 'language'?"
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sources:\n\tnote: {kind: card}\n", "2:1: is not YAML: a tab cannot stand here; indent with spaces"),
        (
            "sources:\n  a:\n    kind: card\n\ttitle: x\n",
            "4:1: is not YAML: a tab cannot stand here; indent with spaces",
        ),
        (
            "lesson: {title: A: week 3}\n",
            "1:18: is not YAML: text with ': ' in it needs quotes, such as \"A: week 3\"; "
            "or a ',' or '}' is missing before",
        ),
        ('sources: {a: {kind: file, path: "C:\\Users\\ada\\film.mp4"}}\n', f"1:38: is not YAML: {ESCAPE}"),
        ('sources: {a: {kind: file, path: "D:\\material\\a.mp4"}}\n', f"1:36: is not YAML: {ESCAPE}"),
        (
            CARD.replace("title: x", 'image: "D:\\new\\talk.png"'),
            f"2:29: sources.note.image: contains control characters: {ESCAPE}",
        ),
    ],
)
def test_tabs_colons_and_windows_paths_say_what_to_do(text: str, expected: str) -> None:
    assert told(text) == [expected]


@pytest.mark.parametrize("path", ["'C:\\Users\\ada\\film.mp4'", "C:\\Users\\ada\\film.mp4", '"C:/Users/ada/film.mp4"'])
def test_a_windows_path_is_right_in_other_ways(path: str) -> None:
    assert told(f"sources: {{a: {{kind: file, path: {path}}}}}\nscenes: {{s: a}}\n") == []


@given(st.text(alphabet="ab:,{}[]\"'#- \n\t：，“”\u00a0\u200b３–｛｝\\&*$", max_size=60))
def test_no_text_breaks_the_search(text: str) -> None:
    assert lesson_from_text(text, "l.yaml", {}).lesson is None
