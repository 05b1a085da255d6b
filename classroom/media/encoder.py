"""Encoders: each rendition is encoded once, for all who watch it, and only while somebody does.

``VideoEncoder`` has its own thread and an inbox for one picture: a late encoder skips pictures, it never queues them.
``SoundEncoder`` runs in the sound mixer's thread: a block of Opus costs 0.1 ms.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any, Final, Literal

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext

from classroom.clock import Clock
from classroom.media.codecs import VideoSettings, open_video
from classroom.media.frames import SAMPLE_RATE, SOUND_TIME_BASE, Encoded, Samples
from classroom.media.picture import ProgramPicture
from classroom.media.timing import Timings

__all__ = ["KEY_INTERVAL", "LEAST_SHARE", "SoundEncoder", "VideoEncoder"]

_log = logging.getLogger(__name__)

KEY_INTERVAL: Final = 1.0
"""Seconds between two key frames. More of them ruin the picture for those who watch: ten a second cost slides 19 dB."""

LEAST_SHARE: Final = 0.6
"""The share of its bit rate down to which an encoder goes when all who watch wish for less; then a tier is better."""

_RISE: Final = 0.1
"""The share of its bit rate by which an encoder rises in a second when somebody wishes for more again."""

_EXPECTED_LOSS: Final = 10
"""Percent of sound packets that the Opus encoder is told get lost."""

_ENCODER_ERRORS: Final = (av.error.FFmpegError, OSError, ValueError, MemoryError, RuntimeError)
_BACK_OFF: Final = (1.0, 2.0, 4.0, 10.0)

Publish = Callable[[Encoded], None]
Work = tuple[ProgramPicture, int, float]


class _Recovery:
    """When an encoder that failed may be tried again: after 1, 2, 4 and then every 10 seconds."""

    def __init__(self, codec: str) -> None:
        self._codec = codec
        self._failures = 0
        self._retry_at: float | None = None

    def blocked(self, now: float) -> bool:
        return self._retry_at is not None and now < self._retry_at

    def failed(self, error: Exception, now: float) -> None:
        pause = _BACK_OFF[min(self._failures, len(_BACK_OFF) - 1)]
        self._failures += 1
        self._retry_at = now + pause
        _log.error("The %s encoder failed and is tried again in %g s: %s", self._codec, pause, error)

    def worked(self) -> None:
        self._failures, self._retry_at = 0, None


class VideoEncoder:
    """Encodes the program's pictures in a thread of its own, while it is active.

    The first picture after ``activate`` is a key frame. ``publish`` is called in the encoder's thread. ``name`` says
    in the log which encoder it is.
    """

    def __init__(
        self,
        *,
        codec: Literal["h264", "vp8"],
        settings: VideoSettings,
        clock: Clock,
        publish: Publish,
        name: str | None = None,
    ) -> None:
        self.codec = codec
        self.name = name or codec
        self._settings = settings
        self._wish: float | None = None
        self._rate = float(settings.bit_rate)
        self._steered = 0.0
        self._clock = clock
        self._publish = publish
        self._changed = threading.Condition()
        self._inbox: Work | None = None
        self._active = False
        self._stopping = False
        self._key_wanted = False
        self._generation = 0  # how often it was activated
        self._opened = 0  # for which of those the codec was opened
        self._context: av.VideoCodecContext | None = None  # belongs to the thread
        self._last_key = float("-inf")
        self._thread: threading.Thread | None = None
        self._recovery = _Recovery(self.name)
        self.timings = Timings()
        self.encoded = 0
        self.skipped = 0

    @property
    def active(self) -> bool:
        """Whether somebody wants its packets."""
        return self._active

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the pictures that it takes."""
        return self._settings.size

    @property
    def bit_rate(self) -> int:
        """Bits a second it aims at now; fewer than its settings say only after a wish."""
        return round(self._rate)

    def start(self) -> None:
        """Start the thread; it sleeps until the encoder is active and has a picture."""
        self._thread = threading.Thread(target=self._run, name=f"{self.name} encoder", daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 2.0) -> bool:
        """End the thread; False when it did not end in time. May be called when it never started."""
        with self._changed:
            self._stopping = True
            self._active = False
            self._changed.notify()
        if self._thread is None:
            return True
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def activate(self) -> None:
        """Encode from the next picture on, beginning with a key frame."""
        with self._changed:
            if not self._active:
                self._active = True
                self._generation += 1

    def deactivate(self) -> None:
        """Stop encoding after the present picture and free the codec."""
        with self._changed:
            self._active = False
            self._inbox = None
            self._changed.notify()

    def key_frame(self) -> None:
        """Make the next picture a key frame, or the first one a second after the last; many calls become one."""
        self._key_wanted = True

    def wish(self, bit_rate: float | None) -> None:
        """Say with how many bits a second all who watch would be content; None is the full rate.

        Only H.264 follows, and it needs no key frame for it: at once when less is wished for, down to 60 % of its
        rate, and up by 10 % a second. libvpx would have to be opened anew, with a key frame.
        """
        self._wish = bit_rate

    def offer(self, picture: ProgramPicture, pts: int, captured: float) -> None:
        """Give the newest picture, of its size (pts in 1/90000 s); one that still waits is dropped. Never blocks."""
        with self._changed:
            if not self._active:
                return
            if self._inbox is not None:
                self.skipped += 1
            self._inbox = (picture, pts, captured)
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(self._has_something_to_do)
                if self._stopping:
                    break
                work, self._inbox, generation = self._inbox, None, self._generation
            if work is None or generation != self._opened:
                self._context = None  # nobody watches any more, or somebody new after nobody did
            if work is None or self._recovery.blocked(self._clock.now()):
                continue
            try:
                if self._context is None:
                    self._context = open_video(self.codec, self._settings)
                    self._opened, self._key_wanted, self._last_key = generation, True, float("-inf")
                    self._rate, self._steered = float(self._settings.bit_rate), work[2]
                self._encode(self._context, work)
            except _ENCODER_ERRORS as error:
                self._recovery.failed(error, self._clock.now())
                self._context = None
        self._context = None

    def _has_something_to_do(self) -> bool:
        return self._stopping or self._inbox is not None or (self._context is not None and not self._active)

    def _encode(self, context: av.VideoCodecContext, work: Work) -> None:
        picture, pts, captured = work
        began = self._clock.now()
        frame = picture.frame(pts)
        self._steer(context, captured)
        frame.time_base = context.time_base
        if self._key_wanted and captured - self._last_key >= KEY_INTERVAL:
            # Cleared before encoding: a demand from now on may be of somebody who comes too late for this one.
            self._key_wanted = False
            frame.pict_type = av.video.frame.PictureType.I
        packets = context.encode(frame)
        self.timings.add(self._clock.now() - began)
        self._recovery.worked()
        self.encoded += 1
        for packet in packets:
            if packet.is_keyframe:
                self._last_key = captured
            self._publish(Encoded(self.codec, packet, packet.is_keyframe, captured))

    def _steer(self, context: av.VideoCodecContext, now: float) -> None:
        """Follow the wish with the bit rate."""
        full = self._settings.bit_rate
        wish = full if self._wish is None else min(full, max(LEAST_SHARE * full, self._wish))
        since, self._steered = now - self._steered, now
        if self.codec != "h264" or wish == self._rate:
            return
        self._rate = min(wish, self._rate + _RISE * full * since)
        context.bit_rate = round(self._rate)


class SoundEncoder:
    """Encodes the program's sound as Opus, 48 kHz stereo in 20 ms packets, while it is active.

    ``encode`` and ``publish`` run in the sound mixer's thread. Every packet stands for itself, so each is a key.
    """

    def __init__(self, *, bit_rate: int, clock: Clock, publish: Publish) -> None:
        self._bit_rate = bit_rate
        self._clock = clock
        self._publish = publish
        self._context: AudioCodecContext | None = None
        self._recovery = _Recovery("opus")
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
        try:
            if self._context is None:
                self._context = self._open()
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(block).reshape(1, -1), format="flt", layout="stereo"
            )
            frame.sample_rate, frame.time_base, frame.pts = SAMPLE_RATE, SOUND_TIME_BASE, pts
            packets: list[av.Packet[Any]] = list(self._context.encode(frame))
        except _ENCODER_ERRORS as error:
            self._recovery.failed(error, began)
            self._context = None
            return
        self.timings.add(self._clock.now() - began)
        self._recovery.worked()
        for packet in packets:
            self._publish(Encoded("opus", packet, True, captured))

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
