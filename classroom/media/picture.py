"""The picture mixer: from the newest pictures of the sources to one program picture.

It is called once in a tick by one thread. What did not change is not scaled again, and a tick in which nothing
changed costs nothing: it gets the last program picture back.
"""

from __future__ import annotations

import logging
import weakref
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Final

import av
import numpy as np
import numpy.typing as npt

from classroom.director import Border, Placement, Rectangle, Shown, fit, resolve, visible
from classroom.media.crop import Cropper
from classroom.media.frames import Picture, PictureSlot
from classroom.media.overlay import Overlay, Patch, lay_over
from classroom.media.scale import PROGRAM_MATRIX, PROGRAM_RANGE, Scaler, UnusablePicture

__all__ = ["Change", "PictureMixer", "Pixels", "ProgramPicture", "planes", "split", "window"]

_log = logging.getLogger(__name__)

_BLACK: Final = (16, 128, 128)

_NOWHERE: Final = Rectangle(0, 0, 0, 0)

Pixels = npt.NDArray[np.uint8]
Planes = tuple[Pixels, Pixels, Pixels]


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class ProgramPicture:
    """One finished picture: yuv420p, BT.601, limited range. Nobody writes into it.

    ``pixels`` has the shape (height × 3/2, width): the Y plane, then U and V, half as wide and high, in a row.
    ``change`` is what is new in it, where that is known.
    """

    width: int
    height: int
    pixels: Pixels
    change: Change | None = None

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
        frame.colorspace, frame.color_range, frame.pts = PROGRAM_MATRIX, PROGRAM_RANGE, pts
        return frame


@dataclass(frozen=True, slots=True)
class Change:
    """A picture differs from an ``earlier`` one within ``parts`` only; that one is not kept alive."""

    earlier: weakref.ref[ProgramPicture]
    parts: tuple[Rectangle, ...]


@dataclass(slots=True)
class _Layer:
    """What a rectangle is made of: its newest picture, and where that lies in the program picture."""

    scaler: Scaler
    cropper: Cropper
    picture: Picture | None = None
    fitted: Rectangle = _NOWHERE
    framed: Rectangle = _NOWHERE
    """The picture and its border."""
    planes: Planes | None = None


