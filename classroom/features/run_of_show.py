"""Carries out the run of show of a lesson, and tells the teachers what comes next.

When a cue is due, and what the teacher's own command does to that, ``director.cues`` knows.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final, Literal, TypedDict

from classroom.common.alarms import Alarm, Alarms, ContinueCues
from classroom.common.clock import Clock
from classroom.common.errors import CommandError
from classroom.common.sentences import Wording
from classroom.director import Cue, Director, RunOfShow
from classroom.director.cues import CueState
from classroom.features.scenes import Direction
from classroom.lesson import Lesson
from classroom.lesson.cues import CueModel, scene_alone
from classroom.lesson.progress import CueProgress, Progress, RunOfShowProgress

__all__ = ["CueEntry", "CuesSection", "Prompter", "SlideEntry", "cues_of", "scene_for"]

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


class Prompter:
    """The run of show of a lesson that began at the clock second ``started``, which is ``began`` by the clock.

    ``turn`` turns slides to a page. ``tell`` is given the section ``cues`` of the state when it has changed. ``today``
    is the clock on the wall. Belongs to the event loop; ``run`` lets cues come by themselves.
    """

    def __init__(
        self,
        lesson: Lesson,
        *,
        clock: Clock,
        started: float,
        began: datetime,
        direction: Direction,
        turn: Callable[[str, int], None],
        alarms: Alarms,
        tell: Callable[[Mapping[str, object]], None],
        today: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    ) -> None:
        self._clock, self._started, self._began = clock, started, began
        self._direction, self._turn, self._alarms, self._tell = direction, turn, alarms, tell
        self._lesson, self._today = lesson, today
        self._show = RunOfShow(cues_of(lesson, began))
        self._told_due = 0
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Let each cue come when it is due."""
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
                self._tell(self.describe())

    def hold(self) -> None:
        """The teacher has put something on air: cues wait until ``next``."""
        if self._show.hold():
            self._moved()

    def next(self) -> None:
        """Go on with the cues that are due, else with the next one; CommandError after the last."""
        self._carry_out(self._show.advance(self._now()))
        self._moved()

    def replace(self, lesson: Lesson) -> None:
        """Go on with the run of show of another lesson."""
        self._lesson = lesson
        self._show.replace(cues_of(lesson, self._began), self._now())
        self._moved()

    def progress(self) -> RunOfShowProgress:
        """How far the show has come, to be kept."""
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
        """Go on where the show had come; a cue that is new and would be over by then is passed over."""
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
        """What tells each cue of the lesson from the others, whatever it is called."""
        written = (cue.model_dump_json(exclude={"title"}) for cue in self._lesson.cues)
        return [hashlib.sha256(text.encode()).hexdigest()[:16] for text in written]

    def describe(self) -> dict[str, CuesSection]:
        """The section ``cues`` of the state."""
        show, now = self._show, self._now()
        following = show.next
        time = None if following is None else show.time(following)
        return {
            "cues": {
                "mode": "held" if show.held else "automatic",
                "next": following,
                "left": None if time is None else round(max(0.0, time - now), 1),
                "due": show.waiting(now),
                "list": [self._described(place, cue) for place, cue in enumerate(show.cues)],
            }
        }

    def _follow_the_clock(self) -> None:
        """Let cues with a time of day come at that time, whatever has been done to the clock on the wall."""
        began = self._today() - timedelta(seconds=self._now())
        if abs((began - self._began).total_seconds()) > _SET:
            logger.info("The clock was set or the computer slept; cues with a time of day follow it.")
            self._began = began
            self._show.retime(cues_of(self._lesson, began))
            self._tell(self.describe())

    def _described(self, place: int, cue: Cue) -> CueEntry:
        time = self._show.time(place)
        at = None if time is None else (self._began + timedelta(seconds=time)).isoformat(timespec="seconds")
        slide: SlideEntry | None = None if cue.slide is None else {"source": cue.slide[0], "page": cue.slide[1]}
        return {"title": cue.title, "scene": cue.scene, "slide": slide, "at": at, "state": self._show.state(place)}

    def _carry_out(self, cues: Iterable[Cue]) -> None:
        for cue in cues:
            # A page that is not there is no reason to keep the scene from the class.
            faults = [fault for step in (self._turn_page, self._switch) if (fault := _fault_of(step, cue)) is not None]
            if faults:
                name = cue.title or cue.scene or "slide"
                logger.warning("The cue '%s' could not be carried out: %s", name, faults[0])
                sentence = _NOT_CARRIED_OUT(cue=name, why=faults[0].message)
                self._alarms.put(Alarm(_FAILED, sentence, remedy=ContinueCues()))
            else:
                self._alarms.clear(_FAILED)
            self._tell(self.describe())

    def _turn_page(self, cue: Cue) -> None:
        if cue.slide is not None:
            self._turn(*cue.slide)

    def _switch(self, cue: Cue) -> None:
        scene = scene_for(cue, self._direction.director)
        if scene is not None:
            self._direction.switch(scene, None, None)

    def _moved(self) -> None:
        self._changed.set()
        self._tell(self.describe())

    def _now(self) -> float:
        return self._clock.now() - self._started


def cues_of(lesson: Lesson, began: datetime) -> list[Cue]:
    """The cues of a lesson that begins at a moment of the computer's time zone."""
    return [_cue(model, lesson.scenes, began) for model in lesson.cues]


def scene_for(cue: Cue, director: Director) -> str | None:
    """The scene that a cue puts on air, for one that names slides only the one that shows least beside them.

    None where these are on air already, or no scene shows them.
    """
    if cue.scene is not None or cue.slide is None or cue.slide[0] in director.program.scene.show:
        return cue.scene
    showing = [scene for scene in director.scenes.values() if cue.slide[0] in scene.show]
    return min(showing, key=lambda scene: len(scene.show)).name if showing else None


def _fault_of(step: Callable[[Cue], None], cue: Cue) -> CommandError | None:
    try:
        step(cue)
    except CommandError as fault:
        return fault
    return None


def _cue(model: CueModel, scenes: Mapping[str, object], began: datetime) -> Cue:
    scene = model.scene
    if model.card is not None:
        scene = scene_alone(model.card, scenes) or model.card
    slide = None if model.slide is None else (model.slide.source, model.slide.page)
    due = model.after
    if model.clock is not None:
        # Of the day before and the day after the one that is nearer: lessons may go on past midnight.
        days = (began.date() + timedelta(days=number) for number in (0, 1, -1))
        # Each by the rules of that day: the clock may be put forward or back in the middle of a lesson.
        moments = [datetime.combine(day, model.clock).astimezone() for day in days]
        due = min(((moment - began).total_seconds() for moment in moments), key=abs)
    return Cue(scene, slide, model.title, due)
