"""Reports are read as aiortc reads them, and garbage is refused without a fault."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_FIR,
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    RtcpByePacket,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSenderInfo,
    RtcpSrPacket,
    pack_remb_fci,
    unpack_remb_fci,
)
from hypothesis import given
from hypothesis import strategies as st

from classroom.webrtc.rtp.feedback import KeyFrameRequest, Nack, ReceiverReport, Remb
from classroom.webrtc.rtp.rtcp_reader import read_rtcp

words = st.integers(0, 2**32 - 1)
blocks = st.builds(
    RtcpReceiverInfo,
    ssrc=words, fraction_lost=st.integers(0, 255), packets_lost=st.integers(-(2**23), 2**23 - 1),
    highest_sequence=words, jitter=words, lsr=words, dlsr=words,
)  # fmt: skip


def expected(block: RtcpReceiverInfo) -> ReceiverReport:
    return ReceiverReport(
        block.ssrc, block.fraction_lost / 256, block.packets_lost, block.jitter, block.lsr, block.dlsr,
        block.highest_sequence,
    )  # fmt: skip


@given(words, st.lists(blocks, max_size=4), st.booleans())
def test_reports_on_what_arrived(ssrc: int, reports: list[RtcpReceiverInfo], sends: bool) -> None:
    packet: Any = RtcpRrPacket(ssrc=ssrc, reports=reports)
    if sends:
        info = RtcpSenderInfo(ntp_timestamp=1, rtp_timestamp=2, packet_count=3, octet_count=4)
        packet = RtcpSrPacket(ssrc=ssrc, sender_info=info, reports=reports)
    assert list(read_rtcp(bytes(packet))) == [expected(block) for block in reports]


@given(words, st.sets(st.integers(0, 65_535), min_size=1, max_size=40))
def test_what_is_missed(ssrc: int, missed: set[int]) -> None:
    packet = RtcpRtpfbPacket(fmt=RTCP_RTPFB_NACK, ssrc=1, media_ssrc=ssrc, lost=sorted(missed))
    [said] = read_rtcp(bytes(packet))
    assert isinstance(said, Nack)
    assert said.ssrc == ssrc
    assert set(said.sequence) == missed
    assert len(said.sequence) == len(missed)


@given(st.integers(1, 2**31), st.lists(words, min_size=1, max_size=5))
def test_an_estimate_is_what_aiortc_takes_it_for(bit_rate: int, ssrcs: list[int]) -> None:
    fci = pack_remb_fci(bit_rate, ssrcs)
    [said] = read_rtcp(bytes(RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=1, media_ssrc=0, fci=fci)))
    rate, named = unpack_remb_fci(fci)
    assert said == Remb(rate, tuple(named))


def test_wishes_for_key_frames() -> None:
    loss = RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=1, media_ssrc=7)
    wish = RtcpPsfbPacket(fmt=RTCP_PSFB_FIR, ssrc=1, media_ssrc=0, fci=(9).to_bytes(4, "big") + b"\1\0\0\0")
    assert list(read_rtcp(bytes(loss) + bytes(wish))) == [KeyFrameRequest((7,)), KeyFrameRequest((9,))]


def test_what_a_sender_does_not_need_is_passed_over() -> None:
    other = RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=1, media_ssrc=0, fci=b"MINE" + bytes(8))
    assert list(read_rtcp(bytes(RtcpByePacket(sources=[1])) + bytes(other))) == []


@given(st.binary(max_size=120), st.integers(0, 4), st.integers(198, 207))
def test_garbage_says_nothing_or_is_refused(body: bytes, form: int, kind: int) -> None:
    body += bytes(-len(body) % 4)
    head = bytes([0x80 | form, kind]) + (len(body) // 4).to_bytes(2, "big")
    for data in (head + body, body, head + body[:-4]):
        with contextlib.suppress(ValueError):
            list(read_rtcp(data))


def test_what_is_cut_off_is_refused_after_what_was_whole() -> None:
    whole = bytes(RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=1, media_ssrc=7))
    said = read_rtcp(whole + whole[:6])
    assert next(said) == KeyFrameRequest((7,))
    with pytest.raises(ValueError, match="RTCP"):
        next(said)


def test_padding_is_nothing_that_was_said() -> None:
    packet = bytes([0xA1, 205, 0, 5]) + bytes(4) + (7).to_bytes(4, "big") + bytes([0, 9, 0, 0]) + bytes(7) + b"\x08"
    assert list(read_rtcp(packet)) == [Nack(7, (9,))]
    for wrong in (b"\x00", b"\xff"):
        with pytest.raises(ValueError, match="padding"):
            list(read_rtcp(packet[:-1] + wrong))


def test_one_request_names_no_more_than_a_browser_would() -> None:
    wanted = b"".join(number.to_bytes(2, "big") + b"\xff\xff" for number in range(0, 17 * 3000, 17))
    packet = bytes([0x81, 205]) + (2 + 3000).to_bytes(2, "big") + bytes(4) + (1).to_bytes(4, "big") + wanted
    said: list[Any] = list(read_rtcp(packet))
    assert len(said) == 1
    assert 1000 <= len(said[0].sequence) <= 1100
    assert said[0].sequence[:20] == tuple(range(20))
