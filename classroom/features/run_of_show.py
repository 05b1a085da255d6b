"""Carries out the run of show of a lesson, and tells the teachers what comes next.

When a cue is due, and what the teacher's own command does to that, ``director.cues`` knows.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Final, Literal, TypedDict

from classroom.common.alarms import Alarm, Alarms, ContinueCues
from classroom.common.clock import LessonTime
from classroom.common.errors import CommandError
from classroom.common.sentences import Wording
from classroom.common.tasks import run_supervised
from classroom.control.registry import command
from classroom.director import Cue, Director, RunOfShow
from classroom.director.cues import CueState
from classroom.features.base import Events, Feature, TakenOver, section
from classroom.features.from_lesson import cues_of, scene_for
from classroom.features.scenes import ScenesFeature
from classroom.lesson import Lesson
from classroom.lesson.progress import CueProgress, Progress, RunOfShowProgress

__all__ = ["CueEntry", "CuesSection", "RunOfShowFeature", "SlideEntry"]

logger = logging.getLogger(__name__)

_FAILED: Final = "cue.failed"
_NOT_CARRIED_OUT: Final = Wording("cue.failed", "The cue '{cue}' could not be carried out. {why}")
_SET: Final = 1.0
"""Seconds by which the clock on the wall must have moved against the other before cues follow it."""


class SlideEntry(TypedDict):
    """A page of slides that a cue turns to."""

    source: str
    page: int
    """Counted from 1."""


class CueEntry(TypedDict):
    """One step of the run of show."""

    title: str
    scene: str | None
    slide: SlideEntry | None
    at: str | None
    """When it comes, ISO 8601; null for one that waits for the teacher."""
    state: CueState
    """`passed` is one that was left out."""


class CuesSection(TypedDict):
    """The run of show."""

    mode: Literal["automatic", "held"]
    """`held` since the teacher put something on air: cues wait until `cue.next`."""
    next: int | None
    """The place in the list of the cue that comes next, from 0; null at the end."""
    left: float | None
    """Seconds until it comes; null for one that waits for the teacher."""
    due: int
    """How many wait because the teacher has taken over."""
    list: list[CueEntry]


class RunOfShowFeature(Feature):
    """The run of show of a lesson. Belongs to the event loop; what the teacher puts on air by hand holds it.

    ``turn`` turns slides to a page, or raises CommandError. ``tell`` is given the section ``cues`` of the state when it
    has changed.
    """

    def __init__(
        self,
        lesson: Lesson,
        *,
        time: LessonTime,
        director: Director,
        scenes: ScenesFeature,
        turn: Callable[[str, int], None],
        events: Events,
        alarms: Alarms,
        tell: Callable[[Mapping[str, object]], object],
    ) -> None:
        self._lesson, self._time, self._began = lesson, time, time.began.astimezone()  # cues have local times
        self._scenes, self._turn, self._alarms, self._tell = scenes, turn, alarms, tell
        self._director = director
        self._show = RunOfShow(cues_of(lesson, self._began))
        self._told_due = 0
        self._changed = asyncio.Event()
        events.listen(TakenOver, lambda _: self._hold())

    async def run(self, stack: contextlib.AsyncExitStack) -> None:
        """Carry out cues automatically."""
        run_supervised(stack, "run of show", self._follow)

    async def _follow(self) -> None:
        """Carry out each cue when it is due."""
        while True:
            self._follow_the_clock()
            self._carry_out(self._show.due(self._now()))
            wakes, waiting = self._show.wakes(), self._show.next is not None and self._show.held
            self._changed.clear()
            # While the show is held, nothing comes, but the teachers are to see that something is due.
            # And the clock on the wall may be set, or the computer sleep, which the other clock does not count.
            pause = 1.0 if waiting else None if wakes is None else min(1.0, max(0.0, wakes - self._now()))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), pause)
            due = self._show.waiting(self._now())
            if due != self._told_due:
                self._told_due = due
                self._tell({"cues": self.cues()})

    @command("cue.next")
    def next(self) -> None:
        """Continue the run of show: perform the due cues, or else the next one. Later cues are automatic again."""
        self._carry_out(self._show.advance(self._now()))
        self._moved()

    def apply(self, lesson: Lesson) -> None:
        """Take over the run of show of another lesson."""
        self._lesson = lesson
        self._show.replace(cues_of(lesson, self._began), self._now())
        self._moved()

    def progress(self) -> RunOfShowProgress:
        """The progress of the show, to be saved."""
        states: dict[CueState, Literal["done", "passed", "coming"]] = {"done": "done", "passed": "passed"}
        marks = self._marks()
        return RunOfShowProgress(
            held=self._show.held,
            cues=tuple(
                CueProgress(mark=mark, state=states.get(self._show.state(place), "coming"))
                for place, mark in enumerate(marks)
            ),
        )

    def resume(self, kept: Progress) -> None:
        """Continue an interrupted show; a new cue that would be over by then is passed over."""
        before = {cue.mark for cue in kept.cues.cues}
        progress = kept.progress(self._marks())
        self._show.resume(
            done=[place for place, cue in enumerate(progress) if cue.state == "done"],
            passed=[place for place, cue in enumerate(progress) if cue.state == "passed"],
            fresh=[place for place, cue in enumerate(progress) if cue.mark not in before],
            until=kept.elapsed,
            held=kept.cues.held,
        )
        self._moved()

    def _marks(self) -> list[str]:
        """A mark that identifies each cue, whatever its title is."""
        written = (cue.model_dump_json(exclude={"title"}) for cue in self._lesson.cues)
        return [hashlib.sha256(text.encode()).hexdigest()[:16] for text in written]

    @section("cues")
    def cues(self) -> CuesSection:
        """The run of show, and how far it has come."""
        show, now = self._show, self._now()
        following = show.next
        time = None if following is None else show.time(following)
        return {
            "mode": "held" if show.held else "automatic",
            "next": following,
            "left": None if time is None else round(max(0.0, time - now), 1),
            "due": show.waiting(now),
            "list": [self._described(place, cue) for place, cue in enumerate(show.cues)],
        }

    def _hold(self) -> None:
        """The teacher has put something on air: cues wait until ``next``."""
        if self._show.hold():
            self._moved()

    def _follow_the_clock(self) -> None:
        """Keep cues with a time of day at that time when the clock on the wall was set."""
        began = self._time.today() - timedelta(seconds=self._now())
        if abs((began - self._began).total_seconds()) > _SET:
            logger.info("The clock was set or the computer slept; cues with a time of day follow it.")
            self._began = began
            self._show.retime(cues_of(self._lesson, began))
            self._tell({"cues": self.cues()})

    def _described(self, place: int, cue: Cue) -> CueEntry:
        time = self._show.time(place)
        at = None if time is None else (self._began + timedelta(seconds=time)).isoformat(timespec="seconds")
        slide: SlideEntry | None = None if cue.slide is None else {"source": cue.slide[0], "page": cue.slide[1]}
        return {"title": cue.title, "scene": cue.scene, "slide": slide, "at": at, "state": self._show.state(place)}

    def _carry_out(self, cues: Iterable[Cue]) -> None:
        for cue in cues:
            # The scene is put on air even if the page does not exist.
            faults = [fault for step in (self._turn_page, self._switch) if (fault := _fault_of(step, cue)) is not None]
            if faults:
                name = _name(cue)
                logger.warning("The cue '%s' could not be carried out: %s", name, faults[0])
                sentence = _NOT_CARRIED_OUT(cue=name, why=faults[0].message)
                self._alarms.put(Alarm(_FAILED, sentence, remedy=ContinueCues()))
            else:
                self._alarms.clear(_FAILED)
            self._tell({"cues": self.cues()})

    def _turn_page(self, cue: Cue) -> None:
        if cue.slide is not None:
            self._turn(*cue.slide)

    def _switch(self, cue: Cue) -> None:
        scene = scene_for(cue, self._director)
        if scene is not None:
            self._scenes.put_on_air(scene, why="cue")

    def _moved(self) -> None:
        self._changed.set()
        self._tell({"cues": self.cues()})

    def _now(self) -> float:
        return self._time.now()


def _name(cue: Cue) -> str:
    shown = cue.scene or (cue.slide[0] if cue.slide else "")
    return cue.title or shown


def _fault_of(step: Callable[[Cue], None], cue: Cue) -> CommandError | None:
    try:
        step(cue)
    except CommandError as fault:
        return fault
    return None
