"""What is wrong now, for the teacher: each alarm with a code, a sentence, and the command that would mend it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypedDict

from classroom.common.sentences import Reason, reason_of

__all__ = ["Alarm", "AlarmEntry", "Alarms"]


class AlarmEntry(TypedDict):
    """One thing that is wrong now, as the control protocol shows it."""

    code: str
    """Names it to programs, such as `ice.no_relay`."""
    source: str | None
    """The source or audio input that it is about."""
    sentence: str
    """What is wrong, in English."""
    reason: Reason | None
    """What `sentence` is made of; null where it is text of somebody else's."""
    method: str | None
    """The control method that may help."""
    params: dict[str, object]
    """The parameters to call it with."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """One thing that is wrong. ``code`` names it to programs, as ``ice.no_relay``; ``sentence`` tells a teacher.

    A ``sentence`` made by a ``Wording`` is told in the language of the teacher's page, any other text as it is.
    """

    code: str
    sentence: str
    source: str | None = None
    method: str | None = None
    params: Mapping[str, object] = field(default_factory=dict)

    def describe(self) -> AlarmEntry:
        """The alarm as the control protocol shows it."""
        return {
            "code": self.code,
            "source": self.source,
            "sentence": str(self.sentence),
            "reason": reason_of(self.sentence),
            "method": self.method,
            "params": dict(self.params),
        }


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
        """Raise an alarm, or say anew what is wrong."""
        key = (alarm.code, alarm.source)
        if self._raised.get(key) != alarm:
            self._raised[key] = alarm
            self._changed()

    def clear(self, code: str, source: str | None = None) -> None:
        """It is well again; clearing what is not raised changes nothing."""
        if self._raised.pop((code, source), None) is not None:
            self._changed()
