"""When something was sent: the sender's own time, whatever the network does to it on the way."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classroom.webrtc.receiving.capture_time import CaptureClock

FRAME = 1 / 30


def placed(clock: CaptureClock, jitter: list[float], *, held: int, first: float = 100.0) -> list[float]:
    """What a receiver gets that gives a frame out when ``held`` more have begun to arrive."""
    arrivals = [first + number * FRAME + late for number, late in enumerate(jitter)]
    arrivals = [max(arrivals[: number + 1]) for number in range(len(arrivals))]
    return [clock.capture_time(7.0 + n * FRAME, arrivals[n + held]) for n in range(len(arrivals) - held)]


@pytest.mark.parametrize("held", [1, 4])
def test_the_frames_that_are_held_are_no_delay(held: int) -> None:
    times = placed(CaptureClock(held), [0.0] * 60, held=held)
    assert times[-1] == pytest.approx(100.0 + (59 - held) * FRAME)


@given(st.lists(st.floats(0, 0.2), min_size=40, max_size=200))
def test_jitter_is_left_out_and_nothing_comes_from_the_future(jitter: list[float]) -> None:
    jitter = [0.0] * 10 + jitter
    times = placed(CaptureClock(1), jitter, held=1)
    steps = [after - before for before, after in pairwise(times[10:])]
    assert steps == pytest.approx([FRAME] * len(steps))
    assert all(time <= 100.0 + (number + 1) * FRAME + max(jitter) for number, time in enumerate(times))


def test_a_clock_that_runs_slow_is_followed() -> None:
    clock = CaptureClock(1)
    times = [clock.capture_time(number * FRAME * 0.999, 100.0 + number * FRAME) for number in range(3000)]
    assert 100.0 + 2999 * FRAME - times[-1] < 0.06


def test_time_stamps_that_begin_anew_are_taken_at_once() -> None:
    clock = CaptureClock(1)
    for number in range(100):
        clock.capture_time(5000.0 + number * FRAME, 100.0 + number * FRAME)
    assert clock.capture_time(0.0, 104.0) == pytest.approx(104.0)
