"""A device that records sound, through PortAudio: a microphone, or what hears the computer itself."""

from __future__ import annotations

import contextlib
import logging
import math
import queue
from collections.abc import Callable
from typing import Any, Final

import av
import numpy as np

from classroom.common.clock import Clock
from classroom.common.errors import DeviceError
from classroom.common.sentences import Wording
from classroom.media.frames import SAMPLE_RATE, Samples
from classroom.media.sources.portaudio import FoundMicrophone, PortAudio

__all__ = ["SoundDevice"]

log = logging.getLogger(__name__)

_BLOCK_SECONDS: Final = 0.01
_QUEUE: Final = 100
"""Blocks between PortAudio's thread and ours: one second."""

_WAIT: Final = 0.1

_CLOSED: Final = Wording(
    "device.closed",
    "The {noun} '{device}' cannot be opened. Close other programs that use it, and allow microphones in the system's "
    "privacy settings.",
)
_STOPPED: Final = Wording("device.stopped", "The {noun} '{device}' stopped. Plug it in again; retrying automatically.")


class SoundDevice:
    """Gives blocks in stereo at 48 kHz from any device: mono is on both sides, another rate is resampled.

    ``name`` is that of the source in the log, ``noun`` what sentences call the device. ``overruns`` counts how often
    sound was lost because this machine was late.
    """

    def __init__(self, *, name: str, noun: str, clock: Clock) -> None:
        self.overruns = 0
        self._name = name
        self._noun = noun
        self._clock = clock
        self._label = ""
        self._audio: PortAudio | None = None
        self._stream: Any = None
        self._resampler: av.AudioResampler | None = None
        self._rate = SAMPLE_RATE
        self._blocks: queue.Queue[tuple[Samples, float]] = queue.Queue(_QUEUE)
        self._heard = 0.0
        self._logged = 0
        self._look_again = False

    @property
    def label(self) -> str:
        """What the device is called that was opened last."""
        return self._label

    @property
    def quiet(self) -> float:
        """Seconds since the last block, or since it was opened."""
        return self._clock.now() - self._heard

    def open(self, audio: PortAudio, choose: Callable[[PortAudio], FoundMicrophone]) -> None:
        """Open the device that ``choose`` takes of those there are now; DeviceError when it cannot be opened."""
        fresh, self._look_again = self._look_again, True
        audio.begin(fresh=fresh)
        try:
            self._stream = self._open(audio, choose(audio))
        except BaseException:
            audio.end(self)
            raise
        self._audio = audio
        audio.opened(self)

    def read(self) -> tuple[Samples, float] | None:
        """The next block (n, 2) and the clock second at which it began; None after a moment without one.

        DeviceError when the device is gone.
        """
        try:
            samples, captured = self._blocks.get(timeout=_WAIT)
        except queue.Empty:
            stream = self._stream
            if stream is None or not stream.active:
                # It may be closed only for as long as devices are listed again.
                with self._audio.undisturbed() if self._audio is not None else contextlib.nullcontext():
                    if self._stream is None or not self._stream.active:
                        raise self.stopped() from None
            return None
        self._heard = self._clock.now()
        if self.overruns > self._logged:
            log.warning("%s lost sound: %d overruns so far; this machine is too busy", self._name, self.overruns)
            # Not again before the number has doubled, so that a bad day does not fill the log.
            self._logged = self.overruns * 2
        return self._stereo(samples), captured

    def close(self) -> None:
        """Close the device; does nothing where it is not open."""
        audio, self._audio = self._audio, None
        if audio is not None:
            with audio.undisturbed():
                stream, self._stream = self._stream, None
                try:
                    if stream is not None:
                        audio.close(stream)
                finally:
                    audio.end(self)

    def suspend(self) -> None:
        """Close the stream for a moment, while devices are listed again."""
        stream, self._stream = self._stream, None
        if self._audio is not None and stream is not None:
            self._audio.close(stream)

    def resume(self) -> None:
        """Open the same device again after that, with its new number; ``read`` raises where it is gone."""
        if self._audio is None:
            return
        found = self._audio.exactly(self._label)
        if found is None:
            return
        try:
            self._stream = self._stream_of(self._audio, found)
        except self._audio.error as error:
            log.warning("%s could not be opened again: %s", self._name, error)

    def _open(self, audio: PortAudio, found: FoundMicrophone) -> Any:
        self._label = found.label
        channels = min(2, found.channels)
        self._rate = SAMPLE_RATE if audio.accepts(found, channels, SAMPLE_RATE) else int(found.rate)
        self._resampler = (
            None if self._rate == SAMPLE_RATE else av.AudioResampler(format="flt", layout="stereo", rate=SAMPLE_RATE)
        )
        self._blocks = queue.Queue(_QUEUE)
        self._heard = self._clock.now()
        try:
            return self._stream_of(audio, found)
        except audio.error as error:
            raise DeviceError(_CLOSED(noun=self._noun, device=self._label)) from error

    def _stream_of(self, audio: PortAudio, found: FoundMicrophone) -> Any:
        channels = min(2, found.channels)
        return audio.open(found, channels, self._rate, round(self._rate * _BLOCK_SECONDS), self._take)

    def stopped(self) -> DeviceError:
        """What to say of a device that gives nothing any more."""
        return DeviceError(_STOPPED(noun=self._noun, device=self._label))

    def _take(self, data: Any, frames: int, time: Any, status: Any) -> None:
        """Called by PortAudio's thread with each block: only puts it aside, since being late here loses sound."""
        now = self._clock.now()
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
