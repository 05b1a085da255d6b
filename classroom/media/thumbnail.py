"""Small JPEG pictures for the teacher's page."""

from __future__ import annotations

import io
import logging
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import av
from PIL import Image

from classroom.director import Rectangle, fit
from classroom.media.frames import Picture
from classroom.media.picture import ProgramPicture
from classroom.media.scale import Scaler, UnusablePicture

__all__ = ["SmallJpeg", "Thumbnails", "jpeg"]

_log = logging.getLogger(__name__)

_WIDEST: Final = 320

_Identity: TypeAlias = "weakref.ref[ProgramPicture] | tuple[int, int, int, str]"


@dataclass(frozen=True, slots=True)
class SmallJpeg:
    """A small picture as JPEG; width and height in pixels."""

    jpeg: bytes
    width: int
    height: int


class Thumbnails:
    """Draws small pictures, each in its own aspect, and keeps those of what has not changed.

    ``draw`` may be called in any thread, but in one at a time.
    """

    def __init__(self) -> None:
        self._drawn: dict[str | None, tuple[_Identity, SmallJpeg | None]] = {}

    def draw(self, pictures: Mapping[str | None, Picture | ProgramPicture]) -> dict[str | None, SmallJpeg]:
        """Small pictures by the names of the pictures; what cannot be converted is left out."""
        before, self._drawn = self._drawn, {}
        for name, picture in pictures.items():
            identity = _identity(picture)
            known = before.get(name)
            small = known[1] if known is not None and known[0] == identity else _small(name, picture)
            self._drawn[name] = identity, small
        return {name: small for name, (_, small) in self._drawn.items() if small is not None}


def _identity(picture: Picture | ProgramPicture) -> _Identity:
    """What differs between pictures that show something different; it does not keep them alive."""
    if isinstance(picture, ProgramPicture):
        return weakref.ref(picture)
    frame = picture.frame
    return picture.serial, frame.width, frame.height, frame.format.name


def _small(name: str | None, picture: Picture | ProgramPicture) -> SmallJpeg | None:
    frame = picture.frame() if isinstance(picture, ProgramPicture) else picture.frame
    width = min(_WIDEST, frame.width)
    try:
        box = _box(frame, width)
        return SmallJpeg(jpeg(frame, width=width), box.width, box.height)
    except UnusablePicture as fault:
        _log.debug("no thumbnail of %s: %s", name, fault)
        return None


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
