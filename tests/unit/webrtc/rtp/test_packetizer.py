"""Payloads of RTP packets: taken apart by aiortc's depacketiser they are what was encoded."""

from __future__ import annotations

import struct

import av
import numpy as np
import pytest
from aiortc.codecs.h264 import h264_depayload
from aiortc.codecs.vpx import vp8_depayload
from hypothesis import given
from hypothesis import strategies as st

from classroom.media.codecs import VideoSettings, open_video
from classroom.media.frames import Codec
from classroom.webrtc.rtp.packetizer import LONGEST, packetize

# Bytes that cannot look like a start code, and do not end in a zero, as in every NAL unit.
units = st.tuples(st.sampled_from([0x61, 0x65, 0x67, 0x68, 0x06, 0x41]), st.integers(1, 5000)).map(
    lambda each: bytes([each[0]]) + bytes(1 + (at * 7) % 255 for at in range(each[1]))
)


def depayload(codec: Codec, payloads: list[bytes]) -> bytes:
    take = h264_depayload if codec == "h264" else vp8_depayload
    return b"".join(take(payload) for payload in payloads)


@given(st.lists(units, min_size=1, max_size=6), st.sampled_from([b"\0\0\1", b"\0\0\0\1"]), st.integers(100, LONGEST))
def test_h264_comes_out_as_it_went_in(nals: list[bytes], start: bytes, longest: int) -> None:
    payloads = packetize("h264", b"".join(start + nal for nal in nals), longest)
    assert depayload("h264", payloads) == b"".join(b"\0\0\0\1" + nal for nal in nals)
    assert max(map(len, payloads)) <= longest


@given(st.binary(max_size=20_000), st.integers(50, LONGEST))
def test_vp8_comes_out_as_it_went_in(data: bytes, longest: int) -> None:
    payloads = packetize("vp8", data, longest)
    assert depayload("vp8", payloads) == data
    assert all(len(payload) <= longest for payload in payloads)
    assert [payload[0] >> 4 & 1 for payload in payloads] == [1, *[0] * (len(payloads) - 1)][: len(payloads)]


@given(st.integers(1, 60_000), st.sampled_from(["h264", "vp8"]))
def test_a_picture_is_cut_equally_so_that_the_kernel_can_do_it(length: int, codec: Codec) -> None:
    data = b"\0\0\0\1\x65" + b"\xaa" * length if codec == "h264" else b"\xaa" * length
    sizes = [len(payload) for payload in packetize(codec, data)]
    assert len(set(sizes[:-1])) <= 1
    assert sizes[-1] <= sizes[0]
    assert len(sizes) == max(1, -(-length // (LONGEST - (2 if codec == "h264" else 1)))) or length < LONGEST


@pytest.mark.parametrize("codec", ["h264", "vp8"])
@pytest.mark.parametrize("count", [1, 2, 3, 40])
def test_what_just_fills_its_packets_needs_no_more_of_them(codec: Codec, count: int) -> None:
    room = LONGEST - (2 if codec == "h264" else 1)
    for length, packets in ((count * room, count), (count * room + 1, count + 1)):
        whole = b"\0\0\0\1\x65" + b"\xaa" * length if codec == "h264" else b"\xaa" * length
        payloads = packetize(codec, whole)
        assert max(map(len, payloads)) <= LONGEST
        if length > LONGEST:
            assert len(payloads) == packets


@given(st.binary(min_size=1, max_size=1500))
def test_opus_goes_as_it_is(data: bytes) -> None:
    assert packetize("opus", data) == [data]


@pytest.mark.parametrize("codec", ["h264", "vp8", "opus"])
def test_nothing_makes_no_packet(codec: Codec) -> None:
    assert packetize(codec, b"") == []


@pytest.mark.parametrize("codec", ["h264", "vp8"])
def test_real_pictures_are_decoded_after_the_journey(codec: Codec) -> None:
    assert codec != "opus"
    encoder = open_video(codec, VideoSettings((320, 180), 30, 1_500_000))
    decoder = av.CodecContext.create(codec, "r")
    noise = np.random.default_rng(1)
    decoded, several = 0, 0
    for number in range(10):
        frame = av.VideoFrame.from_ndarray(noise.integers(0, 255, (180, 320, 3), np.uint8), format="rgb24")
        frame.pts, frame.time_base = number * 3000, encoder.time_base
        for packet in encoder.encode(frame.reformat(format="yuv420p")):
            payloads = packetize(codec, bytes(packet))
            several += len(payloads) > 1
            decoded += len(decoder.decode(av.Packet(depayload(codec, payloads))))
    assert decoded == 10
    assert several, "pictures must be large enough to be cut"


def test_parameter_sets_share_a_packet() -> None:
    [payload] = packetize("h264", b"\0\0\0\1\x67abc\0\0\0\1\x68de\0\0\1\x06f")
    assert payload[0] & 0x1F == 24
    assert struct.unpack_from("!H", payload, 1) == (4,)
