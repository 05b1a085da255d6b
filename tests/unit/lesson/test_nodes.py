"""YAML as editors read it (1.2), bounded, and with one clear fault where it is not YAML."""

# ruff: noqa: E501 (a row of a table stays on one line)

from __future__ import annotations

import math
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from classroom.lesson import nodes
from classroom.lesson.document import MAXIMUM_DEPTH, UNUSABLE, read_document
from classroom.lesson.scalars import resolve
from tests.support.lessons import SMALL, faults, report


def values(text: str, environment: dict[str, str] | None = None) -> object:
    document = read_document(text, Path("lesson.yaml"), environment or {})
    assert document.faults == []
    return document.values


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("12:30", "12:30"), ("on", "on"), ("off", "off"), ("no", "no"), ("yes", "yes"), ("y", "y"), ("Yes", "Yes"),
        ("010", 10), ("0o10", 8), ("0x1F", 31), ("1_000", "1_000"), ("0b1", "0b1"), ("+5", 5), ("-6", -6),
        ("1.5", 1.5), (".5", 0.5), ("1.", 1.0), ("1e3", 1000.0), ("-.inf", -math.inf), ("1280x720", "1280x720"),
        ("true", True), ("True", True), ("FALSE", False), ("tRUE", "tRUE"),
        ("~", None), ("null", None), ("Null", None), ("", None), ("nil", "nil"),
        ("2026-11-22", "2026-11-22"), ("=", "="), ("25%", "25%"), ("1500k", "1500k"), ("١٢", "١٢"), ("5 ", 5),
        ("'5'", "5"), ('"true"', "true"), ("!!str 5", "5"), ("! 5", "5"), ("'null'", "null"), ("|\n  5", "5\n"),
    ],
)  # fmt: skip
def test_words_mean_what_yaml_1_2_says(written: str, meant: object) -> None:
    read = values(f"key: {written}\n")
    assert isinstance(read, dict)
    assert read["key"] == meant
    assert type(read["key"]) is type(meant)


def test_an_absurdly_long_number_stays_text() -> None:
    assert resolve("9" * 5000) == "9" * 5000
    assert faults(f"{SMALL}program: {{fps: {'9' * 5000}}}\n")[0].startswith("6:16: program.fps: expects a whole number")


def test_a_key_is_its_spelling() -> None:
    assert values("on: 1\n5: 2\n~: 3\n010: 4\n") == {"on": 1, "5": 2, "~": 3, "010": 4}


def test_the_first_of_two_equal_keys_counts_and_the_second_is_a_fault() -> None:
    document = read_document("a: 1\n'a': {a: 1, a: 2}\n", Path("x.yaml"), {})
    assert document.values == {"a": 1}
    assert [str(fault) for fault in document.faults] == ["x.yaml:2:1: a: is written twice; the first is on line 1"]


def test_anchors_are_followed() -> None:
    text = "sources:\n  a: &card {kind: card}\n  b: *card\nscenes: {s: a}\n"
    lesson = report(text).lesson
    assert lesson is not None
    assert lesson.sources["a"] == lesson.sources["b"]


def test_a_fault_behind_an_alias_is_where_it_is_to_be_mended() -> None:
    text = "sources:\n  a: &card {kind: card, titel: x}\n  b: *card\nscenes: {s: a}\n"
    assert faults(text) == [
        "2:25: sources.a.titel: unknown key; did you mean 'title'?",
        "2:25: sources.b.titel: unknown key; did you mean 'title'?",
    ]


def bomb(levels: int, width: int) -> str:
    lines = ["a0: &a0 [" + ", ".join(["x"] * width) + "]"]
    lines += [f"a{n}: &a{n} [" + ", ".join([f"*a{n - 1}"] * width) + "]" for n in range(1, levels)]
    return "\n".join(lines) + "\n"


def test_an_alias_bomb_is_refused_quickly() -> None:
    began = time.monotonic()
    found = faults(bomb(12, 10))
    assert len(found) == 1
    assert found[0].endswith("holds more than 10000 values, counting repeated aliases")
    assert time.monotonic() - began < 2


