"""How unevenly a lesson itself sends: the jitter that a receiver reports of a network that has none."""

from __future__ import annotations

from typing import Final

__all__ = ["SendJitter"]

_REMEMBERED: Final = 2.0
"""Seconds for which the largest value stands: longer than a receiver takes to report what it saw."""


class SendJitter:
    """The interarrival jitter (RFC 3550, section 6.4.1) of frames at the moment at which they are sent.

    Receivers compute theirs by the same formula, so what this computer delays is in their reports by this much.
    """

    def __init__(self) -> None:
        self.largest = 0.0
        """Seconds, of the last two seconds."""
        self._at = 0.0
        self._mean = 0.0
        self._age: float | None = None

    def add(self, age: float, now: float) -> None:
        """Count a frame that is sent at the clock second ``now``, ``age`` seconds after it was captured."""
        if self._age is not None:
            self._mean += (abs(age - self._age) - self._mean) / 16
        self._age = age
        if self._mean >= self.largest or now - self._at > _REMEMBERED:
            self.largest, self._at = self._mean, now
