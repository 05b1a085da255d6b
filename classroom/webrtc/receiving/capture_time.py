"""When a browser captured a frame, in our clock: from its time stamp and from when it arrived.

Pure: the times are arguments.
"""

from __future__ import annotations

from collections import deque
from typing import Final

__all__ = ["CaptureClock"]

_WINDOW: Final = 5.0
"""Seconds of a window in which the quickest arrival is found; two are kept, so that a slow clock is followed."""

_JUMP: Final = 10.0
"""A time stamp that is this many seconds away from the expected one starts a new count at once."""


class CaptureClock:
    """The clock of one track. Its quickest arrival shows where its zero lies, without the jitter of the network.

    ``held`` is how many further frames must start to arrive before the receiver releases a frame, which itself came
    that many arrivals earlier.
    """

    def __init__(self, held: int) -> None:
        self._arrivals: deque[float] = deque(maxlen=held + 1)
        self._before: float | None = None
        self._now: float | None = None
        self._since = 0.0

    def capture_time(self, stamp: float, arrived: float) -> float:
        """When a frame was sent, in seconds of our clock.

        ``stamp`` is its time stamp in seconds, and ``arrived`` is when the receiver released it.
        """
        origin = self._origin()
        if origin is not None and abs(arrived - stamp - origin) > _JUMP:
            self._arrivals.clear()
            self._before = self._now = None
        self._arrivals.append(arrived)
        offset = self._arrivals[0] - stamp
        if self._now is None:
            self._now, self._since = offset, arrived
        elif arrived - self._since > _WINDOW:
            self._before, self._now, self._since = self._now, offset, arrived
        else:
            self._now = min(self._now, offset)
        origin = self._origin()
        assert origin is not None
        return min(arrived, origin + stamp)

    def _origin(self) -> float | None:
        if self._now is None or self._before is None:
            return self._now
        return min(self._now, self._before)
