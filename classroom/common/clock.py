"""Time as a value, so that a test can hold it still.

One monotonic clock drives sources, mixers and director; nothing else reads another clock.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

__all__ = ["Clock", "LessonTime", "ManualClock", "SystemClock", "WallClock"]


class Clock(Protocol):
    """A monotonic time in seconds, from an arbitrary zero."""

    def now(self) -> float:
        """The time in seconds, never going back."""
        ...


_now: Final[Callable[[], float]] = time.perf_counter if sys.platform == "win32" else time.monotonic
"""Windows counts ``monotonic`` in steps of 15.6 ms before Python 3.13: half a picture. ``perf_counter`` never goes back
either, and is as fine everywhere. Timers of the event loop stay with the loop's own clock; nothing compares the two."""


class SystemClock:
    """The clock of the machine."""

    def now(self) -> float:
        """The time in seconds, finer than a millisecond on every system."""
        return _now()


class ManualClock:
    """A clock that only moves when it is told to."""

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


class WallClock:
    """Seconds since 1970 for those of a monotonic clock, as the wall clock told them when this was made.

    Set once: a wall clock that is corrected during a lesson must not move what happened before it.
    """

    def __init__(self, clock: Clock, *, wall: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._zero = wall() - clock.now()

    def now(self) -> float:
        """Seconds since 1970."""
        return self.at(self._clock.now())

    def at(self, seconds: float) -> float:
        """Seconds since 1970 of a second of the monotonic clock."""
        return self._zero + seconds


@dataclass(frozen=True, slots=True)
class LessonTime:
    """When a lesson began: at the clock second ``started``, which was ``began`` by the clock on the wall.

    ``today`` is the clock on the wall.
    """

    clock: Clock
    started: float
    began: datetime
    today: Callable[[], datetime] = lambda: datetime.now().astimezone()

    def now(self) -> float:
        """Seconds since the beginning of the lesson."""
        return self.clock.now() - self.started
