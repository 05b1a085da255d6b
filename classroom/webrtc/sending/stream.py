"""The picture, or the sound, of one student: one SSRC with sequence numbers that never jump.

Its frames come from a distribution, which all students of a rendition share. A student may be moved to another
rendition at one of its key frames; for the browser the same stream continues.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final, Literal

from aiortc import RTCDtlsTransport, RTCRtpSender
from aiortc.rtcrtpparameters import RTCRtpSendParameters

from classroom.webrtc.aiortc_internals import RtcpListener, offered_ssrcs
from classroom.webrtc.rtp.feedback import Feedback, KeyFrameLimit, KeyFrameRequest, Nack, ReceiverReport, Remb
from classroom.webrtc.rtp.header import HeaderExtensions, PacketTemplates, PlayoutDelay
from classroom.webrtc.rtp.packet_cache import PacketCache, RtpFrame
from classroom.webrtc.rtp.rtcp_reader import RtcpMessage
from classroom.webrtc.rtp.rtcp_writer import RtpClock, SenderCounters, TimeLine, sender_report
from classroom.webrtc.sending.ports import FrameSource, StreamConnection
from classroom.webrtc.sending.rendition_switch import RenditionSwitch
from classroom.webrtc.sending.retransmission import Retransmission

__all__ = ["Stream"]

_REPORTS_APART: Final = 0.02
"""Seconds between two reports that are read. They count from the start of the stream, so skipping one loses nothing."""

_SOUND_AFTER: Final = 0.5
"""Seconds after its connection is established when a student's sound starts.

A browser that was just started takes up to a second to open its audio output. Sound that arrives before that piles up
and is late by as much for some seconds.
"""

_SOUND_LAG: Final = 0.015
"""Seconds by which sound is reported later than it was captured.

