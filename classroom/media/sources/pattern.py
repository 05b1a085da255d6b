"""A moving test pattern with a clock that can be read, and once a second a flash and a beep at the same instant."""

from __future__ import annotations

from typing import Final

import av
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from classroom.common.clock import Clock
from classroom.media.frames import SAMPLE_RATE, Samples
from classroom.media.sources.base import Source
from classroom.media.sources.ticks import TickSchedule
from classroom.media.sources.tone import BLOCK, BLOCK_RATE

__all__ = ["FLASH_SECONDS", "Pattern"]

Plane = npt.NDArray[np.uint8]

FLASH_SECONDS: Final = 0.1
"""How long the flash and the beep last, from each whole second of the clock on."""

_BEEP_HERTZ: Final = 1000
_BEEP_LEVEL: Final = 0.5
_BEEP_RAMP: Final = SAMPLE_RATE // 1000
"""The beep swells and fades for 1 ms, so that it starts at a definite instant and does not click."""

_BLACK, _WHITE, _GREY = 16, 235, 128
_BARS: Final = (
    (180, 128, 128),  # 75 % bars in BT.601 limited range (Y, U, V): white, yellow, cyan, green, magenta, red, blue
    (162, 44, 142),
    (131, 156, 44),
    (112, 72, 58),
    (84, 184, 198),
    (65, 100, 212),
    (35, 212, 114),
)
_SYMBOLS: Final = "0123456789:."
_CLOCK_LENGTH: Final = len("HH:MM:SS.mmm")
_SWEEP_SECONDS: Final = 4.0
"""How long the moving block takes from the left edge to the right."""

_SOUND_PATIENCE: Final = 0.5


