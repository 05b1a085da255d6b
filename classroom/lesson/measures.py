"""The kinds of values with a spelling of their own: sizes, bit rates, percentages, addresses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from pydantic import ValidationInfo

from classroom.common.redaction import misplaced_signs, without_secrets
from classroom.common.sentences import Wording
from classroom.lesson.section import Value, or_variable, wrong
from classroom.lesson.values import plain
from classroom.lesson.words import FromEnvironment, did_you_mean, has_controls, listing, meant_hint, shown

__all__ = ["Address", "Addresses", "Bitrate", "Delay", "FrameSize", "Host", "Percent", "SignalingServer", "Size"]

SMALLEST, LARGEST = 16, 7680
"""Bounds of the width and the height of a picture, in pixels."""

_SIZE = re.compile(r"([0-9]{1,6})\s*[x×X]\s*([0-9]{1,6})")
_BITRATE = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,6}))?\s*([kKmM])(?:bit/s|bps)?")
_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,3})?)\s*%")
_SERVER = re.compile(r"https?://(?:[\w.-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?/?")


@dataclass(frozen=True, slots=True)
class Size:
    """Width and height of a picture in pixels, both even."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


@dataclass(frozen=True)
class FrameSize(Value):
    """``1280x720``."""

    def read(self, value: Any, info: ValidationInfo) -> Size:
        """The size; odd sides are refused, because the colour of a picture has half its resolution."""
        if isinstance(value, Size):
            value = str(value)
        found = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
        if found is None:
            wrong(Wording("fault.size", "expects a size such as 1280x720, not {value}")(value=shown(value)))
        width, height = int(found[1]), int(found[2])
        if not (SMALLEST <= width <= LARGEST and SMALLEST <= height <= LARGEST):
            wrong(
                Wording("fault.size_range", "expects {low} to {high} pixels for width and height, not {value}")(
                    low=SMALLEST, high=LARGEST, value=shown(value)
                )
            )
        if width % 2 or height % 2:
            even = Size(min(width + width % 2, LARGEST), min(height + height % 2, LARGEST))
            wrong(
                Wording("fault.size_odd", "expects an even width and height, not {value}; did you mean '{even}'?")(
                    value=shown(value), even=str(even)
                )
            )
        return Size(width, height)

    def describe(self) -> dict[str, Any]:
        """The spelling, or a variable."""
        return or_variable({"type": "string", "pattern": r"^\s*[0-9]+\s*[xX×]\s*[0-9]+\s*$", "examples": ["1280x720"]})

    def spell(self, value: Any) -> str:
        """``1280x720``."""
        return str(value)


@dataclass(frozen=True)
class Bitrate(Value):
    """``1500k``, ``1.5M``, or bits a second."""

    low: int = 10_000
    high: int = 100_000_000

    def read(self, value: Any, info: ValidationInfo) -> int:
        """Bits a second."""
        number = plain(value)
        if isinstance(number, str) and (found := _BITRATE.fullmatch(number.strip())):
            unit = 1000 if found[3] in "kK" else 1_000_000
            bits = Fraction(f"{found[1]}.{found[2] or 0}") * unit
        elif isinstance(number, int) and not isinstance(number, bool):
            bits = Fraction(number)
        else:
            wrong(Wording("fault.bitrate", "expects a bit rate such as 1500k or 1.5M, not {value}")(value=shown(value)))
        if not self.low <= bits <= self.high:
            hint = meant_hint(f"{number}k") if isinstance(number, int) and 10 <= number < self.low else ""
            wrong(
                Wording("fault.bitrate_range", "expects {low}k to {high}M bits per second, not {value}{hint}")(
                    low=self.low // 1000, high=self.high // 1000000, value=shown(value), hint=hint
                )
            )
        return round(bits)

    def describe(self) -> dict[str, Any]:
        """The spelling, an integer, or a variable."""
        spelling = {
            "type": "string",
            "pattern": r"^\s*[0-9]+(\.[0-9]+)?\s*[kKmM](bit/s|bps)?\s*$",
            "examples": ["1500k", "1.5M"],
        }
        return or_variable({"anyOf": [spelling, {"type": "integer", "minimum": self.low, "maximum": self.high}]})


@dataclass(frozen=True)
class Percent(Value):
    """``25%``, or 0.25."""

    low: int = 5
    high: int = 95

    def read(self, value: Any, info: ValidationInfo) -> float:
        """The fraction, 0 to 1."""
        number = plain(value)
        if isinstance(number, str) and (found := _PERCENT.fullmatch(number.strip())):
            fraction = float(Fraction(found[1]) / 100)
        elif isinstance(number, int | float) and not isinstance(number, bool):
            fraction = float(number)
        else:
            wrong(Wording("fault.percent", "expects a percentage such as 25%, not {value}")(value=shown(value)))
        if not self.low / 100 <= fraction <= self.high / 100:
            bare = isinstance(number, int | float) and self.low <= number <= self.high
            hint = meant_hint(f"{number:g}%") if bare else ""
            wrong(
                Wording("fault.percent_range", "expects {low}% to {high}%, not {value}{hint}")(
                    low=self.low, high=self.high, value=shown(value), hint=hint
                )
            )
        return fraction

    def describe(self) -> dict[str, Any]:
        """The spelling, a fraction, or a variable."""
        spelling = {"type": "string", "pattern": r"^\s*[0-9]+(\.[0-9]+)?\s*%\s*$", "examples": ["25%"]}
        fraction = {"type": "number", "minimum": self.low / 100, "maximum": self.high / 100}
        return or_variable({"anyOf": [spelling, fraction]})


