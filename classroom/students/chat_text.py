"""Chat as it is shown: one line of visible text for anything that a page sends."""

from __future__ import annotations

import re
from typing import Final

from classroom.common.visible_text import visible_line

__all__ = ["LONGEST_TEXT", "chat_text"]

LONGEST_TEXT: Final = 500
"""Characters of a message, after its letters and accents are composed (NFC)."""

_MARKS: Final = 4
"""Accents that a letter may bear, and the marks of an emoji. With dozens they cover the lines above and below."""

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
    line = visible_line(text, unseen=_UNSEEN, marks=_MARKS, longest=LONGEST_TEXT, kept="Cf")
    return line if _ONLY_JOINS.sub("", line).strip() else ""
