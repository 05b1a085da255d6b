"""Time as a value, so that a test can hold it still.

One monotonic clock drives sources, mixers and director; nothing in the house reads another.
"""

from __future__ import annotations

import time
from typing import Protocol

__all__ = ["Clock", "ManualClock", "SystemClock"]


class Clock(Protocol):
    """A monotonic time in seconds; its zero has no meaning."""

    def now(self) -> float:
        """The time in seconds, never going back."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> float:
        """Seconds of ``time.monotonic``."""
        return time.monotonic()


class ManualClock:
    """A clock that stands still until it is told to move."""

    def __init__(self, start: float = 0.0) -> None:
        self._now = start

    def now(self) -> float:
        """The time that was last set, in seconds."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move forward by a number of seconds; going back is a ValueError."""
        if seconds < 0:
            raise ValueError("a clock does not go back")
        self._now += seconds
