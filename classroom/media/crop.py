"""Cuts a part out of a picture of any pixel format without copying it: libavfilter's crop moves pointers only."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import av
import av.filter

from classroom.director import Rectangle
from classroom.media.scale import UnusablePicture

__all__ = ["Cropper"]

_ANY_TIME_BASE: Final = Fraction(1, 90_000)


@dataclass(frozen=True, slots=True)
class _CropKey:
    """What a filter graph was made for."""

    width: int
    height: int
    pixel_format: str
    part: Rectangle


class Cropper:
    """Cuts for one picture path; keeps its filter graph for as long as size, format and part stay the same."""

    def __init__(self) -> None:
        self._key: _CropKey | None = None
        self._graph: av.filter.Graph | None = None

    def cut(self, frame: av.VideoFrame, part: Rectangle) -> av.VideoFrame:
        """The part of the picture, or the picture itself when that is all of it; edges fit the format's colours.

        UnusablePicture when the format cannot be cut.
        """
        if part == Rectangle(0, 0, frame.width, frame.height):
            return frame
        key = _CropKey(frame.width, frame.height, frame.format.name, part)
        try:
            if self._graph is None or key != self._key:
                self._key, self._graph = key, _graph(key)
            self._graph.vpush(frame)
            cut = self._graph.vpull()
        except (av.error.FFmpegError, ValueError) as error:
            self._graph = None
            raise UnusablePicture(f"a picture in {key.pixel_format} cannot be cropped: {error}") from error
        cut.colorspace, cut.color_range = frame.colorspace, frame.color_range
        return cut


def _graph(key: _CropKey) -> av.filter.Graph:
    graph = av.filter.Graph()
    # It would have a thread for each processor, for every rectangle, and moving pointers needs none.
    graph.threads = 1
    part = key.part
    source = graph.add_buffer(
        width=key.width, height=key.height, format=av.VideoFormat(key.pixel_format), time_base=_ANY_TIME_BASE
    )
    crop = graph.add("crop", f"{part.width}:{part.height}:{part.x}:{part.y}")
    sink = graph.add("buffersink")
    source.link_to(crop)
    crop.link_to(sink)
    graph.configure()
    return graph
