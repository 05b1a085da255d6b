"""How long a stream may send nothing before it counts as lost: short where its pictures come steadily. Pure.

A network holds packets up and gives them out together. How much of that is usual differs from network to network, so
it is learnt from the gaps between pictures, as they arrive.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Final

__all__ = ["Rhythm"]

_LEAST: Final = 0.35
"""Seconds that a steady stream may send nothing: with what it is held back, the fallback is there within half a one."""

_TIMES: Final = 3.0
"""A gap may be this many times as long as the longest of the last minutes."""

_LEARNT_AFTER: Final = 5.0
"""Seconds of a connection before it is known to be steady."""

_SPAN: Final = 10.0
"""Seconds of a span, of which the longest gap is kept."""

_SPANS: Final = 18
"""Spans that are remembered, three minutes: what a network did once, it may do again soon."""


class Rhythm:
    """Learns from pictures as they arrive; instants are those of the clock, in seconds.

    ``most`` is what a stream may send nothing for while it is not known to be steady, seconds.
    """

    def __init__(self, most: float) -> None:
        self._most = most
        self._spans: deque[int] = deque(maxlen=_SPANS)
        self._longest: deque[float] = deque(maxlen=_SPANS)
        self._last: float | None = None
        self._since = math.inf
        self.patience = most
        """Seconds that it may send nothing, counted from its last picture."""

    def begin(self) -> None:
        """A connection begins. It has to show that it is steady; the gaps of the last ones count too."""
        self._last, self._since, self.patience = None, math.inf, self._most

    def came(self, now: float) -> None:
        """A picture arrived now."""
        last, self._last = self._last, now
        if last is None:
            self._since = now
            return
        span = math.floor(now / _SPAN)
        while self._spans and self._spans[0] <= span - _SPANS:
            self._spans.popleft()
            self._longest.popleft()
        if not self._spans or self._spans[-1] != span:
            self._spans.append(span)
            self._longest.append(0.0)
        self._longest[-1] = max(self._longest[-1], now - last)
        if now - self._since >= _LEARNT_AFTER:
            self.patience = min(self._most, max(_LEAST, _TIMES * max(self._longest)))
