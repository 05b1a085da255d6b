"""The director: which scene is on air, since when, how it came there, and which one is prepared.

It is given commands and the time, and answers with values. The mixer reads ``program`` once in every tick.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from classroom.common.errors import CommandError
from classroom.common.sentences import Wording
from classroom.director.heard import heard
from classroom.director.layout import Placement, place
from classroom.director.scene import Scene, TransitionKind
from classroom.director.transition import Transition

__all__ = ["Director", "ProgramState"]

_NO_PREVIEW = Wording("preview.none", "No scene is in the preview. Choose one with preview.set first.")


@dataclass(frozen=True, slots=True)
class ProgramState:
    """What is on air: the scene, since when (clock seconds), its rectangles, and how it came on air (None: at once).

    ``left`` is what was heard of each source when it came on air.
    """

    scene: Scene
    since: float
    placements: tuple[Placement, ...]
    transition: Transition | None = None
    left: Mapping[str, float] = field(default_factory=dict)

    def heard(self, now: float) -> dict[str, float]:
        """The share of each source's sound at a clock second, from 0 to 1; what is not named is silent."""
        cut = 1.0 if now >= self.since else 0.0
        progress = cut if self.transition is None else self.transition.progress(now)
        return heard((placement.source for placement in self.placements), self.left, progress)


class Director:
    """Holds what is on air and what is prepared, and changes them by command.

    A command that cannot be carried out raises CommandError and changes nothing. ``program`` is replaced as one
    value, so another thread that reads it sees the old state or the new one, never a mixture. ``transition`` and
    ``duration`` (seconds) are the lesson's own.
    """

    def __init__(
        self,
        *,
        scenes: Mapping[str, Scene],
        start: str,
        size: tuple[int, int],
        now: float,
        transition: TransitionKind = "cut",
        duration: float = 0.4,
    ) -> None:
        self._scenes = dict(scenes)
        self._size = size
        self._transition: TransitionKind = transition
        self._duration = duration
        self._preview: str | None = None
        self._program = self._state(self._scenes[start], now, None, {})

    @property
    def program(self) -> ProgramState:
        """What is on air now."""
        return self._program

    @property
    def preview(self) -> str | None:
        """The scene that ``take`` puts on air."""
        return self._preview

    @property
    def scenes(self) -> Mapping[str, Scene]:
        """All scenes by name, in the order of the lesson."""
        return self._scenes

    def switch(
        self, scene: str, *, now: float, transition: TransitionKind | None = None, duration: float | None = None
    ) -> bool:
        """Put a scene on air; False when it is there already. An unknown name raises CommandError.

        What the command leaves open the scene says, and what that leaves open the lesson.
        """
        wanted = self._known(scene)
        if scene == self._program.scene.name:
            return False
        kind = transition or wanted.transition or self._transition
        seconds = next(each for each in (duration, wanted.duration, self._duration) if each is not None)
        change = None if kind == "cut" else Transition(kind, self._program.scene.name, now, seconds)
        self._program = self._state(wanted, now, change, self._program.heard(now))
        return True

    def prepare(self, scene: str | None) -> bool:
        """Choose the scene that ``take`` puts on air, or none; False when it is chosen already."""
        if scene is not None:
            self._known(scene)
        changed, self._preview = scene != self._preview, scene
        return changed

    def take(self, *, now: float, transition: TransitionKind | None = None, duration: float | None = None) -> bool:
        """Put the prepared scene on air and prepare the one that leaves it; CommandError when none is prepared."""
        if self._preview is None:
            raise CommandError.not_possible(_NO_PREVIEW())
        left = self._program.scene.name
        if not self.switch(self._preview, now=now, transition=transition, duration=duration):
            return False
        self._preview = left
        return True

    def replace(
        self,
        scenes: Mapping[str, Scene],
        *,
        start: str,
        now: float,
        transition: TransitionKind | None = None,
        duration: float | None = None,
    ) -> None:
        """Take other scenes; what is on air stays where it still exists, else ``start`` comes on air.

        ``transition`` and ``duration`` become the lesson's own where they are given.
        """
        self._transition = transition or self._transition
        self._duration = self._duration if duration is None else duration
        self._scenes = dict(scenes)
        if self._preview not in self._scenes:
            self._preview = None
        name = self._program.scene.name
        if name not in self._scenes:
            self._program = self._state(self._scenes[start], now, None, self._program.heard(now))
        elif self._scenes[name] != self._program.scene:
            old = self._program
            self._program = self._state(self._scenes[name], old.since, old.transition, old.left)

    def _known(self, scene: str) -> Scene:
        if scene not in self._scenes:
            raise CommandError.unknown("scene", scene, list(self._scenes))
        return self._scenes[scene]

    def _state(
        self, scene: Scene, since: float, transition: Transition | None, left: Mapping[str, float]
    ) -> ProgramState:
        return ProgramState(scene, since, place(scene, *self._size), transition, left)