class PictureMixer:
    """Composes the rectangles of a scene into one picture of ``size`` (width, height; both even).

    A source's picture is fitted into its rectangle with black bars, or fills it and is cut, but is never stretched.
    Where a source has no picture or one that cannot be used, the fallback source is shown, and where that has none
    either, the card.
    """

    def __init__(
        self,
        *,
        size: tuple[int, int],
        slots: Mapping[str, PictureSlot],
        fallback: str | None,
        fallback_card: av.VideoFrame,
        overlays: Mapping[str, Overlay] | None = None,
    ) -> None:
        if size[0] % 2 or size[1] % 2 or min(size) < 2:
            raise ValueError(f"the program's size must be even, not {size[0]}×{size[1]}")
        Scaler().yuv420p(fallback_card, 2, 2)  # UnusablePicture now rather than in the middle of the lesson
        self._size = size
        self._slots = slots
        self._fallback = fallback
        self._overlays = dict(overlays or {})
        self._card = Picture(fallback_card, 0.0, 0)
        self._layers: dict[Shown, _Layer] = {}
        self._broken: dict[str, Picture] = {}
        self._drawn: list[tuple[Shown, Picture]] = []
        self._laid_over: list[Patch] = []
        self._newest: ProgramPicture | None = None

    def supply(
        self,
        *,
        slots: Mapping[str, PictureSlot],
        fallback: str | None,
        fallback_card: av.VideoFrame,
        overlays: Mapping[str, Overlay],
    ) -> None:
        """Take other slots, fallbacks and overlays from the next picture on; called by the thread that composes.

        A source that takes the name of another must not count its pictures from the same number.
        """
        self._slots, self._fallback, self._overlays = slots, fallback, dict(overlays)
        if fallback_card is not self._card.frame:
            self._card = Picture(fallback_card, 0.0, self._card.serial + 1)

    def compose(self, placements: Sequence[Placement], live: Set[str], overlays: Sequence[str] = ()) -> ProgramPicture:
        """The program picture of these placements now; the last one again when nothing changed since.

        ``live`` names the sources that work. One without a picture, or with one that cannot be used, is not live.
        ``overlays`` are laid over everything in their order; one that could not be drawn is left out.
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
        patches = [self._overlays[name].patch() for name in overlays if name in self._overlays]
        change = self._change(drawn, patches)
        if self._newest is not None and change is not None and not change.parts:
            return self._newest
        self._newest = self._draw(shown, patches, change)
        self._laid_over = patches
        self._drawn = drawn
        return self._newest

    def _prepare(self, shown: Sequence[Shown], newest: Mapping[str, Picture]) -> str | None:
        """Bring the layer of every rectangle up to date; the name of a source whose picture cannot be used."""
        for gone in [item for item in self._layers if item not in shown]:
            del self._layers[gone]
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
        layer = self._layers.get(item) or _Layer(Scaler(), Cropper())
        if layer.picture is not None and _alike(layer.picture, picture):
            return
        frame = picture.frame
        line = _line(item.style.border, self._size[1], item.rectangle)
        inside = _grown(item.rectangle, -line)
        part = visible(frame.width, frame.height, item.style, inside)
        fitted = inside if item.style.fill else fit(part.width, part.height, inside)
        scaled = layer.scaler.yuv420p(layer.cropper.cut(frame, part), fitted.width, fitted.height)
        layer.picture, layer.fitted, layer.framed = picture, fitted, _grown(fitted, line)
        layer.planes = planes(scaled)
        self._layers[item] = layer

    def _is_broken(self, name: str, picture: Picture) -> bool:
        broken = self._broken.get(name)
        return broken is not None and _alike(broken, picture)

    def _change(self, drawn: Sequence[tuple[Shown, Picture]], patches: Sequence[Patch]) -> Change | None:
        """What is new since the last picture; None where that is more than the pictures of some rectangles."""
        shown, before = [item for item, _ in drawn], [item for item, _ in self._drawn]
        if self._newest is None or shown != before or patches != self._laid_over:
            return None
        pairs = zip(drawn, self._drawn, strict=True)
        parts = tuple(item.rectangle for (item, picture), (_, old) in pairs if not _alike(picture, old))
        return Change(weakref.ref(self._newest), parts)

    def _draw(self, shown: Sequence[Shown], patches: Sequence[Patch], change: Change | None) -> ProgramPicture:
        width, height = self._size
        # A new buffer for each picture: encoders and snapshots may still be reading the last ones.
        pixels: Pixels = np.empty((height * 3 // 2, width), np.uint8)
        canvas = split(pixels, width, height)
        self._fill(canvas, shown)
        for item in shown:
            layer = self._layers[item]
            assert layer.planes is not None
            if layer.framed != item.rectangle:
                _paint(canvas, item.rectangle, _BLACK)
            if item.style.border is not None:
                _paint(canvas, layer.framed, _yuv(item.style.border.colour))
            for target, source in zip(window(canvas, layer.fitted), layer.planes, strict=True):
                target[...] = source
        for patch in patches:
            lay_over(canvas, patch)
        return ProgramPicture(width, height, pixels, change)

    def _fill(self, canvas: Planes, shown: Sequence[Shown]) -> None:
        """Black where no rectangle lies, unless the first one covers everything (its bars are drawn with it)."""
        everything = Rectangle(0, 0, *self._size)
        if not shown or shown[0].rectangle != everything:
            _paint(canvas, everything, _BLACK)


def _alike(one: Picture, other: Picture) -> bool:
    """Whether two pictures of one source show the same; sizes are compared for sources that count carelessly."""
    return one is other or (
        one.serial == other.serial
        and (one.frame.width, one.frame.height, one.frame.format.name)
        == (other.frame.width, other.frame.height, other.frame.format.name)
    )


def _line(border: Border | None, height: int, rectangle: Rectangle) -> int:
    """How wide a border is, in even pixels; a small rectangle keeps room for a picture."""
    if border is None:
        return 0
    room = (min(rectangle.width, rectangle.height) - 2) // 2
    wide = min(max(2, round(border.width * height)), room)
    return max(0, wide - wide % 2)


def _grown(rectangle: Rectangle, by: int) -> Rectangle:
    return Rectangle(rectangle.x - by, rectangle.y - by, rectangle.width + 2 * by, rectangle.height + 2 * by)


def _yuv(colour: tuple[int, int, int]) -> tuple[int, int, int]:
    """BT.601 in limited range."""
    red, green, blue = (share / 255 for share in colour)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return round(16 + 219 * luma), round(128 + 112 * (blue - luma) / 0.886), round(128 + 112 * (red - luma) / 0.701)


def _paint(canvas: Planes, rectangle: Rectangle, colour: tuple[int, int, int]) -> None:
    for plane, value in zip(window(canvas, rectangle), colour, strict=True):
        plane[...] = value


def window(canvas: Planes, rectangle: Rectangle) -> Planes:
    """What lies in a rectangle of even sides, as views of the planes of a picture."""
    x, y, width, height = rectangle.x, rectangle.y, rectangle.width, rectangle.height
    luma, *colours = canvas
    u, v = (plane[y // 2 : (y + height) // 2, x // 2 : (x + width) // 2] for plane in colours)
    return luma[y : y + height, x : x + width], u, v


def split(pixels: Pixels, width: int, height: int) -> Planes:
    """The three planes of a program picture as views of its pixels."""
    small = (height // 2, width // 2)
    u, v = pixels[height:].reshape(2, *small)
    return pixels[:height], u, v


def planes(frame: av.VideoFrame) -> Planes:
    """The planes of a yuv420p frame as arrays over its memory, which they keep alive."""
    y, u, v = (
        np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]
        for plane in frame.planes
    )
    return y, u, v
