"""A microphone, through PortAudio."""

from __future__ import annotations

import logging
import math
import queue
from typing import Any, Final

import av
import numpy as np

from classroom.clock import Clock
from classroom.errors import DeviceError
from classroom.media.frames import SAMPLE_RATE, Samples
from classroom.media.sources.base import Source
from classroom.media.sources.portaudio import PortAudio

__all__ = ["Microphone"]

log = logging.getLogger(__name__)

_BLOCK_SECONDS: Final = 0.01
_QUEUE: Final = 100
"""Blocks between PortAudio's thread and ours: one second."""

_BUNCHES: Final = 10.0
"""How often a second sound comes at least: some sound systems hand over several blocks at once."""

_WAIT: Final = 0.1
_SILENCE: Final = 2.0
"""Seconds without a block after which a microphone counts as lost: a quiet room still gives blocks of zeros."""


class Microphone(Source):
    """A microphone by its name or ``default``, at 48 kHz; mono sounds on both sides.

    A device that only runs at another rate is resampled. ``overruns`` counts how often sound was lost because this
    machine was late.
    """

    kind = "microphone"

    def __init__(self, *, name: str, clock: Clock, device: str = "default") -> None:
        super().__init__(name=name, clock=clock, sound=True)
        self.overruns = 0
        self.expected_rate = _BUNCHES
        self._device = device
        self._label = device
        self._audio: PortAudio | None = None
        self._stream: Any = None
        self._resampler: av.AudioResampler | None = None
        self._rate = SAMPLE_RATE
        self._blocks: queue.Queue[tuple[Samples, float]] = queue.Queue(_QUEUE)
        self._heard = 0.0
        self._logged = 0
        self._look_again = False

    def open(self) -> None:
        """Open the device; DeviceError when there is none, or PortAudio is missing."""
        audio = PortAudio()
        if self._look_again:
            audio.list_anew()
        self._look_again = True
        found = audio.choose(self._device)
        self._label = found.label
        channels = min(2, found.channels)
        self._rate = SAMPLE_RATE if audio.accepts(found, channels, SAMPLE_RATE) else int(found.rate)
        self._resampler = (
            None if self._rate == SAMPLE_RATE else av.AudioResampler(format="flt", layout="stereo", rate=SAMPLE_RATE)
        )
        self._blocks = queue.Queue(_QUEUE)
        self._heard = self.clock.now()
        try:
            self._stream = audio.open(found, channels, self._rate, round(self._rate * _BLOCK_SECONDS), self._take)
        except audio.error as error:
            raise DeviceError(
                f"The microphone '{self._label}' cannot be opened. Close other programs that use it, and allow "
                "microphones in the system's privacy settings."
            ) from error
        self._audio = audio

    def read(self) -> None:
        """Write the next block that the device gave into the sound buffer."""
        assert self.sound is not None
        try:
            samples, captured = self._blocks.get(timeout=_WAIT)
        except queue.Empty:
            if not self._stream.active or self.clock.now() - self._heard > _SILENCE:
                raise DeviceError(
                    f"The microphone '{self._label}' stopped. Plug it in again; it is tried again."
                ) from None
            return
        self._heard = self.clock.now()
        self.sound.write(self._stereo(samples), captured)
        self.taken += 1
        if self.overruns > self._logged:
            log.warning("%s lost sound: %d overruns so far; this machine is too busy", self.name, self.overruns)
            # Not again before the number has doubled, so that a bad day does not fill the log.
            self._logged = self.overruns * 2

    def close(self) -> None:
        """Close the device."""
        audio, stream, self._stream = self._audio, self._stream, None
        if audio is not None and stream is not None:
            audio.close(stream)

    def _take(self, data: Any, frames: int, time: Any, status: Any) -> None:
        """Called by PortAudio's thread with each block: only puts it aside, since being late here loses sound."""
        now = self.clock.now()
        age = float(time.currentTime - time.inputBufferAdcTime)
        if not (math.isfinite(age) and 0.0 < age < 1.0):
            # Some drivers leave these times empty; the block then ended just now.
            age = frames / self._rate
        if status.input_overflow:
            self.overruns += 1
        try:
            self._blocks.put_nowait((np.array(data, dtype=np.float32), now - age))
        except queue.Full:
            self.overruns += 1

    def _stereo(self, samples: Samples) -> Samples:
        """The block with two channels at 48 kHz, from (n, 1) or (n, 2) at the device's rate."""
        if samples.shape[1] == 1:
            samples = np.repeat(samples, 2, axis=1)
        if self._resampler is None:
            return samples
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="flt", layout="stereo")
        frame.sample_rate = self._rate
        blocks = [np.asarray(out.to_ndarray(), np.float32).reshape(-1, 2) for out in self._resampler.resample(frame)]
        return np.concatenate(blocks) if blocks else np.zeros((0, 2), np.float32)