def test_aliases_cannot_nest_deeper_than_brackets() -> None:
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 40)]
    assert faults("\n".join(lines)) == [f"1:10: is nested more than {MAXIMUM_DEPTH} levels deep"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: &a [*a]\n", "1:8: the alias '*a' stands inside what it repeats"),
        ("a: &a {b: *a}\n", "1:11: the alias '*a' stands inside what it repeats"),
        ("a: *nowhere\n", "1:4: there is no anchor '&nowhere' before this alias"),
        ("a: !python/object x\n", "1:4: the tag '!python/object' has no meaning in a lesson; remove it"),
        ("a: !!int 5\n", "1:4: the tag '!!int' has no meaning in a lesson; remove it"),
        ("a: !!map []\n", "1:4: the tag '!!map' has no meaning in a lesson; remove it"),
        ("a: 1\n---\nb: 2\n", "2:1: a file holds one lesson; a second one starts here ('---')"),
        ("", "1:1: the file is empty; a lesson needs sources and scenes"),
        ("# nothing\n\n", "1:1: the file is empty; a lesson needs sources and scenes"),
        ("~\n", "1:1: is empty; write its keys below it, or remove the line"),
        ("a: [1\n", "1:4: is not YAML: a list is not closed; a ',' or ']' is missing"),
        ("a: {b: 1\n", "1:4: is not YAML: a group of keys is not closed; a ',' or '}' is missing"),
        ('a: "b\n', "1:4: is not YAML: a quotation mark is not closed"),
        ("a: b: c\n", "1:5: is not YAML: a ':' cannot stand here; is the indentation right? Text with ': ' in it needs quotes"),
        ("a:\n\tb: 1\n", "2:1: is not YAML: a tab cannot stand here; indent with spaces"),
        ("a:\n  b: 1\n c: 2\n", "3:2: is not YAML: a key does not line up with the ones above; check indentation and brackets"),
        ("a: 1\nb\n", "2:1: is not YAML: a ':' is missing after this key"),
        ("a: 1\nb\nc: 1\n", "2:1: is not YAML: a ':' is missing after this key"),
        ("[" * 100_000, f"1:{MAXIMUM_DEPTH + 1}: is nested more than {MAXIMUM_DEPTH} levels deep"),
        ("a: 课\nb: \x07\n", "2:4: contains a character that is not text (U+0007); remove it"),
        ("a: \ud800\n", "1:4: contains a character that is not text (U+D800); remove it"),
        ("a: {b: ${C}}\n", '1:9: is not YAML: a group of keys is not closed; a \',\' or \'}\' is missing; inside { } or [ ] an environment variable needs quotes: "${NAME}"'),
        ("? [a]\n: 1\n", "1:3: a key must be a word or text, not a list or a group of keys"),
    ],
)  # fmt: skip
def test_what_is_not_yaml_is_one_fault_at_its_place(text: str, expected: str) -> None:
    found = [fault for fault in faults(text) if not fault.endswith("is missing") or "YAML" in fault]
    assert found == [expected]


def test_columns_count_characters_and_lines_count_every_line_end() -> None:
    assert faults("\ufeffsources: {课堂课堂: {kind: card, x: 1}}\r\nscenes: {a: 课堂课堂, b: nobody}\r\n") == [
        "1:30: sources.课堂课堂.x: unknown key; allowed here: kind, title, text, image, until or countdown",
        "2:22: scenes.b: there is no source 'nobody'; there is 课堂课堂",
    ]


@given(st.text(alphabet=st.sampled_from(list("abc:-[]{},\n \"'&*!|>#%?~0x.$")), max_size=60))
def test_the_parser_in_python_reads_what_libyaml_reads(text: str) -> None:
    def compose(loader: type) -> object:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(nodes, "_LOADER", loader)
            try:
                return nodes.compose(text, MAXIMUM_DEPTH)
            except nodes.NotYaml:
                return "not YAML"

    both = compose(yaml.SafeLoader), compose(yaml.CSafeLoader)
    # They do not agree on every odd text; where both read one, they read the same.
    assert "not YAML" in both or _plain(both[0]) == _plain(both[1])


