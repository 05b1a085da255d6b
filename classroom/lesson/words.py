"""How faults speak of what the author wrote: quoted safely, with a suggestion or a list of what there is.

Nothing a lesson or an environment variable holds reaches a terminal unescaped or at full length.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable, Sequence

__all__ = ["FromEnvironment", "did_you_mean", "has_controls", "listing", "printable", "shown"]

_LONGEST = 60
_KNOWN = 16
"""Most names that are listed in one fault."""
_COMPARED = 200
"""Most names that a wrong one is compared with, so that a long file is not slow to refuse."""


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
            return f"the value of {printable(value.written)}"
        case str():
            return f"'{printable(value)}'"
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return printable(repr(value))
        case list() | tuple():
            return "a list"
        case _:
            return "a group of keys"


def listing(names: Iterable[str], last: str = "or") -> str:
    """Names as a sentence lists them: ``a, b or c``; a long list ends in an ellipsis."""
    shortened = [printable(name) for name in names]
    if len(shortened) > _KNOWN:
        return ", ".join([*shortened[:_KNOWN], "…"])
    return f" {last} ".join(filter(None, [", ".join(shortened[:-1]), *shortened[-1:]]))


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
    return f"; did you mean '{printable(spellings[near[0]])}'?" if near else ""
