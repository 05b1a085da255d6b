"""The limiter of the program: it turns loud moments down before they come, instead of bending them when they are here.

All sound is looked at 5 ms before it leaves, between its samples as well (``true_peak``). Where it would be over the
ceiling, the gain has gone down in that time to what is needed, and comes back within some 100 ms. What stays under the
ceiling is not touched, to the bit.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from classroom.media.frames import SAMPLE_RATE, Samples
from classroom.media.true_peak import REACH, true_peaks

__all__ = ["CEILING", "LOOK_AHEAD", "Limiter"]

CEILING: Final = 10 ** (-3 / 20)
"""Largest true peak that leaves, -3 dBTP: Opus adds 1.5 dB to loud sound (4 dB to noise that is far too loud).

EBU Tech 3344 asks for as much headroom before codecs of low bit rates.
"""

LOOK_AHEAD: Final = SAMPLE_RATE * 5 // 1000
"""Samples that a sample waits inside: 5 ms."""

_RELEASE: Final = 0.1
"""Seconds in which the gain makes up two thirds of what it has gone down."""

_NOTHING: Final = 1e-4
"""A reduction as small as this is none: 0.001 dB."""

_KNOWN: Final = LOOK_AHEAD - REACH
"""Samples inside whose true peak is known: that of the newest ones needs those that follow."""

_WINDOW: Final = _KNOWN + 1

_QUIET: Final = CEILING / 2
"""Amplitude up to which nothing between the samples is over the ceiling, so it is not looked for."""

Curve = npt.NDArray[np.float64]


class Limiter:
    """Limits a stream of stereo blocks; both channels by the same gain, so that nothing moves in the room."""

    def __init__(self) -> None:
        self._held: Samples = np.zeros((LOOK_AHEAD, 2), np.float32)
        self._needed: Curve = np.zeros(_KNOWN)  # the reduction that each of the last known samples needs
        self._falling: Curve = np.zeros(_KNOWN)  # the same after hold and release

    def push(self, block: Samples) -> Samples:
        """As many samples as came, LOOK_AHEAD later, none over the ceiling."""
        sound = np.concatenate([self._held, block])
        self._held = sound[len(sound) - LOOK_AHEAD :]
        needed = np.concatenate([self._needed, _needed(sound[LOOK_AHEAD - 2 * REACH :])])
        self._needed = needed[len(needed) - _KNOWN :]
        falling = self._falling[-1]
        leaving = sound[: len(block)]
        if falling == 0.0 and not needed.any() and not self._falling.any():
            return leaving
        reduction = np.concatenate([self._falling, _released(_largest(needed), falling)])
        self._falling = reduction[len(reduction) - _KNOWN :]
        # The mean over the window reaches what a sample needs just when it leaves, since the window holds no less.
        total = np.concatenate([[0.0], np.cumsum(reduction)])
        gain = 1.0 - np.maximum(0.0, total[_WINDOW:] - total[:-_WINDOW]) / _WINDOW
        limited: Samples = leaving * gain.astype(np.float32)[:, None]
        np.clip(limited, -_LARGEST, _LARGEST, out=limited)  # against rounding only
        return limited


_LARGEST: Final = np.float32(CEILING)


def _needed(sound: Samples) -> Curve:
    """By how much each sample, but REACH at both ends, has to be turned down, from 0 to 1, for both channels."""
    if max(sound.max(), -sound.min()) <= _QUIET:
        return np.zeros(len(sound) - 2 * REACH)
    peak = true_peaks(sound)
    return np.asarray(1.0 - CEILING / np.maximum(peak, CEILING))


def _largest(needed: Curve) -> Curve:
    """The largest value of each _WINDOW in a row, by windows that double."""
    width, largest = 1, needed
    while 2 * width <= _WINDOW:
        largest = np.maximum(largest[:-width], largest[width:])
        width *= 2
    rest = _WINDOW - width
    return np.maximum(largest[: len(largest) - rest], largest[rest:]) if rest else largest


@lru_cache(maxsize=8)
def _fall(count: int) -> Curve:
    """What is left of a reduction after one sample and more; blocks have few lengths."""
    return np.asarray(np.exp(-np.arange(1, count + 1) / (_RELEASE * SAMPLE_RATE)))


def _released(wanted: Curve, before: float) -> Curve:
    """Up at once, down slowly: the largest of what is wanted and of all before it, fallen off exponentially."""
    fall = _fall(len(wanted))
    released = np.maximum.accumulate(np.concatenate([[before], wanted / fall]))[1:] * fall
    released[released < _NOTHING] = 0.0
    return np.asarray(released)
