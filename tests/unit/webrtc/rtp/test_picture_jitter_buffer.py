"""What is missing of pictures is asked for again, and given up in time."""

from __future__ import annotations

import pytest
from aiortc.rtp import RtpPacket
from hypothesis import given
from hypothesis import strategies as st

from classroom.common.clock import ManualClock
from classroom.webrtc.rtp.picture_jitter_buffer import NackGenerator, PictureJitterBuffer


class Receiver:
    """What aiortc's receiver does with both, packets coming 10 ms apart, two to a picture."""

    def __init__(self) -> None:
        self.clock = ManualClock(100.0)
        self.missing = NackGenerator(self.clock)
        self.window = PictureJitterBuffer(self.missing)
        self.asked: list[set[int]] = []
        self.key_frames = 0
        self.pictures: list[int] = []

    def take(self, number: int, *, ssrc: int = 1, picture: int | None = None) -> None:
        stamp = 3000 * (number // 2 if picture is None else picture)
        packet = RtpPacket(ssrc=ssrc, sequence_number=number % 65536, timestamp=stamp)
        packet._data = b"."  # type: ignore[attr-defined]
        if self.missing.add(packet):
            self.asked.append(self.missing.missing)
        needed, frame = self.window.add(packet)
        self.key_frames += needed
        if frame is not None:
            self.pictures.append(frame.timestamp // 3000)

    def run(self, first: int, stop: int, *, without: set[int] | None = None) -> None:
        for number in range(first, stop):
            if number not in (without or set()):
                self.take(number)
            self.clock.advance(0.01)


def test_what_is_missing_is_asked_for_until_it_comes() -> None:
    receiver = Receiver()
    receiver.run(0, 45, without={10})
    assert receiver.asked == [{10}] * 4
    receiver.take(10)
    receiver.run(45, 100)
    assert receiver.asked == [{10}] * 4
    assert receiver.key_frames == 0
    assert receiver.pictures[:6] == [0, 1, 2, 3, 4, 5]


def test_what_never_comes_is_given_up_for_a_key_frame() -> None:
    receiver = Receiver()
    receiver.run(0, 120, without={10})
    assert receiver.key_frames == 1
    assert receiver.pictures[:4] == [0, 1, 2, 3]
    assert receiver.pictures[-1] == 58
    assert receiver.pictures[4] < 45, "within 0.8 s"
    receiver.take(10)
    receiver.run(120, 140)
    assert receiver.pictures[-1] == 68, "what comes too late spoils nothing"


def test_after_an_outage_a_key_frame_is_asked_for_at_once() -> None:
    receiver = Receiver()
    receiver.run(0, 20)
    receiver.run(300, 304)
    assert receiver.key_frames == 1
    assert receiver.asked == []
    assert receiver.pictures[-1] == 150


@pytest.mark.parametrize(("missing", "is_waited_for"), [(128, True), (129, False)])
def test_so_many_are_waited_for_at_once(missing: int, is_waited_for: bool) -> None:
    receiver = Receiver()
    receiver.run(0, 20)
    receiver.take(20 + missing)
    assert (len(receiver.missing.missing) == missing) is is_waited_for
    assert receiver.key_frames == (0 if is_waited_for else 1)


@pytest.mark.parametrize("restarted", [False, True])
def test_a_picture_that_does_not_fit_is_given_up_for_a_key_frame(restarted: bool) -> None:
    receiver = Receiver()
    if restarted:
        receiver.run(30000, 30010)
    receiver.take(100)
    before = receiver.key_frames
    for number in range(101, 800):
        receiver.take(number, picture=77)
    assert receiver.key_frames > before


def test_a_stream_that_begins_anew_is_followed_at_once() -> None:
    receiver = Receiver()
    receiver.run(30000, 30020)
    receiver.run(100, 104)
    for number in range(110, 114):
        receiver.take(number, ssrc=2)
    assert receiver.pictures[-2:] == [50, 55]
    assert receiver.key_frames == 2


def test_sequence_numbers_begin_again_at_nothing() -> None:
    receiver = Receiver()
    receiver.run(65530, 65560, without={65536})
    assert receiver.asked[0] == {0}
    receiver.take(65536)
    receiver.run(65560, 65600)
    assert receiver.key_frames == 0
    assert receiver.missing.missing == set()


@given(st.lists(st.integers(0, 400), max_size=600))
def test_nothing_that_comes_makes_it_grow_or_stop(numbers: list[int]) -> None:
    receiver = Receiver()
    for number in numbers:
        receiver.take(number)
        assert len(receiver.missing.missing) <= 128
    receiver.run(401, 700)
    assert receiver.pictures[-1] == 348
