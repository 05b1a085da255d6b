"""What a lesson says of itself: the sections of the state, its health, and its figures."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypedDict

from classroom import __version__
from classroom.common.alarms import Alarms
from classroom.common.clock import Clock
from classroom.common.metrics import LessonFigures
from classroom.control.news import Thumbnail
from classroom.features.alarms import alarms_section
from classroom.features.lesson import LessonSection, lesson_section
from classroom.features.opening import Opening, hears_people
from classroom.features.run_of_show import Prompter
from classroom.features.scenes import Direction
from classroom.features.sound import audio_section
from classroom.features.sources import sources_section
from classroom.lesson import Lesson
from classroom.media.program import Program
from classroom.media.source_pool import SourcePool
from classroom.media.thumbnail import thumbnails
from classroom.server.authority import fingerprint
from classroom.server.endpoints import Endpoints
from classroom.students.audience import Audience

__all__ = ["Bulletin", "RecordingSection", "SourceLine"]


class RecordingSection(TypedDict):
    """The recording of the lesson: this version cannot record, and says so."""

    state: Literal["not available"]
    file: None
    seconds: int
    bytes: int
    disk_minutes: None


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One line of the report on a source, and whether it is well."""

    text: str
    well: bool


class Bulletin:
    """Asks the parts of a running lesson how they are. ``began`` is the time of day at the clock second ``started``."""

    def __init__(
        self,
        *,
        lesson: Callable[[], Lesson],
        clock: Clock,
        started: float,
        began: datetime,
        direction: Direction,
        prompter: Prompter,
        pool: SourcePool,
        program: Program,
        opening: Opening,
        audience: Audience,
        endpoints: Callable[[], Endpoints],
        alarms: Alarms,
    ) -> None:
        self._lesson = lesson
        self._clock = clock
        self._started = started
        self._began = began
        self._direction = direction
        self._prompter = prompter
        self._pool = pool
        self._program = program
        self._opening = opening
        self._audience = audience
        self._endpoints = endpoints
        self._alarms = alarms

    def sections(self) -> dict[str, object]:
        """All sections of the state."""
        return {
            "lesson": self.lesson(),
            **self._direction.describe(),
            **self._prompter.describe(),
            "chat": [],
            "recording": _recording(),
            **self.moving(),
        }

    def moving(self) -> dict[str, object]:
        """The sections that change without a command."""
        on_air = self._direction.director.program.scene.show
        return {
            "sources": sources_section(self._pool.pictures(), self._pool.pages()),
            "audio": audio_section(self._program.inputs, self._pool.sounds(), self._opening.reasons()),
            "students": self._audience.describe(),
            "alarms": alarms_section(self._pool.statuses(), on_air, self._alarms.raised()),
        }

    def lesson(self) -> LessonSection:
        """The section of the lesson, as of now."""
        elapsed = self._clock.now() - self._started
        authority = self._endpoints().authority()
        return lesson_section(
            self._lesson(),
            self._began,
            elapsed,
            addresses=self._endpoints().addresses(),
            secure_addresses=self._endpoints().secure_addresses(),
            fingerprint=None if authority is None else fingerprint(authority.certificate),
        )

    def health(self) -> dict[str, object]:
        """What ``/healthz`` answers."""
        return {"status": "ok", "version": __version__, "elapsed": round(self._clock.now() - self._started, 1)}

    def figures(self) -> LessonFigures:
        """What ``/metrics`` is made of."""
        students = self._audience.count()
        statistics = self._program.statistics
        sources = self._pool.pictures()
        return LessonFigures(
            elapsed=self._clock.now() - self._started,
            students=students.present,
            watching=students.watching,
            ticks=statistics["ticks"],
            ticks_missed=statistics["missed"],
            sources_live=len(self._pool.live()),
            sources=len(sources),
        )

    def levels(self) -> dict[str, tuple[float, float]]:
        """Peak and average of each audio input and of the program over the last 100 ms, dBFS."""
        return {name: (level.peak_db, level.rms_db) for name, level in self._program.levels().items()}

    async def thumbnails(self) -> Iterable[Thumbnail]:
        """The newest picture of each source and of the program, small."""
        drawn = await asyncio.to_thread(thumbnails, self._program.snapshots())
        return [Thumbnail(source, small.jpeg, small.width, small.height) for source, small in drawn.items()]

    def microphone_lines(self) -> list[str]:
        """One line for each input that may hear people: whether students hear it now."""
        lines, lesson = [], self._lesson()
        for name, setting in self._program.inputs.items():
            if hears_people(lesson, name):
                held = "is silent until you first change the scene, or open it on your page"
                how = held if name in self._opening.held else "is muted" if setting.muted else "is open"
                lines.append(f"{lesson.audio[name].kind} '{name}' {how}")
        return lines

    def source_lines(self) -> list[SourceLine]:
        """One line for each source and audio input: live, or why not. A browser's is well before anybody sends it."""
        lines = []
        for kind, statuses in (("source", self._pool.pictures()), ("audio", self._pool.sounds())):
            for name, status in statuses.items():
                detail = f" {status.size[0]}x{status.size[1]}" if status.size else ""
                why = f": {status.why}" if status.why else ""
                how = "waits for a browser to send it" if status.awaited else f"is {status.state}{why}"
                text = f"{kind} {name} ({status.kind}){detail} {how}"
                lines.append(SourceLine(text, status.awaited or status.state == "live"))
        return lines


def _recording() -> RecordingSection:
    return {"state": "not available", "file": None, "seconds": 0, "bytes": 0, "disk_minutes": None}
