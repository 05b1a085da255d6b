"""The mouse pointer in pictures of the screen, on Windows and macOS, whose pictures come without one.

Where the pointer is can be asked of these systems; an arrow is drawn there, whatever shape the pointer has. X11 gives
out the pointer's own shape, and mss draws it.
"""

from __future__ import annotations

import ctypes
import functools
import platform
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

__all__ = ["Locator", "draw_pointer", "pointer_locator"]

Locator = Callable[[], tuple[float, float] | None]
"""Where the pointer is on the desktop, in its units; None while it is hidden, or cannot be found."""

_SHOWING: Final = 0x1
"""CURSOR_SHOWING of winuser.h."""

_GRAPHICS: Final = "/System/Library/Frameworks/CoreGraphics.framework/CoreGraphics"
_FOUNDATION: Final = "/System/Library/Frameworks/CoreFoundation.framework/CoreFoundation"

_ARROW: Final = ((0, 0), (0, 16.5), (3.8, 13), (6.5, 19), (9, 18), (6.3, 12), (11.5, 12))
"""Corners of the arrow, from its tip, in pixels of a screen of 1080 lines."""

_LINES: Final = 1080
_SMOOTH: Final = 4


class _Point(ctypes.Structure):
    _fields_ = (("x", ctypes.c_int32), ("y", ctypes.c_int32))


class _CursorInfo(ctypes.Structure):
    _fields_ = (
        ("size", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("cursor", ctypes.c_void_p),
        ("place", _Point),
    )


class _ExactPoint(ctypes.Structure):
    _fields_ = (("x", ctypes.c_double), ("y", ctypes.c_double))


def pointer_locator() -> Locator | None:
    """What finds the pointer; None where it is in the pictures already, or where the system cannot be asked."""
    try:
        match platform.system():
            case "Windows":
                return _on_windows()
            case "Darwin":
                return _on_a_mac()
    except (OSError, AttributeError):
        return None
    return None


def draw_pointer(pixels: npt.NDArray[np.uint8], x: float, y: float) -> npt.NDArray[np.uint8]:
    """The picture (height, width, 4 as BGRA) with an arrow whose tip is at a place in it; changed where it can be."""
    height, width = pixels.shape[:2]
    arrow = _arrow(max(1, round(height / _LINES * 2)) / 2)
    left, top = round(x), round(y)
    right, bottom = min(width, left + arrow.shape[1]), min(height, top + arrow.shape[0])
    if left < 0 or top < 0 or left >= right or top >= bottom:
        return pixels
    if not pixels.flags.writeable:
        pixels = pixels.copy()
    part, drawn = pixels[top:bottom, left:right, :3], arrow[: bottom - top, : right - left]
    cover = drawn[..., 3:].astype(np.uint16)
    part[:] = (part * (255 - cover) + drawn[..., :3] * cover) // 255
    return pixels


@functools.lru_cache(maxsize=8)
def _arrow(scale: float) -> npt.NDArray[np.uint8]:
    """A black arrow with a white border, of shape (height, width, 4)."""
    large = scale * _SMOOTH
    image = Image.new("RGBA", (round(13 * large), round(21 * large)), (255, 255, 255, 0))
    corners = [(x * large, y * large) for x, y in _ARROW]
    draw = ImageDraw.Draw(image)
    draw.polygon(corners, fill=(0, 0, 0, 255))
    draw.line([*corners, *corners[:2]], fill=(255, 255, 255, 255), width=round(1.2 * large), joint="curve")
    return np.asarray(image.reduce(_SMOOTH))


def _on_windows() -> Locator:
    user: Any = ctypes.WinDLL("user32")  # type: ignore[attr-defined,unused-ignore]

    def locate() -> tuple[float, float] | None:
        info = _CursorInfo(size=ctypes.sizeof(_CursorInfo))
        if not user.GetCursorInfo(ctypes.byref(info)) or not info.flags & _SHOWING:
            return None
        return info.place.x, info.place.y

    return locate


def _on_a_mac() -> Locator:
    graphics, foundation = ctypes.CDLL(_GRAPHICS), ctypes.CDLL(_FOUNDATION)
    graphics.CGEventCreate.restype, graphics.CGEventCreate.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    graphics.CGEventGetLocation.restype, graphics.CGEventGetLocation.argtypes = _ExactPoint, [ctypes.c_void_p]
    foundation.CFRelease.restype, foundation.CFRelease.argtypes = None, [ctypes.c_void_p]

    def locate() -> tuple[float, float] | None:
        event = graphics.CGEventCreate(None)
        if not event:
            return None
        place = graphics.CGEventGetLocation(event)
        foundation.CFRelease(event)
        return place.x, place.y

    return locate
