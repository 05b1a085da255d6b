"""How faults speak of what the author wrote: quoted safely, with a suggestion or a list of what there is.

Nothing a lesson or an environment variable holds reaches a terminal unescaped or at full length.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final, Literal

from classroom.common.sentences import Sentence, Wording

__all__ = [
    "FromEnvironment",
    "did_you_mean",
    "has_controls",
    "listing",
    "meant_hint",
    "noun",
    "printable",
    "shown",
    "unknown",
]

_LONGEST = 60
_KNOWN = 16
"""Most names that are listed in one fault."""
_COMPARED = 200
"""Most names that a wrong one is compared with, so that a long file is not slow to refuse."""

_VARIABLE: Final = Wording("word.variable", "the value of {variable}")
_NOTHING: Final = Wording("word.nothing", "nothing")
_LIST: Final = Wording("word.list", "a list")
_KEYS: Final = Wording("word.keys", "a group of keys")
_OR: Final = Wording("word.or", "{most} or {last}")
_AND: Final = Wording("word.and", "{most} and {last}")
_MEANT: Final = Wording("hint.meant", "; did you mean '{word}'?")
_THERE_IS: Final = Wording("hint.there_is", "; there is {names}")
_THERE_ARE: Final = Wording("hint.there_are", "; there are {names}")
_UNKNOWN: Final = Wording("fault.unknown_name", "there is no {noun} {name}{hint}")

_UNITS: Final = {
    "bytes": Wording("unit.bytes", "bytes"),
    "connections": Wording("unit.connections", "connections"),
    "members": Wording("unit.members", "members"),
    "messages": Wording("unit.messages", "messages"),
    "messages per second": Wording("unit.messages_a_second", "messages per second"),
    "percent of the program's height": Wording("unit.percent_of_the_height", "percent of the program's height"),
    "pictures per second": Wording("unit.pictures_a_second", "pictures per second"),
    "pixels": Wording("unit.pixels", "pixels"),
    "seconds": Wording("unit.seconds", "seconds"),
    "sign-ins per second": Wording("unit.sign_ins_a_second", "sign-ins per second"),
    "students": Wording("unit.students", "students"),
}

_NOUNS: Final = {
    "source": Wording("noun.source", "source"),
    "input": Wording("noun.input", "input"),
    "overlay": Wording("noun.overlay", "overlay"),
    "scene": Wording("noun.scene", "scene"),
}


class FromEnvironment(str):
    """Text that came from environment variables; ``written`` is what the file says, such as ``${PORT}``.

    Faults show what is written and never the value, which may be a secret.
    """

    written: str

    def __new__(cls, value: str, written: str) -> FromEnvironment:
        """Join a value to what stands for it in the file."""
        text = super().__new__(cls, value)
        text.written = written
        return text


def has_controls(text: str, allowed: str = "") -> bool:
    """Whether a text holds control characters, line separators or halves of characters, apart from ``allowed``."""
    return any(unicodedata.category(sign) in {"Cc", "Cs", "Zl", "Zp"} and sign not in allowed for sign in text)


def printable(text: str) -> str:
    """A text on one line, shortened, without anything that a terminal could take for a command."""
    if len(text) > _LONGEST:
        text = text[: _LONGEST - 1] + "…"
    return "".join(sign.encode("unicode_escape").decode() if has_controls(sign) else sign for sign in text)


def shown(value: object) -> str:
    """A value as a fault names it: ``'ten'``, ``1.5``, ``true``, ``nothing``, ``a list``."""
    match value:
        case FromEnvironment():
            return _VARIABLE(variable=printable(value.written))
        case str():
            return f"'{printable(value)}'"
        case None:
            return _NOTHING()
        case bool():
            return "true" if value else "false"
        case int() | float():
            return printable(repr(value))
        case list() | tuple():
            return _LIST()
        case _:
            return _KEYS()


def noun(kind: str) -> Sentence:
    """What sentences call a thing that a lesson names: source, input, overlay or scene."""
    return _NOUNS[kind]()


def unit_word(unit: str) -> str:
    """A unit as sentences say it; its sign, such as dB, is the same in every language."""
    return _UNITS[unit]() if unit in _UNITS else unit


def unknown(kind: Sentence, name: object, known: Sequence[str]) -> Sentence:
    """A name that is not there, with the one that was meant or those that there are; ``kind`` is a noun."""
    hint = did_you_mean(name, known) if isinstance(name, str) else ""
    if not hint and known:
        names = listing(known, last="and")
        hint = _THERE_IS(names=names) if len(known) == 1 else _THERE_ARE(names=names)
    return _UNKNOWN(noun=kind, name=shown(name), hint=hint)


def listing(names: Iterable[str], last: Literal["or", "and"] = "or") -> str:
    """Names as a sentence lists them: ``a, b or c``; a long list ends in an ellipsis."""
    shortened = [printable(name) for name in names]
    if len(shortened) > _KNOWN:
        return ", ".join([*shortened[:_KNOWN], "…"])
    if len(shortened) < 2:
        return "".join(shortened)
    return (_OR if last == "or" else _AND)(most=", ".join(shortened[:-1]), last=shortened[-1])


def meant_hint(word: str) -> Sentence:
    """The end of a fault that names the word that was meant."""
    return _MEANT(word=printable(word))


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """The end of a fault: ``; did you mean 'x'?``, or nothing when no known word is near.

    Initials count as well, so ``pip`` finds ``picture-in-picture``.
    """
    spellings: dict[str, str] = {}
    for name in known[:_COMPARED]:
        if "-" in name:
            spellings.setdefault("".join(part[:1] for part in name.split("-")), name)
    for name in reversed(known[:_COMPARED]):
        spellings[name.casefold()] = name
    near = difflib.get_close_matches(word.casefold()[:80], spellings, n=1, cutoff=0.6)
    return meant_hint(spellings[near[0]]) if near else ""
