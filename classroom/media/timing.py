"""How long a stage of the media plane takes, and the wait for the next deadline."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from threading import Event
from typing import Final

from classroom.common.clock import Clock

__all__ = ["Timings", "percentile", "wait_until"]

_KEPT: Final = 300
_STOP_CHECK: Final = 0.05


class Timings:
    """The last 300 durations of a stage; one thread adds, any thread asks."""

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=_KEPT)

    def add(self, seconds: float) -> None:
        """Add one duration in seconds."""
        self._seconds.append(seconds)

    def summary(self) -> dict[str, float]:
        """``p50`` and ``p95`` in milliseconds, rounded to microseconds; zeros before the first."""
        # One call of list() is not interrupted by an append of another thread, as iterating in Python would be.
        ordered = sorted(list(self._seconds))
        return {name: round(1000 * percentile(ordered, share), 3) for name, share in (("p50", 0.5), ("p95", 0.95))}


def percentile(ordered: Sequence[float], share: float) -> float:
    """The value under which ``share`` (0..1) of the sorted values lie; 0 where there is none."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def wait_until(clock: Clock, deadline: float, stop: Event) -> bool:
    """Wait for a deadline of the clock; False when ``stop`` was set before.

    It sleeps instead of waiting for the event, because on Windows only a sleep is finer than 15 ms; in short pieces,
    so that a stop is noticed within 50 ms.
    """
    while not stop.is_set():
        remaining = deadline - clock.now()
        if remaining <= 0:
            return True
        time.sleep(min(remaining, _STOP_CHECK))
    return False
