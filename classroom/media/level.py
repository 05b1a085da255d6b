"""How loud a block of sound is: the figure behind every meter."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from classroom.media.frames import Samples

__all__ = ["FLOOR_DB", "SILENCE", "Level", "combine", "decibels", "factor", "measure"]

FLOOR_DB: Final = -100.0
"""What silence measures, dBFS: JSON cannot hold minus infinity."""


@dataclass(frozen=True, slots=True)
class Level:
    """Peak and root mean square of a block of sound over both channels, dBFS, never under FLOOR_DB."""

    peak_db: float
    rms_db: float


SILENCE: Final = Level(FLOOR_DB, FLOOR_DB)


def measure(samples: Samples) -> Level:
    """The level of a block of sound; an empty block is silence."""
    if samples.size == 0:
        return SILENCE
    flat = samples.reshape(-1)
    peak = float(np.max(np.abs(flat)))
    if peak == 0.0:
        return SILENCE
    return Level(decibels(peak), decibels(math.sqrt(float(np.dot(flat, flat)) / flat.size)))


def combine(levels: Sequence[Level]) -> Level:
    """The level of blocks of the same length together; none are silence."""
    if not levels:
        return SILENCE
    power = sum(10 ** (level.rms_db / 10) for level in levels) / len(levels)
    return Level(max(level.peak_db for level in levels), max(FLOOR_DB, 10 * math.log10(power)))


def decibels(amplitude: float) -> float:
    """An amplitude (full scale 1) in dBFS."""
    return max(FLOOR_DB, 20.0 * math.log10(amplitude)) if amplitude > 0 else FLOOR_DB


def factor(gain_db: float) -> float:
    """What a gain in dB multiplies samples by."""
    return float(10.0 ** (gain_db / 20.0))
