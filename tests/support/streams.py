"""One student's stream, with a connection that only counts and distributions that only listen."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Literal, cast

from aiortc import RTCRtpSender

from classroom.common.clock import ManualClock
from classroom.webrtc.rtp.packet_cache import CachedPacket, PacketCache, RtpFrame
from classroom.webrtc.sending.connection import RtpConnection
from classroom.webrtc.sending.distribution import Distribution
from classroom.webrtc.sending.stream import Stream

__all__ = ["Sent", "Student"]


class CountingConnection:
    """A connection that counts."""

    def __init__(self, clock: ManualClock) -> None:
        self.ready = True
        self.now = clock.now
        self.opened: float | None = clock.now()
        self.sent = 0
        self.transports: list[object] = []

    def open(self, transport: object, _parameters: object) -> None:
        self.transports.append(transport)

    def subscribe(self, *_: object) -> None:
        """Nothing to do."""

    def stopped(self, _stream: Stream) -> None:
        """Nothing to do."""

    def send(self, *_: object, **__: object) -> tuple[int, int]:
        self.sent += 1
        return 1, 1000

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
        self.connection = CountingConnection(self.clock)
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