@dataclass(frozen=True)
class Delay(Value):
    """``auto``, ``off``, or milliseconds."""

    high: int = 10_000

    def read(self, value: Any, info: ValidationInfo) -> float | str:
        """Milliseconds, or one of the words."""
        number = plain(value)
        if number in ("auto", "off"):
            return str(number)
        if isinstance(number, bool) or not isinstance(number, int | float):
            wrong(
                Wording("fault.delay", "expects auto, off or a number of milliseconds, not {value}")(value=shown(value))
            )
        if not 0 <= number <= self.high:
            wrong(
                Wording("fault.delay_range", "expects auto, off or 0 to {high} milliseconds, not {value}")(
                    high=self.high, value=shown(value)
                )
            )
        return float(number)

    def describe(self) -> dict[str, Any]:
        """The words, a number, or a variable."""
        return or_variable(
            {"anyOf": [{"enum": ["auto", "off"]}, {"type": "number", "minimum": 0, "maximum": self.high}]}
        )


@dataclass(frozen=True)
class Host(Value):
    """An address of this machine to listen on."""

    def read(self, value: Any, info: ValidationInfo) -> str:
        """The address as it is written."""
        if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9_.:%-]{1,255}", value):
            wrong(
                Wording("fault.host", "expects an address such as 0.0.0.0 or 127.0.0.1, not {value}")(
                    value=shown(value)
                )
            )
        return str(value)

    def describe(self) -> dict[str, Any]:
        """Text."""
        return {"type": "string", "minLength": 1, "maxLength": 255}


@dataclass(frozen=True)
class SignalingServer(Value):
    """``embedded``, or the address of a signaling server."""

    def read(self, value: Any, info: ValidationInfo) -> str:
        """The word or the address, without a slash at its end."""
        if value == "embedded":
            return "embedded"
        found = _SERVER.fullmatch(value) if isinstance(value, str) else None
        if found is None or not 0 < int(found[1] or 80) <= 65_535:
            hint = did_you_mean(value, ["embedded"]) if isinstance(value, str) else ""
            wrong(
                Wording("fault.server", "expects embedded or an address such as http://host:8888, not {value}{hint}")(
                    value=shown(value), hint=hint
                )
            )
        return str(value).rstrip("/")

    def describe(self) -> dict[str, Any]:
        """The word, an address, or a variable."""
        return or_variable({"anyOf": [{"enum": ["embedded"]}, {"type": "string", "pattern": "^https?://"}]})


@dataclass(frozen=True)
class Address(Value):
    """An address that begins with one of a few schemes, such as ``rtsp://`` or ``stun:``."""

    schemes: tuple[str, ...]

    def read(self, value: Any, info: ValidationInfo) -> str:
        """The address as it is written."""
        text = value if isinstance(value, str) else ""
        begins = any(text.startswith(scheme) and len(text) > len(scheme) for scheme in self.schemes)
        if not begins or len(text) > 2000 or has_controls(text) or " " in text:
            wrong(
                Wording("fault.address", "expects an address that begins with {beginnings}, not {value}")(
                    beginnings=listing(self.schemes), value=_shown_without_secrets(value)
                )
            )
        if signs := misplaced_signs(text):
            wrong(
                Wording(
                    "fault.address_signs",
                    "has {signs} in its user name or password, where the address would end; write {codes} instead",
                )(signs=" ".join(signs), codes=" ".join(signs.values()))
            )
        if "://" not in text and "@" in text:
            wrong(
                Wording(
                    "fault.address_user",
                    "has a user name or password in it; write them as username and credential beside it",
                )()
            )
        return str(text)

    def describe(self) -> dict[str, Any]:
        """The beginning, or a variable."""
        return or_variable({"type": "string", "pattern": f"^({'|'.join(self.schemes)})."})


@dataclass(frozen=True)
class Addresses(Address):
    """One address, or a list of some."""

    def read(self, value: Any, info: ValidationInfo) -> Any:
        """A list of addresses."""
        several = value if isinstance(value, list) else [value]
        if not several:
            wrong(Wording("fault.no_address", "expects at least one address")())
        return [super(Addresses, self).read(one, info) for one in several]

    def describe(self) -> dict[str, Any]:
        """One, or a list."""
        one = super().describe()
        return {"anyOf": [*one["anyOf"], {"type": "array", "minItems": 1, "items": one}]}


def _shown_without_secrets(value: object) -> str:
    plain_text = isinstance(value, str) and not isinstance(value, FromEnvironment)
    return shown(without_secrets(str(value)) if plain_text else value)
