"""Turns pictures upright and makes their pixels squares, as what holds them says that they are meant.

A phone writes down how it was held instead of turning what its camera saw, and a camcorder stores fewer columns than it
shows. Whoever shows the pictures has to heed both.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import av
import av.filter

__all__ = ["Upright"]

_ANY_TIME_BASE: Final = Fraction(1, 90_000)

_TURNS: Final = {
    90: (("transpose", "cclock"),),
    180: (("vflip", ""), ("hflip", "")),
    270: (("transpose", "clock"),),
}
"""Filters of libavfilter for degrees counterclockwise."""

_MIRRORED: Final = {
    2: (("hflip", ""),),
    4: (("vflip", ""),),
    5: (("transpose", "cclock_flip"),),
    7: (("transpose", "clock_flip"),),
}
"""The same for the orientations of Exif that no turn alone makes upright; of these libav tells a turn that is wrong."""

_UNSEEN: Final = 0.02
"""Pixels that are so little from squares stay as they are: 1088 lines for 1080 are no reason to scale each picture."""

_WIDEST: Final = 4
"""Pixels that are more times as wide as high, or as high as wide, are a fault of the file."""


@dataclass(frozen=True, slots=True)
class _Path:
    width: int
    height: int
    pixel_format: str
    steps: tuple[tuple[str, str], ...]


class Upright:
    """Works on one path; keeps its filters for as long as size, format and orientation stay the same.

    ``aspect`` is how many times as wide as high a pixel is; None where that is not known.
    """

    def __init__(self, aspect: Fraction | None) -> None:
        self._aspect = _credible(aspect)
        self._path: _Path | None = None
        self._graph: av.filter.Graph | None = None

    def turn(self, frame: av.VideoFrame, orientation: int | None = None) -> av.VideoFrame:
        """The picture as it is to be seen, or the picture itself where that is how it is or where it cannot be turned.

        ``orientation`` is what Exif says of a photograph, 1 to 8. No side gets shorter than it was.
        """
        steps = _MIRRORED.get(orientation or 1) or _TURNS.get(frame.rotation % 360, ())
        if self._aspect == 1 and not steps:
            return frame
        path = _Path(frame.width, frame.height, frame.format.name, steps)
        try:
            if self._graph is None or path != self._path:
                self._graph, self._path = _graph(path, self._aspect), path
            self._graph.vpush(frame)
            turned = self._graph.vpull()
        except (av.FFmpegError, ValueError):
            self._graph = None
            return frame
        turned.colorspace, turned.color_range = frame.colorspace, frame.color_range
        return turned


def _credible(aspect: Fraction | None) -> Fraction:
    if not aspect or abs(aspect - 1) <= _UNSEEN or not Fraction(1, _WIDEST) <= aspect <= _WIDEST:
        return Fraction(1)
    return aspect


def _graph(path: _Path, aspect: Fraction) -> av.filter.Graph:
    graph = av.filter.Graph()
    # Threads of its own, one for each processor, would be there for every source.
    graph.threads = 1
    last = graph.add_buffer(
        width=path.width, height=path.height, format=av.VideoFormat(path.pixel_format), time_base=_ANY_TIME_BASE
    )
    steps = list(path.steps)
    if aspect != 1:
        width = path.width if aspect < 1 else round(path.width * aspect / 2) * 2
        height = path.height if aspect > 1 else round(path.height / aspect / 2) * 2
        steps.insert(0, ("scale", f"{width}:{height}:flags=bilinear"))
    for name, arguments in (*steps, ("format", path.pixel_format), ("buffersink", "")):
        following = graph.add(name, arguments)
        last.link_to(following)
        last = following
    graph.configure()
    return graph
