"""Hostile and odd texts become one visible line, and ordinary ones of every language stay what they are."""

from __future__ import annotations

import time

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


def test_text_of_accents_costs_no_more_than_other_text() -> None:
    def cost(text: str) -> float:
        def once() -> float:
            began = time.thread_time()
            chat_text(text)
            return time.thread_time() - began

        return min(once() for _ in range(3))

    hostile = "a" + "\u0301" * 9999 + "\u0323" * 9999
    assert cost(hostile) < 20 * cost("hello " * 3333), "composing takes the square of the marks of one letter"
    assert chat_text(hostile) == "á" + "\u0301" * 4
