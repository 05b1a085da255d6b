"""How faults speak: suggestions, lists, and values that cannot harm a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classroom.lesson.words import FromEnvironment, did_you_mean, listing, printable, shown

LAYOUTS = ["full", "picture-in-picture", "side-by-side"]


@pytest.mark.parametrize(
    ("word", "known", "expected"),
    [
        ("widht", ["width", "height"], "width"),
        ("Camera", ["camera", "screen"], "camera"),
        ("pip", LAYOUTS, "picture-in-picture"),
        ("sbs", LAYOUTS, "side-by-side"),
        ("side by side", LAYOUTS, "side-by-side"),
        ("屏目", ["摄像头", "屏幕墙", "屏幕"], None),
        ("老师的摄像机", ["老师的摄像头", "屏幕"], "老师的摄像头"),
        ("xyz", ["camera"], None),
        ("", ["camera"], None),
        ("x", [], None),
    ],
)
def test_the_nearest_word_is_suggested(word: str, known: list[str], expected: str | None) -> None:
    assert did_you_mean(word, known) == (f"; did you mean '{expected}'?" if expected else "")


def test_lists_read_as_sentences() -> None:
    assert [listing(names) for names in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a or b", "a, b or c"]
    assert listing([f"n{n}" for n in range(20)]).endswith("n14, n15, …")


def test_values_are_named_as_yaml_writes_them() -> None:
    values = ["ten", None, True, False, 5, 1.5, [1], {"a": 1}, FromEnvironment("secret", "${NAME}")]
    assert [shown(value) for value in values] == [
        "'ten'", "nothing", "true", "false", "5", "1.5", "a list", "a group of keys", "the value of ${NAME}",
    ]  # fmt: skip


@given(st.text(max_size=200))
def test_nothing_that_a_terminal_could_obey_is_shown(text: str) -> None:
    said = printable(text)
    assert all(sign >= " " and sign not in "\x7f\u2028\u2029" and not "\x80" <= sign <= "\x9f" for sign in said)
    said.encode()  # no half of a character is left
    if text.isascii() and text.isprintable() and len(text) <= 60:
        assert said == text
