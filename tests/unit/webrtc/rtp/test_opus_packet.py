"""Packets that are put together are what the decoder takes apart."""

from __future__ import annotations

import numpy as np
import pytest
from aiortc.codecs.opus import OpusDecoder
from aiortc.jitterbuffer import JitterFrame
from av import AudioFrame
from hypothesis import given
from hypothesis import strategies as st

from classroom.webrtc.rtp.opus_packet import join, joinable, lost, samples, single
from tests.support.opus import tone

FULL_BAND = 0xFC


def heard(*packets: bytes) -> np.ndarray:
    """The left channel, from 0 to 1, of what the decoder makes of packets."""
    decoder = OpusDecoder()
    frames = [frame for packet in packets for frame in decoder.decode(JitterFrame(packet, 0))]
    blocks = [frame.to_ndarray() for frame in frames if isinstance(frame, AudioFrame)]
    return np.concatenate([block.reshape(-1, 2)[:, 0] for block in blocks]) / 32768


def test_packets_sound_the_same_together_as_one_by_one() -> None:
    packets = tone(30)
    together = [*packets[:10], join(packets[10:14]), *packets[14:18], join(packets[18:24]), *packets[24:]]
    assert np.array_equal(heard(*together), heard(*packets))


def test_the_decoder_makes_up_for_one_that_was_lost_without_a_click() -> None:
    packets = tone(30)
    whole = heard(*packets)
    alone = heard(*packets[:20], lost(packets[19]), *packets[21:])
    inside = heard(*packets[:18], join([packets[18], packets[19], lost(packets[19]), packets[21]]), *packets[22:])
    assert np.array_equal(alone, inside)
    assert len(alone) == len(whole)
    gap = slice(20 * 960, 21 * 960)
    assert np.sqrt(np.mean(alone[gap] ** 2)) > 0.9 * np.sqrt(np.mean(whole[gap] ** 2))
    assert np.abs(np.diff(alone[19 * 960 :])).max() < 1.1 * np.abs(np.diff(whole[19 * 960 :])).max()


@given(st.lists(st.binary(max_size=1275), min_size=2, max_size=6))
def test_the_frames_can_be_found_again(frames: list[bytes]) -> None:
    packets = [bytes([FULL_BAND]) + frame for frame in frames]
    assert joinable(packets)
    assert taken_apart(join(packets)) == frames


def taken_apart(packet: bytes) -> list[bytes]:
    """The frames of a packet of code 3 with different lengths, read as RFC 6716 has it in 3.2.5."""
    assert packet[0] == FULL_BAND | 3
    assert packet[1] & 0xC0 == 0x80
    at, lengths = 2, []
    for _ in range((packet[1] & 0x3F) - 1):
        length, at = packet[at], at + 1
        if length >= 252:
            length, at = packet[at] * 4 + length, at + 1
        lengths.append(length)
    frames = []
    for length in lengths:
        frames.append(packet[at : at + length])
        at += length
    return [*frames, packet[at:]]


@pytest.mark.parametrize(
    ("first", "count"), [(0x00, 480), (0x18, 2880), (0x60, 480), (0x68, 960), (0x80, 120), (0x98, 960), (0xFC, 960)]
)
def test_the_first_byte_tells_the_length(first: int, count: int) -> None:
    assert samples(bytes([first])) == count


def test_all_kinds_of_packets_have_the_length_of_the_standard() -> None:
    """RFC 6716, table 2: milliseconds of a frame by the number in the first five bits."""
    silk, hybrid, celt = [10, 20, 40, 60] * 3, [10, 20] * 2, [2.5, 5, 10, 20] * 4
    assert [samples(bytes([number << 3])) for number in range(32)] == [48 * each for each in (*silk, *hybrid, *celt)]


def test_what_cannot_be_one_packet() -> None:
    packet = bytes([FULL_BAND, 1])
    assert joinable([packet] * 6)
    assert not joinable([packet] * 7)  # more than 120 ms
    assert not joinable([packet, bytes([FULL_BAND ^ 4, 1])])  # stereo and mono
    assert joinable([packet, lost(bytes([FULL_BAND ^ 4, 1])), packet])
    assert not joinable([packet, bytes([0x10, 1])])  # 40 ms
    assert not single(bytes([FULL_BAND | 3, 1, 1]))
    assert not joinable([packet, bytes([FULL_BAND | 3, 1, 1])])
    assert not single(b"")
    assert not single(bytes(1277))
