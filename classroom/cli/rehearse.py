"""A rehearsal: a lesson's whole run of show at once, with test patterns in place of devices and network streams.

Cards, slides and files are the real ones, and so are director and mixer. Each scene is composed once, and each page
that a cue names is drawn, so all faults that a file can have are found before the class starts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Final

from classroom.common.clock import SystemClock
from classroom.common.errors import CommandError, DeviceError, Fault
from classroom.director import Cue, Director, RunOfShow
from classroom.features.from_lesson import cues_of, scene_for, scenes_of
from classroom.lesson import Lesson, Problem, Report, check_lesson
from classroom.lesson.sources import CardSource, FileSource, SlidesSource
from classroom.media.missing_glyphs import missing_letters
from classroom.media.overlay import build_overlays
from classroom.media.picture import PictureMixer
from classroom.media.scale import UnusablePicture
from classroom.media.sources import build_picture_source, fallback_card
from classroom.media.sources.base import Source
from classroom.media.sources.pattern import Pattern
from classroom.media.sources.slides import Slides

__all__ = ["Rehearsal", "Step", "rehearse"]

_PICTURE_WITHIN: Final = 5.0
"""Seconds in which a file has to show its first picture."""

_NOON: Final = time(12)


@dataclass(frozen=True, slots=True)
class Step:
    """What is on air from a time on, in seconds from the start; None where the teacher decides."""

    at: float | None
    clock: time | None
    title: str
    scene: str
    sources: tuple[str, ...]
    slide: tuple[str, int] | None

    def cells(self) -> tuple[str, str, str, str, str]:
        """The step as a row of a table."""
        when = "by hand" if self.at is None else str(timedelta(seconds=round(self.at)))
        if self.clock is not None:
            when = f"{self.clock:%H:%M:%S}" if self.clock.second else f"{self.clock:%H:%M}"
        slide = "" if self.slide is None else f"{self.slide[0]} {self.slide[1]}"
        return when, self.title, self.scene, ", ".join(self.sources), slide


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What would be on air when, and the faults, in the order of the file."""

    steps: tuple[Step, ...]
    faults: tuple[Fault, ...]
    notes: tuple[Fault, ...]


def rehearse(path: Path) -> Rehearsal:
    """Run through the cues of a lesson file. Blocks for as long as its files take to be opened."""
    report = check_lesson(path)
    if report.lesson is None:
        return Rehearsal((), report.faults, report.notes)
    return _Rehearser(report, report.lesson).run()


class _Rehearser:
    """Goes through the cues of one lesson."""

    def __init__(self, report: Report, lesson: Lesson) -> None:
        self._report, self._lesson = report, lesson
        self._clock = SystemClock()
        self._size = (lesson.program.size.width, lesson.program.size.height)
        self._problems: list[Problem] = []
        self._sources: dict[str, Source] = {}
        self._director = Director(
            scenes=scenes_of(lesson), start=lesson.program.start, size=self._size, now=0.0, transition="cut"
        )

    def run(self) -> Rehearsal:
        try:
            self._open()
            self._compose()
            steps = tuple(self._steps())
        finally:
            for source in self._sources.values():
                source.close()
        # A missing letter keeps its card from being drawn, so it is among the faults already.
        letters = [] if self._problems else missing_letters(self._report)
        placed = [self._report.place(problem) for problem in self._problems]
        placed.sort(key=lambda fault: (fault.line, fault.column))
        return Rehearsal(steps, tuple(placed), (*self._report.notes, *letters))

    def _open(self) -> None:
        """Show one picture of each source: the real one where it is a file, a pattern where it is not."""
        program = self._lesson.program
        for name, model in self._lesson.sources.items():
            real = isinstance(model, CardSource | SlidesSource | FileSource)
            if real:
                source = build_picture_source(name, model, self._clock, Path(), size=self._size, fps=program.fps)
            else:
                source = Pattern(name=name, clock=self._clock, size=self._size, fps=program.fps)
            self._sources[name] = source
            try:
                source.open()
                self._show(source)
            except DeviceError as error:
                self._problems.append(Problem(("sources", name, _key_of(model)), str(error)))

    def _show(self, source: Source) -> None:
        source.on_air_since = self._clock.now()
        if isinstance(source, Pattern):
            source.show(source.draw(0.0), 0.0)
            return
        before, deadline = source.taken, self._clock.now() + _PICTURE_WITHIN
        while source.taken == before:
            source.read()
            if self._clock.now() > deadline:
                raise DeviceError("No picture came from it. Is it a video, a picture or a PDF?")

    def _compose(self) -> None:
        """Compose each scene once."""
        lesson = self._lesson
        overlays, faults = build_overlays(lesson.overlays, self._size)
        self._problems += [Problem(("overlays", name), why) for name, why in faults.items()]
        slots = {name: source.picture for name, source in self._sources.items() if source.picture is not None}
        live = frozenset(name for name, slot in slots.items() if slot.newest() is not None)
        mixer = PictureMixer(
            size=self._size,
            slots=slots,
            fallback=lesson.program.fallback,
            fallback_card=fallback_card(lesson.lesson.language, self._size),
            overlays=overlays,
        )
        for name in self._director.scenes:
            self._director.switch(name, now=0.0, transition="cut")
            program = self._director.program
            try:
                mixer.compose(program.placements, live, program.scene.overlays)
            except UnusablePicture as error:
                self._problems.append(Problem(("scenes", name), str(error)))
        self._director.switch(lesson.program.start, now=0.0, transition="cut")

    def _steps(self) -> Iterator[Step]:
        began = self._begin()
        show = RunOfShow(cues_of(self._lesson, began))
        yield self._step(0.0, None, "", None)
        for number, cue in enumerate(show.cues):
            self._carry_out(number, cue)
            model = self._lesson.cues[number]
            yield self._step(show.time(number), model.clock, cue.title, cue.slide)

    def _step(self, at: float | None, clock: time | None, title: str, slide: tuple[str, int] | None) -> Step:
        scene = self._director.program.scene
        return Step(at, clock, title, scene.name, scene.show, slide)

    def _carry_out(self, number: int, cue: Cue) -> None:
        if cue.slide is not None:
            name, page = cue.slide
            source = self._sources[name]
            if isinstance(source, Slides) and source.pages is not None:
                try:
                    source.go_to(page, None)
                    # A read shows the page that was turned to, where it is not shown already.
                    source.read()
                except (CommandError, DeviceError) as error:
                    self._problems.append(Problem(("cues", number, "slide", "page"), str(error)))
        scene = scene_for(cue, self._director)
        if scene is not None:
            self._director.switch(scene, now=0.0, transition="cut")

    def _begin(self) -> datetime:
        """When a lesson must start so that its first cue with a time of day comes right after those above it."""
        above = 0.0
        today = date.today()
        for cue in self._lesson.cues:
            if cue.clock is not None:
                return datetime.combine(today, cue.clock).astimezone() - timedelta(seconds=above)
            above = max(above, cue.after or 0.0)
        return datetime.combine(today, _NOON).astimezone()


def _key_of(model: object) -> str:
    """Where a file is named."""
    match model:
        case SlidesSource():
            return "file"
        case FileSource():
            return "path"
        case CardSource(image=None):
            return "title"
        case _:
            return "image"
