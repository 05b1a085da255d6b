"""The kinds of values that are times: how long something takes, and when it is by the clock on the wall."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time
from typing import Any, Final

from pydantic import ValidationInfo

from classroom.common.sentences import Wording
from classroom.lesson.section import Value, or_variable, wrong
from classroom.lesson.values import plain
from classroom.lesson.words import shown

__all__ = ["LONGEST", "Duration", "TimeOfDay", "seconds_of", "time_of"]

LONGEST = 24 * 3600
"""Longest duration in a lesson, in seconds."""

_MINUTES: Final = Wording("hint.minutes", "; for minutes and seconds write '{time}'")

_UNITS = re.compile(r"(?=.)(?:([0-9]{1,4})\s*h)?\s*(?:([0-9]{1,5})\s*m(?:in)?)?\s*(?:([0-9]{1,6})\s*s)?")
_CLOCKWISE = re.compile(r"([0-9]{1,3}):([0-5][0-9]):([0-5][0-9])")
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?")


def seconds_of(value: object) -> float | None:
    """The seconds of a written duration (``90s``, ``5m``, ``1h30m``, ``0:05:00``); None where it is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value) if 0 <= value <= LONGEST else None
    text = value.strip() if isinstance(value, str) else ""
    found = _UNITS.fullmatch(text) or _CLOCKWISE.fullmatch(text)
    if found is None:
        return None
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    total = hours * 3600 + minutes * 60 + seconds
    return float(total) if total <= LONGEST else None


def time_of(value: object) -> time | None:
    """The time of day that is written (``10:15`` or ``10:15:30``); None where it is none."""
    if isinstance(value, time):
        return value
    found = _TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    return None if found is None else time(int(found[1]), int(found[2]), int(found[3] or 0))


@dataclass(frozen=True)
class Duration(Value):
    """``90s``, ``5m``, ``1h30m`` or ``0:05:00``."""

    def read(self, value: Any, info: ValidationInfo) -> float:
        """Seconds, at most a day."""
        number = plain(value)
        seconds = seconds_of(number)
        if seconds is None:
            few = isinstance(number, str) and re.fullmatch(r"\s*([0-9]{1,2}):([0-9]{2})\s*", number)
            hint = _MINUTES(time=f"0:{few[1].zfill(2)}:{few[2]}") if few else ""
            wrong(
                Wording(
                    "fault.duration", "expects a time such as 90s, 5m, 1h30m or 0:05:00, at most 24h, not {value}{hint}"
                )(value=shown(value), hint=hint)
            )
        return seconds

    def describe(self) -> dict[str, Any]:
        """The spellings, a number of seconds, or a variable."""
        units = r"^\s*([0-9]+\s*h)?\s*([0-9]+\s*m(in)?)?\s*([0-9]+\s*s)?\s*$"
        spelling = {"type": "string", "pattern": units, "minLength": 2, "examples": ["5m", "90s", "1h30m"]}
        clockwise = {"type": "string", "pattern": r"^\s*[0-9]{1,3}:[0-5][0-9]:[0-5][0-9]\s*$", "examples": ["0:05:00"]}
        return or_variable({"anyOf": [spelling, clockwise, {"type": "number", "minimum": 0, "maximum": LONGEST}]})


@dataclass(frozen=True)
class TimeOfDay(Value):
    """``10:15`` or ``10:15:30``, by the clock of this computer."""

    def read(self, value: Any, info: ValidationInfo) -> time:
        """The time of day."""
        found = time_of(value)
        if found is None:
            wrong(
                Wording("fault.time_of_day", 'expects a time of day such as "10:15", not {value}')(value=shown(value))
            )
        return found

    def describe(self) -> dict[str, Any]:
        """The spelling, or a variable."""
        pattern = r"^\s*([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?\s*$"
        return or_variable({"type": "string", "pattern": pattern, "examples": ["10:15"]})

    def spell(self, value: Any) -> str:
        """``10:15:30``."""
        return str(value)
