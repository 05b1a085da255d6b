"""A picture of coloured cells, and what a program is to look like that shows it.

What is expected is drawn here from the rules of the manual, in fractions and by nearest neighbour, and not with the
geometry of the product. No two cells have the same colour, so a picture that is mirrored, turned, stretched, moved or
cut is told from one that is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import av
import numpy as np
import numpy.typing as npt

from tests.support.pictures import Array, rgb_frame

__all__ = ["COLUMNS", "ROWS", "WHOLE", "Box", "Part", "Sheet", "cells", "chart", "filling", "within"]

COLUMNS, ROWS = 4, 3

_COLOURS: Final = np.array(
    [
        *[(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0)],
        *[(255, 0, 255), (255, 255, 255), (128, 128, 128), (0, 255, 255)],
        *[(0, 128, 0), (255, 128, 0), (128, 128, 255), (128, 0, 128)],
    ],
    np.uint8,
)
_BLURRED: Final = 4
"""Pixels at each side of an edge that say nothing: edges lie on even pixels, and scaling and coding soften them."""

_TOLERANCE: Final = 30
"""What coding may change of 255; the colours of two cells are four times as far apart."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on the program in pixels, which need not be whole."""

    x: float
    y: float
    width: float
    height: float

    def smaller(self, by: float) -> Box:
        """The same without a frame of ``by`` pixels."""
        return Box(self.x + by, self.y + by, self.width - 2 * by, self.height - 2 * by)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a source's picture: its edges as fractions of width and height."""

    left: float = 0.0
    top: float = 0.0
    right: float = 1.0
    bottom: float = 1.0

    def aspect(self, aspect: float) -> float:
        """Width over height of this part of a picture with an ``aspect``."""
        return aspect * (self.right - self.left) / (self.bottom - self.top)


WHOLE: Final = Part()


def cells(turn: int = 0) -> Array:
    """The colours of a chart, of shape (rows, columns, 3); ``turn`` tells one chart from another."""
    return np.roll(_COLOURS, 5 * turn, axis=0).reshape(ROWS, COLUMNS, 3)


