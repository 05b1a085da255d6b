"""What is wrong now, for the teacher: each alarm with a code, a sentence, and a remedy where there is one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Alarm", "Alarms", "ContinueCues", "ReconnectStudents", "Remedy", "RestartSource", "SetGain"]


@dataclass(frozen=True, slots=True)
class RestartSource:
    """Remedy: close a source or an audio input, and open it again."""

    source: str


@dataclass(frozen=True, slots=True)
class SetGain:
    """Remedy: give an audio input another gain, in dB."""

    input: str
    gain: float


@dataclass(frozen=True, slots=True)
class ContinueCues:
    """Remedy: continue the run of show."""


@dataclass(frozen=True, slots=True)
class ReconnectStudents:
    """Remedy: make a new connection to the student with this number; None: to all who get nothing or are too late."""

    student: str | None


Remedy = RestartSource | SetGain | ContinueCues | ReconnectStudents
"""What the teacher can do about an alarm from their page."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """One thing that is wrong.

    ``code`` names it to programs, such as ``ice.no_relay``. ``sentence`` tells it to a teacher. ``source`` is the name
    of the source or audio input that it is about.

    A ``sentence`` made by a ``Wording`` is shown in the language of the teacher's page, any other text as it is.
    """

    code: str
    sentence: str
    source: str | None = None
    remedy: Remedy | None = None


class Alarms:
    """The alarms of parts that have no section of their own in the state, one for each code and source.

    ``changed`` is called when one comes, goes or says something else.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._raised: dict[tuple[str, str | None], Alarm] = {}

    def raised(self) -> list[Alarm]:
        """The alarms, oldest first."""
        return list(self._raised.values())

    def put(self, alarm: Alarm) -> None:
        """Raise an alarm, or replace the one of the same code and source."""
        key = (alarm.code, alarm.source)
        if self._raised.get(key) != alarm:
            self._raised[key] = alarm
            self._changed()

    def clear(self, code: str, source: str | None = None) -> None:
        """Take an alarm away; where it is not raised, nothing changes."""
        if self._raised.pop((code, source), None) is not None:
            self._changed()
