"""Encoders of pictures: each rendition is encoded once for all its subscribers, and only while it has any.

An encoder has its own thread and an inbox for one picture: a late one skips pictures, it never queues them.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final, Literal

import av

from classroom.common.clock import Clock
from classroom.common.thread_priority import lower_priority
from classroom.media.codecs import VideoSettings, open_video
from classroom.media.frames import Encoded
from classroom.media.picture import ProgramPicture
from classroom.media.recovery import Recovery
from classroom.media.timing import Timings
from classroom.media.worker import Lease, Worker

__all__ = ["KEY_INTERVAL", "LEAST_SHARE", "VideoEncoder"]

_log = logging.getLogger(__name__)

KEY_INTERVAL: Final = 1.0
"""Seconds between two key frames. More of them ruin the picture for everybody: ten a second cost slides 19 dB."""

LEAST_SHARE: Final = 0.6
"""The share of its bit rate down to which an encoder goes when all subscribers ask for less; then a tier is better."""

_RISE: Final = 0.1
"""The share of its bit rate by which an encoder rises in a second when a subscriber asks for more again."""

Publish = Callable[[Encoded], None]
Work = tuple[ProgramPicture, int, float]


class VideoEncoder:
    """Encodes the program's pictures in a thread of its own, of low priority, while it is active.

    The first picture after ``activate`` is a key frame. ``publish`` is called in the encoder's thread. ``name`` says
    in the log which encoder it is. ``worker`` keeps the thread, and is to be looked at ten times a second.
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
        self._requested_bit_rate: float | None = None
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
        self._last_key = float("-inf")
        self._recovery = Recovery(self.name, _log, clock)
        self.worker = Worker(f"{self.name} encoder", self._run)
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
        """Bits a second it aims at now; fewer than in its settings only after a request."""
        return round(self._rate)

    def start(self) -> None:
        """Start the thread; it sleeps until the encoder is active and has a picture."""
        self.worker.start()

    def stop(self, timeout: float = 2.0) -> bool:
        """End the thread; False when it did not end in time. May be called when it never started."""
        self.worker.stop()
        with self._changed:
            self._stopping = True
            self._active = False
            self._changed.notify()
        return self.worker.join(timeout)

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

    def request_bit_rate(self, bit_rate: float | None) -> None:
        """Set the bits a second that are enough for all subscribers; None is the full rate.

        Only H.264 follows, and it needs no key frame for it: at once when less is enough, down to 60 % of its
        rate, and up by 10 % a second. libvpx would have to be opened again, with a key frame.
        """
        self._requested_bit_rate = bit_rate

    def offer(self, picture: ProgramPicture, pts: int, captured: float) -> None:
        """Give the newest picture, of its size (pts in 1/90000 s); one that still waits is dropped. Never blocks."""
        with self._changed:
            if not self._active:
                return
            if self._inbox is not None:
                self.skipped += 1
            self._inbox = (picture, pts, captured)
            self._changed.notify()

    def _run(self, lease: Lease) -> None:
        lower_priority()  # on a busy computer a picture is left out before sound is
        context: av.VideoCodecContext | None = None
        opened = 0  # at which activation

        def something_to_do() -> bool:
            return self._stopping or self._inbox is not None or (context is not None and not self._active)

        while lease.current:
            lease.piece = None
            with self._changed:
                self._changed.wait_for(something_to_do)
                if self._stopping:
                    break
                work, self._inbox, generation = self._inbox, None, self._generation
            if work is None or generation != opened:
                context = None  # nobody watches any more, or somebody new after nobody did
            if work is None or self._recovery.blocked(self._clock.now()):
                continue
            lease.piece = work[1]
            try:
                if context is None:
                    context = open_video(self.codec, self._settings)
                    if not lease.current:
                        break
                    opened, self._key_wanted, self._last_key = generation, True, float("-inf")
                    self._rate, self._steered = float(self._settings.bit_rate), work[2]
                self._encode(context, work, lease)
            except Exception as error:  # noqa: BLE001 - any error costs some pictures and not the lesson
                context = None
                if lease.current:
                    self._recovery.failed(error)

    def _encode(self, context: av.VideoCodecContext, work: Work, lease: Lease) -> None:
        picture, pts, captured = work
        began = self._clock.now()
        frame = picture.frame(pts)
        self._steer(context, captured)
        frame.time_base = context.time_base
        if self._key_wanted and captured - self._last_key >= KEY_INTERVAL:
            # Cleared before encoding: a demand from now on may be from somebody for whom this one comes too early.
            self._key_wanted = False
            frame.pict_type = av.video.frame.PictureType.I
        packets = context.encode(frame)
        if not lease.current:
            return  # it hung in there, and another thread encodes by now
        self.timings.add(self._clock.now() - began)
        self._recovery.worked()
        self.encoded += 1
        for packet in packets:
            if packet.is_keyframe:
                self._last_key = captured
            self._publish(Encoded(self.codec, packet, packet.is_keyframe, captured))

    def _steer(self, context: av.VideoCodecContext, now: float) -> None:
        """Move the bit rate towards the requested one."""
        full = self._settings.bit_rate
        requested = self._requested_bit_rate
        wanted = full if requested is None else min(full, max(LEAST_SHARE * full, requested))
        since, self._steered = now - self._steered, now
        if self.codec != "h264" or wanted == self._rate:
            return
        self._rate = min(wanted, self._rate + _RISE * full * since)
        context.bit_rate = round(self._rate)