def chart(width: int, height: int, turn: int = 0) -> av.VideoFrame:
    """A source's picture: the cells from edge to edge, four in a row, three rows."""
    return rgb_frame(_cut(cells(turn), WHOLE, (np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height))


def within(aspect: float, box: Box) -> Box:
    """Where a picture is shown whole: as large as its aspect allows, in the middle."""
    width = min(box.width, box.height * aspect)
    height = width / aspect
    return Box(box.x + (box.width - width) / 2, box.y + (box.height - height) / 2, width, height)


def filling(aspect: float, box: Box, kept: Part = WHOLE) -> Part:
    """Which part of a picture fills a box: the middle of what is kept of it, as wide or as high as that."""
    wanted, there = box.width / box.height, kept.aspect(aspect)
    width = (kept.right - kept.left) * min(1.0, wanted / there)
    height = (kept.bottom - kept.top) * min(1.0, there / wanted)
    x, y = (kept.left + kept.right) / 2, (kept.top + kept.bottom) / 2
    return Part(x - width / 2, y - height / 2, x + width / 2, y + height / 2)


class Sheet:
    """What the program is to look like: black, and what was laid on it, the later in front."""

    def __init__(self, width: int, height: int) -> None:
        self._wanted: npt.NDArray[np.int16] = np.zeros((height, width, 3), np.int16)
        self._judged = np.ones((height, width), bool)
        self._sharp = np.ones((height, width), bool)
        self._known: npt.NDArray[np.bool_] | None = None

    def lay(self, box: Box, colours: Array, part: Part = WHOLE) -> Sheet:
        """Put cells of these colours, or a part of them, into a box."""
        self._known = None
        height, width = self._wanted.shape[:2]
        x, y = np.arange(width) + 0.5, np.arange(height) + 0.5
        columns, rows = (x > box.x) & (x < box.x + box.width), (y > box.y) & (y < box.y + box.height)

        def cut(right: float, down: float) -> Array:
            across = (x[columns] + right - box.x) / box.width
            return _cut(colours, part, across, (y[rows] + down - box.y) / box.height)

        place, wanted = np.ix_(rows, columns), cut(0, 0)
        self._wanted[place] = wanted
        # A cell that ends just outside of the box is not to be seen, and still blurs the first pixels.
        beside = [cut(right, down) for right, down in ((-_BLURRED, 0), (_BLURRED, 0), (0, -_BLURRED), (0, _BLURRED))]
        self._sharp[place] = ~np.any([(each != wanted).any(2) for each in beside], axis=0)
        return self

    def paint(self, box: Box, colour: tuple[int, int, int]) -> Sheet:
        """Put one colour into a box."""
        return self.lay(box, np.full((1, 1, 3), colour, np.uint8))

    def overlook(self, box: Box) -> Sheet:
        """Do not judge what is in a box."""
        self._known = None
        top, left = max(0, round(box.y)), max(0, round(box.x))
        self._judged[top : round(box.y + box.height), left : round(box.x + box.width)] = False
        return self

    def towards(self, other: Sheet, share: float) -> Sheet:
        """What it is to look like when ``share`` (0 to 1) of another one is to be seen through it."""
        mixed = Sheet(self._wanted.shape[1], self._wanted.shape[0])
        mixed._wanted = (self._wanted * (1 - share) + other._wanted * share).round().astype(np.int16)
        mixed._judged = self._certain() & other._certain()
        return mixed

    def faults(self, picture: Array, tolerance: int = _TOLERANCE) -> str:
        """Where a decoded picture is not so, in words; nothing where it is."""
        if picture.shape != self._wanted.shape:
            return f"the picture is {picture.shape}, not {self._wanted.shape}"
        certain = self._certain()
        assert certain.mean() > 0.25, "there is hardly anything to judge"
        for step in (6, 1):  # a coarse look is enough for most that is wrong, as while a test waits
            coarse = np.s_[::step, ::step]
            off = np.abs(picture[coarse] - self._wanted[coarse]).max(2) * certain[coarse]
            if (off > tolerance).any():
                y, x = (step * int(place) for place in np.unravel_index(off.argmax(), off.shape))
                return f"{picture[y, x].tolist()} instead of {self._wanted[y, x].tolist()} at ({x}, {y})"
        return ""

    def check(self, picture: Array, tolerance: int = _TOLERANCE) -> None:
        """AssertionError where a decoded picture is not so."""
        faults = self.faults(picture, tolerance)
        assert not faults, faults

    def _certain(self) -> npt.NDArray[np.bool_]:
        """Which pixels are far enough from an edge to be judged; the edges of the program itself are none."""
        if self._known is not None:
            return self._known
        edges = np.zeros(self._judged.shape, bool)
        across = (self._wanted[:, 1:] != self._wanted[:, :-1]).any(2)
        down = (self._wanted[1:] != self._wanted[:-1]).any(2)
        for difference, place in (
            (across, np.s_[:, :-1]),
            (across, np.s_[:, 1:]),
            (down, np.s_[:-1]),
            (down, np.s_[1:]),
        ):
            edges[place] |= difference
        for _ in range(_BLURRED - 1):
            for axis in (0, 1):
                grown = edges.copy()
                forth, back = (np.s_[1:], np.s_[:-1]) if axis == 0 else (np.s_[:, 1:], np.s_[:, :-1])
                grown[forth] |= edges[back]
                grown[back] |= edges[forth]
                edges = grown
        self._known = ~edges & self._judged & self._sharp
        return self._known


def _cut(
    colours: Array, part: Part, across: npt.NDArray[np.floating[Any]], down: npt.NDArray[np.floating[Any]]
) -> Array:
    """The colours at places of a part, which are fractions of its width and height."""
    rows, columns = colours.shape[:2]
    x = (part.left + across * (part.right - part.left)) * columns
    y = (part.top + down * (part.bottom - part.top)) * rows
    found: Array = colours[np.ix_(y.astype(int).clip(0, rows - 1), x.astype(int).clip(0, columns - 1))]
    return found