class Pattern(Source):
    """Colour bars, a block that moves, the clock as HH:MM:SS.mmm, and the flash and beep of each whole second.

    Pictures are yuv420p of ``size`` (width, height; odd ones are rounded down), ``fps`` a second, each drawn for the
    tick it belongs to. Sound comes in blocks of 20 ms. Both are functions of the clock alone: what is seen and heard
    at one instant was made for that instant.
    """

    kind = "pattern"

    def __init__(self, *, name: str, clock: Clock, size: tuple[int, int] = (1280, 720), fps: float = 30.0) -> None:
        super().__init__(name=name, clock=clock, picture=True, sound=True)
        self._width, self._height = (max(16, edge - edge % 2) for edge in size)
        self._fps = fps
        self.expected_rate = fps
        self._start_ticks()

    def open(self) -> None:
        """Draw what does not change; a pattern has no device."""
        self._start_ticks()
        width, height = self._width, self._height
        self._ramp_top = _even(height * 0.55)
        self._clock_top = _even(height * 0.68)
        self._block = _even(height * 0.13)
        self._plain, self._flash = self._background(), np.full((height * 3 // 2, width), _GREY, np.uint8)
        self._flash[:height] = _WHITE
        glyphs = _glyphs(width * 0.92 / _CLOCK_LENGTH, height * 0.24)
        self._light = {symbol: _tint(mask, _BLACK, _WHITE) for symbol, mask in glyphs.items()}
        self._dark = {symbol: _tint(mask, _WHITE, _BLACK) for symbol, mask in glyphs.items()}
        self._second = _beep()

    def read(self) -> None:
        """Deliver the picture or the block of sound that is due next, whichever comes first."""
        now = self.clock.now()
        picture, sound = self._pictures.due(now), self._blocks.due(now)
        due = min(picture, sound)
        if self.wait_until(due) or self.clock.now() < due:
            return
        if sound <= picture:
            assert self.sound is not None
            self.sound.write(self.beep(sound), sound)
            self._blocks.advance()
        else:
            self.show(self.draw(picture), picture)
            self._pictures.advance()

    def close(self) -> None:
        """A pattern has nothing to release."""

    def draw(self, instant: float) -> av.VideoFrame:
        """The picture for a clock second."""
        milliseconds = round(instant * 1000)
        flash = round(instant * 1e6) % 1_000_000 < FLASH_SECONDS * 1e6
        # A fresh buffer for each picture: the mixer may still look at the last one.
        planes = (self._flash if flash else self._plain).copy()
        luma = planes[: self._height]
        left = int((instant % _SWEEP_SECONDS) / _SWEEP_SECONDS * (self._width - self._block))
        luma[self._ramp_top : self._ramp_top + self._block, left : left + self._block] = _BLACK if flash else _WHITE
        symbols = self._dark if flash else self._light
        # A picture of less than 24 pixels is too small for all of it.
        text = np.concatenate([symbols[symbol] for symbol in _clock_text(milliseconds)], axis=1)[:, : self._width]
        top = self._clock_top + (self._height - self._clock_top - text.shape[0]) // 2
        start = (self._width - text.shape[1]) // 2
        luma[top : top + text.shape[0], start : start + text.shape[1]] = text
        if self._height % 4:
            # PyAV 18 takes the height of such a buffer for a multiple of four and would cut the picture off.
            return av.VideoFrame.from_ndarray(planes, "yuv420p")
        return av.VideoFrame.from_numpy_buffer(planes, "yuv420p")

    def beep(self, instant: float) -> Samples:
        """The block of 20 ms that starts at a clock second: the beep where it lies in the flash, else silence."""
        first = round(instant * SAMPLE_RATE) % SAMPLE_RATE
        return np.take(self._second, np.arange(first, first + BLOCK), axis=0, mode="wrap")

    def _start_ticks(self) -> None:
        self._pictures = TickSchedule(self._fps, patience=1.0 / self._fps)
        self._blocks = TickSchedule(BLOCK_RATE, patience=_SOUND_PATIENCE)

    def _background(self) -> Plane:
        """Bars above, a grey ramp for the moving block, black for the clock: the planes Y, U, V in one array."""
        width, height = self._width, self._height
        planes = np.full((height * 3 // 2, width), _GREY, np.uint8)
        luma, chroma = planes[:height], planes[height:].reshape(2, height // 2, width // 2)
        edges = [_even(width * index / len(_BARS)) for index in range(len(_BARS))] + [width]
        for (y, u, v), left, right in zip(_BARS, edges, edges[1:], strict=False):
            luma[: self._ramp_top, left:right] = y
            chroma[0, : self._ramp_top // 2, left // 2 : right // 2] = u
            chroma[1, : self._ramp_top // 2, left // 2 : right // 2] = v
        luma[self._ramp_top : self._clock_top] = np.linspace(_BLACK, 180, width).astype(np.uint8)
        luma[self._clock_top :] = _BLACK
        return planes


def _beep() -> Samples:
    """One second of sound that starts with the beep."""
    length = round(FLASH_SECONDS * SAMPLE_RATE)
    wave = np.sin(2.0 * np.pi * _BEEP_HERTZ / SAMPLE_RATE * np.arange(length))
    ramp = np.minimum(1.0, np.arange(length) / _BEEP_RAMP)
    second: Samples = np.zeros((SAMPLE_RATE, 2), np.float32)
    second[:length] = (_BEEP_LEVEL * wave * ramp * ramp[::-1])[:, np.newaxis]
    return second


def _clock_text(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600 % 100:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{rest:03d}"


def _glyphs(width: float, height: float) -> dict[str, Plane]:
    """The coverage (0 to 255) of each symbol of the clock, all of one size that fits into width × height pixels."""
    # Drawn once with the font inside Pillow, so that the clock needs no font of the machine: putting the symbols into
    # a picture is then a copy of 12 small arrays.
    cell_width, cell_height = max(2, int(width)), max(4, int(height))
    font = ImageFont.load_default(size=max(4, min(cell_height * 0.9, cell_width * 1.55)))
    atlas: dict[str, Plane] = {}
    for symbol in _SYMBOLS:
        image = Image.new("L", (cell_width, cell_height))
        ImageDraw.Draw(image).text((cell_width / 2, cell_height * 0.85), symbol, fill=255, font=font, anchor="ms")
        atlas[symbol] = np.asarray(image)
    return atlas


def _tint(mask: Plane, back: int, front: int) -> Plane:
    return (back + mask.astype(np.int32) * (front - back) // 255).astype(np.uint8)


def _even(pixels: float) -> int:
    return int(pixels) // 2 * 2
