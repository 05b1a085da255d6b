from __future__ import annotations

import unicodedata
from urllib.parse import quote, unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classroom.signaling.visible_name import visible_name, whole_name


@given(st.text(max_size=300))
def test_what_is_shown_can_be_seen_and_bears_two_marks_a_letter(text: str) -> None:
    shown = visible_name(text)
    assert len(shown) <= 80
    marks = 0
    for index, each in enumerate(shown):
        category = unicodedata.category(each)
        assert category not in ("Cc", "Cf", "Zl", "Zp")
        if category in ("Mn", "Me"):
            assert index > 0, "a mark without a letter"
            marks += 1
            assert marks <= 2
        else:
            marks = 0
    assert visible_name(shown) == shown


@pytest.mark.parametrize("marks", range(6))
def test_a_letter_keeps_its_first_two_marks(marks: int) -> None:
    accents = "\u0352\u0357\u035b\u0346\u034a"[:marks]
    assert visible_name(f"q{accents}x{accents}") == f"q{accents[:2]}x{accents[:2]}"


@given(st.text(min_size=1, max_size=120), st.integers(1, 200), st.booleans())
def test_no_escape_and_no_letter_is_cut_in_two(text: str, limit: int, coded: bool) -> None:
    text = text.encode("utf-8", "ignore").decode()
    raw = quote(text).encode() if coded else text.replace("%", "_").encode()
    cut = whole_name(raw, limit)
    assert raw.startswith(cut)
    assert len(cut) <= limit
    unquote_to_bytes(cut).decode()  # whole letters
    assert len(raw) <= limit or len(cut) > limit - 12
    assert not coded or b"%" not in cut[-1:]


@pytest.mark.parametrize("raw", [b"100%", b"50%A", b"%E5%BC", b"\xe5\xbc", b""])
def test_a_short_name_stays_as_it_was_sent(raw: bytes) -> None:
    assert whole_name(raw, 512) == raw


def test_sixty_chinese_letters_are_cut_between_two_of_them() -> None:
    assert whole_name(quote("张" * 60).encode(), 512) == quote("张" * 56).encode()


@given(st.binary(max_size=40), st.integers(0, 40))
def test_any_bytes_can_be_cut(raw: bytes, limit: int) -> None:
    assert raw.startswith(whole_name(raw, limit))
