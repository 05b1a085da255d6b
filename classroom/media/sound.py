"""The sound mixer: all inputs, each with its gain, into one programme of 20 ms blocks, by the clock.

Picture and sound have to leave equally late after they happened, because browsers align them by the sender reports,
and those say when a packet was sent, not when it was heard or seen. A picture waits for the next tick (half a tick,
17 ms, on average), then for composing and encoding (5 to 15 ms), after a camera that takes 20 to 60 ms of its own
before anybody can stamp it. Sound is mixed 28 ms after its first sample was heard: the 20 ms of the block, 5 ms that
the limiter looks ahead, and 3 ms for handing it over. With pictures that need no camera it leaves about 10 ms after the
picture, with a camera some 20 ms before; a browser holds it back by another 40 ms or more. A microphone that delivers
later than that is read later, by as much as it needs and no more.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np

from classroom.common.clock import Clock
from classroom.common.errors import CommandError
from classroom.common.limited_log import LimitedLog
from classroom.common.sentences import Wording
from classroom.lesson.audio import BOUNDS
from classroom.media.channel import METER, Channel, SoundInput
from classroom.media.ducking import SPEECH_DB, Ducking
from classroom.media.frames import SAMPLE_RATE, Samples
from classroom.media.level import Level, combine, measure
from classroom.media.limiter import LOOK_AHEAD, Limiter
from classroom.media.side_mix import HeardInput, SideMix
from classroom.media.sound_buffer import sample_index
from classroom.media.timing import Timings, wait_until
from classroom.media.worker import Lease, Worker

__all__ = ["BLOCK", "BLOCK_SECONDS", "DELAY", "SoundInput", "SoundMixer"]

_log = logging.getLogger(__name__)

BLOCK: Final = 960
"""Samples in a block."""

BLOCK_SECONDS: Final = BLOCK / SAMPLE_RATE

DELAY: Final = 0.028
"""Seconds from the first sample of a block to its mixing."""

_PATIENCE: Final = 0.2
"""A mixer this late gives up the blocks between and continues with the present."""

_RANGE = Wording("audio.range", "'{key}' is {low} to {high} {unit}.")
_NO_DUCKING = Wording("audio.no_ducking", "A microphone cannot be ducked: the other inputs are lowered for it.")
_NOT_ON_AIR = Wording("audio.not_on_air", "Only the sound of a source can be heard while that is on air.")


class SoundMixer:
    """Mixes the inputs into 20 ms blocks of 48 kHz stereo, in a thread of its own.

    Block k holds the samples from ``zero`` + k × 20 ms on and is handed to ``deliver(block, pts, captured)`` in that
    thread, 28 ms later: pts counts samples from ``zero``, ``captured`` is the clock second of its first sample.
    ``shares`` is how much of each source is on air at a clock second, from 0 to 1, for the inputs that follow one;
    it is called in that thread. Without it all inputs are heard. ``worker`` keeps the thread, and is to be looked at
    ten times a second; ``changes_hands`` is called before another thread takes the place of one that hangs or ended.
    """

    def __init__(
        self,
        *,
        inputs: Mapping[str, SoundInput],
        clock: Clock,
        deliver: Callable[[Samples, int, float], None],
        shares: Callable[[float], Mapping[str, float]] | None = None,
        changes_hands: Callable[[], None] = lambda: None,
    ) -> None:
        self._changes_hands = changes_hands
        self._channels = {name: Channel(setting) for name, setting in inputs.items()}
        self._clock = clock
        self._deliver = deliver
        self._shares = shares
        self._ducking = Ducking()
        self._limiter = Limiter()
        self._side_mixes: tuple[SideMix, ...] = ()
        self._total: Samples = np.zeros((BLOCK, 2), np.float32)
        self._heard: list[HeardInput] = []
        self._next: int | None = None
        self._program: deque[Level] = deque(maxlen=METER)
        self._zero = 0.0
        self._block = 0
        self._stop = threading.Event()
        self._limited = LimitedLog(_log, now=clock.now)
        self.worker = Worker("sound mixer", self._run, self._start_over)
        self.timings = Timings()
        self.skipped = 0

    @property
    def inputs(self) -> dict[str, SoundInput]:
        """The inputs as they are set now."""
        return {name: channel.setting for name, channel in self._channels.items()}

    def set_audio(self, name: str, **changes: Any) -> None:
        """Change settings of an input (those of ``AudioSettings``) from the next block on, without a click.

        None leaves a setting as it is. CommandError for an unknown name, for a value out of its bounds, and for what
        this input cannot do.
        """
        if name not in self._channels:
            raise CommandError.unknown("input", name, list(self._channels))
        channel = self._channels[name]
        setting = replace(channel.setting, **{key: value for key, value in changes.items() if value is not None})
        _refuse_impossible(setting, [key for key, value in changes.items() if value is not None])
        channel.setting = setting

    def replace(self, inputs: Mapping[str, SoundInput]) -> None:
        """Take other inputs from the next block on; one of the same name and buffer continues without a gap."""
        channels = {}
        for name, setting in inputs.items():
            channel = self._channels.get(name)
            if channel is None or channel.setting.buffer is not setting.buffer:
                channel = Channel(setting)
            channel.setting = setting
            channels[name] = channel
        # As one value: the mixer's thread has all of the old ones or all of the new ones.
        self._channels = channels

    def attach(self, mix: SideMix) -> None:
        """Make another mix too, from the next block on."""
        mix.start_over()
        self._side_mixes = (*self._side_mixes, mix)

    def detach(self, mix: SideMix) -> None:
        """Make that mix no more."""
        self._side_mixes = tuple(each for each in self._side_mixes if each is not mix)

    def levels(self) -> dict[str, Level]:
        """The level of every input (with its gain, even when muted) and of ``program`` over the last 100 ms."""
        levels = {name: channel.level for name, channel in self._channels.items()}
        return levels | {"program": combine(list(self._program))}

    def late(self) -> dict[str, float]:
        """By how many seconds each input is heard later than the others because its device is late."""
        return {name: channel.lag / SAMPLE_RATE for name, channel in self._channels.items()}

    @property
    def blocks(self) -> tuple[int, int]:
        """How many blocks were mixed and lost so far."""
        return self._block - self.skipped, self.skipped

    def clipped(self) -> dict[str, int]:
        """How many blocks of each input reached full scale so far, as they came or by their gain, before the limiter.

        It only grows; an input whose number grows for a while is distorted.
        """
        return {name: channel.clipped for name, channel in self._channels.items()}

    def start(self, zero: float) -> None:
        """Start mixing at the clock second ``zero``."""
        self._zero = zero
        self.worker.start()

    def stop(self, timeout: float = 2.0) -> bool:
        """End the thread; False when it did not end in time. May be called when it never started."""
        self.worker.stop()
        self._stop.set()
        return self.worker.join(timeout)

    def mix(self, first: int) -> Samples:
        """The program's block from the sample index ``first`` (of the clock) on."""
        if first != self._next:
            # The limiter has to know what comes before the first block, and after a gap, too.
            self._limiter = Limiter()
            self._limiter.push(self._sum(first, LOOK_AHEAD)[0])
            for mix in self._side_mixes:
                mix.start_over()
        self._next = first + BLOCK
        total, self._heard = self._sum(first + LOOK_AHEAD, BLOCK)
        self._total = total
        block = self._limiter.push(total)
        self._program.append(measure(block))
        return block

    def mix_beside(self, mix: SideMix) -> Samples:
        """The block of another mix, for the same time as the program's block that was mixed last."""
        return mix.push(self._total, self._heard)

    def _sum(self, first: int, count: int) -> tuple[Samples, list[HeardInput]]:
        """All inputs from a sample on, as they are heard, and each of them."""
        read = [(channel, channel.read(first, count)) for channel in self._channels.values()]
        speaking = any(
            channel.setting.speech and not channel.setting.muted and channel.newest.rms_db > SPEECH_DB
            for channel, _ in read
        )
        depth = self._ducking.advance(count / SAMPLE_RATE, speaking=speaking)
        shares = None if self._shares is None else self._shares((first + count) / SAMPLE_RATE)
        total: Samples = np.zeros((count, 2), np.float32)
        heard: list[HeardInput] = []
        for channel, block in read:
            follows = channel.setting.follows
            share = 1.0 if shares is None or follows is None else shares.get(follows, 0.0)
            heard.append(HeardInput(channel.setting, channel.heard(block, share, depth)))
            total += heard[-1].samples
        return total, heard

    def _deliver_beside(self, pts: int, captured: float) -> None:
        """Make and deliver the other mixes; a fault in one costs neither the program nor the others."""
        for mix in self._side_mixes:
            try:
                mix.deliver(self.mix_beside(mix), pts, captured)
            except Exception as error:  # noqa: BLE001 - as for the program's own block
                self._limited.warn("A mix beside the program failed: %s: %s", type(error).__name__, error, fault=error)

    def _run(self, lease: Lease) -> None:
        origin = sample_index(self._zero)
        while lease.current and wait_until(self._clock, self._due(self._block), self._stop):
            began = self._clock.now()
            if began - self._due(self._block) > _PATIENCE:
                present = int((began - self._zero - DELAY) / BLOCK_SECONDS)
                lost = present - self._block
                self._limited.warn("The sound mixer was held up; %d ms of sound are lost.", lost * 20)
                self.skipped += lost
                self._block = present
            lease.piece = number = self._block
            captured = self._zero + number * BLOCK_SECONDS
            try:
                block = self.mix(origin + number * BLOCK)
                if lease.current:
                    self._deliver(block, number * BLOCK, captured)
                    self._deliver_beside(number * BLOCK, captured)
            except Exception as error:  # noqa: BLE001 - logged, and silence for 20 ms is better than lasting silence
                self._limited.warn(
                    "A block of sound could not be mixed: %s: %s", type(error).__name__, error, fault=error
                )
            if lease.current:
                self._block = number + 1
            self.timings.add(self._clock.now() - began)

    def _start_over(self) -> None:
        """Take nothing over from the thread before, which may be in the middle of it."""
        channels = {name: Channel(channel.setting) for name, channel in self._channels.items()}
        for name, channel in channels.items():
            channel.clipped = self._channels[name].clipped
        self._channels = channels
        self._ducking, self._limiter, self._next = Ducking(), Limiter(), None
        for mix in self._side_mixes:
            mix.start_over()
        self._changes_hands()

    def _due(self, block: int) -> float:
        return self._zero + block * BLOCK_SECONDS + DELAY


def _refuse_impossible(setting: SoundInput, changed: Collection[str]) -> None:
    """CommandError for a changed value that is out of its bounds, or that this input cannot have."""
    for key, bounds in BOUNDS.items():
        # NaN is within no bounds.
        if key in changed and not bounds.low <= getattr(setting, key) <= bounds.high:
            raise CommandError.not_possible(
                _RANGE(key=key, low=f"{bounds.low:g}", high=f"{bounds.high:g}", unit=bounds.unit)
            )
    if "duck" in changed and setting.duck and setting.speech:
        raise CommandError.not_possible(_NO_DUCKING())
    if "heard" in changed and setting.heard == "on-air" and setting.source is None:
        raise CommandError.not_possible(_NOT_ON_AIR())
