"""The program picture while one scene becomes another: two mixers, and the pixels of both blended.

Between two scenes each is mixed by a mixer of its own, so that both keep moving while one fades into the other. A
change in the middle of a change starts with the picture that is on the screen, as a still.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import Final

import numpy as np
import numpy.typing as npt

from classroom.director import ProgramState, Transition
from classroom.media.picture import PictureMixer, Pixels, ProgramPicture

__all__ = ["Crossfade", "blend"]

_STEPS: Final = 256


class Crossfade:
    """Composes what a director says is on air, transitions included. Belongs to one thread.

    ``make`` makes a mixer; it is called twice.
    """

    def __init__(self, make: Callable[[], PictureMixer]) -> None:
        self._front, self._behind = make(), make()
        self._state: ProgramState | None = None
        self._leaving: ProgramState | ProgramPicture | None = None
        self._newest: ProgramPicture | None = None
        self._scratch: tuple[npt.NDArray[np.uint16], npt.NDArray[np.uint16]] | None = None

    def each(self) -> tuple[PictureMixer, PictureMixer]:
        """Both mixers, for what concerns either."""
        return self._front, self._behind

    def compose(self, state: ProgramState, live: Set[str], now: float) -> ProgramPicture:
        """The program picture now (clock seconds); the last one again when nothing has changed since."""
        self._follow(state, now)
        picture = self._front.compose(state.placements, live, state.scene.overlays)
        transition = state.transition
        if transition is None or self._leaving is None or transition.progress(now) >= 1:
            self._leaving = None
        else:
            picture = self._blended(picture, transition.progress(now), live)
        self._newest = picture
        return picture

    def _follow(self, state: ProgramState, now: float) -> None:
        before, self._state = self._state, state
        # Times alone would not tell: clocks that are read twice in 15 ms say the same on some systems.
        if before is None or (before.since, before.scene.name) == (state.since, state.scene.name):
            return
        if state.transition is None:
            self._leaving = None
            return
        if self._leaving is not None and _unfinished(before.transition, now):
            self._leaving = self._newest
        else:
            self._leaving = before
            self._front, self._behind = self._behind, self._front

    def _blended(self, front: ProgramPicture, share: float, live: Set[str]) -> ProgramPicture:
        leaving = self._leaving
        assert leaving is not None
        if isinstance(leaving, ProgramPicture):
            behind = leaving
        else:
            behind = self._behind.compose(leaving.placements, live, leaving.scene.overlays)
        if self._scratch is None:
            self._scratch = (np.empty(front.pixels.shape, np.uint16), np.empty(front.pixels.shape, np.uint16))
        pixels = blend(behind.pixels, front.pixels, share, self._scratch)
        return ProgramPicture(front.width, front.height, pixels)


def blend(
    behind: Pixels, front: Pixels, share: float, scratch: tuple[npt.NDArray[np.uint16], npt.NDArray[np.uint16]]
) -> Pixels:
    """``share`` (0 to 1) of the one and the rest of the other, rounded; ``scratch`` is memory of the same shape."""
    weight = round(share * _STEPS)
    np.multiply(behind, np.uint16(_STEPS - weight), out=scratch[0], dtype=np.uint16)
    np.multiply(front, np.uint16(weight), out=scratch[1], dtype=np.uint16)
    np.add(scratch[0], scratch[1], out=scratch[0])
    np.add(scratch[0], np.uint16(_STEPS // 2), out=scratch[0])
    np.right_shift(scratch[0], 8, out=scratch[0])
    return scratch[0].astype(np.uint8)


def _unfinished(transition: Transition | None, now: float) -> bool:
    return transition is not None and transition.progress(now) < 1
