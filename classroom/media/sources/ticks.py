"""When the next picture or block of a source without a clock of its own is due."""

from __future__ import annotations

import math

__all__ = ["TickSchedule"]


class TickSchedule:
    """The instants n / rate of the clock, for whole n, one after the other.

    They lie on the grid of the clock, not on the moment of starting: two sources of one rate tick together, and a
    tick falls on every whole second. A reader more than ``patience`` seconds late skips to the present.
    """

    def __init__(self, rate: float, *, patience: float) -> None:
        self._rate = rate
        self._patience = patience
        self._next: int | None = None

    def due(self, now: float) -> float:
        """The clock second of the next tick; in the past when the reader is late."""
        if self._next is None:
            self._next = math.ceil(now * self._rate)
        elif now - self._next / self._rate > self._patience:
            self._next = math.floor(now * self._rate)
        return self._next / self._rate

    def advance(self) -> None:
        """Go on to the tick after the one that was due."""
        if self._next is not None:
            self._next += 1
