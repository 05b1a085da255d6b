"""The director: which scene is on air, and since when.

It is given commands and the time, and answers with values. The mixer reads ``program`` once in every tick.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from classroom.director.layout import Placement, place
from classroom.director.scene import Scene
from classroom.errors import CommandError

__all__ = ["Director", "ProgramState"]


@dataclass(frozen=True, slots=True)
class ProgramState:
    """What is on air: the scene, since when (clock seconds), and its rectangles."""

    scene: Scene
    since: float
    placements: tuple[Placement, ...]


class Director:
    """Holds what is on air and changes it by command.

    A command that cannot be carried out raises CommandError and changes nothing. ``program`` is replaced as one
    value, so another thread that reads it sees the old state or the new one, never a mixture.
    """

    def __init__(self, *, scenes: Mapping[str, Scene], start: str, size: tuple[int, int], now: float) -> None:
        self._scenes = dict(scenes)
        self._size = size
        self._program = self._state(self._scenes[start], now)

    @property
    def program(self) -> ProgramState:
        """What is on air now."""
        return self._program

    @property
    def scenes(self) -> Mapping[str, Scene]:
        """All scenes by name, in the order of the lesson."""
        return self._scenes

    def switch(self, scene: str, *, now: float) -> bool:
        """Cut to a scene; False when it is on air already. An unknown name raises CommandError."""
        if scene not in self._scenes:
            raise CommandError.unknown("scene", scene, list(self._scenes))
        if scene == self._program.scene.name:
            return False
        self._program = self._state(self._scenes[scene], now)
        return True

    def _state(self, scene: Scene, now: float) -> ProgramState:
        return ProgramState(scene, now, place(scene, *self._size))
