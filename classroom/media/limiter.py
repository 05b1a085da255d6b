"""The limiter of the program: it turns loud moments down before they come, instead of bending them when they are here.

Every sample is looked at 5 ms before it leaves. Where it would be over the ceiling, the gain has gone down over those
5 ms to what is needed, and comes back within some 100 ms. What stays under the ceiling is not touched, to the bit.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from classroom.media.frames import SAMPLE_RATE, Samples

__all__ = ["CEILING", "LOOK_AHEAD", "Limiter"]

CEILING: Final = 10 ** (-1 / 20)
"""Largest amplitude that leaves, -1 dBFS: the decoders of students overshoot what they were given by a little."""

LOOK_AHEAD: Final = SAMPLE_RATE * 5 // 1000
"""Samples that a sample waits inside: 5 ms."""

_RELEASE: Final = 0.1
"""Seconds in which the gain makes up two thirds of what it has gone down."""

_NOTHING: Final = 1e-4
"""A reduction as small as this is none: 0.001 dB."""

_WINDOW: Final = LOOK_AHEAD + 1

Curve = npt.NDArray[np.float64]


class Limiter:
    """Limits a stream of stereo blocks; both channels by the same gain, so that nothing moves in the room."""

    def __init__(self) -> None:
        self._held: Samples = np.zeros((LOOK_AHEAD, 2), np.float32)
        self._needed: Curve = np.zeros(LOOK_AHEAD)  # the reduction that each of the last samples needs
        self._falling: Curve = np.zeros(LOOK_AHEAD)  # the same after hold and release

    def push(self, block: Samples) -> Samples:
        """As many samples as came, LOOK_AHEAD later, none over the ceiling."""
        sound = np.concatenate([self._held, block])
        self._held = sound[len(sound) - LOOK_AHEAD :]
        needed = np.concatenate([self._needed, _needed(block)])
        self._needed = needed[len(needed) - LOOK_AHEAD :]
        falling = self._falling[-1]
        leaving = sound[: len(block)]
        if falling == 0.0 and not needed.any() and not self._falling.any():
            return leaving
        reduction = np.concatenate([self._falling, _released(_largest(needed), falling)])
        self._falling = reduction[len(reduction) - LOOK_AHEAD :]
        # The mean over the window reaches what a sample needs just when it leaves, since the window holds no less.
        total = np.concatenate([[0.0], np.cumsum(reduction)])
        gain = 1.0 - np.maximum(0.0, total[_WINDOW:] - total[:-_WINDOW]) / _WINDOW
        limited: Samples = leaving * gain.astype(np.float32)[:, None]
        np.clip(limited, -_LARGEST, _LARGEST, out=limited)  # against rounding only
        return limited


_LARGEST: Final = np.float32(CEILING)


def _needed(block: Samples) -> Curve:
    """By how much each sample has to be turned down, from 0 to 1, so that neither channel is over the ceiling."""
    peak = np.abs(block).max(axis=1).astype(np.float64)
    return np.asarray(1.0 - CEILING / np.maximum(peak, CEILING))


def _largest(needed: Curve) -> Curve:
    """The largest value of each _WINDOW in a row, by windows that double."""
    width, largest = 1, needed
    while 2 * width <= _WINDOW:
        largest = np.maximum(largest[:-width], largest[width:])
        width *= 2
    rest = _WINDOW - width
    return np.maximum(largest[: len(largest) - rest], largest[rest:]) if rest else largest


def _released(wanted: Curve, before: float) -> Curve:
    """Up at once, down slowly: the largest of what is wanted and of all before it, fallen off exponentially."""
    fall = np.exp(-np.arange(1, len(wanted) + 1) / (_RELEASE * SAMPLE_RATE))
    released = np.maximum.accumulate(np.concatenate([[before], wanted / fall]))[1:] * fall
    released[released < _NOTHING] = 0.0
    return np.asarray(released)
