"""Small JPEG pictures for the teacher's page."""

from __future__ import annotations

import io
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

import av
from PIL import Image

from classroom.director import Rectangle, fit
from classroom.media.scale import Scaler, UnusablePicture

__all__ = ["SmallJpeg", "jpeg", "thumbnails"]

_log = logging.getLogger(__name__)

_WIDEST: Final = 320

Name = TypeVar("Name")


@dataclass(frozen=True, slots=True)
class SmallJpeg:
    """A small picture as JPEG; width and height in pixels."""

    jpeg: bytes
    width: int
    height: int


def thumbnails(frames: Mapping[Name, av.VideoFrame]) -> dict[Name, SmallJpeg]:
    """Small pictures of frames, each in its own aspect; what cannot be converted is left out. For any thread."""
    drawn = {}
    for name, frame in frames.items():
        width = min(_WIDEST, frame.width)
        try:
            box = _box(frame, width)
            drawn[name] = SmallJpeg(jpeg(frame, width=width), box.width, box.height)
        except UnusablePicture as fault:
            _log.debug("no thumbnail of %s: %s", name, fault)
    return drawn


def jpeg(frame: av.VideoFrame, *, width: int = 320, quality: int = 70) -> bytes:
    """The frame as a JPEG, ``width`` pixels wide and at most twice as high, in its own aspect.

    UnusablePicture when the frame cannot be converted. Takes about 2 ms; may be called in any thread.
    """
    box = _box(frame, width)
    scaled = Scaler().rgb24(frame, box.width, box.height)
    file = io.BytesIO()
    Image.fromarray(scaled.to_ndarray()).save(file, "JPEG", quality=quality)
    return file.getvalue()


def _box(frame: av.VideoFrame, width: int) -> Rectangle:
    return fit(frame.width, frame.height, Rectangle(0, 0, width, 2 * width))
