"""What is remembered of a rendition, for those who miss a packet."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classroom.webrtc.rtp.packet_cache import PacketCache


@given(st.lists(st.integers(0, 40), min_size=1, max_size=80), st.sampled_from([0.02, 0.033, 0.2]))
def test_each_packet_of_the_last_second_is_found_by_its_number(counts: list[int], interval: float) -> None:
    history = PacketCache()
    sent: list[tuple[float, bytes, bool]] = []
    for number, count in enumerate(counts):
        captured = number * interval
        payloads = [f"{number} {place}".encode() for place in range(count)]
        frame = history.add(payloads=payloads, pts=number, captured=captured, key=number == 0)
        assert frame.index == len(sent)
        sent += [(captured, payload, place == count - 1) for place, payload in enumerate(payloads)]
    now = (len(counts) - 1) * interval
    for index, (captured, payload, last) in enumerate(sent):
        piece = history.find(index)
        if captured >= now - 1.0:
            assert piece is not None
        if piece is not None:
            assert (piece.payload, piece.last, piece.frame.captured) == (payload, last, captured)
    assert history.find(len(sent)) is None
    assert history.find(-1) is None


def test_what_is_older_than_two_seconds_is_forgotten() -> None:
    history = PacketCache()
    for number in range(3000):
        history.add(payloads=[b"x" * 1000], pts=number, captured=number / 30, key=False)
    assert history.find(3000 - 90) is None
    assert history.find(3000 - 45) is not None


@pytest.mark.parametrize("rate", [15, 30, 50, 60])
def test_a_large_picture_is_out_before_the_next_one_comes(rate: int) -> None:
    history = PacketCache()
    for number in range(20):
        frame = history.add(payloads=[b"x"] * 200, pts=number, captured=50 + number / rate, key=False)
        assert 0.01 < frame.portions[-1].after < min(0.025, 0.9 / rate) or number == 0


def test_the_bit_rate_is_that_of_the_last_seconds() -> None:
    history = PacketCache()
    for number in range(300):
        history.add(payloads=[b"x" * 1000, b"x" * 250], pts=number, captured=number / 30, key=False)
    assert abs(history.bit_rate - 8 * 1250 * 30) < 15_000
