"""What is made of the packets that a receiver kept: whole pictures, and how their quality changed."""

from __future__ import annotations

import random
import struct

import numpy as np
import pytest

from classroom.bench.quality import decoded, fall, measured, psnr, whole_frames
from classroom.bench.stage import FPS, slide, yuv_frame
from classroom.media.codecs import VideoSettings, open_video
from classroom.webrtc.rtp.packetizer import packetize

SSRC = 5


def packets(count: int) -> list[list[tuple[float, bytes]]]:
    """The packets of some pictures of a slide, as they would be kept."""
    encoder = open_video("h264", VideoSettings((1280, 720), FPS, 1_500_000))
    sequence = 0xFFF0
    made: list[list[tuple[float, bytes]]] = []
    for number, planes in enumerate(slide()[:count]):
        frame = yuv_frame(*planes)
        frame.pts = number * 3000
        (packet,) = encoder.encode(frame)
        payloads = packetize("h264", bytes(packet))
        made.append([])
        for place, payload in enumerate(payloads):
            marker = 0x80 if place == len(payloads) - 1 else 0
            head = struct.pack("!BBHII", 0x80, marker | 96, sequence & 0xFFFF, number * 3000, SSRC)
            made[-1].append((number / FPS, head + payload))
            sequence += 1
    return made


def test_pictures_are_put_together_whatever_the_order_and_compared_with_what_was_shown() -> None:
    kept = [packet for picture in packets(4) for packet in picture]
    head, rest = kept[:3], kept[3:]
    random.Random(1).shuffle(rest)
    found = measured(head + rest, [SSRC], "h264")["pictures"]
    assert [round(came * FPS) for came, _ in found] == [0, 1, 2, 3]
    assert all(quality > 30 for _, quality in found)
    assert decoded(kept, [SSRC], "h264") == {"pictures": 4, "width": 1280, "height": 720}


def test_a_picture_with_a_hole_is_left_out_and_others_ssrcs_too() -> None:
    pictures = packets(3)
    del pictures[0][1]
    kept = [packet for picture in pictures for packet in picture]
    assert len(list(whole_frames(kept, [SSRC], "h264"))) == 2
    assert list(whole_frames(kept, [SSRC + 1], "h264")) == []


def test_psnr_of_large_errors_does_not_overflow() -> None:
    black, white = np.zeros((8, 8), np.uint8), np.full((8, 8), 255, np.uint8)
    assert psnr(black, white) == pytest.approx(0.0)
    assert psnr(white, white) == 99.0


def test_a_fall_is_as_long_as_the_longest_time_below() -> None:
    pictures = [(at / 10, 40.0) for at in range(10)]
    pictures += [(1.0, 39.0), (1.1, 30.0), (1.2, 36.0), (1.5, 38.0), (1.6, 36.9), (1.7, 40.0)]
    found = fall(pictures, at=1.0, within=2.0, by=3.0)
    assert found["before"] == 40.0
    assert found["least"] == 30.0
    assert found["seconds"] == pytest.approx(0.4)


def test_a_fall_that_goes_on_lasts_to_the_end_and_nothing_known_is_the_worst() -> None:
    pictures = [(0.0, 40.0), (1.0, 30.0), (3.0, 31.0)]
    assert fall(pictures, at=0.5, within=5.0, by=3.0)["seconds"] == 2.0
    assert fall([], at=0.5, within=5.0, by=3.0)["seconds"] == 5.0
