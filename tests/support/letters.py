"""Reads letters in a picture without knowing a font: by their strokes and by their holes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["Mask", "glyphs", "holes", "rows", "strokes"]

Mask = npt.NDArray[np.bool_]
"""Where ink is, of shape (height, width)."""


def glyphs(ink: Mask) -> list[Mask]:
    """The letters of one line from left to right; columns without ink part them. Specks are none."""
    return [ink[:, columns] for columns in _runs(np.atleast_1d(ink.any(0))) if ink[:, columns].sum() >= 4]


def rows(ink: Mask) -> list[slice]:
    """Where lines of text are, from above; rows without ink part them."""
    return [run for run in _runs(np.atleast_1d(ink.any(1))) if ink[run].sum() >= 8]


def strokes(glyph: Mask) -> int:
    """How many strokes lie one above the other: 一 has one, 二 two, 三 three, the box for a missing letter two."""
    return len(_runs(glyph[:, glyph.shape[1] // 2]))


def holes(glyph: Mask) -> int:
    """How many enclosed holes it has: 1 and 7 have none, 0 and 6 one, 8 two."""
    free = np.pad(~glyph, 1, constant_values=True)
    count = -1  # the outside is none
    while free.any():
        _empty(free)
        count += 1
    return count


def _empty(free: Mask) -> None:
    """Take one connected area out; only edges connect, for letters are thin at corners."""
    waiting = [tuple(np.argwhere(free)[0])]
    while waiting:
        y, x = waiting.pop()
        if 0 <= y < free.shape[0] and 0 <= x < free.shape[1] and free[y, x]:
            free[y, x] = False
            waiting += [(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)]


def _runs(there: npt.NDArray[np.bool_]) -> list[slice]:
    changes = np.flatnonzero(np.diff(np.concatenate([[False], there, [False]]).astype(np.int8)))
    return [slice(int(begin), int(end)) for begin, end in changes.reshape(-1, 2)]
