"""Ducking: music goes down while somebody speaks, and comes back when they have finished.

It falls within 50 ms, so that the first word is heard. It stays down for 400 ms, a breath between two sentences. It
comes back over 600 ms, which nobody notices.
"""

from __future__ import annotations

from typing import Final

__all__ = ["SPEECH_DB", "Ducking"]

SPEECH_DB: Final = -40.0
"""RMS from which on a microphone counts as speech, dBFS; a quiet room lies 15 dB lower, a voice 10 dB higher."""

_ATTACK: Final = 0.05
_HOLD: Final = 0.4
_RELEASE: Final = 0.6


class Ducking:
    """How far down the music is, from 0 (not at all) to 1 (by all its decibels)."""

    def __init__(self) -> None:
        self.depth = 0.0
        self._silent_for = _HOLD

    def advance(self, seconds: float, *, speaking: bool) -> float:
        """The depth after this many seconds, in which somebody was ``speaking`` or not."""
        self._silent_for = 0.0 if speaking else self._silent_for + seconds
        if self._silent_for < _HOLD:
            self.depth = min(1.0, self.depth + seconds / _ATTACK)
        else:
            self.depth = max(0.0, self.depth - seconds / _RELEASE)
        return self.depth
