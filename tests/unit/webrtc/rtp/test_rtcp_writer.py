"""RTCP as it leaves: parsed by aiortc, and the arithmetic of time."""

from __future__ import annotations

import pytest
from aiortc.rtp import RtcpByePacket, RtcpPacket, RtcpSdesPacket, RtcpSrPacket
from hypothesis import given
from hypothesis import strategies as st

from classroom.webrtc.rtp.feedback import Feedback, LossStatistics, ReceiverReport, RetransmissionBudget
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


def test_a_report_of_the_receiver_becomes_values() -> None:
    feedback = Feedback()
    assert feedback.received(ReceiverReport(1, 0.25, 7, 900, 0, 0), rate=90_000, round_trip=0.1, now=1.0) == 7
    assert feedback.received(ReceiverReport(1, 0.0, 9, 900, 0, 0), rate=90_000, round_trip=0.2, now=2.0) == 2
    assert feedback.received(ReceiverReport(1, 0.0, 5, 900, 0, 0), rate=90_000, round_trip=None, now=3.0) == 0
    assert feedback.jitter == 0.01
    assert feedback.round_trip == pytest.approx(0.115)
    assert feedback.last_round_trip == 0.2


def test_loss_is_told_over_enough_packets_and_is_over_when_the_newest_came_through() -> None:
    losses = LossStatistics()
    assert losses.share is None
    lost = 0
    for tick in range(400):  # 200 packets a second, each fourth lost in the second half of the first second
        lost += tick % 4 == 0 and 100 <= tick < 200
        losses.add(tick / 200, highest=5000 + tick, lost=lost)
        share = losses.share
        if tick < 100:
            assert share in (None, 0.0)
        if tick == 199:
            assert share == pytest.approx(0.25, abs=0.02)
        if tick > 240:
            assert share == losses.newest == 0.0
    losses.add(3.0, highest=7, lost=0)
    assert losses.share is None


def test_nearly_nothing_is_repeated_where_the_network_is_full() -> None:
    repetitions, rate = RetransmissionBudget(now=0.0), 1_000_000
    sent = sum(1000 for tick in range(10_000) if repetitions.allow(1000, bit_rate=rate, full=True, now=tick / 1000))
    assert sent <= 0.15 * rate / 8 * 11


def test_who_asks_for_everything_again_gets_half_of_it() -> None:
    repetitions, rate = RetransmissionBudget(now=0.0), 1_000_000
    sent = sum(1000 for tick in range(10_000) if repetitions.allow(1000, bit_rate=rate, now=tick / 1000))
    assert sent <= 0.5 * rate / 8 * 10 + 0.5 * rate / 8
    assert sent > 0.4 * rate / 8 * 10


def test_an_ntp_time_begins_anew_in_2036() -> None:
    turn = 2**32 - 2_208_988_800
    assert ntp_time(turn + 5.5) == 11 << 31
    report = sender_report(1, ntp=ntp_time(turn + 5.5), rtp=2, counters=SenderCounters())
    assert len(report) == 28
    assert round_trip(ntp_time(turn + 0.25), last_report=ntp_time(turn - 0.25) >> 16 & 0xFFFF_FFFF, delay=0) == 0.5
