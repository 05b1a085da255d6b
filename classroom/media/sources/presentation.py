"""Brings the pictures of a file or a stream into the form in which players show them.

Whole instead of interlaced, upright, with square pixels, and in colours that need no more than the program has. An
ordinary picture passes through as it is.
"""

from __future__ import annotations

from typing import Final

import av
import numpy as np
from av.video.stream import VideoStream

from classroom.media.sources.deinterlacing import Deinterlacer
from classroom.media.sources.image_file import in_srgb, orientation_of
from classroom.media.sources.orientation import OrientationFilter
from classroom.media.sources.tone_mapping import ToneMapper

__all__ = ["Presentation"]

_UNSPECIFIED: Final = 2
_BT709: Final = 1

_HD: Final = (1280, 576)
"""Pictures that are as wide as the first, or higher than the second, are in BT.709 where they do not say: players take
them so, and what writes such files without a word relies on it."""

_ALWAYS_BT601: Final = frozenset({"vp8", "webp"})
"""Codecs that are in BT.601 at any size (RFC 6386, 9.2)."""

_PICTURE_BRANDS: Final = frozenset({"avif", "avis", "heic", "heix", "heim", "heis", "mif1", "msf1", "miaf"})
"""What files of photographs call themselves that are made like films; without a word, these are in BT.601 as well
(ISO/IEC 23000-22)."""

_LARGEST_STILL: Final = 3840
"""Pixels of the longer side of a picture file with a colour profile: a program shows no more, even of a part."""


class Presentation:
    """Treats the pictures of one file or stream; ``stream`` is None where it has none.

    ``largest`` is how many pixels of their longer side are of use where the work grows with them.
    """

    def __init__(self, stream: VideoStream | None, largest: int) -> None:
        self._deinterlacer = Deinterlacer()
        self._tones = ToneMapper(largest)
        self._orientation = OrientationFilter(None if stream is None else stream.sample_aspect_ratio)
        self._assumes_bt709 = stream is not None and _assumes_bt709(stream)

    def whole(self, frame: av.VideoFrame) -> list[av.VideoFrame]:
        """What can be shown now that this picture was decoded, with its times."""
        return self._deinterlacer.process(frame)

    def flush(self) -> list[av.VideoFrame]:
        """What is left at the end."""
        return self._deinterlacer.flush()

    def clear(self) -> None:
        """Other pictures follow than the next ones."""
        self._deinterlacer.clear()

    def finish(self, frame: av.VideoFrame, file: bytes | None = None) -> av.VideoFrame:
        """A whole picture as it is to be seen, without its times. ``file`` is the picture file that it comes from."""
        orientation = None
        if file is not None:
            converted = in_srgb(file, _LARGEST_STILL)
            if converted is not None:
                return av.VideoFrame.from_ndarray(np.asarray(converted), "rgb24")
            orientation = orientation_of(file)
        frame = self._tones.map(frame)
        if frame.colorspace == _UNSPECIFIED and self._assumes_bt709:
            width, lines = _HD
            if frame.width >= width or frame.height > lines:
                frame.colorspace = _BT709
        return self._orientation.turn(frame, orientation)


def _assumes_bt709(stream: VideoStream) -> bool:
    """Whether its pictures are in BT.709 where they are large and name no matrix."""
    brand = stream.container.metadata.get("major_brand", "").strip()
    return stream.codec_context.name not in _ALWAYS_BT601 and brand not in _PICTURE_BRANDS
