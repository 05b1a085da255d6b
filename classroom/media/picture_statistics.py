"""What a sample of a picture shows: whether it is the last one again, and whether it is black.

Both sample only the first plane, so they cost some tens of microseconds for each picture.
"""

from __future__ import annotations

import ctypes
import zlib
from typing import Final

import av
import numpy as np
import numpy.typing as npt
from av.video.plane import VideoPlane

__all__ = ["fingerprint", "is_black"]

_LINES: Final = 48
"""Lines of a picture that are looked at; the noise of a real camera shows in any few of them."""

_BLACK: Final = 22.0
"""Mean luma, limited range, up to which a picture can be black (black itself is 16)."""

_EVEN: Final = 5.0
"""Standard deviation up to which it is nothing but black: a dark room with a lit face has more."""

_LUMA: Final = {"yuyv422": (0, 2), "yvyu422": (0, 2), "uyvy422": (1, 2)}
"""Packed formats: where their luma begins, and how many bytes lie from one to the next."""

_COLOURS: Final = {"rgb24": 3, "bgr24": 3, "rgba": 4, "bgra": 4, "rgb0": 4, "bgr0": 4}
"""Formats of red, green and blue in any order, and bytes to a pixel; the fourth is not a colour."""


def fingerprint(frame: av.VideoFrame) -> tuple[int, ...]:
    """Numbers of the sampled lines, of which some differ between different pictures if those differ in these lines."""
    return tuple(map(zlib.crc32, np.ascontiguousarray(_sample(frame))))


def is_black(frame: av.VideoFrame) -> bool:
    """Whether a picture shows nothing but black, as with a closed shutter; False for formats that are not known."""
    name, sample = frame.format.name, _sample(frame)
    if name in _LUMA:
        first, step = _LUMA[name]
        sample = sample[:, first::step]
    elif name in _COLOURS:
        sample = sample.reshape(sample.shape[0], -1, _COLOURS[name])[:, :, :3]
    elif frame.format.is_rgb or frame.format.components[0].bits != 8:
        return False
    return bool(sample.size) and float(sample.mean()) <= _BLACK and float(sample.std()) <= _EVEN


def _sample(frame: av.VideoFrame) -> npt.NDArray[np.uint8]:
    """Some lines of the first plane, without the bytes that fill them up."""
    plane, form = frame.planes[0], frame.format
    one = (form.components[0].bits + 7) // 8 if form.is_planar else form.padded_bits_per_pixel // 8
    wide = min(abs(plane.line_size), plane.width * max(1, one))
    return _rows(plane)[:: max(1, plane.height // _LINES), :wide]


def _rows(plane: VideoPlane) -> npt.NDArray[np.uint8]:
    """The lines of a plane from top to bottom, which some cameras of Windows send from the bottom up (dshow, RGB24).

    Then the line size is negative, the plane begins with its last line in memory, and PyAV's buffer leads beyond it.
    """
    length, height = abs(plane.line_size), plane.height
    if plane.line_size > 0:
        return np.frombuffer(memoryview(plane), np.uint8)[: height * length].reshape(height, length)
    first = plane.buffer_ptr - (height - 1) * length
    memory = np.ctypeslib.as_array((ctypes.c_uint8 * (height * length)).from_address(first))
    return memory.reshape(height, length)[::-1]