def _plain(node: object) -> object:
    match node:
        case nodes.Text():
            return resolve(node.text) if node.plain else node.text
        case nodes.Items():
            return [_plain(item) for item in node.items]
        case nodes.Pairs():
            return [(_plain(key), _plain(value)) for key, value in node.pairs]
        case _:
            return node


# Environment variables


def test_a_variable_is_read_and_means_what_its_place_asks_for() -> None:
    text = """\
server: {port: "${PORT}"}
access:
  token: ${TOKEN}
sources:
  camera: {kind: "${KIND}", device: "a ${NAME} b", size: "${SIZE}"}
  card: {kind: card, title: "$${PORT} is ${PORT}"}
  screen: {kind: screen, cursor: "${NO}"}
scenes: {a: "${SCENE}"}
"""
    environment = {
        "PORT": "0", "TOKEN": "123456", "KIND": "camera", "NAME": "$x ${PORT}", "SIZE": "640x480", "SCENE": "camera",
        "NO": "false",
    }  # fmt: skip
    found = report(text, environment)
    assert found.faults == ()
    lesson = found.lesson
    assert lesson is not None
    assert lesson.server.port == 0
    assert lesson.access.token == "123456"
    assert type(lesson.access.token) is str
    assert lesson.sources["camera"].model_dump(mode="json") == {
        "kind": "camera", "device": "a $x ${PORT} b", "size": "640x480", "fps": 30, "frozen": "auto",
    }  # fmt: skip
    assert lesson.sources["card"].model_dump()["title"] == "${PORT} is 0"
    assert lesson.sources["screen"].model_dump()["cursor"] is False
    assert lesson.scenes["a"].sources == ["camera"]


def test_a_fault_does_not_show_the_value_of_a_variable() -> None:
    text = 'server: {port: "${SECRET}"}\nsources: {a: {kind: card}}\nscenes: {s: "${SECRET}"}\n'
    found = faults(text, {"SECRET": "hunter2\x1b[2J"})
    assert found == [
        "1:16: server.port: expects a whole number, not the value of ${SECRET}",
        "3:13: scenes.s: there is no source the value of ${SECRET}; there is a",
    ]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("${NOT_SET}", "the environment variable NOT_SET is not set"),
        ("x ${NOT_SET", "'${NOT_SET' is not ${NAME}; write $${ for a plain ${"),
        ("${}", "'${}' is not ${NAME}; write $${ for a plain ${"),
        ("${a b}", "'${a b}' is not ${NAME}; write $${ for a plain ${"),
    ],
)
def test_a_variable_that_cannot_be_read_is_one_fault(written: str, expected: str) -> None:
    assert faults(f'{SMALL}program: {{size: "{written}"}}\n') == [f"6:17: program.size: {expected}"]


def test_an_empty_variable_is_no_token() -> None:
    assert faults(f'{SMALL}access: {{token: "${{TOKEN}}"}}\n', {"TOKEN": ""}) == [
        "6:17: access.token: expects text, but is empty"
    ]


def test_keys_hold_no_variables() -> None:
    assert values("${A}: 1\n", {"A": "b"}) == {"${A}": 1}


def test_the_environment_of_the_process_is_the_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from classroom.lesson import load_lesson

    file = tmp_path / "lesson.yaml"
    file.write_text(SMALL + 'lesson: {title: "${LESSON_TITLE_FOR_TEST}"}\n', encoding="utf-8")
    monkeypatch.setenv("LESSON_TITLE_FOR_TEST", "Biology")
    assert load_lesson(file).lesson.title == "Biology"


def test_unusable_says_so() -> None:
    assert repr(UNUSABLE) == "UNUSABLE"
