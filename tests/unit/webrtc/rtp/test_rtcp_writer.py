"""RTCP as it leaves: parsed by aiortc, and the arithmetic of time."""

from __future__ import annotations

import pytest
from aiortc.rtp import RtcpByePacket, RtcpPacket, RtcpSdesPacket, RtcpSrPacket
from hypothesis import given
from hypothesis import strategies as st

from classroom.webrtc.rtp.rtcp_writer import (
    RtpClock,
    SenderCounters,
    bye,
    ntp_time,
    round_trip,
    sender_report,
    source_description,
)

ssrcs = st.integers(0, 2**32 - 1)


@given(ssrcs, st.integers(0, 2**64 - 1), ssrcs, st.integers(0, 2**40), st.integers(0, 2**40))
def test_a_sender_report_says_what_was_sent_and_when(ssrc: int, ntp: int, rtp: int, packets: int, octets: int) -> None:
    [parsed] = RtcpPacket.parse(sender_report(ssrc, ntp=ntp, rtp=rtp, counters=SenderCounters(packets, octets)))
    assert isinstance(parsed, RtcpSrPacket)
    info = parsed.sender_info
    assert (parsed.ssrc, info.ntp_timestamp, info.rtp_timestamp) == (ssrc, ntp, rtp)
    assert (info.packet_count, info.octet_count) == (packets % 2**32, octets % 2**32)
    assert parsed.reports == []


def test_a_stream_that_has_sent_nothing_says_so() -> None:
    [parsed] = RtcpPacket.parse(sender_report(1, ntp=2, rtp=3, counters=SenderCounters()))
    assert isinstance(parsed, RtcpSrPacket)
    assert (parsed.sender_info.packet_count, parsed.sender_info.octet_count) == (0, 0)


@given(ssrcs, st.text("abc-{}", max_size=40))
def test_streams_with_the_same_name_belong_together(ssrc: int, name: str) -> None:
    data = source_description(ssrc, name)
    assert len(data) % 4 == 0
    [parsed] = RtcpPacket.parse(data)
    assert isinstance(parsed, RtcpSdesPacket)
    assert [(chunk.ssrc, chunk.items) for chunk in parsed.chunks] == [(ssrc, [(1, name.encode())])]


@given(st.lists(ssrcs, min_size=1, max_size=5))
def test_a_farewell_names_its_streams(streams: list[int]) -> None:
    [parsed] = RtcpPacket.parse(bye(streams))
    assert isinstance(parsed, RtcpByePacket)
    assert parsed.sources == streams


@given(st.floats(1e9, 3e9), st.floats(0.0005, 20), st.floats(0, 10))
def test_the_round_trip_is_what_lies_between(wall: float, there_and_back: float, kept: float) -> None:
    last_report = ntp_time(wall) >> 16 & 0xFFFF_FFFF
    answered = ntp_time(wall + there_and_back + kept)
    measured = round_trip(answered, last_report=last_report, delay=round(kept * 65536))
    assert measured == pytest.approx(there_and_back, abs=0.0005)


def test_no_report_was_answered_yet() -> None:
    assert round_trip(ntp_time(1e9), last_report=0, delay=0) is None


def test_picture_and_sound_share_their_time() -> None:
    picture = RtpClock(origin=1000, rate=90_000, zero=50.0, lag=0.0)
    sound = RtpClock(origin=2**32 - 10, rate=48_000, zero=50.0, lag=0.0)
    assert picture.at(52.5) == 1000 + 225_000
    assert sound.at(52.5) == 120_000 - 10


def test_an_ntp_time_begins_anew_in_2036() -> None:
    turn = 2**32 - 2_208_988_800
    assert ntp_time(turn + 5.5) == 11 << 31
    report = sender_report(1, ntp=ntp_time(turn + 5.5), rtp=2, counters=SenderCounters())
    assert len(report) == 28
    assert round_trip(ntp_time(turn + 0.25), last_report=ntp_time(turn - 0.25) >> 16 & 0xFFFF_FFFF, delay=0) == 0.5
