"""One input of the program's sound while it is mixed: when it is read, how loud it is, and what its meter shows."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np

from classroom.lesson.audio import AudioSettings
from classroom.media.frames import SAMPLE_RATE, Samples
from classroom.media.level import SILENCE, Level, combine, factor, measure
from classroom.media.sound_buffer import SoundBuffer, sample_index

__all__ = ["METER", "USUAL_LAG", "Channel", "SoundInput"]

METER: Final = 5
"""Blocks in a level: 100 ms, so that a page that looks ten times a second misses no peak."""

USUAL_LAG: Final = SAMPLE_RATE // 8
"""Samples by which an input is read later than the others as soon as it needs to be: 125 ms, the limit of lip sync."""

_LONGEST_LAG: Final = SAMPLE_RATE
"""Samples at most, where it is always late, such as with some wireless headsets and sound servers. Late is better than
never, and sound that seems older than a second does not come from a device."""

_ALWAYS_LATE: Final = 25
"""Blocks without sound that was in time, half a second of them, after which an input counts as always late."""

_RESERVE: Final = SAMPLE_RATE // 200
"""How much earlier than needed a late input's sound should be there: 5 ms."""

_TRIAL: Final = 500
"""Blocks (10 s) in which a lag must have been too long before it is shortened."""

_CLIPPED_DB: Final = -0.1
"""A peak from here on was cut off, or will be: a converter has nothing above full scale."""


@dataclass(frozen=True, slots=True)
class SoundInput(AudioSettings):
    """One input of the program's sound: where it comes from and how it is heard.

    While somebody speaks into one that is ``speech``, the others are lower by their ``duck``. ``source`` is the name of
    the source whose sound it is, None for a device of its own.
    """

    buffer: SoundBuffer
    speech: bool = False
    source: str | None = None

    @property
    def follows(self) -> str | None:
        """The source that has to be on air for it to be heard; None where it is always heard."""
        return self.source if self.heard == "on-air" else None


class Channel:
    """An input while it is mixed. Belongs to the mixer's thread; ``setting`` may be replaced by any.

    ``clipped`` counts the blocks that reached full scale (-0.1 dBFS), as their device gave them or by their gain.
    """

    def __init__(self, setting: SoundInput) -> None:
        self.setting = setting
        self.lag = 0
        self.clipped = 0
        self.newest = SILENCE
        self._levels: deque[Level] = deque(maxlen=METER)
        self._shortages = 0.0
        self._late = 0
        self._end: float | None = None
        self._spare: list[int] = []
        self._gain = factor(setting.gain)
        self._shift = _samples(setting.delay)
        self._open: float | None = None

    @property
    def level(self) -> Level:
        """The level over the last 100 ms with the gain, also of what is not heard."""
        return combine(list(self._levels))

    def read(self, first: int, count: int) -> Samples:
        """The samples from ``first`` on that belong to this instant, with the gain."""
        setting = self.setting
        block = self._at_its_time(setting, first, count)
        peak = float(np.abs(block).max(initial=0.0))
        gain = factor(setting.gain)
        block = ramp(block, self._gain, gain)
        # Measured before anything silences it: a teacher must see that a muted microphone would work.
        self.newest = measure(block)
        self._levels.append(self.newest)
        if max(peak, peak * gain) >= factor(_CLIPPED_DB):
            self.clipped += 1
        self._gain = gain
        return block

    def heard(self, block: Samples, share: float, depth: float) -> Samples:
        """What of the block goes into the program: ``share`` of it, none when muted, lower by ``depth`` ducked."""
        setting = self.setting
        opened = 0.0 if setting.muted else share * factor(-setting.duck * depth)
        block = ramp(block, opened if self._open is None else self._open, opened)
        self._open = opened
        return block

    def _at_its_time(self, setting: SoundInput, first: int, count: int) -> Samples:
        before = self._shift
        delay = _samples(setting.delay)
        self._follow(setting.buffer, first + count - delay)
        self._shift = delay + self.lag
        block = setting.buffer.read_at(first - self._shift, count)
        if before == self._shift:
            return block
        return ramp(setting.buffer.read_at(first - before, count), 1.0, 0.0) + ramp(block, 0.0, 1.0)

    def _follow(self, buffer: SoundBuffer, stop: int) -> None:
        """Read a device that often delivers too late a little later, instead of cutting the ends of blocks off.

        ``stop`` is the end of what would be read without that. A device that delivers nothing any more is not late,
        and one that was lost starts again.
        """
        before, self._end = self._end, buffer.end
        if self._end is None:
            self.lag, self._shortages, self._late, self._spare = 0, 0.0, 0, []
            return
        spare = sample_index(self._end) - (stop - self.lag)
        if spare < 0:
            if self._end != before:
                self._shortages += 1
                self._late += 1
            if self._shortages >= 3 and self._end != before:
                most = _LONGEST_LAG if self._late >= _ALWAYS_LATE else max(self.lag, USUAL_LAG)
                self.lag = min(most, self.lag - spare + _RESERVE)
                self._shortages, self._spare = 0.0, []
            return
        self._late = 0
        self._shortages = max(0.0, self._shortages - 0.05)
        if not self.lag:
            return
        self._spare.append(spare)
        if len(self._spare) >= _TRIAL:
            if min(self._spare) > 3 * _RESERVE:
                self.lag = max(0, self.lag - min(self._spare) + _RESERVE)
            self._spare = []


def ramp(block: Samples, before: float, after: float) -> Samples:
    """The block times a factor that goes evenly from one value to the other."""
    if before == after:
        return block if after == 1.0 else block * np.float32(after)
    return block * np.linspace(before, after, len(block), dtype=np.float32)[:, None]


def _samples(milliseconds: float) -> int:
    return round(milliseconds * SAMPLE_RATE / 1000)
