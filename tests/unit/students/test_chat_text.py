"""Hostile and odd texts become one visible line, and ordinary ones of every language stay what they are."""

from __future__ import annotations

import pytest

from classroom.students.chat_text import LONGEST_TEXT, chat_text


@pytest.mark.parametrize(
    "text",
    [
        "Hello",
        "你好，老师",
        "می\u200cخواهم",
        "👩\u200d🏫 ❤\ufe0f 1\ufe0f\u20e3",
        "Tiếng Việt",
        "ที่นี่",
        "a < b && <b>c</b>",
    ],
)
def test_ordinary_text_is_kept(text: str) -> None:
    assert chat_text(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\u202eb\u2066c\u200bd", "abcd"),
        ("one\ntwo\x00\x1b[31m\u2028three", "one two [31m three"),
        ("e\u0301", "é"),
        ("x" + "\u0336" * 60, "x" + "\u0336" * 4),
        ("x" * 10_000, "x" * LONGEST_TEXT),
        ("\ud800a", "a"),
    ],
)
def test_hostile_text_is_tamed(text: str, shown: str) -> None:
    assert chat_text(text) == shown


@pytest.mark.parametrize("text", ["", " \n", "\u200d\ufe0f", "\u3164\u2800", "\u0301\u0301"])
def test_what_cannot_be_seen_is_nothing(text: str) -> None:
    assert chat_text(text) == ""
