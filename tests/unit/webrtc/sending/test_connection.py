"""A connection's reports: how often, and that they follow the path that ICE chose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from aiortc.rtp import RtcpPacket, RtcpSrPacket

from classroom.common.clock import ManualClock
from classroom.webrtc.rtp.rtcp_writer import SenderCounters, sender_report
from classroom.webrtc.sending.connection import RtpConnection
from classroom.webrtc.sending.srtp_path import SrtpPath
from classroom.webrtc.sending.stream import Stream


class Way:
    """A path that keeps what is sent over it."""

    ready = True

    def __init__(self) -> None:
        self.reports: list[bytes] = []
        self.refreshed = 0

    def refresh(self) -> None:
        self.refreshed += 1

    def send_rtcp(self, packet: bytes) -> None:
        self.reports.append(packet)


class Sending:
    """A stream that has something to report."""

    ssrc = 7

    def tend(self, now: float) -> None:
        """Nothing to do."""

    def report(self, now: float, ntp: int) -> bytes:
        return sender_report(self.ssrc, ntp=ntp, rtp=0, counters=SenderCounters())


def connected() -> tuple[RtpConnection, Way, Callable[[], None]]:
    clock, way = ManualClock(100.0), Way()
    made = RtpConnection(now=clock.now, wall=lambda now: now + 1e9, ended=lambda _: None)
    made._path = cast(SrtpPath, way)
    made.add(cast(Stream, Sending()))

    def second() -> None:
        clock.advance(1.0)
        made.report()

    return made, way, second


def reported(way: Way) -> list[Any]:
    return [packet for report in way.reports for packet in RtcpPacket.parse(report) if isinstance(packet, RtcpSrPacket)]


def test_there_is_a_report_each_second_at_first_and_then_every_other_second_for_ever() -> None:
    _, way, second = connected()
    counts = []
    for _ in range(40):
        second()
        counts.append(len(reported(way)))
    assert counts[:6] == [1, 2, 3, 4, 5, 6]
    assert all(later - now == 1 for now, later in zip(counts[6:], counts[8:], strict=False))


def test_each_second_the_path_is_followed_that_ice_chose() -> None:
    _, way, second = connected()
    for _ in range(20):
        second()
    assert way.refreshed == 20
