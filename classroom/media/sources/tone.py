"""A sine tone: a sound that is there on every machine."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from classroom.common.clock import Clock
from classroom.media.frames import SAMPLE_RATE, Samples
from classroom.media.sources.base import Source
from classroom.media.sources.ticks import TickSchedule

__all__ = ["BLOCK", "BLOCK_RATE", "Tone"]

BLOCK_RATE: Final = 50
"""Blocks a second of generated sound."""

BLOCK: Final = SAMPLE_RATE // BLOCK_RATE
"""Samples in a block."""

_LEVEL: Final = 0.25
"""Amplitude, 12 dB under full scale: loud enough to hear, not enough to startle."""

_PATIENCE: Final = 0.5
"""Seconds of sound that a late thread makes up for; older sound nobody would play."""


class Tone(Source):
    """A sine of ``frequency`` Hz on both channels, in blocks of 20 ms by the clock, without a seam between them."""

    kind = "tone"

    def __init__(self, *, name: str, clock: Clock, frequency: float = 440.0) -> None:
        super().__init__(name=name, clock=clock, sound=True)
        self._step = frequency / SAMPLE_RATE
        self._phase = 0.0
        self._blocks = TickSchedule(BLOCK_RATE, patience=_PATIENCE)

    def open(self) -> None:
        """There is nothing to take hold of."""
        self._blocks = TickSchedule(BLOCK_RATE, patience=_PATIENCE)

    def read(self) -> None:
        """Write the block that is due."""
        due = self._blocks.due(self.clock.now())
        if self.wait_until(due) or self.clock.now() < due:
            return
        assert self.sound is not None
        self.sound.write(self._block(), due)
        self._blocks.advance()
        self.taken += 1

    def close(self) -> None:
        """A tone has nothing to release."""

    def _block(self) -> Samples:
        # The phase is carried as a fraction of one turn: computed from the sample's index it would lose precision.
        turns = self._phase + self._step * np.arange(BLOCK)
        self._phase = math.fmod(self._phase + self._step * BLOCK, 1.0)
        wave = (_LEVEL * np.sin(2.0 * np.pi * turns)).astype(np.float32)
        return np.repeat(wave[:, np.newaxis], 2, axis=1)
