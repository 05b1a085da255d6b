"""True peaks: how far sound goes between its samples, where a converter or an encoder will find it.

Sound is four times oversampled, as ITU-R BS.1770-4 (annex 2) has it, with 24 instead of 12 taps for each phase.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from classroom.media.frames import Samples

__all__ = ["REACH", "true_peaks"]

REACH: Final = 12
"""Samples before and after one that are needed for its true peak."""

_OVERSAMPLING: Final = 4
_KAISER: Final = 5.0


def true_peaks(sound: Samples) -> npt.NDArray[np.float64]:
    """The largest amplitude of both channels at each sample and from it up to the next one.

    The result has 2 × REACH values less than ``sound`` has samples: it begins REACH samples later.
    """
    rows = np.ascontiguousarray(sound.T)
    inner = np.abs(rows[:, REACH : len(sound) - REACH])
    peak = np.maximum(inner[0], inner[1])
    for row in rows:
        # One product of matrices costs a quarter of as many convolutions. Row by row it is shifted by a sample.
        between = _PHASES @ sliding_window_view(row, len(peak))[1:]
        np.maximum(peak, np.abs(between, out=between).max(axis=0), out=peak)
    return np.asarray(peak, np.float64)


def _phases() -> npt.NDArray[np.float32]:
    """For each place between two samples, a row with the weights of the 24 samples around it."""
    phases = []
    for step in range(1, _OVERSAMPLING):
        distance = np.arange(1 - REACH, REACH + 1) - step / _OVERSAMPLING
        window = np.i0(_KAISER * np.sqrt(np.maximum(0.0, 1 - (distance / REACH) ** 2))) / np.i0(_KAISER)
        weights = np.sinc(distance) * window
        phases.append(weights / weights.sum())
    return np.array(phases, np.float32)


_PHASES: Final = _phases()
