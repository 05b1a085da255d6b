"""The sound mixer: all inputs, each with its gain, into one programme of 20 ms blocks, by the clock.

Picture and sound have to leave equally late after they happened, because browsers align them by the sender reports,
and those say when a packet was sent, not when it was heard or seen. A picture waits for the next tick (half a tick,
17 ms, on average), then for composing and encoding (5 to 15 ms), after a camera that takes 20 to 60 ms of its own
before anybody can stamp it. Sound is mixed 30 ms after its first sample was heard. With pictures that need no camera it
leaves about 10 ms after the picture, with a camera some 20 ms before. A microphone that delivers later than that is
read later, by as much as it needs and no more.
"""

from __future__ import annotations

import logging
import math
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from classroom.clock import Clock
from classroom.errors import CommandError
from classroom.media.frames import SAMPLE_RATE, Samples
from classroom.media.level import FLOOR_DB, SILENCE, Level, factor, measure
from classroom.media.sound_buffer import SoundBuffer, sample_index
from classroom.media.timing import Timings, wait_until

__all__ = ["BLOCK", "BLOCK_SECONDS", "DELAY", "SoundInput", "SoundMixer"]

_log = logging.getLogger(__name__)

BLOCK: Final = 960
"""Samples in a block."""

BLOCK_SECONDS: Final = BLOCK / SAMPLE_RATE

DELAY: Final = 0.030
"""Seconds from the first sample of a block to its mixing."""

_PATIENCE: Final = 0.2
"""A mixer this late gives up the blocks between and goes on with the present."""

_LONGEST_LAG: Final = SAMPLE_RATE // 8
"""An input is read at most this much later than the others: 125 ms, where lips and voice begin to part."""

_RESERVE: Final = SAMPLE_RATE // 200
"""How much earlier than needed a late input's sound should be there: 5 ms."""

_TRIAL: Final = 500
"""Blocks (10 s) in which a lag must have been too long before it is shortened."""

_KNEE: Final = 0.9
"""Amplitude from which on the program is limited softly; below, it is untouched."""

_METER: Final = 5
"""Blocks in a level: 100 ms, so that a page that looks ten times a second misses no peak."""


@dataclass(frozen=True, slots=True)
class SoundInput:
    """One input of the program's sound: where it comes from, its gain in dB, and whether it is muted."""

    buffer: SoundBuffer
    gain: float = 0.0
    muted: bool = False


class _Channel:
    """An input while it is mixed."""

    def __init__(self, setting: SoundInput) -> None:
        self.setting = setting
        self.lag = 0
        self.levels: deque[Level] = deque(maxlen=_METER)
        self._shortages = 0.0
        self._end: float | None = None
        self._spare: list[int] = []
        self._gain = factor(setting.gain)
        self._open = 0.0 if setting.muted else 1.0

    def take(self, first: int) -> Samples:
        """The block from sample ``first`` on, with gain, and faded where gain or mute were changed."""
        setting = self.setting
        block = self._read(setting.buffer, first)
        gain, opened = factor(setting.gain), 0.0 if setting.muted else 1.0
        block = _ramp(block, self._gain, gain)
        # Measured before the mute: a teacher must see that the microphone would work.
        self.levels.append(measure(block))
        block = _ramp(block, self._open, opened)
        self._gain, self._open = gain, opened
        return block

    def _read(self, buffer: SoundBuffer, first: int) -> Samples:
        before = self.lag
        self._follow(buffer, first)
        block = buffer.read_at(first - self.lag, BLOCK)
        return (
            block
            if before == self.lag
            else _ramp(buffer.read_at(first - before, BLOCK), 1.0, 0.0) + _ramp(block, 0.0, 1.0)
        )

    def _follow(self, buffer: SoundBuffer, first: int) -> None:
        """Read a device that often delivers too late a little later, instead of cutting the ends of blocks off.

        One that delivers nothing any more is not late, and one that was lost begins anew.
        """
        before, self._end = self._end, buffer.end
        if self._end is None:
            self.lag, self._shortages, self._spare = 0, 0.0, []
            return
        spare = sample_index(self._end) - (first + BLOCK - self.lag)
        if spare < 0:
            if self._end != before:
                self._shortages += 1
            if self._shortages >= 3 and self._end != before:
                self.lag = min(_LONGEST_LAG, self.lag - spare + _RESERVE)
                self._shortages, self._spare = 0.0, []
            return
        self._shortages = max(0.0, self._shortages - 0.05)
        if not self.lag:
            return
        self._spare.append(spare)
        if len(self._spare) >= _TRIAL:
            if min(self._spare) > 3 * _RESERVE:
                self.lag = max(0, self.lag - min(self._spare) + _RESERVE)
            self._spare = []


