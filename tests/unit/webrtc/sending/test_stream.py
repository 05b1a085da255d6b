"""What a student's stream does with reports and requests, and when its sound starts."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Literal, cast

import pytest
from aiortc import RTCDtlsTransport
from aiortc.rtcrtpparameters import RTCRtcpParameters, RTCRtpCodecParameters, RTCRtpSendParameters
from aiortc.rtp import RtcpPacket, RtcpSrPacket

from classroom.webrtc.rtp.feedback import KeyFrameRequest, Nack, ReceiverReport
from classroom.webrtc.rtp.header import PacketTemplates
from classroom.webrtc.sending.distribution import Distribution
from tests.support.streams import SentPacket, Student


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


def test_time_stamps_follow_the_pictures_through_the_end_of_their_32_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "getrandbits", lambda bits: 2**bits - 4000)
    student = Student()
    stamps, numbers = [], []
    for number in range(4):
        frame = student.large.frame(number, key=number == 0)
        accepted = student.stream.accept(cast(Distribution, student.large), frame, student.large.history)
        assert accepted is not None
        numbers.append(accepted[0])
        stamps.append(accepted[1])
    assert stamps == [2**32 - 4000, 2**32 - 1000, 2000, 5000]
    assert [number - numbers[0] for number in numbers] == [0, 6, 12, 18]


def negotiated(*codecs: RTCRtpCodecParameters) -> RTCRtpSendParameters:
    return RTCRtpSendParameters(codecs=list(codecs), rtcp=RTCRtcpParameters(cname="lesson"))


VP8 = RTCRtpCodecParameters(mimeType="video/VP8", clockRate=90_000, payloadType=97)


@pytest.mark.parametrize(
    ("ends_before", "codecs", "opens"), [(False, [VP8], 1), (True, [VP8], 0), (False, [], 0), (True, [], 0)]
)
def test_a_connection_is_opened_once_and_not_after_its_end(
    ends_before: bool, codecs: list[RTCRtpCodecParameters], opens: int
) -> None:
    student = Student()
    if ends_before:  # the student leaves while the keys are exchanged
        student.stream.stop()
    for _ in range(2):
        student.stream.start(cast(RTCDtlsTransport, "transport"), negotiated(*codecs))
    assert len(student.connection.transports) == opens


RTX = RTCRtpCodecParameters(mimeType="video/rtx", clockRate=90_000, payloadType=98, parameters={"apt": 97})
OTHER_RTX = RTCRtpCodecParameters(mimeType="video/rtx", clockRate=90_000, payloadType=99, parameters={"apt": 96})


def sent_pictures(student: Student, count: int) -> list[SentPacket]:
    """Give it pictures of three packets, one every 1/30 s, and return what it sent."""
    distribution, before = cast(Distribution, student.large), student.connection.sent
    for number in range(count):
        payloads = [bytes([number, part]) * 500 for part in range(3)]
        frame = student.large.history.add(
            payloads=payloads, pts=number * 3000, captured=student.clock.now(), key=number == 0
        )
        accepted = student.stream.accept(distribution, frame, student.large.history)
        assert accepted is not None
        student.stream.send(PacketTemplates(payloads, ends=True), *accepted, sent=b"\1\2\3")
        student.clock.advance(1 / 30)
    return student.connection.packets[before:]


def test_packets_leave_with_what_was_negotiated_in_one_row_of_numbers() -> None:
    student = Student()
    student.stream.start(cast(RTCDtlsTransport, "transport"), negotiated(VP8, OTHER_RTX, RTX))
    sent = sent_pictures(student, 4)
    assert {(packet.payload_type, packet.ssrc) for packet in sent} == {(97, 1)}
    first = sent[0]
    assert [packet.sequence - first.sequence for packet in sent] == list(range(12))
    assert [(packet.stamp - first.stamp) % 2**32 for packet in sent] == [3000 * (at // 3) for at in range(12)]
    assert [packet.marker for packet in sent] == [False, False, True] * 4, "the last packet of each picture"
    assert [packet.payload[:2] for packet in sent] == [bytes([at // 3, at % 3]) for at in range(12)]
    assert (student.stream.counters.packets, student.stream.counters.octets) == (12, 12_000)


@pytest.mark.parametrize("rtx", [True, False])
def test_a_missing_packet_is_sent_again_as_it_was_wrapped_where_that_was_agreed_on(rtx: bool) -> None:
    student = Student()
    codecs = [VP8, OTHER_RTX, RTX] if rtx else [VP8, OTHER_RTX]
    student.stream.start(cast(RTCDtlsTransport, "transport"), negotiated(*codecs))
    sent = sent_pictures(student, 4)
    for asked in (sent[4], sent[11]):
        student.stream.receive(Nack(1, (asked.sequence & 0xFFFF,)))
    again = student.connection.packets[12:]
    assert [packet.stamp for packet in again] == [sent[4].stamp, sent[11].stamp]
    assert [packet.marker for packet in again] == [False, True]
    if not rtx:
        assert [replace(packet, extensions=b"") for packet in again] == [
            replace(packet, extensions=b"") for packet in (sent[4], sent[11])
        ]
        return
    # RFC 4588, section 4: its own SSRC, payload type and numbers; the original number precedes the payload.
    assert {(packet.payload_type, packet.ssrc) for packet in again} == {(98, 2)}
    assert again[1].sequence == again[0].sequence + 1
    wrapped = [packet.sequence.to_bytes(2, "big") + packet.payload for packet in (sent[4], sent[11])]
    assert [packet.payload for packet in again] == wrapped
    assert student.stream.counters.packets == 12, "sender reports count the stream without them"


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


@pytest.mark.parametrize(("kind", "rate", "late"), [("video", 90_000, 0.0), ("audio", 48_000, 0.015)])
def test_a_report_says_which_time_stamp_is_now_and_that_sound_is_heard_later(
    kind: Literal["video", "audio"], rate: int, late: float
) -> None:
    student = Student(kind)
    student.clock.advance(5.0)
    captured, frame = student.clock.now(), student.large.frame(0, key=True, packets=1)
    accepted = student.stream.accept(cast(Distribution, student.large), frame, student.large.history)
    assert accepted is not None
    student.clock.advance(0.5)
    [report] = RtcpPacket.parse(student.stream.report(student.clock.now(), ntp=7))
    assert isinstance(report, RtcpSrPacket)
    passed = (report.sender_info.rtp_timestamp - accepted[1]) % 2**32 / rate
    assert passed == pytest.approx(student.clock.now() - captured - late, abs=1e-4)
