"""One student's stream, with a connection that notes what it is given and distributions that only listen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Literal, cast

from aiortc import RTCRtpSender

from classroom.common.clock import ManualClock
from classroom.webrtc.rtp.header import PacketTemplates
from classroom.webrtc.rtp.packet_cache import CachedPacket, PacketCache, RtpFrame
from classroom.webrtc.sending.connection import RtpConnection
from classroom.webrtc.sending.distribution import Distribution
from classroom.webrtc.sending.stream import Stream

__all__ = ["Sent", "Student"]


@dataclass(frozen=True)
class SentPacket:
    """A packet that a stream gave to its connection."""

    payload_type: int
    ssrc: int
    sequence: int
    stamp: int
    marker: bool
    payload: bytes
    extensions: bytes


class NotingConnection:
    """A connection that notes what it is given."""

    def __init__(self, clock: ManualClock) -> None:
        self.ready = True
        self.now = clock.now
        self.opened: float | None = clock.now()
        self.packets: list[SentPacket] = []
        self.transports: list[object] = []

    def open(self, transport: object, _parameters: object) -> None:
        self.transports.append(transport)

    def subscribe(self, *_: object) -> None:
        """Nothing to do."""

    def stopped(self, _stream: Stream) -> None:
        """Nothing to do."""

    @property
    def sent(self) -> int:
        """How many packets it was given."""
        return len(self.packets)

    def send(
        self, templates: PacketTemplates, *, payload_type: int, sequence: int, stamp: int, ssrc: int, extensions: bytes
    ) -> tuple[int, int]:
        template = templates.get(0, 0)
        for number, (at, size, marker) in enumerate(template.packets):
            payload = template.data[at + 12 : at + size]
            self.packets.append(
                SentPacket(payload_type, ssrc, sequence + number, stamp, bool(marker), payload, extensions)
            )
        return len(template.packets), template.octets

    def note_activity(self) -> None:
        """Nothing to do."""

    def report_soon(self) -> None:
        """Nothing to do."""

    def round_trip(self, **_: object) -> float:
        return 0.1


class CountingHistory(PacketCache):
    """Counts what it is asked."""

    asked = 0

    def find(self, index: int) -> CachedPacket | None:
        self.asked += 1
        return super().find(index)


class Sent:
    """A distribution that notes what it is told."""

    def __init__(self, clock: ManualClock) -> None:
        self.demanded = 0
        self.demand = SimpleNamespace(key_frame=self._demand)
        self.history = CountingHistory()
        self.wished_for = 0
        self._clock = clock

    def frame(self, number: int, *, key: bool = False, packets: int = 6) -> RtpFrame:
        payloads: Sequence[bytes] = [bytes(1000)] * packets
        return self.history.add(payloads=payloads, pts=number * 3000, captured=self._clock.now(), key=key)

    def bit_rate_requested(self) -> None:
        self.wished_for += 1

    def _demand(self) -> None:
        self.demanded += 1

    def add(self, stream: Stream) -> None:
        """Nothing to do."""

    def remove(self, stream: Stream) -> None:
        """Nothing to do."""


class Student:
    """A stream that is sent a rendition."""

    def __init__(self, kind: Literal["video", "audio"] = "video") -> None:
        self.clock = ManualClock(100.0)
        self.connection = NotingConnection(self.clock)
        self.reports = 0
        sender = cast(RTCRtpSender, SimpleNamespace(_ssrc=1, _rtx_ssrc=2))
        self.stream = Stream(
            kind=kind,
            connection=cast(RtpConnection, self.connection),
            sender=sender,
            delay=None,
            reported=self._reported,
        )
        self.large = Sent(self.clock)
        self.stream.choose(cast(Distribution, self.large))

    def _reported(self, _newly_lost: int) -> None:
        self.reports += 1

    def watch(self, pictures: int) -> int:
        """Be sent so many pictures, the first a key frame; the last sequence number."""
        last = -1
        for number in range(pictures):
            frame = self.large.frame(number, key=number == 0)
            accepted = self.stream.accept(cast(Distribution, self.large), frame, self.large.history)
            assert accepted is not None
            last = accepted[0] + len(frame.payloads) - 1
        return last
