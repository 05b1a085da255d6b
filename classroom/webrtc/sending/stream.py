"""The picture, or the sound, of one student: one SSRC with sequence numbers that never jump.

What is sent comes from a distribution, shared with all who watch the same rendition. A student may be moved to another
rendition at one of its key frames; for the browser it is the same stream going on.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Literal

from aiortc import RTCDtlsTransport, RTCRtpSender
from aiortc.rtcrtpparameters import RTCRtpSendParameters

from classroom.webrtc.aiortc_internals import RtcpListener, offered_ssrcs
from classroom.webrtc.rtp.feedback import (
    Feedback,
    KeyFrameLimit,
    KeyFrameRequest,
    Nack,
    ReceiverReport,
    Remb,
    RetransmissionBudget,
)
from classroom.webrtc.rtp.header import HeaderExtensions, PacketTemplates, PlayoutDelay, send_time
from classroom.webrtc.rtp.packet_cache import PacketCache, RtpFrame
from classroom.webrtc.rtp.rtcp_reader import RtcpMessage
from classroom.webrtc.rtp.rtcp_writer import RtpClock, SenderCounters, bye, sender_report

if TYPE_CHECKING:
    from classroom.webrtc.sending.connection import RtpConnection
    from classroom.webrtc.sending.distribution import Distribution

__all__ = ["Stream"]

_SPANS: Final = 16
"""Gaps in what a student got that are remembered for repetitions."""

_WINDOW: Final = 1000
"""Packets back that may be sent again under their own number; SRTP takes no older ones than 1024 (aiortc's window)."""

_FULL_LOSS: Final = 0.25
_SOME_LOSS: Final = 0.1
_TOO_MUCH: Final = 0.9
"""The share lost with which a network counts as full; less where the browser's estimate says so as well."""

_REPORTS_APART: Final = 0.02
"""Seconds between two reports that are taken. They count from the beginning, so one that is left out loses nothing."""

_ASKS_AGAIN: Final = 1.0
"""Seconds without the key frame that a student needs after which it is asked for again."""

_SOUND_AFTER: Final = 0.5
"""Seconds after its connection stands when a student's sound begins.

A browser that was just started takes up to a second to open its loudspeakers. What arrives meanwhile piles up, and
sound is late by as much for some seconds.
"""

_SOUND_LAG: Final = 0.015
"""Seconds that sound is said to have been later than it was heard.

A picture is as old as its camera's delay and the wait for a tick, 20 to 80 ms, when it is stamped with its tick; sound
is stamped with when it was heard. This is the middle between a camera and a picture without one, and as much as sound
leaves later than pictures do (``media/sound.py``), so that aligning them holds neither back.
"""


class Stream:
    """What one student is sent of one kind. All methods belong to the event loop."""

    def __init__(
        self,
        *,
        kind: Literal["video", "audio"],
        line: RtpConnection,
        sender: RTCRtpSender,
        delay: PlayoutDelay | None,
        reported: Callable[[int], None],
    ) -> None:
        self.kind = kind
        self.feedback = Feedback()
        self.counters = SenderCounters()
        self.skipped = 0
        self.ssrc, self._rtx_ssrc = offered_ssrcs(sender)
        self._line = line
        self._delay = delay
        self._reported = reported
        self._rate = 90_000 if kind == "video" else 48_000
        self._origin = random.getrandbits(32)
        # In the lower half, as SRTP wants it: a first packet that is lost must not be taken for one before a wrap.
        self._next = random.getrandbits(15)
        self._rtx_next = random.getrandbits(15)
        self._last_pts = -1
        self._spans: deque[tuple[int, int, PacketCache]] = deque(maxlen=_SPANS)
        self._moved: deque[tuple[RtpFrame, int]] = deque(maxlen=8)
        self._time_line: RtpClock | None = None
        self._repetitions = RetransmissionBudget(now=line.now())
        self._wishes = KeyFrameLimit(now=line.now())
        self._transport: RTCDtlsTransport | None = None
        self._extensions = HeaderExtensions({}, mid="", delay=None)
        self._payload_type = 0
        self._rtx_payload_type: int | None = None
        self._wish: float | None = None
        self._key_frames_every: float | None = None
        self._last_key = self._reported_at = float("-inf")
        self._current: Distribution | None = None
        self._coming: Distribution | None = None
        self._needs_key = True
        self._asked = float("-inf")  # when a key frame was last asked for because none came
        self._held = False  # nothing is sent until the coming rendition's key frame
        self._repeated_from = 0  # what is older is of another rendition, and of no use any more
        self._stopped = False

    # The connection

    def start(self, transport: RTCDtlsTransport, parameters: RTCRtpSendParameters) -> None:
        """Begin to send over a connection that stands, with what was agreed on."""
        if self._transport is not None or self._stopped or not parameters.codecs:
            return
        codec = parameters.codecs[0]
        assert codec.payloadType is not None, "a codec that was agreed on has a number"
        self._payload_type = codec.payloadType
        self._rtx_payload_type = next(
            (
                other.payloadType
                for other in parameters.codecs
                if other.mimeType.lower().endswith("/rtx") and other.parameters.get("apt") == codec.payloadType
            ),
            None,
        )
        ids = {extension.uri: extension.id for extension in parameters.headerExtensions}
        self._extensions = HeaderExtensions(ids, mid=parameters.muxId, delay=self._delay)
        self._line.open(transport, parameters)
        self._line.listen(RtcpListener(self.ssrc, self.hear), parameters)
        self._transport = transport
        self._asked = self._line.now()
        for distribution in (self._current, self._coming):
            if distribution is not None:
                distribution.add(self)

    def stop(self) -> None:
        """Send no more; says goodbye. May be called again, and before ``start``."""
        if self._stopped:
            return
        self._stopped = True
        for distribution in (self._current, self._coming):
            if distribution is not None:
                distribution.remove(self)
        self._current = self._coming = None
        if self._transport is not None:
            self._line.say(bye([self.ssrc]))
        self._line.stopped(self)

    def choose(self, distribution: Distribution, *, at_once: bool = False) -> None:
        """Send this from its next key frame on; until then, what was sent before or, with ``at_once``, nothing.

        A network that loses most of what is sent is emptied by that, for the key frame to come through.
        """
        if self._stopped or distribution is (self._coming or self._current):
            return
        if self._coming is not None:
            self._coming.remove(self)
            self._coming = None
        if distribution is self._current:
            if self._held:
                self._held, self._needs_key = False, True
                distribution.demand.key_frame()
            return
        if not self.begun:
            if self._current is not None:
                self._current.remove(self)
            self._current = distribution
        else:
            self._coming = distribution
            self._held = self._held or at_once
        if self._transport is not None:
            distribution.add(self)

    @property
    def begun(self) -> bool:
        """Whether anything was sent."""
        return self._time_line is not None

    @property
    def wish(self) -> float | None:
        """The bits a second with which the student would be content; None is all there is."""
        return self._wish

    def limit(self, *, wish: float | None, key_frames_every: float | None) -> None:
        """Wish for fewer bits a second, or take key frames only, with so many seconds between; None is no limit."""
        if self._key_frames_every is not None and key_frames_every is None:
            self._needs_key = True
            if self._current is not None:
                self._current.demand.key_frame()
        self._key_frames_every = key_frames_every
        if wish != self._wish:
            self._wish = wish
            for distribution in (self._current, self._coming):
                if distribution is not None:
                    distribution.wished()

    # What a distribution calls

    def accept(self, distribution: Distribution, frame: RtpFrame, history: PacketCache) -> tuple[int, int] | None:
        """The first sequence number and the time stamp for a frame; None when this student does not get it."""
        if distribution is not self._current:
            if distribution is not self._coming or not frame.key or self._current is None:
                return None
            self._current.remove(self)
            self._current, self._coming = distribution, None
            self._held, self._repeated_from = False, self._next
            self._repetitions = RetransmissionBudget(now=self._line.now())
        elif self._held or ((self._needs_key or self._key_frames_every is not None) and not self._is_awaited(frame)):
            self.skipped += 1
            return None
        if not self._line.ready or (self._time_line is None and self._is_too_soon()):
            self.skipped += 1
            self._needs_key = True
            return None
        self._needs_key = False
        self._last_key = frame.captured if frame.key else self._last_key
        sequence = self._next
        self._next = sequence + len(frame.payloads)
        offset = frame.index - sequence
        if not self._spans or self._spans[-1][1] != offset or self._spans[-1][2] is not history:
            self._spans.append((sequence, offset, history))
        pts = frame.pts
        if pts <= self._last_pts:
            # Two renditions are not encoded equally fast; time never goes back for the one who moves between them.
            pts = self._last_pts + 1
            self._moved.append((frame, pts))
        self._last_pts = pts
        if self._time_line is None:
            zero = frame.captured - frame.pts / self._rate
            lag = _SOUND_LAG if self.kind == "audio" else 0.0
            self._time_line = RtpClock(origin=self._origin, rate=self._rate, zero=zero, lag=lag)
            self._line.hurry()
        return sequence, (self._origin + pts) & 0xFFFF_FFFF

    def _is_too_soon(self) -> bool:
        opened = self._line.opened
        return self.kind == "audio" and opened is not None and self._line.now() - opened < _SOUND_AFTER

    def _is_awaited(self, frame: RtpFrame) -> bool:
        every = self._key_frames_every
        return frame.key and (every is None or frame.captured - self._last_key >= every)

    def send(self, layouts: PacketTemplates, sequence: int, stamp: int, sent: bytes) -> None:
        """Send a portion of an accepted frame; ``sent`` is the time as ``header.send_time`` has it."""
        if self._stopped:
            return
        packets, octets = self._line.send(
            layouts,
            payload_type=self._payload_type,
            sequence=sequence,
            stamp=stamp,
            ssrc=self.ssrc,
            extensions=self._extensions.pack(sent),
        )
        self.counters.packets += packets
        self.counters.octets += octets

    def tend(self, now: float) -> None:
        """Ask for a key frame when it is time for one, or none has come; called about once a second."""
        every = self._key_frames_every
        if self._current is None:
            return
        if every is not None:
            if now - self._last_key >= every:
                self._current.demand.key_frame()
        elif self._needs_key and self._line.ready and now - self._asked >= _ASKS_AGAIN:
            self._asked = now
            self._current.demand.key_frame()

    def report(self, now: float, ntp: int) -> bytes:
        """A sender report for a clock second; nothing before the first packet."""
        if self._time_line is None or self._stopped:
            return b""
        return sender_report(self.ssrc, ntp=ntp, rtp=self._time_line.at(now), counters=self.counters)

    # What comes back

    def hear(self, heard: RtcpMessage) -> None:
        """Take what a receiver says of this stream."""
        self._line.heard()
        match heard:
            case ReceiverReport():
                self._take(heard, self._line.now())
            case Nack():
                for sequence in heard.sequence[: self._repetitions.heed(len(heard.sequence), now=self._line.now())]:
                    self._repeat(sequence)
            case KeyFrameRequest():
                self.want_key_frame()
            case Remb(bit_rate):
                self.feedback.estimate = bit_rate

    def _take(self, report: ReceiverReport, now: float) -> None:
        if now - self._reported_at < _REPORTS_APART:
            return
        self._reported_at = now
        trip = self._line.round_trip(last_report=report.last_report, delay=report.delay)
        self._reported(self.feedback.received(report, rate=self._rate, round_trip=trip, now=now))

    def want_key_frame(self) -> None:
        """The student wishes for a key frame of what is being sent; many wishes become one, and too many none."""
        if self._current is not None and self._wishes.allow(now=self._line.now()):
            self._current.demand.key_frame()

    def _repeat(self, low_bits: int) -> None:
        """Send a packet again that the student misses, if it is remembered and not too much is repeated already."""
        behind = (self._next - low_bits) & 0xFFFF
        sequence = self._next - behind
        span = next((span for span in reversed(self._spans) if span[0] <= sequence < self._next), None)
        if span is None:
            return
        too_old = self._rtx_payload_type is None and behind >= _WINDOW
        if self._held or sequence < self._repeated_from or too_old:
            self.feedback.refused += 1
            return
        _, offset, history = span
        piece = history.find(sequence + offset)
        if piece is None:
            return
        now, rate = self._line.now(), history.bit_rate
        if not self._repetitions.allow(len(piece.payload), bit_rate=rate, full=self._is_full(rate), now=now):
            self.feedback.refused += 1
            return
        frame = piece.frame
        pts = next((pts for moved, pts in self._moved if moved is frame), frame.pts)
        payload, payload_type, ssrc, number = piece.payload, self._payload_type, self.ssrc, sequence
        if self._rtx_payload_type is not None:
            # RFC 4588, section 4: the number it had goes before the payload.
            payload = (sequence & 0xFFFF).to_bytes(2, "big") + payload
            payload_type, ssrc, number = self._rtx_payload_type, self._rtx_ssrc, self._rtx_next
            self._rtx_next += 1
        self._line.send(
            PacketTemplates((payload,), ends=piece.last),
            payload_type=payload_type,
            sequence=number,
            stamp=(self._origin + pts) & 0xFFFF_FFFF,
            ssrc=ssrc,
            extensions=self._extensions.pack(send_time(now)),
        )

    def _is_full(self, bit_rate: float) -> bool:
        """Whether the network loses, by its reports, what only a network does that more is sent to than it carries."""
        loss, estimate = self.feedback.loss or 0.0, self.feedback.estimate
        return loss > _FULL_LOSS or (loss > _SOME_LOSS and estimate is not None and estimate < _TOO_MUCH * bit_rate)