class SoundMixer:
    """Mixes the inputs into 20 ms blocks of 48 kHz stereo, in a thread of its own.

    Block k holds the samples from ``zero`` + k × 20 ms on and is handed to ``deliver(block, pts, captured)`` in that
    thread, 40 ms later: pts counts samples from ``zero``, ``captured`` is the clock second of its first sample.
    """

    def __init__(
        self, *, inputs: Mapping[str, SoundInput], clock: Clock, deliver: Callable[[Samples, int, float], None]
    ) -> None:
        self._channels = {name: _Channel(setting) for name, setting in inputs.items()}
        self._clock = clock
        self._deliver = deliver
        self._program: deque[Level] = deque(maxlen=_METER)
        self._zero = 0.0
        self._block = 0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.timings = Timings()
        self.skipped = 0

    @property
    def inputs(self) -> dict[str, SoundInput]:
        """The inputs as they are set now."""
        return {name: channel.setting for name, channel in self._channels.items()}

    def set_audio(self, name: str, *, gain: float | None = None, muted: bool | None = None) -> None:
        """Change an input from the next block on, without a click. An unknown name raises CommandError."""
        if name not in self._channels:
            raise CommandError.unknown("input", name, list(self._channels))
        if gain is not None and not math.isfinite(gain):
            raise CommandError.not_possible("A gain is a number of decibels.")
        channel = self._channels[name]
        old = channel.setting
        channel.setting = replace(
            old, gain=old.gain if gain is None else gain, muted=old.muted if muted is None else muted
        )

    def levels(self) -> dict[str, Level]:
        """The level of every input (with its gain, even when muted) and of ``program`` over the last 100 ms."""
        levels = {name: _combine(list(channel.levels)) for name, channel in self._channels.items()}
        return levels | {"program": _combine(list(self._program))}

    def start(self, zero: float) -> None:
        """Start mixing at the clock second ``zero``."""
        self._zero = zero
        self._thread = threading.Thread(target=self._run, name="sound mixer", daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 2.0) -> bool:
        """End the thread; False when it did not end in time. May be called when it never started."""
        self._stop.set()
        if self._thread is None:
            return True
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def mix(self, first: int) -> Samples:
        """The program's block from the sample index ``first`` (of the clock) on, within ±1."""
        total: Samples = np.zeros((BLOCK, 2), np.float32)
        for channel in self._channels.values():
            total += channel.take(first)
        block = _limit(total)
        self._program.append(measure(block))
        return block

    def _run(self) -> None:
        origin = sample_index(self._zero)
        while wait_until(self._clock, self._due(self._block), self._stop):
            began = self._clock.now()
            if began - self._due(self._block) > _PATIENCE:
                present = int((began - self._zero - DELAY) / BLOCK_SECONDS)
                _log.warning("The sound mixer was held up; %d ms of sound are lost.", (present - self._block) * 20)
                self.skipped += present - self._block
                self._block = present
            captured = self._zero + self._block * BLOCK_SECONDS
            self._deliver(self.mix(origin + self._block * BLOCK), self._block * BLOCK, captured)
            self._block += 1
            self.timings.add(self._clock.now() - began)

    def _due(self, block: int) -> float:
        return self._zero + block * BLOCK_SECONDS + DELAY


def _ramp(block: Samples, before: float, after: float) -> Samples:
    if before == after:
        return block if after == 1.0 else block * np.float32(after)
    return block * np.linspace(before, after, len(block), dtype=np.float32)[:, None]


def _limit(block: Samples) -> Samples:
    """Bend what is louder than the knee so that it never exceeds full scale: no wrap-around, no hard clipping."""
    size = np.abs(block)
    if float(size.max(initial=0.0)) <= _KNEE:
        return block
    bent = _KNEE + (1.0 - _KNEE) * np.tanh((size - _KNEE) / (1.0 - _KNEE))
    return np.where(size > _KNEE, np.copysign(bent, block), block).astype(np.float32)


def _combine(levels: list[Level]) -> Level:
    if not levels:
        return SILENCE
    power = sum(10 ** (level.rms_db / 10) for level in levels) / len(levels)
    return Level(max(level.peak_db for level in levels), max(FLOOR_DB, 10 * math.log10(power)))
