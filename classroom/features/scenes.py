"""What the teacher directs: which scene is on air and which is prepared, carried out and told to all teachers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Set
from datetime import UTC, datetime
from typing import TypedDict

from classroom.common.clock import Clock
from classroom.director import Area, Border, Crop, Director, Scene, Style, TransitionKind
from classroom.director.scene import SceneEntry
from classroom.lesson import Lesson
from classroom.lesson.cues import scene_alone
from classroom.lesson.scenes import SceneModel, ShownModel

__all__ = ["Direction", "ProgramSection", "TransitionEntry", "scenes_of"]

Tell = Callable[[Mapping[str, object]], None]
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


class Direction:
    """The director of a lesson, and who hears of it.

    Belongs to the event loop; ``director`` may be read from any thread. ``tell`` is given the sections of the state
    that have changed, ``on_air`` the sources that are to be seen from a clock second on; ``came`` is called when
    another scene came on air. ``start`` is the scene that is on air first, where it is not the lesson's.
    """

    def __init__(
        self,
        lesson: Lesson,
        *,
        clock: Clock,
        tell: Tell,
        on_air: OnAir,
        came: Callable[[], None] = lambda: None,
        start: str | None = None,
    ) -> None:
        self._clock = clock
        self._tell = tell
        self._on_air = on_air
        self._other_came = came
        self._since = datetime.now(UTC)
        self._ends: asyncio.TimerHandle | None = None
        program, scenes = lesson.program, scenes_of(lesson)
        self.director = Director(
            scenes=scenes,
            start=start if start in scenes else program.start,
            size=(program.size.width, program.size.height),
            now=clock.now(),
            transition=program.transition,
            duration=program.duration,
        )
        on_air(self.director.program.scene.sources, clock.now())

    def close(self) -> None:
        """Tell nobody anything any more."""
        if self._ends is not None:
            self._ends.cancel()

    def switch(self, scene: str, transition: TransitionKind | None, duration: float | None) -> None:
        """Put a scene on air; CommandError when there is no such scene."""
        before = self.director.program.scene
        if self.director.switch(scene, now=self._clock.now(), transition=transition, duration=duration):
            self._came(before)

    def prepare(self, scene: str | None) -> None:
        """Choose the scene that ``take`` puts on air, or none; CommandError when there is no such scene."""
        if self.director.prepare(scene):
            self._tell({"preview": self.director.preview})

    def take(self) -> None:
        """Put the prepared scene on air and prepare the one that leaves it; CommandError when none is prepared."""
        before = self.director.program.scene
        if self.director.take(now=self._clock.now()):
            self._came(before)
            self._tell({"preview": self.director.preview})

    def replace(self, lesson: Lesson) -> None:
        """Go on with the scenes of another lesson; one on air that is gone gives way to the lesson's first."""
        before, program = self.director.program.scene, lesson.program
        self.director.replace(
            scenes_of(lesson),
            start=program.start,
            now=self._clock.now(),
            transition=program.transition,
            duration=program.duration,
        )
        if self.director.program.scene.name != before.name:
            self._came(before)
        elif self.settles_in() == 0:
            self._on_air(self.director.program.scene.sources, self._clock.now())
        self._tell(self.describe())

    def settles_in(self) -> float:
        """Seconds until nothing of the scene that leaves is to be seen."""
        transition = self.director.program.transition
        return 0.0 if transition is None else max(0.0, transition.ends - self._clock.now())

    def describe(self) -> dict[str, object]:
        """The sections of the state that are the director's."""
        return {
            "program": self._program(),
            "preview": self.director.preview,
            "scenes": scenes_section(self.director),
        }

    def _came(self, before: Scene) -> None:
        self._since = datetime.now(UTC)
        if self._ends is not None:
            self._ends.cancel()
        self._tell({"program": self._program()})
        self._other_came()
        program = self.director.program
        transition = program.transition
        # What fades away is still to be seen.
        seen = program.scene.sources | (before.sources if transition is not None else frozenset())
        self._on_air(seen, self._clock.now())
        if transition is not None:
            loop = asyncio.get_running_loop()
            self._ends = loop.call_later(max(0.0, transition.ends - self._clock.now()) + 0.02, self._settled)

    def _settled(self) -> None:
        self._on_air(self.director.program.scene.sources, self._clock.now())
        self._tell({"program": self._program()})

    def _program(self) -> ProgramSection:
        return program_section(self.director, self._since, self._clock.now())


def program_section(director: Director, since: datetime, now: float) -> ProgramSection:
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


def scenes_section(director: Director) -> dict[str, SceneEntry]:
    """What can be put on air."""
    return {name: scene.describe() for name, scene in director.scenes.items()}


def scenes_of(lesson: Lesson) -> dict[str, Scene]:
    """The scenes of a lesson as the director knows them; a card that only a cue shows has one of its own at the end."""
    scenes = {name: _scene(name, model) for name, model in lesson.scenes.items()}
    for cue in lesson.cues:
        if cue.card is not None and scene_alone(cue.card, lesson.scenes) is None:
            scenes[cue.card] = Scene(cue.card, "full", (cue.card,))
    return scenes


def _scene(name: str, model: SceneModel) -> Scene:
    return Scene(
        name,
        model.layout,
        tuple(model.sources),
        model.corner,
        model.size,
        styles=tuple(_style(item, custom=model.layout == "custom") for item in model.show),
        overlays=tuple(model.overlays),
        fallback=model.fallback,
        transition=model.transition,
        duration=model.duration,
    )


def _style(item: ShownModel, *, custom: bool) -> Style:
    crop, border = item.crop, item.border
    return Style(
        area=Area(item.x, item.y, item.width, item.height) if custom else None,
        fill=item.fit == "fill",
        crop=Crop(crop.left, crop.top, crop.right, crop.bottom) if crop is not None else Crop(),
        border=Border(border.width / 100, border.colour) if border is not None else None,
    )
