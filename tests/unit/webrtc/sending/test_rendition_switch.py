"""From which frame on a student gets a rendition, and when a key frame is requested for it."""

from __future__ import annotations

from typing import cast

from classroom.webrtc.sending.distribution import Distribution
from tests.support.streams import Sent, Student


def test_who_could_not_be_sent_the_key_frame_has_another_asked_for() -> None:
    student = Student()
    distribution = cast(Distribution, student.large)
    student.connection.ready = False
    key = student.large.frame(0, key=True)
    assert student.stream.accept(distribution, key, student.large.history) is None
    for _ in range(3):  # whoever cannot be sent anything needs no key frames either
        student.clock.advance(1.0)
        student.stream.tend(student.clock.now())
    assert student.large.demanded == 0
    student.connection.ready = True
    for _ in range(8):
        student.clock.advance(0.25)
        student.stream.tend(student.clock.now())
    assert student.large.demanded == 2
    student.watch(1)
    student.clock.advance(2.0)
    student.stream.tend(student.clock.now())
    assert student.large.demanded == 2


def test_nobody_begins_with_anything_but_a_key_frame() -> None:
    student = Student()
    large = cast(Distribution, student.large)
    assert student.stream.accept(large, student.large.frame(0), student.large.history) is None
    assert student.stream.accept(large, student.large.frame(1, key=True), student.large.history) is not None


def test_the_rendition_that_comes_hears_of_a_wish_as_well() -> None:
    student = Student()
    student.watch(2)
    small = Sent(student.clock)
    student.stream.choose(cast(Distribution, small))
    student.stream.limit(bit_rate=300_000.0, key_frame_interval=None)
    assert (student.large.wished_for, small.wished_for) == (1, 1)


def test_what_is_chosen_before_the_connection_stands_is_all_that_is_sent() -> None:
    student = Student()
    small = Sent(student.clock)
    student.stream.choose(cast(Distribution, small))
    large = student.large.frame(1, key=True)
    assert student.stream.accept(cast(Distribution, student.large), large, student.large.history) is None
    frame = small.frame(1, key=True)
    assert student.stream.accept(cast(Distribution, small), frame, small.history) is not None


def test_a_student_moves_at_the_next_key_frame_and_gets_every_frame_until_then() -> None:
    student = Student()
    student.watch(2)
    small = Sent(student.clock)
    large, smaller = cast(Distribution, student.large), cast(Distribution, small)
    student.stream.choose(smaller)
    assert student.stream.accept(smaller, small.frame(2), small.history) is None
    assert student.stream.accept(large, student.large.frame(2), student.large.history) is not None
    assert student.stream.accept(smaller, small.frame(3, key=True), small.history) is not None
    assert student.stream.accept(large, student.large.frame(3), student.large.history) is None
    assert student.stream.accept(smaller, small.frame(4), small.history) is not None


def test_a_student_who_moves_at_once_gets_nothing_before_the_key_frame() -> None:
    student = Student()
    student.watch(2)
    small = Sent(student.clock)
    large, smaller = cast(Distribution, student.large), cast(Distribution, small)
    student.stream.choose(smaller, at_once=True)
    assert student.stream.accept(large, student.large.frame(2), student.large.history) is None
    demanded = student.large.demanded
    student.stream.choose(large)  # and back again
    assert student.large.demanded == demanded + 1
    assert student.stream.accept(large, student.large.frame(3), student.large.history) is None
    assert student.stream.accept(large, student.large.frame(4, key=True), student.large.history) is not None
    assert student.stream.accept(large, student.large.frame(5), student.large.history) is not None


def test_with_a_key_frame_interval_only_key_frames_that_far_apart_are_sent() -> None:
    student = Student()
    student.watch(1)
    large = cast(Distribution, student.large)
    student.stream.limit(bit_rate=None, key_frame_interval=4.0)
    taken = []
    for number in range(1, 25):
        student.clock.advance(0.5)
        frame = student.large.frame(number, key=number % 2 == 0)
        taken.append(student.stream.accept(large, frame, student.large.history) is not None)
    assert [number for number, took in enumerate(taken, 1) if took] == [8, 16, 24]
    demanded = student.large.demanded
    student.stream.limit(bit_rate=None, key_frame_interval=None)
    assert student.large.demanded == demanded + 1
    assert student.stream.accept(large, student.large.frame(25), student.large.history) is None
    assert student.stream.accept(large, student.large.frame(26, key=True), student.large.history) is not None
