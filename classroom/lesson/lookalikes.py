"""Signs that look like YAML's and are not: full-width ones, curly quotes, dashes and special spaces.

Chinese input methods, word processors and web pages make them. Whether one is meant as text, only a trial tells: so
this finds them outside of quotes and says what the line would be with the right ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from classroom.common.sentences import Sentence, Wording

__all__ = ["Repair", "repairs"]

_FULL_WIDTH: Final = {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)} | {
    "、": ",",
    "【": "[",
    "】": "]",
}
_CURLY: Final = dict.fromkeys("“”„‟«»＂", '"') | dict.fromkeys("‘’‚‛＇", "'")
_SPACES: Final = frozenset(
    "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
)
_INVISIBLE: Final = frozenset("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff")
_DASHES: Final = re.compile(r"\s*([–—−－])\s")
_NO_SPACE: Final = re.compile(r"(?<![^\s{,\[])[A-Za-z_][\w-]*(:)(?=[^\s/\\:])")
_STRAIGHT: Final = frozenset("\"'")

_FULL_WIDTH_SIGN: Final = Wording(
    "yaml.full_width", "'{sign}' is a full-width sign; switch to English input, and write '{meant}'"
)
_FULL_WIDTH_COLON: Final = Wording(
    "yaml.full_width_colon", "'{sign}' is a full-width sign; switch to English input, and write ':' and a space"
)
_FULL_WIDTH_TEXT: Final = Wording(
    "yaml.full_width_text", "full-width letters or digits stand here; switch to English input, and write them again"
)
_CURLY_QUOTE: Final = Wording(
    "yaml.curly_quote", "a curly quotation mark stands here, as word processors make them; write {meant} instead"
)
_SPACE: Final = Wording("yaml.special_space", "a special space ({code}) stands here; write a plain one")
_UNSEEN: Final = Wording("yaml.invisible", "an invisible character ({code}) stands here; delete it")
_DASH: Final = Wording("yaml.dash", "'{sign}' is a dash; write '-'")
_SPACE_AFTER_COLON: Final = Wording("yaml.space_after_colon", "a space is missing after ':'")


@dataclass(frozen=True, slots=True)
class _Sign:
    """A sign at an index of a line, what belongs there, and what to tell."""

    index: int
    meant: str
    sentence: Sentence


@dataclass(frozen=True, slots=True)
class Repair:
    """A line as it may have been meant.

    ``line`` counts from 0; ``columns`` has the written column, from 1, of each sign.
    ``faults`` are the columns of the wrong signs and what to say of them, one for each thing to say.
    """

    line: int
    text: str
    columns: tuple[int, ...]
    faults: tuple[tuple[int, Sentence], ...]


def repairs(lines: list[str]) -> Iterator[list[Repair]]:
    """For each line with such signs what it may have been: with all of them right, then with one after the other."""
    quote = ""
    for number, line in enumerate(lines):
        signs, quote = _signs(line, quote)
        if signs:
            alternatives = [signs] if len(signs) == 1 else [signs, *([sign] for sign in signs)]
            yield [_repair(number, line, each) for each in alternatives]


def _repair(number: int, line: str, signs: list[_Sign]) -> Repair:
    meant = {sign.index: sign.meant for sign in signs}
    text, columns = "", []
    for index, written in enumerate(line):
        now = meant.get(index, written)
        text += now
        columns += [index + 1] * len(now)
    said: dict[Sentence, int] = {}
    for sign in signs:
        said.setdefault(sign.sentence, sign.index + 1)
    return Repair(number, text, (*columns, len(line) + 1), tuple((column, text) for text, column in said.items()))


def _signs(line: str, quote: str) -> tuple[list[_Sign], str]:
    """The signs of a line that begins inside of ``quote`` or outside of any, and the quote in which it ends."""
    found: list[_Sign] = []
    spaceless = {each.start(1) for each in _NO_SPACE.finditer(line)}
    dash = _DASHES.match(line)
    before = " "
    for index, sign in enumerate(line):
        if quote:
            if sign == quote:
                quote = ""
            elif _CURLY.get(sign) == quote and quote not in line[index + 1 :]:
                found.append(_sign(index, sign, line))  # begun with a straight one, ended with a curly one
                quote = ""
        elif sign in _STRAIGHT and (before.isspace() or before in "{[,:-：，"):
            quote = sign
        elif sign == "#" and before.isspace():
            break
        elif dash is not None and index == dash.start(1):
            found.append(_Sign(index, "-", _DASH(sign=sign)))
        elif index in spaceless:
            found.append(_Sign(index, ": ", _SPACE_AFTER_COLON()))
        elif sign in _CURLY or sign in _FULL_WIDTH or sign in _SPACES or sign in _INVISIBLE:
            found.append(_sign(index, sign, line))
        before = sign
    return found, quote


def _sign(index: int, sign: str, line: str) -> _Sign:
    code = f"U+{ord(sign):04X}"
    if sign in _SPACES:
        return _Sign(index, " ", _SPACE(code=code))
    if sign in _INVISIBLE:
        return _Sign(index, "", _UNSEEN(code=code))
    if sign in _CURLY:
        return _Sign(index, _CURLY[sign], _CURLY_QUOTE(meant=_CURLY[sign]))
    meant = _FULL_WIDTH[sign]
    if meant == ":":
        return _Sign(index, ":" if line[index + 1 : index + 2].isspace() else ": ", _FULL_WIDTH_COLON(sign=sign))
    if meant.isalnum():
        return _Sign(index, meant, _FULL_WIDTH_TEXT())
    return _Sign(index, meant, _FULL_WIDTH_SIGN(sign=sign, meant=meant))
