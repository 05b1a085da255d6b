"""One student's connection as its streams see it: the link they share, their reports, and when it was last heard of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from aiortc import RTCDtlsTransport
from aiortc.rtcrtpparameters import RTCRtpSendParameters

from classroom.webrtc.aiortc_internals import RtcpListener, subscribe_rtcp, unsubscribe_rtcp
from classroom.webrtc.rtp.feedback import KeyFrameRequest, Nack, ReceiverReport
from classroom.webrtc.rtp.header import PacketTemplates
from classroom.webrtc.rtp.rtcp_reader import RtcpMessage
from classroom.webrtc.rtp.rtcp_writer import ntp_time, round_trip, source_description
from classroom.webrtc.sending.srtp_path import SrtpPath
from classroom.webrtc.sending.stream import Stream

__all__ = ["RtpConnection"]

_FIRST_TURNS: Final = 6
"""Seconds, about, in which there is a report each second."""


class RtpConnection:
    """Holds the streams of one connection together.

    ``now`` is the clock; ``wall`` makes seconds since 1970 of its seconds. ``ended`` is called when the last stream
    has stopped.
    """

    def __init__(
        self, *, now: Callable[[], float], wall: Callable[[float], float], ended: Callable[[RtpConnection], None]
    ) -> None:
        self.now = now
        self.last_heard: float | None = None
        self.opened: float | None = None
        self._wall = wall
        self._ended = ended
        self._streams: list[Stream] = []
        self._link: SrtpPath | None = None
        self._transport: RTCDtlsTransport | None = None
        self._ears: list[RtcpListener] = []
        self._name = ""
        self._due = False
        self._turns = 0

    @property
    def ready(self) -> bool:
        """Whether packets can be sent now."""
        return self._link is not None and self._link.ready

    def join(self, stream: Stream) -> None:
        """Another stream of this connection."""
        self._streams.append(stream)

    # What streams call

    def open(self, transport: RTCDtlsTransport, parameters: RTCRtpSendParameters) -> None:
        """The connection stands; the first stream that learns of it makes the link for all."""
        if self._link is not None:
            return
        self._link = SrtpPath(transport, self._hear_directly)
        self._name = parameters.rtcp.cname or ""
        self._transport = transport
        self.listen(RtcpListener(0, self._hear), parameters)
        self.last_heard = self.opened = self.now()

    def listen(self, ear: RtcpListener, parameters: RTCRtpSendParameters) -> None:
        """Let an ear hear what comes back, until all streams have stopped."""
        if self._transport is not None:
            self._ears.append(ear)
            subscribe_rtcp(self._transport, ear, parameters)

    def send(
        self, layouts: PacketTemplates, *, payload_type: int, sequence: int, stamp: int, ssrc: int, extensions: bytes
    ) -> tuple[int, int]:
        """Send packets of a stream; how many, and octets of payload."""
        if self._link is None:
            return 0, 0
        return self._link.send(
            layouts, payload_type=payload_type, sequence=sequence, stamp=stamp, ssrc=ssrc, extensions=extensions
        )

    def say(self, report: bytes) -> None:
        """Send an RTCP packet."""
        if self._link is not None:
            self._link.report(report)

    def heard(self) -> None:
        """Something came back."""
        self.last_heard = self.now()

    def hurry(self) -> None:
        """A stream has begun: report at the next opportunity, so that sound and picture are aligned from the start."""
        self._due = True

    def round_trip(self, *, last_report: int, delay: int) -> float | None:
        """Seconds there and back, by the report that a receiver answers."""
        return round_trip(ntp_time(self._wall(self.now())), last_report=last_report, delay=delay)

    def stopped(self, stream: Stream) -> None:
        """A stream has said goodbye."""
        self._streams.remove(stream)
        if self._streams:
            return
        if self._transport is not None:
            for ear in self._ears:
                unsubscribe_rtcp(self._transport, ear)
        self._ears.clear()
        self._transport = None
        if self._link is not None:
            self._link.close()
        self._ended(self)

    # What the transmitter calls

    @property
    def due(self) -> bool:
        """Whether it should report before its turn."""
        return self._due

    def report(self) -> None:
        """Follow the path that ICE chose, and report on all streams in one packet (RFC 3550, section 6.1).

        Called once a second, and before that when ``due``. Two reports are what a browser needs to align sound and
        picture; after some seconds every other second is enough.
        """
        self._due = False
        link = self._link
        if link is None:
            return
        link.refresh()
        now = self.now()
        for stream in self._streams:
            stream.tend(now)
        self._turns += 1
        if self._turns > _FIRST_TURNS and self._turns % 2:
            return
        ntp = ntp_time(self._wall(now))
        reports = [(stream.ssrc, said) for stream in self._streams if (said := stream.report(now, ntp))]
        if reports:
            names = b"".join(source_description(ssrc, self._name) for ssrc, _ in reports)
            link.report(b"".join(said for _, said in reports) + names)

    def _hear_directly(self, said: RtcpMessage) -> None:
        self.heard()
        meant = (said.ssrc,) if isinstance(said, ReceiverReport | Nack) else said.ssrcs
        for stream in self._streams:
            if stream.ssrc in meant:
                stream.hear(said)

    def _hear(self, heard: RtcpMessage) -> None:
        self.heard()
        if isinstance(heard, KeyFrameRequest):
            for stream in self._streams:
                if stream.ssrc in heard.ssrcs:
                    stream.want_key_frame()