A picture is stamped with its tick, when it is as old as its camera's delay and the wait for the tick: 20 to 80 ms.
Sound is stamped with when it was captured. This is the middle between a camera and a picture without one. Sound also
leaves later than pictures do by as much (``media/sound.py``), so aligning the two delays neither.
"""


class Stream:
    """What one student is sent of one kind. All methods belong to the event loop.

    ``reported`` is called for each receiver report with the number of packets that are newly lost.
    """

    def __init__(
        self,
        *,
        kind: Literal["video", "audio"],
        connection: StreamConnection[Stream],
        sender: RTCRtpSender,
        delay: PlayoutDelay | None,
        reported: Callable[[int], None],
    ) -> None:
        self.kind = kind
        self.feedback = Feedback()
        self.counters = SenderCounters()
        self.skipped = 0
        """Frames of its source that were not sent to this student."""
        ssrcs = offered_ssrcs(sender)
        self.ssrc = ssrcs[0]
        self._connection = connection
        self._delay = delay
        self._reported = reported
        self._clock_rate = 90_000 if kind == "video" else 48_000
        self._origin = random.getrandbits(32)
        # In the lower half: SRTP must not take a lost first packet for one before a wrap.
        self._next = random.getrandbits(15)
        self._last_pts = -1
        self._offset: int | None = None
        self._cache: PacketCache | None = None
        self._rtp_clock: RtpClock | None = None
        self._switch = RenditionSwitch(self)
        self._retransmission = Retransmission(connection, ssrcs=ssrcs, origin=self._origin, feedback=self.feedback)
        self._key_frame_limit = KeyFrameLimit(now=connection.now())
        self._extensions = HeaderExtensions({}, mid="", delay=None)
        self._payload_type = 0
        self._reported_at = float("-inf")
        self._started = self._stopped = False

    # The connection

    def start(self, transport: RTCDtlsTransport, parameters: RTCRtpSendParameters) -> None:
        """Start to send over a connection that is established, with the negotiated parameters."""
        if self._started or self._stopped or not parameters.codecs:
            return
        codec = parameters.codecs[0]
        assert codec.payloadType is not None, "a negotiated codec has a payload type"
        self._payload_type = codec.payloadType
        rtx_payload_type = next(
            (
                other.payloadType
                for other in parameters.codecs
                if other.mimeType.lower().endswith("/rtx") and other.parameters.get("apt") == codec.payloadType
            ),
            None,
        )
        ids = {extension.uri: extension.id for extension in parameters.headerExtensions}
        self._extensions = HeaderExtensions(ids, mid=parameters.muxId, delay=self._delay)
        self._retransmission.negotiated(self._payload_type, rtx_payload_type, self._extensions)
        self._connection.open(transport, parameters)
        self._connection.subscribe(RtcpListener(self.ssrc, self.receive), parameters)
        self._started = True
        self._switch.attach(now=self._connection.now())

    def stop(self) -> None:
        """Stop sending; the connection sends BYE. May be called again, and before ``start``."""
        if self._stopped:
            return
        self._stopped = True
        self._switch.detach()
        self._connection.stopped(self)

    def choose(self, source: FrameSource[Stream], *, at_once: bool = False) -> None:
        """Send this source from its next key frame on; until then the current one or, with ``at_once``, nothing."""
        if not self._stopped:
            self._switch.choose(source, begun=self.begun, at_once=at_once)

    @property
    def ssrcs(self) -> tuple[int, ...]:
        """Its SSRC, and that of its retransmissions where they have their own."""
        again = self._retransmission.ssrc
        return (self.ssrc,) if again is None else (self.ssrc, again)

    @property
    def begun(self) -> bool:
        """Whether anything was sent."""
        return self._rtp_clock is not None

    @property
    def time_line(self) -> TimeLine | None:
        """When what has its time stamps was captured; None before anything was sent."""
        return None if self._rtp_clock is None else self._rtp_clock.line(self.ssrc)

    @property
    def requested_bit_rate(self) -> float | None:
        """Bits a second that are enough for this student; None requests all there are."""
        return self._switch.bit_rate

    def limit(self, *, bit_rate: float | None, key_frame_interval: float | None) -> None:
        """Request fewer bits a second, or take key frames only, this many seconds apart; None is no limit."""
        self._switch.limit(bit_rate=bit_rate, key_frame_interval=key_frame_interval)

    # What a distribution calls

    def accept(self, source: FrameSource[Stream], frame: RtpFrame, cache: PacketCache) -> tuple[int, int] | None:
        """The first sequence number and the time stamp for a frame; None when this student does not get it."""
        switch = self._switch
        decided = source is not switch.current or switch.filtering
        if decided:
            if source is not switch.current:
                if not switch.moves(source, frame):
                    return None
                self._retransmission.restart(self._next)
            elif not switch.takes(frame):
                self.skipped += 1
                return None
        if not self._connection.ready or (self._rtp_clock is None and self._is_too_soon()):
            self.skipped += 1
            switch.need_key_frame()
            return None
        if decided:
            switch.sent()
        if frame.key:
            switch.last_key_frame = frame.captured
        sequence = self._next
        self._next = sequence + len(frame.payloads)
        offset = frame.index - sequence
        if offset != self._offset or cache is not self._cache:
            self._offset, self._cache = offset, cache
            self._retransmission.add_span(sequence, offset, cache)
        pts = frame.pts
        if pts <= self._last_pts:
            # Two renditions are not encoded equally fast; time must not go back for a student who moves between them.
            pts = self._last_pts + 1
            self._retransmission.restamped(frame, pts)
        self._last_pts = pts
        if self._rtp_clock is None:
            self._begin(frame)
        return sequence, (self._origin + pts) & 0xFFFF_FFFF

    def _begin(self, frame: RtpFrame) -> None:
        zero = frame.captured - frame.pts / self._clock_rate
        lag = _SOUND_LAG if self.kind == "audio" else 0.0
        self._rtp_clock = RtpClock(origin=self._origin, rate=self._clock_rate, zero=zero, lag=lag)
        self._connection.report_soon()

    def _is_too_soon(self) -> bool:
        opened = self._connection.opened
        return self.kind == "audio" and opened is not None and self._connection.now() - opened < _SOUND_AFTER

    def send(self, templates: PacketTemplates, sequence: int, stamp: int, sent: bytes) -> None:
        """Send a portion of an accepted frame; ``sent`` is the time as ``header.send_time`` gives it."""
        if self._stopped:
            return
        packets, octets = self._connection.send(
            templates,
            payload_type=self._payload_type,
            sequence=sequence,
            stamp=stamp,
            ssrc=self.ssrc,
            extensions=self._extensions.pack(sent),
        )
        self.counters.packets += packets
        self.counters.octets += octets

    # What a connection calls

    def tend(self, now: float) -> None:
        """Request a key frame when one is due, or did not come; called about once a second."""
        self._switch.tend(now, ready=self._connection.ready)

    def report(self, now: float, ntp: int) -> bytes:
        """A sender report for a clock second; empty before the first packet."""
        if self._rtp_clock is None:
            return b""
        return sender_report(self.ssrc, ntp=ntp, rtp=self._rtp_clock.at(now), counters=self.counters)

    def receive(self, message: RtcpMessage) -> None:
        """Act on what a receiver says about this stream."""
        self._connection.note_activity()
        match message:
            case ReceiverReport():
                self._read(message, self._connection.now())
            case Nack():
                self._retransmission.answer(message, following=self._next, paused=self._switch.paused)
            case KeyFrameRequest():
                self.request_key_frame()
            case Remb(bit_rate):
                self.feedback.estimate = bit_rate

    def _read(self, report: ReceiverReport, now: float) -> None:
        if now - self._reported_at < _REPORTS_APART:
            return
        self._reported_at = now
        trip = self._connection.round_trip(last_report=report.last_report, delay=report.delay)
        self._reported(self.feedback.received(report, rate=self._clock_rate, round_trip=trip, now=now))

    def request_key_frame(self) -> None:
        """The student requests a key frame of what is being sent; repeated requests become one, and too many none."""
        if self._switch.current is not None and self._key_frame_limit.allow(now=self._connection.now()):
            self._switch.current.demand.key_frame()
