"""What the teacher directs: which scene is on air and which is prepared, carried out and told to all teachers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Set
from datetime import UTC, datetime
from typing import Annotated, Literal, TypedDict

from pydantic import Field

from classroom.common.clock import Clock
from classroom.control.registry import Name, command
from classroom.director import Director, Scene, TransitionKind
from classroom.director.scene import SceneEntry
from classroom.features.base import Events, Feature, SceneOnAir, TakenOver, section
from classroom.features.from_lesson import scenes_of
from classroom.lesson import Lesson

__all__ = ["ProgramSection", "ScenesFeature", "TransitionEntry", "settles_in"]

Tell = Callable[[Mapping[str, object]], object]
OnAir = Callable[[Set[str], float], None]


TransitionEntry = TypedDict("TransitionEntry", {"kind": TransitionKind, "from": str, "duration": float})
"""A transition that is in progress: from which scene, and how many seconds it takes."""


class ProgramSection(TypedDict):
    """What is on air."""

    scene: str
    since: str
    """ISO 8601, with milliseconds."""
    transition: TransitionEntry | None
    """The transition to the scene while it is in progress."""


class ScenesFeature(Feature):
    """Which scene is on air and which is in the preview.

    Belongs to the event loop. ``tell`` is given the sections of the state that have changed, ``on_air`` the sources
    that are to be seen from a clock second on.
    """

    def __init__(self, director: Director, *, clock: Clock, events: Events, tell: Tell, on_air: OnAir) -> None:
        self._director = director
        self._clock = clock
        self._events = events
        self._tell = tell
        self._on_air = on_air
        self._since = datetime.now(UTC)
        self._ends: asyncio.TimerHandle | None = None
        on_air(director.program.scene.sources, clock.now())

    async def run(self, stack: contextlib.AsyncExitStack) -> None:
        """Stop waiting for the end of a transition when the lesson ends."""
        stack.callback(self.close)

    def close(self) -> None:
        """Forget the transition that is in progress."""
        if self._ends is not None:
            self._ends.cancel()

    # Commands

    @command("program.switch")
    def switch(
        self,
        scene: Name,
        transition: TransitionKind | None = None,
        duration: Annotated[float, Field(ge=0, le=10)] | None = None,
    ) -> None:
        """Put a scene on air, with the lesson's transition unless one is named; the duration is in seconds."""
        self.put_on_air(scene, transition, duration, why="teacher")
        self._events.emit(TakenOver())

    @command("preview.set")
    def prepare(self, scene: Name | None) -> None:
        """Choose the scene that comes on air with `program.take`; null chooses none."""
        if self._director.prepare(scene):
            self._tell({"preview": self.preview()})

    @command("program.take")
    def take(
        self,
        transition: TransitionKind | None = None,
        duration: Annotated[float, Field(ge=0, le=10)] | None = None,
    ) -> None:
        """Put the preview on air, with its own or the lesson's transition unless one is named.

        The old scene becomes the preview.
        """
        before = self._director.program.scene
        if self._director.take(now=self._clock.now(), transition=transition, duration=duration):
            self._came(before, "teacher")
            self._tell({"preview": self.preview()})
        self._events.emit(TakenOver())

    # Sections of the state

    @section("program")
    def program(self) -> ProgramSection:
        """What is on air."""
        program, transition = self._director.program, self._director.program.transition
        moving = transition is not None and transition.progress(self._clock.now()) < 1
        return {
            "scene": program.scene.name,
            "since": self._since.isoformat(timespec="milliseconds"),
            "transition": {"kind": transition.kind, "from": transition.origin, "duration": transition.duration}
            if transition is not None and moving
            else None,
        }

    @section("preview")
    def preview(self) -> str | None:
        """The scene that comes on air with `program.take`, if one is prepared."""
        return self._director.preview

    @section("scenes")
    def scenes(self) -> dict[str, SceneEntry]:
        """What can be put on air, in the order of the lesson file."""
        return {name: scene.describe() for name, scene in self._director.scenes.items()}

    # For other features

    def seen(self) -> Set[str]:
        """The sources in the scene on air, and in the one that fades away."""
        program = self._director.program
        shown = frozenset(program.scene.show)
        transition = program.transition
        if transition is None or transition.progress(self._clock.now()) >= 1:
            return shown
        left = self._director.scenes.get(transition.origin)
        return shown if left is None else shown | frozenset(left.show)

    def put_on_air(
        self,
        scene: str,
        transition: TransitionKind | None = None,
        duration: float | None = None,
        *,
        why: Literal["teacher", "cue"],
    ) -> None:
        """Put a scene on air; CommandError when there is no such scene."""
        before = self._director.program.scene
        if self._director.switch(scene, now=self._clock.now(), transition=transition, duration=duration):
            self._came(before, why)

    def apply(self, lesson: Lesson) -> None:
        """Take over the scenes of another lesson; if the one on air is gone, the lesson's first replaces it."""
        before, program = self._director.program.scene, lesson.program
        self._director.replace(
            scenes_of(lesson),
            start=program.start,
            now=self._clock.now(),
            transition=program.transition,
            duration=program.duration,
        )
        if self._director.program.scene.name != before.name:
            self._came(before, "fallback")
        elif settles_in(self._director, self._clock.now()) == 0:
            self._on_air(self._director.program.scene.sources, self._clock.now())
        self._tell({"program": self.program(), "preview": self.preview(), "scenes": self.scenes()})

    def _came(self, before: Scene, why: Literal["teacher", "cue", "fallback"]) -> None:
        self._since = datetime.now(UTC)
        self.close()
        self._tell({"program": self.program()})
        program = self._director.program
        self._events.emit(SceneOnAir(program.scene.name, before.name, why))
        transition = program.transition
        # What fades away is still to be seen.
        seen = program.scene.sources | (before.sources if transition is not None else frozenset())
        self._on_air(seen, self._clock.now())
        if transition is not None:
            loop = asyncio.get_running_loop()
            self._ends = loop.call_later(max(0.0, transition.ends - self._clock.now()) + 0.02, self._settled)

    def _settled(self) -> None:
        self._on_air(self._director.program.scene.sources, self._clock.now())
        self._tell({"program": self.program()})


def settles_in(director: Director, now: float) -> float:
    """Seconds from the clock second ``now`` until the scene that leaves can no longer be seen."""
    transition = director.program.transition
    return 0.0 if transition is None else max(0.0, transition.ends - now)
