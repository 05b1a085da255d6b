"""The picture mixer: from the newest pictures of the sources to one program picture.

It is called once in a tick by one thread. What did not change is not scaled again, and a tick in which nothing
changed costs nothing: it gets the last program picture back.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Final

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import ColorRange

from classroom.director import Placement, Rectangle, Shown, fit, resolve
from classroom.media.frames import Picture, PictureSlot
from classroom.media.scale import Scaler, UnusablePicture

__all__ = ["PictureMixer", "Pixels", "ProgramPicture", "planes", "split"]

_log = logging.getLogger(__name__)

_BLACK: Final = 16
_GREY: Final = 128
_SMPTE170M: Final = 6  # AVColorSpace of BT.601; scale.py says why

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class ProgramPicture:
    """One finished picture: yuv420p, BT.601, limited range. Nobody writes into it.

    ``pixels`` has the shape (height × 3/2, width): the Y plane, then U and V, half as wide and high, in a row.
    """

    width: int
    height: int
    pixels: Pixels

    def frame(self, pts: int | None = None) -> av.VideoFrame:
        """A frame of its own over the same pixels, not a copy of them (3 µs).

        Encoders are told by a frame's attributes to make a key frame. With a frame for each of them, one encoder's
        order does not reach the other.
        """
        if self.height % 4 == 0:
            frame = av.VideoFrame.from_numpy_buffer(self.pixels, "yuv420p")
        else:  # PyAV takes no such height there, so this one is a copy (0.2 ms)
            frame = av.VideoFrame(self.width, self.height, "yuv420p")
            for target, source in zip(planes(frame), split(self.pixels, self.width, self.height), strict=True):
                target[...] = source
        frame.colorspace, frame.color_range, frame.pts = _SMPTE170M, ColorRange.MPEG, pts
        return frame


@dataclass(slots=True)
class _Layer:
    """What a rectangle was last made of, and where it lies in the program picture."""

    picture: Picture
    fitted: Rectangle
    planes: tuple[Pixels, Pixels, Pixels]


class PictureMixer:
    """Composes the rectangles of a scene into one picture of ``size`` (width, height; both even).

    A source's picture is fitted into its rectangle with black bars, never stretched. Where a source has no picture or
    one that cannot be used, the fallback source is shown, and where that has none either, the card.
    """

    def __init__(
        self,
        *,
        size: tuple[int, int],
        slots: Mapping[str, PictureSlot],
        fallback: str | None,
        fallback_card: av.VideoFrame,
    ) -> None:
        if size[0] % 2 or size[1] % 2 or min(size) < 2:
            raise ValueError(f"the program's size must be even, not {size[0]}×{size[1]}")
        Scaler().yuv420p(fallback_card, 2, 2)  # UnusablePicture now rather than in the middle of the lesson
        self._size = size
        self._slots = slots
        self._fallback = fallback
        self._card = Picture(fallback_card, 0.0, 0)
        self._scalers: dict[tuple[str | None, Rectangle], Scaler] = {}
        self._layers: dict[tuple[str | None, Rectangle], _Layer] = {}
        self._broken: dict[str, Picture] = {}
        self._drawn: list[tuple[Shown, Picture]] = []
        self._newest: ProgramPicture | None = None

    def compose(self, placements: Sequence[Placement], live: Set[str]) -> ProgramPicture:
        """The program picture of these placements now; the last one again when nothing changed since.

        ``live`` names the sources that work. One without a picture, or with one that cannot be used, is not live.
        """
        newest = {name: picture for name in live if name in self._slots and (picture := self._slots[name].newest())}
        usable = {name for name, picture in newest.items() if not self._is_broken(name, picture)}
        while True:
            shown = resolve(placements, usable, self._fallback)
            broken = self._prepare(shown, newest)
            if broken is None:
                break
            usable.discard(broken)
        drawn = [(item, self._card if item.source is None else newest[item.source]) for item in shown]
        if self._newest is not None and self._same(drawn):
            return self._newest
        self._newest = self._draw(shown)
        self._drawn = drawn
        return self._newest

    def _prepare(self, shown: Sequence[Shown], newest: Mapping[str, Picture]) -> str | None:
        """Bring the layer of every rectangle up to date; the name of a source whose picture cannot be used."""
        wanted = {(item.source, item.rectangle) for item in shown}
        for key in [key for key in self._layers if key not in wanted]:
            del self._layers[key], self._scalers[key]
        for item in shown:
            picture = self._card if item.source is None else newest[item.source]
            try:
                self._layer(item, picture)
            except UnusablePicture as error:
                if item.source is None:
                    raise
                if item.source not in self._broken:
                    _log.warning("Source '%s' is not shown: %s", item.source, error)
                self._broken[item.source] = picture
                return item.source
            if item.source is not None and item.source in self._broken:
                del self._broken[item.source]
        return None

    def _layer(self, item: Shown, picture: Picture) -> None:
        key = (item.source, item.rectangle)
        layer = self._layers.get(key)
        if layer is not None and _alike(layer.picture, picture):
            return
        fitted = fit(picture.frame.width, picture.frame.height, item.rectangle)
        scaler = self._scalers.get(key) or Scaler()
        scaled = scaler.yuv420p(picture.frame, fitted.width, fitted.height)
        self._layers[key] = _Layer(picture, fitted, planes(scaled))
        self._scalers[key] = scaler

    def _is_broken(self, name: str, picture: Picture) -> bool:
        broken = self._broken.get(name)
        return broken is not None and _alike(broken, picture)

    def _same(self, drawn: Sequence[tuple[Shown, Picture]]) -> bool:
        return len(drawn) == len(self._drawn) and all(
            now == before and _alike(picture, old)
            for (now, picture), (before, old) in zip(drawn, self._drawn, strict=True)
        )

    def _draw(self, shown: Sequence[Shown]) -> ProgramPicture:
        width, height = self._size
        # A new buffer for each picture: encoders and snapshots may still be reading the last ones.
        pixels: Pixels = np.empty((height * 3 // 2, width), np.uint8)
        canvas = split(pixels, width, height)
        self._fill(canvas, shown)
        for item in shown:
            layer = self._layers[item.source, item.rectangle]
            if layer.fitted != item.rectangle:
                _black(canvas, item.rectangle)
            for share, (target, source) in enumerate(zip(canvas, layer.planes, strict=True)):
                _cut(target, layer.fitted, 1 if share == 0 else 2)[...] = source
        return ProgramPicture(width, height, pixels)

    def _fill(self, canvas: tuple[Pixels, Pixels, Pixels], shown: Sequence[Shown]) -> None:
        """Black where no rectangle lies, unless the first one covers everything (its bars are drawn with it)."""
        everything = Rectangle(0, 0, *self._size)
        if not shown or shown[0].rectangle != everything:
            _black(canvas, everything)


def _alike(one: Picture, other: Picture) -> bool:
    """Whether two pictures of one source show the same; sizes are compared for sources that count carelessly."""
    return one is other or (
        one.serial == other.serial
        and (one.frame.width, one.frame.height, one.frame.format.name)
        == (other.frame.width, other.frame.height, other.frame.format.name)
    )


def _black(canvas: tuple[Pixels, Pixels, Pixels], rectangle: Rectangle) -> None:
    for share, (plane, value) in enumerate(zip(canvas, (_BLACK, _GREY, _GREY), strict=True)):
        _cut(plane, rectangle, 1 if share == 0 else 2)[...] = value


def _cut(plane: Pixels, rectangle: Rectangle, divisor: int) -> Pixels:
    x, y = rectangle.x // divisor, rectangle.y // divisor
    return plane[y : y + rectangle.height // divisor, x : x + rectangle.width // divisor]


def split(pixels: Pixels, width: int, height: int) -> tuple[Pixels, Pixels, Pixels]:
    """The three planes of a program picture as views of its pixels."""
    small = (height // 2, width // 2)
    u, v = pixels[height:].reshape(2, *small)
    return pixels[:height], u, v


def planes(frame: av.VideoFrame) -> tuple[Pixels, Pixels, Pixels]:
    """The planes of a yuv420p frame as arrays over its memory, which they keep alive."""
    y, u, v = (
        np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]
        for plane in frame.planes
    )
    return y, u, v
