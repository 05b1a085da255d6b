"""The progress of a lesson while it runs, so that it can be resumed after an interruption. Values only.

A progress file may be cut off, of another lesson, of a later version, or written by hand. One that cannot be read as a
whole is ignored.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from classroom.lesson.audio import AudioSettings
from classroom.lesson.times import LONGEST

__all__ = [
    "LARGEST",
    "VERSION",
    "CueProgress",
    "DeviceProgress",
    "InputProgress",
    "PageProgress",
    "Progress",
    "RunOfShowProgress",
    "path_text",
    "read",
]

VERSION: Final = 1

LARGEST: Final = 1 << 20
"""Bytes of a file that is read; a lesson with everything it can have is a tenth of that."""

_SET_BACK: Final = 60.0
"""Seconds by which the system clock may have been corrected meanwhile."""


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, allow_inf_nan=False)


def _says_whether_muted(given: object) -> object:
    """A setting that another version does not know has its default, but nothing opens a microphone by default."""
    if isinstance(given, Mapping) and "muted" not in given:
        raise ValueError("it is not said whether it is muted")
    return given


_Settings = Annotated[AudioSettings, BeforeValidator(_says_whether_muted)]


class InputProgress(_Value):
    """An audio input: what the lesson said of it, and how it was set."""

    said: _Settings
    set: _Settings


class PageProgress(_Value):
    """The page of slides that was shown, and of which file."""

    file: str
    page: int = Field(ge=1)


class DeviceProgress(_Value):
    """The device that a source had chosen, and what the lesson had asked for (``wish``, a digest)."""

    wish: str
    identity: str
    label: str


class CueProgress(_Value):
    """A cue of the run of show: what identifies it, and whether it came or was passed over."""

    mark: str
    state: Literal["done", "passed", "coming"]


class RunOfShowProgress(_Value):
    """The run of show: its cues in their order, and whether the teacher had taken over."""

    held: bool
    cues: tuple[CueProgress, ...] = Field(strict=False)


class Progress(_Value):
    """A lesson as it stood.

    ``lesson`` is the path of its file. ``elapsed`` are the seconds since its beginning at the moment ``saved``, which
    is by the clock on the wall. ``waiting`` are the inputs that were silent only until the first change of scene,
    which had not come where ``waits`` is true.
    """

    version: Literal[1] = VERSION
    lesson: str
    saved: AwareDatetime = Field(strict=False)
    elapsed: float = Field(ge=0)
    scene: str
    preview: str | None
    waits: bool
    waiting: tuple[str, ...] = Field(strict=False)
    audio: dict[str, InputProgress]
    pages: dict[str, PageProgress]
    devices: dict[str, DeviceProgress]
    cues: RunOfShowProgress

    @property
    def began(self) -> datetime:
        """When it began, by the clock on the wall as it was set last."""
        return datetime.fromtimestamp(self.saved.timestamp() - self.elapsed, UTC)

    def interrupted_for(self, now: datetime) -> float | None:
        """Seconds since it was saved; None where the clock was set back, so that nobody knows."""
        passed = (now - self.saved).total_seconds()
        return None if passed < -_SET_BACK else max(0.0, passed)

    def without_time(self) -> Progress:
        """The same for comparing what changes by more than time."""
        return self.model_copy(update={"saved": datetime.fromtimestamp(0, UTC), "elapsed": 0.0})

    def progress(self, marks: Sequence[str]) -> list[CueProgress]:
        """For the cues of a lesson as it is now: which of them came, were passed over, or are to come.

        Where its list was changed, what was done stays done. One that is new is to come.
        """
        old, now = self.cues.cues, list(marks)
        if [cue.mark for cue in old] == now:
            return list(old)
        states: list[CueProgress] = [CueProgress(mark=mark, state="coming") for mark in now]
        place = 0
        for cue in old:
            if cue.state != "coming" and cue.mark in now[place:]:
                place = now.index(cue.mark, place) + 1
                states[place - 1] = cue
        # A cue before one that came does not come any more.
        return [
            cue if cue.state != "coming" or number >= place else CueProgress(mark=cue.mark, state="passed")
            for number, cue in enumerate(states)
        ]


def path_text(path: Path) -> str:
    """A path as it is kept: names on Linux are bytes, and bytes that are not UTF-8 cannot be in a JSON file."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def read(data: bytes, lesson: str) -> Progress:
    """What is kept of this lesson; ValueError where that cannot be read, is of another lesson or another version."""
    if len(data) > LARGEST:
        raise ValueError("it is too large")
    try:
        kept = Progress.model_validate_json(data)
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"]) or "it"
        raise ValueError(f"{place} cannot be read") from None
    except RecursionError:
        raise ValueError("it cannot be read") from None
    if kept.lesson != lesson:
        raise ValueError("it is of another lesson")
    if kept.elapsed > 100 * LONGEST:
        raise ValueError("elapsed cannot be read")
    return kept
