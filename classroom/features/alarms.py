"""What is wrong now, in the state: each alarm with the control method that carries out its remedy."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypedDict, assert_never

from classroom.common.alarms import Alarm, Alarms, ContinueCues, ReconnectStudents, Remedy, RestartSource, SetGain
from classroom.common.sentences import Reason, reason_of
from classroom.features.base import AlarmCleared, AlarmRaised, Events, Feature, section
from classroom.media.supervisor import SourceStatus

__all__ = ["AlarmEntry", "AlarmsFeature", "command_of", "describe", "source_alarms"]


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


def describe(alarm: Alarm) -> AlarmEntry:
    """An alarm as the control protocol shows it."""
    method, params = (None, {}) if alarm.remedy is None else command_of(alarm.remedy)
    return {
        "code": alarm.code,
        "source": alarm.source,
        "sentence": str(alarm.sentence),
        "reason": reason_of(alarm.sentence),
        "method": method,
        "params": params,
    }


def command_of(remedy: Remedy) -> tuple[str, dict[str, object]]:
    """The control method that carries out a remedy, and its parameters."""
    match remedy:
        case RestartSource(source):
            return "source.restart", {"source": source}
        case SetGain(input_name, gain):
            return "audio.set", {"input": input_name, "gain": gain}
        case ContinueCues():
            return "cue.next", {}
        case ReconnectStudents(student):
            return "student.reconnect", {"id": student}
        case _:
            assert_never(remedy)


class AlarmsFeature(Feature):
    """All alarms: those of the sources, and those that other parts have raised.

    ``statuses`` tells how each source and each input with a device of its own is, ``on_air`` which sources the scene on
    air shows.
    """

    def __init__(
        self,
        *,
        statuses: Callable[[], Mapping[str, SourceStatus]],
        on_air: Callable[[], Collection[str]],
        others: Alarms,
        events: Events,
    ) -> None:
        self._statuses = statuses
        self._on_air = on_air
        self._others = others
        self._events = events
        self._raised: dict[tuple[str, str | None], Alarm] = {}

    @section("alarms", changing=True)
    def alarms(self) -> list[AlarmEntry]:
        """What is wrong now."""
        alarms = [*source_alarms(self._statuses(), self._on_air()), *self._others.raised()]
        self._tell_of(alarms)
        return [describe(alarm) for alarm in alarms]

    def _tell_of(self, alarms: Sequence[Alarm]) -> None:
        before, self._raised = self._raised, {(each.code, each.source): each for each in alarms}
        for key, alarm in before.items():
            if key not in self._raised:
                self._events.emit(AlarmCleared(alarm))
        for alarm in alarms:
            if before.get((alarm.code, alarm.source)) != alarm:
                self._events.emit(AlarmRaised(alarm))


def source_alarms(statuses: Mapping[str, SourceStatus], on_air: Collection[str]) -> list[Alarm]:
    """The alarms of the sources that are missing or outdated.

    A source that is live and outdated has no remedy: opened again, it would be lost.
    A source that is lost for an unknown reason may be back in a moment, so it raises no alarm. One that a page sends is
    missed only while it is on air, and it has no remedy: only its page can bring it back.
    """
    alarms = []
    for name, status in statuses.items():
        missing = status.fault is not None or status.state in ("failed", "lost")
        if status.why is None or not missing:
            continue
        code = f"source.{status.fault or status.state}"
        if status.fault == "outdated":
            alarms.append(Alarm(code, status.why, name))
        elif status.kind != "browser":
            alarms.append(Alarm(code, status.why, name, RestartSource(name)))
        elif name in on_air:
            alarms.append(Alarm(code, status.why, name))
    return alarms
