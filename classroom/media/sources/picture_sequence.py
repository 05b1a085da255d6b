"""Picture files that libav does not show as they are meant: animated WebP, and photographs in HEIC and AVIF.

libav reads no animation of WebP. Of a photograph that is made of tiles, as phones make them, it gives out the first
tile, and it knows no colour profile of one. Pillow does all that.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Final

import av
import numpy as np
from PIL import Image

from classroom.common.paths import open_file
from classroom.media.sources.image_file import ImageError, is_heif, open_image, upright_in_srgb

__all__ = ["PictureSequence", "open_sequence"]

_HEAD: Final = 16_384
"""Bytes at the beginning of a file in which a photograph says how it is made."""

_ANIMATED: Final = 0x02
"""The flag of an animation in the first chunk of WebP (RFC 9649, 2.7)."""

_HDR: Final = (16, 18)
"""Transfer characteristics of PQ and HLG (ITU-T H.273); libav's pictures of those are tone mapped."""

_LARGEST_STILL: Final = 3840
"""Pixels of the longer side of a photograph: a program shows no more, even of a part."""

_SHORTEST, _USUAL = 0.01, 0.1
"""Pictures that are to last no longer than the first, seconds, last as long as the second, as in browsers."""


def open_sequence(path: Path, largest: int) -> PictureSequence | None:
    """The file, if it is one of these; ``ValueError`` where it is and cannot be read.

    ``largest`` is how many pixels of the longer side of a picture that moves are of use.
    """
    with open_file(path) as file:
        head = file.read(_HEAD)
    animated = head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X" and bool(head[20] & _ANIMATED)
    if not animated and not (is_heif(head) and not _for_libav(head)):
        return None
    return PictureSequence(path, largest if animated else _LARGEST_STILL)


class PictureSequence:
    """Pictures of one file, each with the time for which it is seen; has what a ``Decoding`` has for a file."""

    next_picture: float | None = None
    """There is no sound that could come before a picture."""

    def __init__(self, path: Path, largest: int) -> None:
        self._largest = largest
        self._number, self._time = 0, 0.0
        self.lasts = _USUAL
        """Seconds for which the picture is seen that was given out last."""
        try:
            self._file = open_file(path)
            self._opened = open_image(self._file)
            self._count = getattr(self._opened, "n_frames", 1)
        except ImageError as error:
            raise _unreadable(error) from error

    @property
    def video(self) -> object:
        """That it has pictures."""
        return self._opened

    @property
    def still(self) -> bool:
        """Whether it is a single picture."""
        return self._count == 1

    @property
    def rate(self) -> float | None:
        """Pictures a second, now; None for a single one."""
        return None if self.still else 1.0 / self.lasts

    def next(self, overdue: float = -math.inf) -> tuple[float, av.VideoFrame] | None:
        """The next picture and its time, seconds; None at the end. One that ended before ``overdue`` is left out."""
        try:
            while self._number < self._count:
                self._opened.seek(self._number)
                self._opened.load()
                lasts = float(self._opened.info.get("duration") or 0.0) / 1000
                time, lasts = self._time, lasts if lasts > _SHORTEST else _USUAL
                self._number, self._time = self._number + 1, time + lasts
                if self._time >= overdue or self._number == self._count:
                    self.lasts = lasts
                    return time, self._frame()
        except ImageError as error:
            raise _unreadable(error) from error
        return None

    def rewind(self) -> None:
        """Go back to the first picture."""
        self._number, self._time = 0, 0.0

    def close(self) -> None:
        """Close the file."""
        self._opened.close()
        self._file.close()

    def _frame(self) -> av.VideoFrame:
        picture = upright_in_srgb(self._opened, self._largest)
        ground = Image.new("RGB", picture.size)
        ground.paste(picture, mask=picture.getchannel("A") if picture.mode == "RGBA" else None)
        return av.VideoFrame.from_ndarray(np.asarray(ground), "rgb24")


def _for_libav(head: bytes) -> bool:
    """Whether a photograph is in HDR and in one piece."""
    at = head.find(b"colrnclx")
    return at >= 0 and int.from_bytes(head[at + 10 : at + 12]) in _HDR and b"grid" not in head


def _unreadable(error: Exception) -> ValueError:
    return ValueError(str(error) or type(error).__name__)
