"""Between a source of sound and the mixer: the last two seconds, each sample at its place on the clock.

A source writes blocks as its device delivers them; the mixer reads at any instant that it needs. Neither waits for
the other. A sample's place is its index: clock seconds × SAMPLE_RATE, so two buffers agree about time.
"""

from __future__ import annotations

import math
import threading
from typing import Final

import numpy as np

from classroom.media.drift import HALF, DriftControl, Resampler
from classroom.media.frames import SAMPLE_RATE, Samples
from classroom.media.level import SILENCE, Level, measure

__all__ = ["SoundBuffer", "sample_index"]

_CAPACITY: Final = 2 * SAMPLE_RATE
"""How much is kept: two seconds, so that an input can be delayed by one."""

_JITTER: Final = SAMPLE_RATE * 40 // 1000
"""A block this near to the end of the last one continues it: time stamps of devices are that rough."""


def sample_index(seconds: float) -> int:
    """The index of the sample at an instant of the clock."""
    return round(seconds * SAMPLE_RATE)


class SoundBuffer:
    """Two seconds of 48 kHz stereo sound on the clock; one thread writes, any thread reads.

    Blocks that follow each other are joined without a seam although their time stamps jitter (±40 ms). A device
    whose crystal is a little fast or slow is played a little slower or faster. A larger jump is taken as real:
    forward it leaves silence, backward it replaces what was written for that time.
    """

    def __init__(self) -> None:
        self._ring: Samples = np.zeros((_CAPACITY, 2), np.float32)
        self._end: int | None = None  # index behind the last sample; the ring holds [end - capacity, end)
        self._drift = DriftControl()
        self._resampler: Resampler | None = None
        self._level = SILENCE
        self._fresh = False
        self._lock = threading.Lock()

    @property
    def level(self) -> Level:
        """The level of the block that was written last."""
        return self._level

    @property
    def end(self) -> float | None:
        """The clock second up to which there is sound; None before the first block."""
        end = self._end
        return None if end is None else end / SAMPLE_RATE

    def write(self, samples: Samples, captured: float) -> None:
        """Put a block (n, 2) whose first sample was heard at the clock second ``captured``.

        ValueError for another shape or a time that is not a number. What is not a number among the samples is silence.
        """
        if samples.ndim != 2 or samples.shape[1] != 2:
            raise ValueError(f"a block of sound has the shape (n, 2), not {samples.shape}")
        if not math.isfinite(captured):
            raise ValueError(f"{captured} is not a second of the clock")
        if len(samples) == 0:
            return
        block = np.nan_to_num(samples.astype(np.float32, copy=False), nan=0.0, posinf=1.0, neginf=-1.0)
        first = sample_index(captured)
        with self._lock:
            self._level = measure(block)
            if self._end is None:
                self._end = first
            distance = first - self._end
            fresh, self._fresh = self._fresh, False
            if abs(distance) <= _JITTER and not fresh:
                block = self._follow(block, distance)
                first = self._end
            else:
                self._drift.reset()
                self._resampler = None
            self._jump(first, first + len(block))
            self._put(first, block)
            self._end = first + len(block)

    def start_over(self) -> None:
        """Say that the next block continues nothing: it is put at its time to the sample, however near that is."""
        with self._lock:
            self._fresh = True

    def read(self, start: float, count: int) -> Samples:
        """A fresh block of ``count`` samples from the clock second ``start`` on; zeros where nothing came."""
        return self.read_at(sample_index(start), count)

    def read_at(self, first: int, count: int) -> Samples:
        """The same by sample index, for a reader whose blocks must meet to the sample."""
        block: Samples = np.zeros((count, 2), np.float32)
        with self._lock:
            self._copy(first, block)
        return block

    def clear(self) -> None:
        """Forget everything, as when the source is lost."""
        with self._lock:
            self._ring[:] = 0.0
            self._end, self._resampler, self._level = None, None, SILENCE
            self._drift.reset()

    def _follow(self, block: Samples, distance: int) -> Samples:
        """The block as it is while its device is true to the clock, else resampled to stay with it."""
        assert self._end is not None
        held = 0.0 if self._resampler is None else self._resampler.held
        stretch = self._drift.stretch((distance - held) / SAMPLE_RATE, len(block) / SAMPLE_RATE)
        if stretch is None:
            return block
        if self._resampler is None:
            past: Samples = np.zeros((HALF, 2), np.float32)
            self._copy(self._end - HALF, past)
            self._resampler = Resampler(past)
        return self._resampler.push(block, stretch)

    def _copy(self, first: int, block: Samples) -> None:
        """Fill what there is of the samples from ``first`` on into a block of zeros."""
        if self._end is None:
            return
        begin, stop = max(first, self._end - _CAPACITY), min(first + len(block), self._end)
        if begin < stop:
            at, head = begin % _CAPACITY, begin - first
            straight = min(stop - begin, _CAPACITY - at)
            block[head : head + straight] = self._ring[at : at + straight]
            block[head + straight : stop - first] = self._ring[: stop - begin - straight]

    def _jump(self, first: int, stop: int) -> None:
        """Silence what lies between the old end and the new block, or what the new block takes back."""
        assert self._end is not None
        if first > self._end:
            self._silence(self._end, first)
        elif stop < self._end:
            self._silence(stop, self._end)

    def _silence(self, first: int, stop: int) -> None:
        if stop - first >= _CAPACITY:
            self._ring[:] = 0.0
            return
        at, count = first % _CAPACITY, stop - first
        straight = min(count, _CAPACITY - at)
        self._ring[at : at + straight] = 0.0
        self._ring[: count - straight] = 0.0

    def _put(self, first: int, block: Samples) -> None:
        if len(block) > _CAPACITY:
            first, block = first + len(block) - _CAPACITY, block[-_CAPACITY:]
        at = first % _CAPACITY
        straight = min(len(block), _CAPACITY - at)
        self._ring[at : at + straight] = block[:straight]
        self._ring[: len(block) - straight] = block[straight:]
