"""From a picture of any size, pixel format and colour coding to one that a mixer or a page can use.

The program is BT.601 in limited range. VP8 knows nothing else, and it is what WebRTC receivers assume where a stream
says nothing; BT.709 would look right in those browsers only that read the H.264 headers and wrong everywhere in VP8.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

import av
import av.filter
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

__all__ = ["PROGRAM_COLOURS", "PROGRAM_MATRIX", "PROGRAM_RANGE", "Scaler", "UnusablePicture", "settle_tags"]

PROGRAM_COLOURS: Final = Colorspace.ITU601
PROGRAM_RANGE: Final = ColorRange.MPEG
PROGRAM_MATRIX: Final = 6
"""The AVColorSpace of BT.601, as pictures carry it (SMPTE 170M)."""

_UNSPECIFIED: Final = 2
_ANY_TIME_BASE: Final = Fraction(1, 90_000)

_CONVERSION_ERRORS: Final = (av.error.FFmpegError, OSError, ValueError, MemoryError, OverflowError)

# AVColorSpace numbers that swscale understands: BT.709, FCC, SMPTE 240M, BT.2020. A picture that names another one, or
# none as cameras do, is taken for BT.601.
_KNOWN_COLOURS: Final = frozenset({1, 4, 7, 9})


class UnusablePicture(ValueError):
    """A picture that cannot be converted, in words for the log."""


def settle_tags(frame: av.VideoFrame) -> None:
    """Write into a new picture how its colours are taken to be coded; call it before other threads see the picture.

    PyAV writes this into a picture that it converts, for as long as it does, and puts the old tags back afterwards. Two
    threads that convert one picture would lose the old tags. Of these, nothing differs.
    """
    matrix, colour_range = _coding(frame)
    if matrix is not None:
        frame.colorspace = PROGRAM_MATRIX if matrix == PROGRAM_COLOURS else matrix
    frame.color_range, frame.color_trc, frame.color_primaries = colour_range, _UNSPECIFIED, _UNSPECIFIED


class Scaler:
    """Scales and converts pictures on one path; keeps swscale's tables while nothing about the path changes.

    Each pixel is the mean of the area that it covers, which keeps text sharper than swscale's bilinear filter and costs
    the same; enlarging is bilinear. It uses the calling thread only: swscale's own threads cost more than they gain on
    two cores.
    """

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()

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
        matrix, colour_range = _coding(frame)
        try:
            converted = self._reformatter.reformat(
                frame,
                width,
                height,
                pixel_format,
                src_colorspace=matrix,
                dst_colorspace=PROGRAM_COLOURS,
                src_color_range=colour_range,
                dst_color_range=target_range,
                interpolation=Interpolation.AREA,
                threads=1,
            )
            return _top_down(frame) if converted is frame and frame.planes[0].line_size < 0 else converted
        except _CONVERSION_ERRORS as error:
            raise UnusablePicture(
                f"a picture of {frame.width}×{frame.height} in {frame.format.name} cannot be converted: {error}"
            ) from error


def _coding(frame: av.VideoFrame) -> tuple[int | None, ColorRange]:
    """The matrix (as swscale numbers it, None for RGB) and the range of a picture, guessed where it does not say."""
    if frame.format.is_rgb or frame.format.has_palette:
        return None, ColorRange.JPEG
    matrix = frame.colorspace if frame.colorspace in _KNOWN_COLOURS else PROGRAM_COLOURS
    full = frame.color_range == ColorRange.JPEG or frame.format.name.startswith("yuvj")
    gray = len(frame.format.components) == 1 and frame.color_range != ColorRange.MPEG
    return matrix, ColorRange.JPEG if full or gray else ColorRange.MPEG


def _top_down(frame: av.VideoFrame) -> av.VideoFrame:
    """A copy of a picture whose lines lie in memory from the bottom up, as libav's flip leaves them."""
    graph = av.filter.Graph()
    graph.threads = 1
    source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=_ANY_TIME_BASE)
    copy, sink = graph.add("copy"), graph.add("buffersink")
    source.link_to(copy)
    copy.link_to(sink)
    graph.configure()
    graph.vpush(frame)
    return graph.vpull()


def _refuse_what_aborts(frame: av.VideoFrame) -> None:
    """Keep from libswscale what it answers with abort(), which would end the lesson (FFmpeg 8)."""
    name = frame.format.name
    if name.startswith("yaf32") or (name.startswith("bayer") and min(frame.width, frame.height) < 2):
        raise UnusablePicture(f"pictures of {frame.width}×{frame.height} in {name} are not supported")
    if frame.width < 1 or frame.height < 1:
        raise UnusablePicture("the picture is empty")
