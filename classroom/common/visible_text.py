"""One line of visible text from anything that a stranger sends."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

__all__ = ["visible_line"]

_READ: Final = 8
"""Characters that are looked at for each that is shown: letters of some languages come with their marks apart."""

_MARKS_APART: Final = 8
"""Marks after a letter that are composed with it; composing takes the square of their number."""


def visible_line(text: str, *, unseen: re.Pattern[str], marks: int, longest: int, kept: str = "") -> str:
    """At most ``longest`` characters on one line, letters and accents composed (NFC), so that equal texts are equal.

    ``unseen`` is left out, and a letter bears at most ``marks`` accents: with dozens they cover the lines above and
    below. Of the categories of Unicode without a glyph, ``kept`` names one that stays. The line is not escaped for
    markup; a page must set it as text.
    """
    shown: list[str] = []
    dropped = {"Cf", "Cs"} - {kept}
    borne = marks  # there is no letter before the first accent
    for each in unseen.sub("", unicodedata.normalize("NFC", _with_few_marks(text[: _READ * longest]))):
        category = unicodedata.category(each)
        if category in ("Mn", "Me"):
            borne += 1
            if borne <= marks:
                shown.append(each)
        elif category in ("Cc", "Zl", "Zp", "Zs"):
            shown.append(" ")
            borne = marks
        elif category not in dropped:
            shown.append(each)
            borne = 0
    return " ".join("".join(shown).split())[:longest].rstrip()


def _with_few_marks(text: str) -> str:
    kept: list[str] = []
    marks = 0
    for each in text:
        marks = marks + 1 if unicodedata.combining(each) else 0
        if marks <= _MARKS_APART:
            kept.append(each)
    return "".join(kept)
