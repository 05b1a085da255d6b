"""What receivers count: packets, losses and frames by headers alone, and reports that aiortc's own parser reads."""

from __future__ import annotations

from itertools import pairwise

from aiortc.rtp import RtcpPacket, RtcpPsfbPacket, RtcpRrPacket, unpack_remb_fci
from hypothesis import given
from hypothesis import strategies as st

from classroom.bench.tally import Tally, key_frame_request, receiver_report, sender_reports
from classroom.webrtc.rtp.rtcp_writer import SenderCounters, sender_report, source_description


def counted(numbers: list[int], *, last: int = 5) -> Tally:
    tally = Tally()
    for place, number in enumerate(numbers):
        tally.count(number & 0xFFFF, number % last == last - 1, 1000, place / 100)
    return tally


@given(st.integers(0, 0xFFFF), st.sets(st.integers(1, 398), max_size=50))
def test_missing_numbers_are_lost_also_across_a_wrap(start: int, missing: set[int]) -> None:
    tally = counted([start + number for number in range(400) if number not in missing])
    assert (tally.expected, tally.packets, tally.lost) == (400, 400 - len(missing), len(missing))
    assert tally.octets == 1000 * tally.packets


def test_a_packet_that_comes_late_is_not_lost() -> None:
    tally = counted([0xFFFE, 0, 1, 0xFFFF, 2])
    assert (tally.expected, tally.lost) == (5, 0)


def test_frames_end_with_the_marker_and_gaps_are_between_their_ends() -> None:
    tally = counted(list(range(20)))
    assert tally.frames == 4
    assert tally.first_frame == 0.04
    assert abs(tally.longest_gap - 0.05) < 1e-9
    tally.forget_gaps()
    assert tally.longest_gap == 0


def test_a_first_frame_with_a_hole_is_none() -> None:
    assert counted([0, 1, 3, 4]).first_frame is None
    assert counted([0, 1, 3, 4, 2, 5, 6, 7, 8, 9]).first_frame == 0.09


def test_packets_that_come_late_may_be_older_than_the_first_that_was_counted() -> None:
    late = counted([7, 8, 5, 6, 9])
    assert (late.base, late.expected, late.lost, late.first_frame) == (5, 5, 0, 0.04)
    assert counted([1, 2, 0xFFFF, 0, 4, 3, 5, 6, 7, 8]).first_frame is not None  # and also across a wrap


def test_what_was_given_up_for_a_key_frame_is_missed_no_more() -> None:
    tally = counted([0, 1, 3, 4])
    tally.begin_again()
    for number in range(7, 12):
        tally.count(number, number == 11, 1000, 1.0)
    assert (tally.first_frame, tally.lost) == (1.0, 0)
    (said,) = RtcpPacket.parse(key_frame_request(7, 9))
    assert isinstance(said, RtcpPsfbPacket)
    assert (said.fmt, said.ssrc, said.media_ssrc) == (1, 7, 9)


def test_a_report_tells_what_was_lost_since_the_one_before() -> None:
    tally = counted([0, 1, 3])
    first, *_ = RtcpPacket.parse(
        receiver_report(7, [tally.block(9, last_report=0x1234, delay=0.5)], estimate=3_000_000, ssrcs=[9])
    )
    assert isinstance(first, RtcpRrPacket)
    (block,) = first.reports
    assert (block.ssrc, block.packets_lost, block.fraction_lost, block.highest_sequence) == (9, 1, 64, 3)
    assert (block.lsr, block.dlsr) == (0x1234, 0x8000)
    tally.count(4, False, 1000, 1.0)
    second, *_ = RtcpPacket.parse(receiver_report(7, [tally.block(9, last_report=0, delay=0.5)], estimate=1, ssrcs=[9]))
    assert isinstance(second, RtcpRrPacket)
    assert (second.reports[0].packets_lost, second.reports[0].fraction_lost, second.reports[0].dlsr) == (1, 0, 0)


@given(st.integers(0, 10_000_000_000), st.lists(st.integers(0, 0xFFFF_FFFF), max_size=4))
def test_the_estimate_is_one_that_others_read(estimate: int, ssrcs: list[int]) -> None:
    _, said = RtcpPacket.parse(receiver_report(1, [], estimate=estimate, ssrcs=ssrcs))
    assert isinstance(said, RtcpPsfbPacket)
    rate, named = unpack_remb_fci(said.fci)
    assert named == ssrcs
    assert estimate * (1 - 2**-17) - 1 <= rate <= estimate


def test_sender_reports_are_found_in_a_compound_packet() -> None:
    said = b"".join(
        sender_report(ssrc, ntp=ntp, rtp=0, counters=SenderCounters()) + source_description(ssrc, "somebody")
        for ssrc, ntp in ((1, 0x1111_2222_3333_4444), (2, 0xAAAA_BBBB_CCCC_DDDD))
    )
    assert sender_reports(said) == {1: 0x2222_3333, 2: 0xBBBB_CCCC}
    for end in range(len(said)):
        assert len(sender_reports(said[:end])) <= 2


def test_gaps_are_of_time_not_of_numbers() -> None:
    times = [0.0, 0.03, 0.2, 0.23]
    tally = Tally()
    for number, now in enumerate(times):
        tally.count(number, True, 100, now)
    assert tally.longest_gap == max(later - earlier for earlier, later in pairwise(times))
