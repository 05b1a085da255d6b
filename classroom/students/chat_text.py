"""Chat as it is shown: one line of visible text for anything that a page sends."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

__all__ = ["LONGEST_TEXT", "chat_text"]

LONGEST_TEXT: Final = 500
"""Characters of a message, after its letters and accents are composed (NFC)."""

_MARKS: Final = 4
"""Accents that a letter may bear, and the marks of an emoji. With dozens they cover the lines above and below."""

_READ: Final = 4000
"""Characters that are looked at, some for each that is shown: letters of some languages come with their marks apart."""

_MARKS_APART: Final = 8
"""Marks after a letter that are composed with it; composing takes the square of their number."""

_UNSEEN: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    "\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Nothing is drawn for these, or they turn the line around. What joins emoji and Persian letters is kept."""

_ONLY_JOINS: Final = re.compile("[\u200c\u200d\ufe0f]")


def chat_text(text: str) -> str:
    """A message on one line of at most 500 characters; empty where nothing of it could be seen.

    It is not escaped for markup; a page must set it as text.
    """
    shown: list[str] = []
    marks = _MARKS  # there is no letter before the first accent
    for each in _UNSEEN.sub("", unicodedata.normalize("NFC", _with_few_marks(text[:_READ]))):
        category = unicodedata.category(each)
        if category in ("Mn", "Me"):
            marks += 1
            if marks <= _MARKS:
                shown.append(each)
        elif category in ("Cc", "Zl", "Zp", "Zs"):
            shown.append(" ")
            marks = _MARKS
        elif category != "Cs":
            shown.append(each)
            marks = 0
    line = " ".join("".join(shown).split())[:LONGEST_TEXT].rstrip()
    return line if _ONLY_JOINS.sub("", line).strip() else ""


def _with_few_marks(text: str) -> str:
    kept: list[str] = []
    marks = 0
    for each in text:
        marks = marks + 1 if unicodedata.combining(each) else 0
        if marks <= _MARKS_APART:
            kept.append(each)
    return "".join(kept)
