"""Names as they are shown: one short, visible line for any name that a client sends."""

from __future__ import annotations

import re
from typing import Final

from classroom.common.visible_text import visible_line

__all__ = ["visible_name", "whole_name"]

_LONGEST: Final = 80
_MARKS: Final = 2
"""Accents that a letter may bear; Vietnamese has two. With dozens they cover the lines above and below."""

_UNSEEN: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Default_Ignorable_Code_Point of Unicode, and the Braille pattern without a dot: nothing is drawn for them."""

_UNIT: Final = re.compile(rb"%[0-9A-Fa-f]{2}|.", re.DOTALL)
_HALF_ESCAPE: Final = re.compile(rb"%[0-9A-Fa-f]?\Z")


def visible_name(text: str) -> str:
    """A name on one line of at most 80 characters; empty where nothing of it could be seen.

    It is not escaped for markup; a page must set it as text.
    """
    return visible_line(text, unseen=_UNSEEN, marks=_MARKS, longest=_LONGEST)


def whole_name(raw: bytes, limit: int) -> bytes:
    """At most ``limit`` bytes of a name as it was sent, without a part of an escape or of a letter at the cut."""
    if len(raw) <= limit:
        return raw
    units = _UNIT.findall(_HALF_ESCAPE.sub(b"", raw[:limit]))
    for back, unit in enumerate(reversed(units[-3:]), start=1):
        byte = int(unit[1:], 16) if len(unit) == 3 else unit[0]
        if byte < 0x80:
            break
        if byte >= 0xC0:
            if (2 if byte < 0xE0 else 3 if byte < 0xF0 else 4) > back:
                del units[-back:]
            break
    return b"".join(units)
