"""The program's pictures in the sizes of the tiers, with no more work than is needed.

Each pixel is the mean of the area that it covers. That keeps letters readable where swscale's bilinear filter, which
takes in twice as much, blurs them: slides of 720 lines seen at 360 are 1.4 dB nearer to the original. And where the
ratio of two sizes is a whole number, the mean of means is the mean: a size can be made from a larger one, and a part of
a picture alone.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping, Set
from typing import Final

import numpy as np

from classroom.director import Rectangle
from classroom.media.picture import Change, Pixels, ProgramPicture, planes, split, window
from classroom.media.scale import Scaler

__all__ = ["Downscaler", "Size"]

Size = tuple[int, int]

_WORTHWHILE: Final = 0.5
"""The share of a picture up to which only its new parts are scaled."""


class Downscaler:
    """Makes the program's pictures in some smaller ``sizes`` (width, height; both even). Belongs to one thread.

    A size is made from the smallest of those made before it that is a whole multiple of it, or else from the program's.
    """

    def __init__(self, sizes: Iterable[Size]) -> None:
        self._targets = {size: _Target(size) for size in sorted(sizes, reverse=True)}

    def __call__(self, picture: ProgramPicture, wanted: Set[Size]) -> Mapping[Size, ProgramPicture]:
        """The picture in the sizes that are wanted, the largest first; only to be read.

        The same objects as the last time for the same picture.
        """
        made: dict[Size, ProgramPicture] = {}
        for size, target in self._targets.items():
            if size in wanted:
                larger = [one for one in made if _ratio(one, size)]
                made[size] = target.downscale(made[larger[-1]] if larger else picture)
            else:
                target.forget()
        return made


class _Target:
    """Makes one size. While its source changes only in places, only those are scaled again."""

    def __init__(self, size: Size) -> None:
        self._size = size
        self._scaler = Scaler()
        self._parts: dict[Rectangle, Scaler] = {}
        self._last: tuple[ProgramPicture, ProgramPicture] | None = None  # the source, and what was made of it

    def forget(self) -> None:
        """Release the last picture."""
        self._last = None

    def downscale(self, source: ProgramPicture) -> ProgramPicture:
        """The source in this size."""
        if self._last is None or source is not self._last[0]:
            self._last = source, self._update(source) or self._whole(source)
        return self._last[1]

    def _whole(self, source: ProgramPicture) -> ProgramPicture:
        width, height = self._size
        self._parts.clear()
        pixels: Pixels = np.empty((height * 3 // 2, width), np.uint8)
        small = self._scaler.yuv420p(source.frame(), width, height)
        for target, plane in zip(split(pixels, width, height), planes(small), strict=True):
            target[...] = plane
        return ProgramPicture(width, height, pixels)

    def _update(self, source: ProgramPicture) -> ProgramPicture | None:
        """The last picture with what is new in this one; None where the whole source is to be scaled."""
        ratio, change = _ratio((source.width, source.height), self._size), source.change
        if self._last is None or change is None or not ratio or change.earlier() is not self._last[0]:
            return None
        grid = 2 * ratio  # pixels of the source that become one of colour
        parts = [_aligned(part, grid) for part in change.parts]
        if sum(part.width * part.height for part in parts) > _WORTHWHILE * source.width * source.height:
            return None
        if any(min(part.width, part.height) == grid for part in parts):
            return None  # of what becomes a single pixel swscale does not take the mean
        pixels = self._last[1].pixels.copy()
        places = tuple(_divided(part, ratio) for part in parts)
        for part, place in zip(parts, places, strict=True):
            scaler = self._parts.setdefault(part, Scaler())
            small = scaler.yuv420p(_piece(source, part).frame(), place.width, place.height)
            for target, plane in zip(window(split(pixels, *self._size), place), planes(small), strict=True):
                target[...] = plane
        return ProgramPicture(*self._size, pixels, Change(weakref.ref(self._last[1]), places))


def _ratio(large: Size, small: Size) -> int:
    """How many times as wide and high one size is as the other; 0 where that is not a whole number above 1."""
    ratio = large[0] // small[0]
    return ratio if ratio > 1 and large == (ratio * small[0], ratio * small[1]) else 0


def _aligned(part: Rectangle, grid: int) -> Rectangle:
    """The smallest rectangle around a part whose edges are multiples of ``grid``."""
    x, y = part.x // grid * grid, part.y // grid * grid
    right, bottom = -(-(part.x + part.width) // grid) * grid, -(-(part.y + part.height) // grid) * grid
    return Rectangle(x, y, right - x, bottom - y)


def _divided(part: Rectangle, ratio: int) -> Rectangle:
    return Rectangle(part.x // ratio, part.y // ratio, part.width // ratio, part.height // ratio)


def _piece(picture: ProgramPicture, part: Rectangle) -> ProgramPicture:
    """A part of a picture as a picture of its own."""
    pixels: Pixels = np.empty((part.height * 3 // 2, part.width), np.uint8)
    source = window(split(picture.pixels, picture.width, picture.height), part)
    for target, plane in zip(split(pixels, part.width, part.height), source, strict=True):
        target[...] = plane
    return ProgramPicture(part.width, part.height, pixels)
