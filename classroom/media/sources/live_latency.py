"""The latency of a live stream: how far it is held back, so that what its network delays a little is in time. Pure.

What arrives ahead of everything received so far shows that all of that was late: a server sent its last seconds at
once, or a network was away for a moment. From then on the stream is shown sooner, both its pictures and its sound.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import Final

__all__ = ["LiveLatency"]

_LEAST: Final = 0.06
"""Seconds that a stream is held back where nothing is late, so that its sound is there before the mixer wants it."""

_MOST: Final = 0.5
"""Seconds that it is held back at most; what is later than that is left out."""

_SPARE: Final = 0.02
"""Seconds that what is usually late is there before its time."""

_SPAN: Final = 0.5
"""Seconds of a span, of which the latest and the earliest arrival are kept."""

_SPANS: Final = 16
_RARE: Final = 3
"""What is late in only this many of the last spans is left out, not waited for: the network was away for a moment."""

_STEP: Final = 0.04
"""What arrives earlier by more than this was held up until now."""

_SOONER: Final = 0.06
"""A latency that is too large by more than this becomes smaller at once, by less than this little by little."""

_GLIDE: Final = 0.001
"""Seconds a second by which it becomes smaller or larger little by little: nobody hears that."""

_LATE: Final = 0.1
_LATE_FOR: Final = 0.5
"""A stream that is late by that many seconds, for this many seconds, has another time than before."""

_ANOTHER_TIME: Final = 30.0
"""A network holds nothing up for this many seconds."""

_SETTLED: Final = 0.1
"""Seconds without anything that is ahead after which nothing more is held up."""


@dataclass(slots=True)
class _Span:
    number: int
    earliest: float
    latest: float


class LiveLatency:
    """Says when what arrives is to be seen and heard.

    Times are those of the stream, instants those of the clock, in seconds. An offset is the instant at which something
    arrived minus its time.
    """

    def __init__(self) -> None:
        self._spans: deque[_Span] = deque(maxlen=_SPANS)
        self._origin = 0.0
        self._moved = 0.0
        self._before = math.inf
        self._ahead_at = -math.inf
        self._late_since: float | None = None
        self._late_offset = math.inf

    def arrived(self, time: float, now: float) -> None:
        """Something with a time of the stream arrived now."""
        offset = now - time
        if not self._spans or self._has_another_time(offset, now):
            self._begin(offset, now)
        else:
            self._note(offset, now)
            self._follow(now)

    def due(self, time: float) -> float:
        """The instant at which what has this time is to be seen and heard."""
        return self._origin + time

    def settled(self, now: float) -> bool:
        """Whether nothing is held up any more; until then what comes is soon overtaken, and not worth being heard."""
        return now - self._ahead_at >= _SETTLED

    def _has_another_time(self, offset: float, now: float) -> bool:
        late = offset - self._origin
        if late <= _LATE:
            self._late_since, self._late_offset = None, math.inf
            return False
        if self._late_since is None:
            self._late_since = now
        self._late_offset = min(self._late_offset, offset)
        return late > _ANOTHER_TIME or now - self._late_since > _LATE_FOR

    def _begin(self, offset: float, now: float) -> None:
        offset = min(offset, self._late_offset)
        self._late_since, self._late_offset = None, math.inf
        self._spans.clear()
        self._spans.append(_Span(math.floor(now / _SPAN), offset, offset))
        self._before, self._origin = offset, offset + _LEAST
        self._moved = self._ahead_at = now

    def _note(self, offset: float, now: float) -> None:
        number, earliest = math.floor(now / _SPAN), min(span.earliest for span in self._spans)
        if self._spans[-1].number != number:
            self._before = earliest
        if offset < min(earliest, self._before - _STEP):
            # How late the rest was says nothing of how late it will be.
            self._spans.clear()
            self._ahead_at = now
        if not self._spans or self._spans[-1].number != number:
            self._spans.append(_Span(number, offset, offset))
        last = self._spans[-1]
        last.earliest, last.latest = min(last.earliest, offset), max(last.latest, offset)

    def _follow(self, now: float) -> None:
        """Hold back by what is needed now."""
        earliest = min(span.earliest for span in self._spans)
        usual = sorted((span.latest for span in self._spans), reverse=True)[: _RARE + 1][-1]
        wanted = min(max(earliest + _LEAST, usual + _SPARE), earliest + _MOST)
        change, most = wanted - self._origin, _GLIDE * (now - self._moved)
        self._moved = now
        jumps = change > _STEP or change < -_SOONER
        self._origin += change if jumps else min(max(change, -most), most)
