"""What the teacher directs: which scene is on air and which is prepared, carried out and told to all teachers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from classroom.clock import Clock
from classroom.director import Area, Border, Crop, Director, Scene, Style, TransitionKind
from classroom.lesson import Lesson
from classroom.lesson.scenes import SceneModel, ShownModel
from classroom.sections import preview_section, program_section, scenes_section

__all__ = ["Direction", "scenes_of"]

Tell = Callable[[dict[str, object]], None]


class Direction:
    """The director of a lesson, and who hears of it.

    Belongs to the event loop; ``director`` may be read from any thread. ``tell`` is given the sections of the state
    that have changed.
    """

    def __init__(self, lesson: Lesson, *, clock: Clock, tell: Tell) -> None:
        self._clock = clock
        self._tell = tell
        self._since = datetime.now(UTC)
        self._ends: asyncio.TimerHandle | None = None
        program = lesson.program
        self.director = Director(
            scenes=scenes_of(lesson),
            start=program.start,
            size=(program.size.width, program.size.height),
            now=clock.now(),
            transition=program.transition,
            duration=program.duration,
        )

    def close(self) -> None:
        """Tell nobody anything any more."""
        if self._ends is not None:
            self._ends.cancel()

    def switch(self, scene: str, transition: TransitionKind | None, duration: float | None) -> None:
        """Put a scene on air; CommandError when there is no such scene."""
        if self.director.switch(scene, now=self._clock.now(), transition=transition, duration=duration):
            self._on_air()

    def prepare(self, scene: str | None) -> None:
        """Choose the scene that ``take`` puts on air, or none; CommandError when there is no such scene."""
        if self.director.prepare(scene):
            self._tell({"preview": preview_section(self.director)})

    def take(self) -> None:
        """Put the prepared scene on air and prepare the one that leaves it; CommandError when none is prepared."""
        if self.director.take(now=self._clock.now()):
            self._on_air()
            self._tell({"preview": preview_section(self.director)})

    def describe(self) -> dict[str, object]:
        """The sections of the state that are the director's."""
        return {
            "program": self._program(),
            "preview": preview_section(self.director),
            "scenes": scenes_section(self.director),
        }

    def _on_air(self) -> None:
        self._since = datetime.now(UTC)
        if self._ends is not None:
            self._ends.cancel()
        self._tell({"program": self._program()})
        transition = self.director.program.transition
        if transition is not None:
            loop = asyncio.get_running_loop()
            self._ends = loop.call_later(max(0.0, transition.ends - self._clock.now()) + 0.02, self._settled)

    def _settled(self) -> None:
        self._tell({"program": self._program()})

    def _program(self) -> dict[str, object]:
        return program_section(self.director, self._since, self._clock.now())


def scenes_of(lesson: Lesson) -> dict[str, Scene]:
    """The scenes of a lesson as the director knows them."""
    return {name: _scene(name, model) for name, model in lesson.scenes.items()}


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
