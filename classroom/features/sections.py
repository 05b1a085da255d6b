"""The sections of the control protocol's state: one pure function each, from what the parts say of themselves."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from classroom.common.alarms import Alarm
from classroom.common.sentences import reason_of
from classroom.director import Director
from classroom.lesson import Lesson
from classroom.media.sound import SoundInput
from classroom.media.supervisor import SourceStatus

__all__ = [
    "alarms_section",
    "audio_section",
    "lesson_section",
    "preview_section",
    "program_section",
    "recording_section",
    "scenes_section",
    "sources_section",
]

Statuses = Mapping[str, SourceStatus]


def lesson_section(
    lesson: Lesson,
    began: datetime,
    elapsed: float,
    *,
    addresses: Sequence[str],
    secure_addresses: Sequence[str],
    fingerprint: str | None,
) -> dict[str, object]:
    """What the lesson is, for how long it runs (seconds), and where students find it, the best address first.

    ``fingerprint`` is that of the authority behind https, for those who are asked to trust it.
    """
    return {
        "title": lesson.lesson.title,
        "language": lesson.lesson.language,
        "started": began.isoformat(timespec="seconds"),
        "elapsed": round(elapsed, 3),
        "addresses": list(addresses),
        "secure_addresses": list(secure_addresses),
        "fingerprint": fingerprint,
    }


def program_section(director: Director, since: datetime, now: float) -> dict[str, object]:
    """What is on air, and the transition while it is in progress; ``now`` is the clock's time in seconds."""
    program = director.program
    transition = program.transition
    moving = transition is not None and transition.progress(now) < 1
    return {
        "scene": program.scene.name,
        "since": since.isoformat(timespec="milliseconds"),
        "transition": {"kind": transition.kind, "from": transition.origin, "duration": transition.duration}
        if transition is not None and moving
        else None,
    }


def preview_section(director: Director) -> str | None:
    """The scene that is prepared, or None."""
    return director.preview


def scenes_section(director: Director) -> dict[str, object]:
    """What can be put on air."""
    return {name: scene.describe() for name, scene in director.scenes.items()}


def sources_section(statuses: Statuses, pages: Mapping[str, tuple[int, int | None]]) -> dict[str, object]:
    """How each source is; ``pages`` has the page that is shown and how many there are, of those that have pages."""
    return {
        name: {
            "kind": status.kind,
            "state": status.state,
            "why": None if status.why is None else str(status.why),
            "reason": reason_of(status.why),
            "size": list(status.size) if status.size else None,
            "fps": status.fps,
            **({"page": pages[name][0], "pages": pages[name][1]} if name in pages else {}),
        }
        for name, status in statuses.items()
    }


def audio_section(
    inputs: Mapping[str, SoundInput], statuses: Statuses, muted_because: Mapping[str, str]
) -> dict[str, object]:
    """How each audio input is set, and how its source is; ``muted_because`` says why some are muted by themselves."""
    return {
        name: {
            "kind": statuses[name].kind if setting.source is None else "source",
            "source": setting.source,
            "gain": setting.gain,
            "muted": setting.muted,
            "delay": setting.delay,
            "duck": setting.duck,
            "heard": setting.heard,
            "state": statuses[name].state,
            "why": None if name not in muted_because else str(muted_because[name]),
            "reason": reason_of(muted_because.get(name)),
        }
        for name, setting in inputs.items()
    }


def recording_section() -> dict[str, object]:
    """This version cannot record, and says so."""
    return {"state": "not available", "file": None, "seconds": 0, "bytes": 0, "disk_minutes": None}


def alarms_section(
    statuses: Statuses, on_air: Collection[str], others: Sequence[Alarm] = ()
) -> list[dict[str, object]]:
    """What is wrong now: sources that are not there, each with the command that may bring it back, and the rest.

    A source that is lost without a word why may be back in a moment. One that a page sends is missed only while it is
    on air, and nothing brings it back from here.
    """
    sources = []
    for name, status in statuses.items():
        missing = status.fault is not None or status.state in ("failed", "lost")
        if status.why is None or not missing:
            continue
        code = f"source.{status.fault or status.state}"
        if status.kind != "browser":
            sources.append(Alarm(code, status.why, name, "source.restart", {"source": name}))
        elif name in on_air:
            sources.append(Alarm(code, status.why, name))
    return [alarm.describe() for alarm in (*sources, *others)]
