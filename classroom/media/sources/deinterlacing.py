"""Makes whole pictures of interlaced ones, as HDMI grabbers at 1080i, DVDs, television and old camcorders send them.

Every second line of these was taken a fiftieth or sixtieth of a second later, so that everything that moves has a comb
at its edges. Only pictures that say so themselves are treated.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import av
import av.filter

__all__ = ["Deinterlacer"]

_ANY_TIME_BASE: Final = Fraction(1, 90_000)


@dataclass(frozen=True, slots=True)
class _FieldKey:
    """What a filter graph was made for."""

    width: int
    height: int
    pixel_format: str
    time_base: Fraction


class Deinterlacer:
    """Treats the pictures of one source; while all of them are whole, it does nothing.

    From the first interlaced picture on, each is given out when the next one comes: libavfilter's ``bwdif`` looks at
    what is before and behind it.
    """

    def __init__(self) -> None:
        self._key: _FieldKey | None = None
        self._graph: av.filter.Graph | None = None

    def process(self, frame: av.VideoFrame) -> list[av.VideoFrame]:
        """What can be shown now that this picture came, in order: nothing, the picture, or those before it."""
        if self._key is None and not frame.interlaced_frame:
            return [frame]
        key = _FieldKey(frame.width, frame.height, frame.format.name, frame.time_base or _ANY_TIME_BASE)
        before: list[av.VideoFrame] = []
        if key != self._key:
            before = self.flush()
            if not frame.interlaced_frame:
                return [*before, frame]
            self._key, self._graph = key, _graph(key)
        if self._graph is None:  # such pictures cannot be treated
            return [*before, frame]
        try:
            self._graph.vpush(frame)
        except av.FFmpegError:
            self._graph = None
            return [*before, frame]
        return before + _ready(self._graph)

    def flush(self) -> list[av.VideoFrame]:
        """The last picture, where it is still to be given out; then all begins again."""
        graph = self._graph
        self.clear()
        if graph is None:
            return []
        try:
            graph.vpush(None)
        except av.FFmpegError:
            return []
        return _ready(graph)

    def clear(self) -> None:
        """Forget what is still to be given out, as after a jump to another place."""
        self._key, self._graph = None, None


def _ready(graph: av.filter.Graph) -> list[av.VideoFrame]:
    """The pictures that a graph has finished."""
    ready: list[av.VideoFrame] = []
    while True:
        try:
            ready.append(graph.vpull())
        except av.FFmpegError:  # it needs more, or has come to its end
            return ready


def _graph(key: _FieldKey) -> av.filter.Graph | None:
    graph = av.filter.Graph()
    # It would have a thread for each processor, for every source.
    graph.threads = 1
    try:
        last = graph.add_buffer(
            width=key.width,
            height=key.height,
            format=av.VideoFormat(key.pixel_format),
            time_base=key.time_base,
        )
        for name, options in (
            ("bwdif", {"mode": "send_frame", "deint": "interlaced"}),
            ("format", {"pix_fmts": key.pixel_format}),
            ("buffersink", {}),
        ):
            following = graph.add(name, **options)
            last.link_to(following)
            last = following
        graph.configure()
    except (av.FFmpegError, ValueError):
        return None
    return graph
