"""Reports on the lesson: its health, its figures, meters and thumbnails, and lines for the terminal."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, TypedDict

from aiohttp import web

from classroom import __version__
from classroom.common.clock import LessonTime
from classroom.common.metrics import LessonFigures, make_registry
from classroom.common.tasks import run_supervised
from classroom.control.news import News, Thumbnail
from classroom.control.sessions import Sessions
from classroom.features.base import Feature, ProgramChain, section
from classroom.features.silent_opening import OpeningFeature, hears_people
from classroom.lesson import Lesson
from classroom.media.thumbnail import Thumbnails
from classroom.server.health_endpoints import add_reports
from classroom.students.audience import Audience
from classroom.students.class_figures import class_latency, class_sound

__all__ = ["RecordingSection", "ReportsFeature", "SourceLine"]


class RecordingSection(TypedDict):
    """The recording of the lesson, which this version cannot make."""

    state: Literal["not available"]
    file: None
    seconds: int
    bytes: int
    disk_minutes: None


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One line of the report on a source, and whether the source works."""

    text: str
    well: bool


class ReportsFeature(Feature):
    """Collects the reports from the parts of a running lesson.

    ``sessions`` are the control connections, which get meters and thumbnails. ``token`` is for ``/metrics``, from other
    computers.
    """

    def __init__(
        self,
        lesson: Lesson,
        *,
        time: LessonTime,
        chain: ProgramChain,
        opening: OpeningFeature,
        audience: Audience,
        sessions: Callable[[], Sessions],
        token: str,
    ) -> None:
        self._lesson = lesson
        self._time = time
        self._pool, self._program = chain.pool, chain.program
        self._opening = opening
        self._audience = audience
        self._sessions = sessions
        self._token = token
        self._thumbnails = Thumbnails()

    def apply(self, lesson: Lesson) -> None:
        """Report on another lesson."""
        self._lesson = lesson

    def routes(self, app: web.Application) -> None:
        """Add ``/healthz`` and ``/metrics``, for those who monitor the lesson."""
        add_reports(app, health=self.health, metrics=make_registry(self.figures), metrics_token=self._token)

    async def run(self, stack: contextlib.AsyncExitStack) -> None:
        """Send meters and thumbnails to teachers who asked for them."""
        news = News(sessions=self._sessions(), levels=self.levels, thumbnails=self.thumbnails)
        run_supervised(stack, "meters and thumbnails", news.run)

    @section("recording")
    def recording(self) -> RecordingSection:
        """Recording is not available in this version."""
        return {"state": "not available", "file": None, "seconds": 0, "bytes": 0, "disk_minutes": None}

    def health(self) -> dict[str, object]:
        """What ``/healthz`` answers."""
        return {"status": "ok", "version": __version__, "elapsed": round(self._time.now(), 1)}

    def figures(self) -> LessonFigures:
        """What ``/metrics`` is made of."""
        students = self._audience.count()
        statistics = self._program.statistics
        sources = self._pool.pictures()
        entries = self._audience.describe().values()
        return LessonFigures(
            elapsed=self._time.now(),
            students=students.present,
            watching=students.watching,
            ticks=statistics["ticks"],
            ticks_missed=statistics["missed"],
            sources_live=len(self._pool.live()),
            sources=len(sources),
            latency=class_latency(entries),
            sound=class_sound(entries),
        )

    def levels(self) -> dict[str, tuple[float, float]]:
        """Peak and average of each audio input and of the program over the last 100 ms, dBFS."""
        return {name: (level.peak_db, level.rms_db) for name, level in self._program.levels().items()}

    async def thumbnails(self) -> Iterable[Thumbnail]:
        """The newest picture of each source and of the program, small."""
        drawn = await asyncio.to_thread(self._thumbnails.draw, self._program.newest_pictures())
        return [Thumbnail(source, small.jpeg, small.width, small.height) for source, small in drawn.items()]

    def microphone_lines(self) -> list[str]:
        """One line for each input that may hear people: whether students hear it now."""
        lines, lesson = [], self._lesson
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
                why = f". {status.why}" if status.why else ""
                how = "waits for a browser to send it" if status.awaited else f"{status.state}{why}"
                text = f"{kind} {name} ({status.kind}){detail}: {how}"
                lines.append(SourceLine(text, status.awaited or status.state == "live"))
        return lines
