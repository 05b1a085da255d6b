"""A program of one source on a clock that runs as fast as the machine can: minutes of a lesson in a second.

The source, the sound mixer and the encoders are the real ones. Whenever the source waits, the clock is moved on, and
what the program owes until then is made, encoded and decoded again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from fractions import Fraction
from typing import Final

import av

from classroom.common.clock import ManualClock
from classroom.media.codecs import VideoSettings, open_video
from classroom.media.sound import BLOCK, BLOCK_SECONDS, DELAY, SoundInput, SoundMixer
from classroom.media.sound_buffer import sample_index
from classroom.media.sound_encoder import SoundEncoder
from classroom.media.sources.base import Source
from tests.support.senses import Ear, Eye

__all__ = ["FPS", "SIZE", "VirtualProgram"]

SIZE: Final = (64, 36)
"""Of the program, and of the source: its pictures are encoded as they are."""

FPS: Final = 30
_ZERO: Final = 100.0


class VirtualProgram:
    """Runs one source; ``eye`` and ``ear`` know what was seen and heard of it."""

    def __init__(self, make: Callable[[ManualClock], Source]) -> None:
        self._clock = ManualClock(_ZERO)
        self.source = make(self._clock)
        self.source.interrupted = _Waits(self._advance)
        assert self.source.sound is not None
        self._mixer = SoundMixer(
            inputs={"source": SoundInput(self.source.sound)}, clock=self._clock, deliver=lambda *_: None
        )
        self.eye, self.ear = Eye(), Ear()
        self._video = open_video("h264", VideoSettings(SIZE, FPS, 500_000))
        self._sound = SoundEncoder(
            bit_rate=96_000, clock=self._clock, publish=lambda encoded: self.ear.hear(encoded.packet)
        )
        self._sound.activate()
        self._tick = self._block = 0
        self._takes: list[float] = []

    def play(self, seconds: float, takes: tuple[float, ...] = ()) -> None:
        """Play so many seconds. At each of ``takes`` the source comes on air or leaves it; without, it is on air."""
        self._takes = list(takes)
        if not takes:
            self.source.on_air_since = self._clock.now()
        self.source.open()
        while self._clock.now() < _ZERO + seconds:
            self.source.read()
        self.source.close()

    def _advance(self, seconds: float) -> None:
        end = self._clock.now() + seconds
        while (due := min(self._tick_due(), self._block_due())) <= end:
            self._move(due)
            if due == self._tick_due():
                self._make_picture()
            else:
                first = sample_index(_ZERO) + self._block * BLOCK
                self._sound.encode(self._mixer.mix(first), self._block * BLOCK, _ZERO + self._block * BLOCK_SECONDS)
                self._block += 1
        self._move(end)

    def _move(self, instant: float) -> None:
        self._clock.advance(max(0.0, instant - self._clock.now()))
        while self._takes and self._clock.now() >= _ZERO + self._takes[0]:
            del self._takes[0]
            self.source.on_air_since = self._clock.now() if self.source.on_air_since is None else None

    def _make_picture(self) -> None:
        assert self.source.picture is not None
        newest = self.source.picture.newest()
        if newest is not None:
            # A copy, for it gets another time.
            frame = av.VideoFrame.from_ndarray(newest.frame.to_ndarray(format="yuv420p"), "yuv420p")
            frame.pts, frame.time_base = self._tick * 90_000 // FPS, Fraction(1, 90_000)
            for packet in self._video.encode(frame):
                self.eye.look(packet)
        self._tick += 1

    def _tick_due(self) -> float:
        return _ZERO + self._tick / FPS

    def _block_due(self) -> float:
        return _ZERO + self._block * BLOCK_SECONDS + DELAY


class _Waits(threading.Event):
    """In the place of a source's ``interrupted``: who waits for it moves the clock."""

    def __init__(self, advance: Callable[[float], None]) -> None:
        super().__init__()
        self._advance = advance

    def wait(self, timeout: float | None = None) -> bool:
        """Let the time pass; nobody interrupts."""
        assert timeout is not None
        self._advance(timeout)
        return False
