"""The crystal of a sound device against the clock: how far apart they are, and sound resampled to keep them together.

A device that says 48 kHz delivers some 20 to 500 samples in a million more or fewer. Over an hour that is up to two
seconds, which nobody can watch. Dropping or doubling single samples would keep the time as well, but each of them is a
crackle in a held tone; so the sound is played a little faster or slower instead, by a filter that takes fractions of
samples, at a rate that a slow control loop finds. 500 ppm are a hundredth of a semitone.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from classroom.media.frames import Samples

__all__ = ["HALF", "DriftControl", "Resampler"]

_TOLERANCE: Final = 0.005
"""Seconds of mean distance up to which a device is taken for true and its samples are left as they are."""

_SMOOTHING: Final = 2.0
"""Seconds over which the distance is averaged: time stamps of devices jitter by tens of milliseconds."""

_PROPORTION: Final = 0.1
_INTEGRAL: Final = _PROPORTION**2 / 4
"""Correction for each second of distance, and for each second of it in each second.

This ratio is critical damping with a time constant of 20 s: the distance falls to nothing without swinging, and what
jitter is left in the mean moves the pitch by less than 50 ppm.
"""

_MOST: Final = 0.002
"""Largest correction, 2000 ppm: four times what a bad device needs."""

HALF: Final = 16
"""Samples on each side that the filter looks at: 0.3 ms."""

_PHASES: Final = 2048


class DriftControl:
    """Finds how much faster or slower a device's sound has to be played to stay with the clock.

    Until a device has proved false by more than 5 ms the answer is None: play it as it is.
    """

    def __init__(self) -> None:
        self._mean = 0.0
        self._integral = 0.0
        self._engaged = False

    def reset(self) -> None:
        """Start again, such as with another device or after a gap."""
        self._mean, self._integral, self._engaged = 0.0, 0.0, False

    def stretch(self, distance: float, seconds: float) -> float | None:
        """How many samples to make of each one; ``distance`` is how late a block of this length was captured (s).

        A distance above zero means that the clock has run ahead of the samples, so more of them are needed.
        """
        self._mean += (1.0 - math.exp(-seconds / _SMOOTHING)) * (distance - self._mean)
        if not self._engaged:
            if abs(self._mean) <= _TOLERANCE:
                return None
            self._engaged = True
        self._integral = _bounded(self._integral + _INTEGRAL * self._mean * seconds)
        return 1.0 + _bounded(_PROPORTION * self._mean + self._integral)


class Resampler:
    """Sound at a rate that changes slowly around 1, continuous over blocks, by a windowed sinc.

    ``past`` is the sound so far, at least its last HALF samples; the output continues where it ended.
    """

    def __init__(self, past: Samples) -> None:
        self._input = past[-HALF:]
        self._position = float(HALF)  # of the next sample to be made, in _input

    @property
    def held(self) -> float:
        """Samples that went in and did not come out yet."""
        return len(self._input) - self._position

    def push(self, block: Samples, stretch: float) -> Samples:
        """What can be made of the samples so far, with ``stretch`` samples for each one."""
        self._input = np.concatenate([self._input, block])
        if len(self._input) < 2 * HALF:
            return block[:0]
        step = 1.0 / stretch
        last = len(self._input) - HALF - 1
        count = max(0, math.floor((last - self._position) / step) + 1)
        places = self._position + step * np.arange(count)
        whole = np.floor(places).astype(np.intp)
        kernels = _KERNELS[np.rint((places - whole) * _PHASES).astype(np.intp)]
        # Views, not copies: each holds what the filter sees for one sample, as (channel, place).
        windows = np.lib.stride_tricks.sliding_window_view(self._input, 2 * HALF, axis=0)
        made: Samples = np.matmul(windows[whole - HALF + 1], kernels[:, :, None])[:, :, 0]
        self._position += step * count
        done = math.floor(self._position) - HALF
        self._input = self._input[done:]
        self._position -= done
        return made


def _bounded(correction: float) -> float:
    return min(_MOST, max(-_MOST, correction))


def _kernels() -> npt.NDArray[np.float32]:
    """The filter for each fraction of a sample; for none it is one sample alone, so nothing is changed."""
    fraction = np.arange(_PHASES + 1)[:, None] / _PHASES
    distance = np.arange(-HALF + 1, HALF + 1)[None, :] - fraction
    window = np.kaiser(2 * HALF * _PHASES + 1, 9.0)
    places = np.rint((distance + HALF) * _PHASES).astype(np.intp)
    kernels = np.sinc(distance) * window[places]
    table: npt.NDArray[np.float32] = (kernels / kernels.sum(1, keepdims=True)).astype(np.float32)
    return table


_KERNELS: Final = _kernels()
