"""The kinds of simple values: text, numbers, truth values and choices.

What stands for a time, a size or an address is in ``measures``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import ValidationInfo

from classroom.common.sentences import Wording
from classroom.lesson.scalars import resolve
from classroom.lesson.section import Value, folder_of, or_variable, wrong
from classroom.lesson.words import (
    FromEnvironment,
    did_you_mean,
    has_controls,
    listing,
    meant_hint,
    noun,
    shown,
    unit_word,
)

__all__ = [
    "Choice",
    "FileName",
    "KindWord",
    "Line",
    "Name",
    "Number",
    "Paragraph",
    "Reference",
    "Secret",
    "Switch",
    "WholeNumber",
    "plain",
]

_PATH_ESCAPE: Final = Wording(
    "fault.path_escape",
    "contains control characters: a '\\' has a special meaning in double quotes; put a path of Windows in single "
    "quotes, or write '/' instead",
)
_SECRET_IN_QUOTES: Final = Wording("fault.secret_in_quotes", "expects text; put it in quotes")
_RANGE: Final = Wording("fault.range", "expects {low} to {high}, not {value}")
_RANGE_OF_UNIT: Final = Wording("fault.range_of_unit", "expects {low} to {high} {unit}, not {value}")


def plain(value: object) -> object:
    """What a value means where a number or a truth value belongs: an environment variable only holds text."""
    return resolve(value) if isinstance(value, FromEnvironment) else value


def _text(value: object, limit: int, allowed: str = "") -> str:
    if isinstance(value, bool | int | float):
        wrong(
            Wording("fault.text_in_quotes", "expects text, not {value}; put it in quotes if it is meant as text")(
                value=shown(value)
            )
        )
    if not isinstance(value, str):
        wrong(Wording("fault.text", "expects text, not {value}")(value=shown(value)))
    if len(value) > limit:
        wrong(
            Wording("fault.long_text", "expects at most {most} characters, not {count}")(most=limit, count=len(value))
        )
    if has_controls(value, allowed):
        wrong(Wording("fault.control_characters", "contains control characters; remove them")())
    return str(value)


@dataclass(frozen=True)
class Line(Value):
    """Text on one line."""

    limit: int = 200
    empty: bool = False

    def read(self, value: Any, info: ValidationInfo) -> str:
        """The text; empty text only where that means something."""
        text = _text(value, self.limit)
        if not self.empty and not text.strip():
            wrong(Wording("fault.empty_text", "expects text, but is empty")())
        return text

    def describe(self) -> dict[str, Any]:
        """Text with its lengths."""
        return {"type": "string", "minLength": 0 if self.empty else 1, "maxLength": self.limit}


@dataclass(frozen=True)
class Secret(Line):
    """Text on one line that no sentence shows."""

    def read(self, value: Any, info: ValidationInfo) -> str:
        """The text."""
        if isinstance(value, bool | int | float):
            wrong(_SECRET_IN_QUOTES())
        return super().read(value, info)


@dataclass(frozen=True)
class Paragraph(Value):
    """Text of any number of lines."""

    limit: int = 2000

    def read(self, value: Any, info: ValidationInfo) -> str:
        """The text, with its line breaks."""
        return _text(value, self.limit, allowed="\n\t").replace("\t", "    ")

    def describe(self) -> dict[str, Any]:
        """Text with its length."""
        return {"type": "string", "maxLength": self.limit}


@dataclass(frozen=True)
class Name(Value):
    """The name of a source, an input or a scene, in any language."""

    limit: int = 64

    def read(self, value: Any, info: ValidationInfo) -> str:
        """The name."""
        text = str(value)
        if not text.strip():
            wrong(Wording("fault.empty_name", "a name cannot be empty")())
        if len(text) > self.limit:
            wrong(
                Wording("fault.long_name", "a name has at most {most} characters, not {count}")(
                    most=self.limit, count=len(text)
                )
            )
        if has_controls(text):
            wrong(Wording("fault.name_with_controls", "a name cannot contain control characters")())
        return text

    def describe(self) -> dict[str, Any]:
        """Text with its lengths."""
        return {"type": "string", "minLength": 1, "maxLength": self.limit}


@dataclass(frozen=True)
class Reference(Value):
    """A name that is given elsewhere in the lesson; whether it is there, the rules check."""

    to: str
    optional: bool = False
    """Whether null may stand for what is put in its place later; it reads as empty text."""

    def read(self, value: Any, info: ValidationInfo) -> str:
        """The name that is meant."""
        return "" if value is None and self.optional else self.name(value)

    def name(self, value: object) -> str:
        """A written name."""
        if isinstance(value, bool | int | float):
            wrong(
                Wording(
                    "fault.reference_in_quotes",
                    "expects the name of a {noun}, not {value}; put it in quotes if it is a name",
                )(noun=noun(self.to), value=shown(value))
            )
        if not isinstance(value, str):
            wrong(
                Wording("fault.reference", "expects the name of a {noun}, not {value}")(
                    noun=noun(self.to), value=shown(value)
                )
            )
        return str(value)

    def describe(self) -> dict[str, Any]:
        """Any text."""
        return {"type": ["string", "null"] if self.optional else "string", "minLength": 1}


@dataclass(frozen=True)
class WholeNumber(Value):
    """A whole number within bounds; ``unit`` is said after a bound."""

    low: int
    high: int
    unit: str = ""
    even: bool = False

    def read(self, value: Any, info: ValidationInfo) -> int:
        """The number."""
        number = plain(value)
        whole = isinstance(number, int) or (isinstance(number, float) and number.is_integer())
        if isinstance(number, bool) or not isinstance(number, int | float) or not whole:
            wrong(Wording("fault.whole", "expects a whole number, not {value}")(value=shown(value)))
        _within(number, self.low, self.high, self.unit, value)
        if self.even and number % 2:
            wrong(Wording("fault.odd", "expects an even number, not {value}")(value=shown(value)))
        return int(number)

    def describe(self) -> dict[str, Any]:
        """An integer with bounds, or a variable."""
        described: dict[str, Any] = {"type": "integer", "minimum": self.low, "maximum": self.high}
        return or_variable(described | ({"multipleOf": 2} if self.even else {}))


@dataclass(frozen=True)
class Number(Value):
    """A number within bounds; ``unit`` is said after a bound."""

    low: float
    high: float
    unit: str = ""

    def read(self, value: Any, info: ValidationInfo) -> float:
        """The number, always finite."""
        number = plain(value)
        # A whole number may be too large for math.isfinite, but it is finite.
        endless = isinstance(number, float) and not math.isfinite(number)
        if isinstance(number, bool) or not isinstance(number, int | float) or endless:
            wrong(Wording("fault.number", "expects a number, not {value}")(value=shown(value)))
        _within(number, self.low, self.high, self.unit, value)
        return float(number)

    def describe(self) -> dict[str, Any]:
        """A number with bounds, or a variable."""
        return or_variable({"type": "number", "minimum": self.low, "maximum": self.high})


def _within(number: float, low: float, high: float, unit: str, value: object) -> None:
    if not low <= number <= high:
        bounds = {"low": f"{low:g}", "high": f"{high:g}", "value": shown(value)}
        wrong(_RANGE_OF_UNIT(**bounds, unit=unit_word(unit)) if unit else _RANGE(**bounds))


@dataclass(frozen=True)
class Switch(Value):
    """True or false; ``yes`` and ``on`` are text in YAML 1.2."""

    def read(self, value: Any, info: ValidationInfo) -> bool:
        """The truth value."""
        answer = plain(value)
        if isinstance(answer, bool):
            return answer
        meant = {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(str(value).casefold(), "")
        hint = meant_hint(meant) if meant else ""
        return wrong(Wording("fault.switch", "expects true or false, not {value}{hint}")(value=shown(value), hint=hint))

    def describe(self) -> dict[str, Any]:
        """A boolean, or a variable."""
        return or_variable({"type": "boolean"})


@dataclass(frozen=True)
class Choice(Value):
    """One of a few words; they come from the Literal that is annotated."""

    words: tuple[str, ...] = ()

    def prepare(self, source: Any) -> Value:
        """Take the words of the Literal."""
        return replace(self, words=tuple(get_args(source)))

    def read(self, value: Any, info: ValidationInfo) -> str:
        """The word."""
        if isinstance(value, str) and value in self.words:
            return str(value)
        hint = did_you_mean(value, self.words) if isinstance(value, str) else ""
        return wrong(
            Wording("fault.choice", "expects {words}, not {value}{hint}")(
                words=listing(self.words), value=shown(value), hint=hint
            )
        )

    def describe(self) -> dict[str, Any]:
        """The words, or a variable."""
        return or_variable({"enum": list(self.words)})


class KindWord(Choice):
    """The word for the kind of a source or an input; editors have to know it, so it cannot be a variable."""

    def describe(self) -> dict[str, Any]:
        """The word."""
        return {"enum": list(self.words)}


@dataclass(frozen=True)
class FileName(Value):
    """A file or a folder; a relative one begins at the folder of the lesson, ``~`` at the user's."""

    def read(self, value: Any, info: ValidationInfo) -> Path:
        """The absolute path; whether something is there is found out when it is used."""
        if isinstance(value, Path):
            return folder_of(info) / value
        if isinstance(value, str) and has_controls(value):
            wrong(_PATH_ESCAPE())
        text = _text(value, 1000)
        if "://" in text:
            wrong(
                Wording(
                    "fault.address_as_file",
                    "expects the name of a file or folder, but this is an address; a source of kind stream has a url",
                )()
            )
        if not text.strip():
            wrong(Wording("fault.empty_file_name", "expects the name of a file or folder, but is empty")())
        try:
            path = Path(text).expanduser()
        except RuntimeError:
            wrong(Wording("fault.unknown_home", "names an unknown home folder: {value}")(value=shown(value)))
        return Path(folder_of(info).absolute() / path)

    def describe(self) -> dict[str, Any]:
        """Text."""
        return {"type": "string", "minLength": 1}

    def spell(self, value: Any) -> str:
        """The path as text."""
        return str(value)
