"""When what a browser sent was taken, in our clock: from its time stamps and from when it arrived.

Pure: the times are arguments.
"""

from __future__ import annotations

from collections import deque
from typing import Final

__all__ = ["CaptureClock"]

_WINDOW: Final = 5.0
"""Seconds in which the quickest arrival is looked for; two of them are kept, so that a slow clock is followed."""

_JUMP: Final = 10.0
"""A time stamp this many seconds away from where it was expected begins a new count at once."""


class CaptureClock:
    """One track. The quickest of its arrivals tells where its zero lies; jitter of the network is left out that way.

    ``held`` is how many further frames must begin to arrive before the receiver gives a frame out: it came that many
    arrivals earlier.
    """

    def __init__(self, held: int) -> None:
        self._arrivals: deque[float] = deque(maxlen=held + 1)
        self._before: float | None = None
        self._now: float | None = None
        self._since = 0.0

    def place(self, stamp: float, arrived: float) -> float:
        """When a frame was sent, in seconds of our clock.

        ``stamp`` is the time that the sender wrote on it, in seconds, and ``arrived`` when the receiver gave it out.
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
