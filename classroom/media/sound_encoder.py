"""The encoder of the program's sound; it runs in the sound mixer's thread, for a block of Opus costs 0.1 ms."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext

from classroom.common.clock import Clock
from classroom.media.frames import SAMPLE_RATE, SOUND_TIME_BASE, Encoded, Samples
from classroom.media.recovery import Recovery
from classroom.media.timing import Timings

__all__ = ["SoundEncoder"]

_log = logging.getLogger(__name__)

_EXPECTED_LOSS: Final = 10
"""Percent of sound packets that the Opus encoder is told get lost."""


class SoundEncoder:
    """Encodes the program's sound as Opus, 48 kHz stereo in 20 ms packets, while it is active.

    ``encode`` and ``publish`` run in the sound mixer's thread. Every packet can be decoded alone, so each is a key.
    """

    def __init__(self, *, bit_rate: int, clock: Clock, publish: Callable[[Encoded], None]) -> None:
        self._bit_rate = bit_rate
        self._clock = clock
        self._publish = publish
        self._context: AudioCodecContext | None = None
        self._epoch = 0  # how often another thread took over
        self._recovery = Recovery("opus", _log, clock)
        self.codec: Final = "opus"
        self.active = False
        self.timings = Timings()

    def key_frame(self) -> None:
        """Do nothing: a demand that is always fulfilled."""

    def activate(self) -> None:
        """Encode from the next block on."""
        self.active = True

    def deactivate(self) -> None:
        """Stop encoding with the next block."""
        self.active = False

    def encode(self, block: Samples, pts: int, captured: float) -> None:
        """Encode one block of 960 samples (pts in 1/48000 s) and publish its packet."""
        began = self._clock.now()
        if not self.active or self._recovery.blocked(began):
            self._context = None
            return
        epoch, context = self._epoch, self._context
        try:
            if context is None:
                context = self._open()
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(block).reshape(1, -1), format="flt", layout="stereo"
            )
            frame.sample_rate, frame.time_base, frame.pts = SAMPLE_RATE, SOUND_TIME_BASE, pts
            packets: list[av.Packet[Any]] = list(context.encode(frame))
        except Exception as error:  # noqa: BLE001 - any error costs a moment of sound and not the lesson
            if epoch == self._epoch:
                self._recovery.failed(error)
                self._context = None
            return
        if epoch != self._epoch:
            return
        self._context = context
        self.timings.add(self._clock.now() - began)
        self._recovery.worked()
        for packet in packets:
            # What a packet holds began before its block: libopus looks ahead, and its time stamps say so.
            ahead = 0 if packet.pts is None else pts - packet.pts
            self._publish(Encoded("opus", packet, True, captured - ahead / SAMPLE_RATE))

    def change_hands(self) -> None:
        """Start again in another thread, because the one that encoded hangs; the block it works at is dropped."""
        self._epoch += 1
        self._context = None

    def _open(self) -> AudioCodecContext:
        context = av.CodecContext.create("libopus", "w")
        context.sample_rate, context.layout, context.format = SAMPLE_RATE, "stereo", "flt"
        context.bit_rate, context.time_base = self._bit_rate, SOUND_TIME_BASE
        # "audio" looks 6.5 ms ahead, "lowdelay" 2.5 ms: 4 ms less are not worth the voice coder, which "lowdelay" lacks
        # and which makes speech intelligible when a bad connection forces the rate down.
        # In-band FEC (RFC 6716, section 2.1.7): each packet of speech carries the one before it as well, coarsely. What
        # is lost is then heard 23 dB above its error instead of 2. libopus does so in its voice coder, and takes that
        # when it expects losses; it costs 0.29 instead of 0.16 ms for 20 ms of sound, and music a little clearness.
        context.options = {
            "application": "audio",
            "frame_duration": "20",
            "vbr": "on",
            "fec": "1",
            "packet_loss": str(_EXPECTED_LOSS),
        }
        context.open()
        return context
