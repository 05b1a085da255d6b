"""From a picture of any size, pixel format and colour coding to one that a mixer or a page can use.

The program is BT.601 in limited range. VP8 knows nothing else, and it is what WebRTC receivers assume where a stream
says nothing; BT.709 would look right in those browsers only that read the H.264 headers and wrong everywhere in VP8.
"""

from __future__ import annotations

from typing import Final

import av
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

__all__ = ["PROGRAM_COLOURS", "PROGRAM_RANGE", "Scaler", "UnusablePicture"]

PROGRAM_COLOURS: Final = Colorspace.ITU601
PROGRAM_RANGE: Final = ColorRange.MPEG

_CONVERSION_ERRORS: Final = (av.error.FFmpegError, OSError, ValueError, MemoryError, OverflowError)

# AVColorSpace numbers that swscale understands: BT.709, FCC, BT.470BG, SMPTE 170M, SMPTE 240M, BT.2020. A picture
# that names another one, or none as cameras do, is taken for BT.601.
_KNOWN_COLOURS: Final = frozenset({1, 4, 5, 6, 7, 9})


class UnusablePicture(ValueError):
    """A picture that cannot be converted, in words for the log."""


class Scaler:
    """Scales and converts pictures on one path; keeps swscale's tables while nothing about the path changes.

    It uses the calling thread only: swscale's own threads cost more than they gain on two cores.
    """

    def __init__(self, interpolation: Interpolation = Interpolation.BILINEAR) -> None:
        self._reformatter = VideoReformatter()
        self._interpolation = interpolation

    def yuv420p(self, frame: av.VideoFrame, width: int, height: int) -> av.VideoFrame:
        """The picture at width × height in the program's pixel format and colours.

        The frame itself when nothing is to be done, so the result is only to be read. UnusablePicture when it
        cannot be converted.
        """
        return self._convert(frame, width, height, "yuv420p", PROGRAM_RANGE)

    def rgb24(self, frame: av.VideoFrame, width: int, height: int) -> av.VideoFrame:
        """The picture at width × height as plain RGB in full range; UnusablePicture when it cannot be converted."""
        return self._convert(frame, width, height, "rgb24", ColorRange.JPEG)

    def _convert(
        self, frame: av.VideoFrame, width: int, height: int, pixel_format: str, target_range: ColorRange
    ) -> av.VideoFrame:
        _refuse_what_aborts(frame)
        components = frame.format.components
        is_rgb = frame.format.is_rgb or frame.format.has_palette
        full = frame.color_range == ColorRange.JPEG or frame.format.name.startswith("yuvj")
        gray = len(components) == 1 and not is_rgb and frame.color_range != ColorRange.MPEG
        try:
            return self._reformatter.reformat(
                frame,
                width,
                height,
                pixel_format,
                src_colorspace=None if is_rgb or frame.colorspace in _KNOWN_COLOURS else PROGRAM_COLOURS,
                dst_colorspace=PROGRAM_COLOURS,
                src_color_range=ColorRange.JPEG if full or is_rgb or gray else ColorRange.MPEG,
                dst_color_range=target_range,
                interpolation=self._interpolation,
                threads=1,
            )
        except _CONVERSION_ERRORS as error:
            raise UnusablePicture(
                f"a picture of {frame.width}×{frame.height} in {frame.format.name} cannot be converted: {error}"
            ) from error


def _refuse_what_aborts(frame: av.VideoFrame) -> None:
    """Keep from libswscale what it answers with abort(), which would end the lesson (FFmpeg 8)."""
    name = frame.format.name
    if name.startswith("yaf32") or (name.startswith("bayer") and min(frame.width, frame.height) < 2):
        raise UnusablePicture(f"pictures of {frame.width}×{frame.height} in {name} are not supported")
    if frame.width < 1 or frame.height < 1:
        raise UnusablePicture("the picture is empty")
