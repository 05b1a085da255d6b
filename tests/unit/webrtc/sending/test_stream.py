"""One student's stream, with a connection that only counts and distributions that only listen."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, Literal, cast

import pytest
from aiortc import RTCRtpSender

from classroom.common.clock import ManualClock
from classroom.webrtc.rtp.feedback import KeyFrameRequest, Nack, ReceiverReport
from classroom.webrtc.rtp.packet_cache import CachedPacket, PacketCache, RtpFrame
from classroom.webrtc.rtp.rtcp_reader import read_rtcp
from classroom.webrtc.sending.connection import RtpConnection
from classroom.webrtc.sending.distribution import Distribution
from classroom.webrtc.sending.stream import Stream


class CountingConnection:
    """A connection that counts."""

    def __init__(self, clock: ManualClock) -> None:
        self.ready = True
        self.now = clock.now
        self.opened: float | None = clock.now()
        self.sent = 0

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


def test_asking_for_everything_again_and_again_costs_little() -> None:
    student = Student()
    last = student.watch(60)
    everything = tuple((last - back) & 0xFFFF for back in range(360))
    for _ in range(200):
        student.stream.receive(Nack(1, everything))
    assert student.large.history.asked <= 2000
    before = student.connection.sent
    assert before
    # Who misses something a moment later is heard again.
    student.clock.advance(1.0)
    student.stream.receive(Nack(1, everything[:5]))
    assert student.connection.sent == before + 5


def test_one_request_names_no_more_than_a_browser_would() -> None:
    wanted = b"".join(number.to_bytes(2, "big") + b"\xff\xff" for number in range(0, 17 * 3000, 17))
    packet = bytes([0x81, 205]) + (2 + 3000).to_bytes(2, "big") + bytes(4) + (1).to_bytes(4, "big") + wanted
    said: list[Any] = list(read_rtcp(packet))
    assert len(said) == 1
    assert 1000 <= len(said[0].sequence) <= 1100
    assert said[0].sequence[:20] == tuple(range(20))


def test_reports_that_come_in_a_flood_are_left_out() -> None:
    student = Student()
    student.watch(2)
    for _ in range(5000):
        student.clock.advance(0.001)
        student.stream.receive(ReceiverReport(1, 0.0, 0, 0, 0, 0, 1000))
    assert 200 <= student.reports <= 260
    assert student.stream.feedback.reports == student.reports


def test_wishing_for_key_frames_all_the_time_is_heard_now_and_then() -> None:
    student = Student()
    student.watch(2)
    passed_on = []
    for _ in range(100):
        before = student.large.demanded
        for _again in range(3):  # as browsers do until it is there
            student.stream.receive(KeyFrameRequest((1,)))
        passed_on.append(student.large.demanded > before)
        student.clock.advance(1.0)
    assert all(passed_on[:10])
    assert sum(passed_on[20:]) == pytest.approx(80 / 3, abs=2)
    # After a quiet while the picture of one who needs it is mended at once again.
    student.clock.advance(30.0)
    before = student.large.demanded
    student.stream.receive(KeyFrameRequest((1,)))
    assert student.large.demanded == before + 1


def test_sound_begins_when_a_browser_has_had_time_to_open_its_loudspeakers() -> None:
    student = Student("audio")
    distribution = cast(Distribution, student.large)
    taken = []
    for number in range(40):
        frame = student.large.frame(number, key=True, packets=1)
        taken.append(student.stream.accept(distribution, frame, student.large.history) is not None)
        student.clock.advance(0.02)
    assert taken == sorted(taken)
    assert 24 <= taken.index(True) <= 26


def test_who_could_not_be_sent_the_key_frame_has_another_asked_for() -> None:
    student = Student()
    distribution = cast(Distribution, student.large)
    student.connection.ready = False
    key = student.large.frame(0, key=True)
    assert student.stream.accept(distribution, key, student.large.history) is None
    for _ in range(3):  # whoever cannot be sent anything needs no key frames either
        student.clock.advance(1.0)
        student.stream.tend(student.clock.now())
    assert student.large.demanded == 0
    student.connection.ready = True
    for _ in range(8):
        student.clock.advance(0.25)
        student.stream.tend(student.clock.now())
    assert student.large.demanded == 2
    student.watch(1)
    student.clock.advance(2.0)
    student.stream.tend(student.clock.now())
    assert student.large.demanded == 2


def test_the_rendition_that_comes_hears_of_a_wish_as_well() -> None:
    student = Student()
    student.watch(2)
    small = Sent(student.clock)
    student.stream.choose(cast(Distribution, small))
    student.stream.limit(bit_rate=300_000.0, key_frame_interval=None)
    assert (student.large.wished_for, small.wished_for) == (1, 1)


def test_what_is_chosen_before_the_connection_stands_is_all_that_is_sent() -> None:
    student = Student()
    small = Sent(student.clock)
    student.stream.choose(cast(Distribution, small))
    large = student.large.frame(1, key=True)
    assert student.stream.accept(cast(Distribution, student.large), large, student.large.history) is None
    frame = small.frame(1, key=True)
    assert student.stream.accept(cast(Distribution, small), frame, small.history) is not None


def test_on_a_full_network_less_is_repeated() -> None:
    repeated = []
    for loss in (0.0, 0.5):
        student = Student()
        last = student.watch(60)
        student.stream.feedback.loss = loss
        student.stream.receive(Nack(1, tuple((last - back) & 0xFFFF for back in range(300))))
        repeated.append(student.connection.sent)
    freely, full = repeated
    assert 0.2 < full / freely < 0.4  # 15 % of what is sent, instead of half of it


@pytest.mark.parametrize("repetitions", [True, False])
def test_without_a_stream_for_repetitions_what_srtp_takes_no_more_is_refused(repetitions: bool) -> None:
    student = Student()
    student.stream._retransmission._rtx_payload_type = 97 if repetitions else None
    last = student.watch(200)
    student.stream.receive(Nack(1, ((last - 1100) & 0xFFFF,)))
    assert (student.connection.sent, student.stream.feedback.refused) == ((1, 0) if repetitions else (0, 1))
    student.stream.receive(Nack(1, ((last - 900) & 0xFFFF,)))
    assert student.connection.sent == 1 + repetitions
