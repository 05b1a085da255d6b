"""What is wrong now, in the state: each alarm with the control method that carries out its remedy."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TypedDict, assert_never

from classroom.common.alarms import Alarm, ContinueCues, Remedy, RestartSource, SetGain
from classroom.common.sentences import Reason, reason_of
from classroom.media.supervisor import SourceStatus

__all__ = ["AlarmEntry", "alarms_section", "command_of", "describe"]


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
        case _:
            assert_never(remedy)


def alarms_section(
    statuses: Mapping[str, SourceStatus], on_air: Collection[str], others: Sequence[Alarm] = ()
) -> list[AlarmEntry]:
    """What is wrong now: the sources that are missing, and ``others``.

    A source that is lost for an unknown reason may be back in a moment, so it raises no alarm. One that a page sends is
    missed only while it is on air, and it has no remedy: only its page can bring it back.
    """
    sources = []
    for name, status in statuses.items():
        missing = status.fault is not None or status.state in ("failed", "lost")
        if status.why is None or not missing:
            continue
        code = f"source.{status.fault or status.state}"
        if status.kind != "browser":
            sources.append(Alarm(code, status.why, name, RestartSource(name)))
        elif name in on_air:
            sources.append(Alarm(code, status.why, name))
    return [describe(alarm) for alarm in (*sources, *others)]
