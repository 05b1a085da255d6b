"""One student's RTP connection: the SRTP path that its streams share, their reports, and the RTCP that arrives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from aiortc import RTCDtlsTransport
from aiortc.rtcrtpparameters import RTCRtpSendParameters

from classroom.webrtc.aiortc_internals import RtcpListener, subscribe_rtcp, unsubscribe_rtcp
from classroom.webrtc.rtp.feedback import KeyFrameRequest, Nack, ReceiverReport
from classroom.webrtc.rtp.header import PacketTemplates
from classroom.webrtc.rtp.rtcp_reader import RtcpMessage
from classroom.webrtc.rtp.rtcp_writer import bye, ntp_time, round_trip, source_description
from classroom.webrtc.sending.srtp_path import SrtpPath
from classroom.webrtc.sending.stream import Stream

__all__ = ["RtpConnection"]

_FIRST_REPORTS: Final = 6
"""Seconds, about, in which there is a report each second."""


class RtpConnection:
    """Holds the streams of one connection together.

    ``now`` is the clock; ``wall`` converts its seconds to seconds since 1970. ``ended`` is called when the last stream
    has stopped.
    """

    def __init__(
        self, *, now: Callable[[], float], wall: Callable[[float], float], ended: Callable[[RtpConnection], None]
    ) -> None:
        self.now = now
        self.last_activity: float | None = None
        """When the other end last sent something, in clock seconds; None before the connection was established."""
        self.opened: float | None = None
        """When the connection was established, in clock seconds."""
        self._wall = wall
        self._ended = ended
        self._streams: list[Stream] = []
        self._path: SrtpPath | None = None
        self._transport: RTCDtlsTransport | None = None
        self._listeners: list[RtcpListener] = []
        self._name = ""
        self._due = False
        self._turns = 0

    @property
    def ready(self) -> bool:
        """Whether packets can be sent now."""
        return self._path is not None and self._path.ready

    def add(self, stream: Stream) -> None:
        """Add a stream to this connection."""
        self._streams.append(stream)

    # What streams call

    def open(self, transport: RTCDtlsTransport, parameters: RTCRtpSendParameters) -> None:
        """Take the transport, which is established; only the first stream's call has an effect."""
        if self._path is not None:
            return
        self._path = SrtpPath(transport, self._receive_intercepted)
        self._name = parameters.rtcp.cname or ""
        self._transport = transport
        self.subscribe(RtcpListener(0, self._receive_unaddressed), parameters)
        self.last_activity = self.opened = self.now()

    def subscribe(self, listener: RtcpListener, parameters: RTCRtpSendParameters) -> None:
        """Give a listener the RTCP that arrives, until all streams have stopped."""
        if self._transport is not None:
            self._listeners.append(listener)
            subscribe_rtcp(self._transport, listener, parameters)

    def send(
        self, templates: PacketTemplates, *, payload_type: int, sequence: int, stamp: int, ssrc: int, extensions: bytes
    ) -> tuple[int, int]:
        """Send packets of a stream; returns how many were sent, and the octets of their payloads."""
        if self._path is None:
            return 0, 0
        return self._path.send(
            templates, payload_type=payload_type, sequence=sequence, stamp=stamp, ssrc=ssrc, extensions=extensions
        )

    def note_activity(self) -> None:
        """Note that the other end has sent something."""
        self.last_activity = self.now()

    def report_soon(self) -> None:
        """Send sender reports at the next opportunity, so that sound and picture are aligned from the start."""
        self._due = True

    def round_trip(self, *, last_report: int, delay: int) -> float | None:
        """Seconds to the other end and back, by the sender report that a receiver report answers."""
        return round_trip(ntp_time(self._wall(self.now())), last_report=last_report, delay=delay)

    def stopped(self, stream: Stream) -> None:
        """Take note that a stream has ended, and say BYE if it had begun: after a report, in one packet with it."""
        self._streams.remove(stream)
        now = self.now()
        if self._path is not None and (report := stream.report(now, ntp_time(self._wall(now)))):
            self._path.send_rtcp(report + source_description(stream.ssrc, self._name) + bye(stream.ssrcs))
        if self._streams:
            return
        if self._transport is not None:
            for listener in self._listeners:
                unsubscribe_rtcp(self._transport, listener)
        self._listeners.clear()
        self._transport = None
        if self._path is not None:
            self._path.close()
        self._ended(self)

    # What the transmitter calls

    @property
    def due(self) -> bool:
        """Whether it must report before its turn."""
        return self._due

    def report(self) -> None:
        """Follow the path that ICE selected, and report on all streams in one packet (RFC 3550, section 6.1).

        Called once a second, and before that when ``due``. A browser needs two reports to align sound and picture;
        after some seconds every other second is enough.
        """
        self._due = False
        path = self._path
        if path is None:
            return
        path.refresh()
        now = self.now()
        for stream in self._streams:
            stream.tend(now)
        self._turns += 1
        if self._turns > _FIRST_REPORTS and self._turns % 2:
            return
        ntp = ntp_time(self._wall(now))
        reports = [(stream.ssrc, report) for stream in self._streams if (report := stream.report(now, ntp))]
        if reports:
            names = b"".join(source_description(ssrc, self._name) for ssrc, _ in reports)
            path.send_rtcp(b"".join(report for _, report in reports) + names)

    def _receive_intercepted(self, message: RtcpMessage) -> None:
        self.note_activity()
        ssrcs = (message.ssrc,) if isinstance(message, ReceiverReport | Nack) else message.ssrcs
        for stream in self._streams:
            if stream.ssrc in ssrcs:
                stream.receive(message)

    def _receive_unaddressed(self, message: RtcpMessage) -> None:
        """Act on what aiortc passes on for the SSRC 0: the streams that it is about are named inside."""
        self.note_activity()
        if isinstance(message, KeyFrameRequest):
            for stream in self._streams:
                if stream.ssrc in message.ssrcs:
                    stream.request_key_frame()
