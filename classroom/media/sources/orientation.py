"""Turns pictures upright and makes their pixels square, as their file says that they are meant.

A phone writes down how it was held instead of turning what its camera saw. A camcorder stores fewer columns than it
shows. Both have to be applied where the pictures are shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import av
import av.filter

__all__ = ["OrientationFilter"]

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
"""The same for the orientations of Exif that no turn alone makes upright; for these libav names a wrong turn."""

_UNSEEN: Final = 0.02
"""Pixels this near to squares stay as they are: 1088 lines instead of 1080 do not justify scaling each picture."""

_WIDEST: Final = 4
"""Pixels with a larger ratio of width and height, or height and width, are a fault of the file."""


@dataclass(frozen=True, slots=True)
class _OrientationKey:
    """What a filter graph was made for."""

    width: int
    height: int
    pixel_format: str
    steps: tuple[tuple[str, str], ...]


class OrientationFilter:
    """Turns the pictures of one source; keeps its filter graph while size, format and orientation stay the same.

    ``aspect`` is the width of a pixel divided by its height; None where it is not known.
    """

    def __init__(self, aspect: Fraction | None) -> None:
        self._aspect = _credible(aspect)
        self._key: _OrientationKey | None = None
        self._graph: av.filter.Graph | None = None

    def turn(self, frame: av.VideoFrame, orientation: int | None = None) -> av.VideoFrame:
        """The picture as it is to be seen; the same object where nothing is to be done, or where it cannot be turned.

        ``orientation`` is what Exif says of a photograph, 1 to 8. No side gets shorter.
        """
        steps = _MIRRORED.get(orientation or 1) or _TURNS.get(frame.rotation % 360, ())
        if self._aspect == 1 and not steps:
            return frame
        key = _OrientationKey(frame.width, frame.height, frame.format.name, steps)
        try:
            if self._graph is None or key != self._key:
                self._graph, self._key = _graph(key, self._aspect), key
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


def _graph(key: _OrientationKey, aspect: Fraction) -> av.filter.Graph:
    graph = av.filter.Graph()
    # It would have a thread for each processor, for every source.
    graph.threads = 1
    last = graph.add_buffer(
        width=key.width, height=key.height, format=av.VideoFormat(key.pixel_format), time_base=_ANY_TIME_BASE
    )
    steps = list(key.steps)
    if aspect != 1:
        width = key.width if aspect < 1 else round(key.width * aspect / 2) * 2
        height = key.height if aspect > 1 else round(key.height / aspect / 2) * 2
        steps.insert(0, ("scale", f"{width}:{height}:flags=bilinear"))
    for name, arguments in (*steps, ("format", key.pixel_format), ("buffersink", "")):
        following = graph.add(name, arguments)
        last.link_to(following)
        last = following
    graph.configure()
    return graph
