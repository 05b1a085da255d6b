"""What a student's stream does with reports and requests, and when its sound starts."""

from __future__ import annotations

import random
from typing import cast

import pytest
from aiortc import RTCDtlsTransport
from aiortc.rtcrtpparameters import RTCRtcpParameters, RTCRtpCodecParameters, RTCRtpSendParameters

from classroom.webrtc.rtp.feedback import KeyFrameRequest, ReceiverReport
from classroom.webrtc.sending.distribution import Distribution
from tests.support.streams import Student


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
