"""How far a live stream is held back: after a backlog, a pause, and by a network that is always a little late."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from classroom.media.sources.live_latency import LiveLatency

STEP = 0.02
"""Seconds between two blocks of a stream."""


def send(latency: LiveLatency, held_up: Callable[[float], float], *, seconds: float, start: float = 0.0) -> None:
    """Let a stream arrive whose time is the clock's, but for what holds each of its blocks up, until that instant."""
    times = [start + number * STEP for number in range(round((seconds - start) / STEP))]
    arrivals, latest = [], 0.0
    for time in times:
        latest = max(latest, time + held_up(time))
        arrivals.append((time, latest))
    for time, now in arrivals:
        latency.arrived(time, now)


def test_a_stream_that_comes_as_it_is_made_is_held_back_by_little() -> None:
    latency = LiveLatency()
    send(latency, lambda _: 0.0, seconds=20)
    assert latency.due(20.0) == pytest.approx(20.06, abs=0.01)


@pytest.mark.parametrize("backlog", [0.3, 3.0, 60.0])
def test_a_backlog_at_the_beginning_is_left_behind_when_it_was_read(backlog: float) -> None:
    latency = LiveLatency()
    # It takes a hundredth of its length to be read.
    send(latency, lambda time: max(0.0, backlog - time * 0.99), seconds=backlog * 1.05 + 3.0)
    assert 100.05 <= latency.due(100.0) <= 100.12


def test_sound_is_worth_hearing_when_the_backlog_was_read() -> None:
    latency = LiveLatency()
    for number in range(100):
        latency.arrived(number * STEP, 2.0 + number * 0.002)
        assert not latency.settled(2.0 + number * 0.002)
    for number in range(20):
        latency.arrived(2.2 + number * STEP, 2.2 + number * STEP)
    assert latency.settled(2.6)


def test_a_pause_of_the_network_holds_nothing_back_for_longer() -> None:
    latency = LiveLatency()
    send(latency, lambda time: max(0.0, 11.5 - time) if time >= 10 else 0.0, seconds=11.6)
    assert latency.due(12.0) == pytest.approx(12.06, abs=0.01)
    send(latency, lambda _: 0.0, seconds=30, start=11.6)
    assert latency.due(30.0) == pytest.approx(30.06, abs=0.01)


def test_what_comes_in_bursts_is_held_back_until_the_last_of_them_is_there() -> None:
    latency = LiveLatency()
    send(latency, lambda time: 0.2 - time % 0.2, seconds=3)
    # A block waits for the others of its burst.
    assert 3.18 <= latency.due(3.0) <= 3.26
    send(latency, lambda _: 0.0, seconds=20, start=3.0)
    assert latency.due(20.0) < 20.13


def test_nothing_is_held_back_by_more_than_half_a_second() -> None:
    latency = LiveLatency()
    send(latency, lambda time: 2.0 - time % 2.0, seconds=20)
    assert latency.due(20.0) <= 20.0 + 0.6


@pytest.mark.parametrize("change", [1.0, 3600.0, -3600.0])
def test_a_stream_whose_time_changes_goes_on(change: float) -> None:
    latency = LiveLatency()
    send(latency, lambda _: 0.0, seconds=5)
    for number in range(100):
        latency.arrived(5.0 + number * STEP - change, 5.0 + number * STEP)
    assert latency.due(7.0 - change) == pytest.approx(7.06, abs=0.03)


@pytest.mark.parametrize("drift", [0.0002, -0.0002])
def test_a_camera_whose_clock_is_wrong_is_followed_without_a_jump(drift: float) -> None:
    latency = LiveLatency()
    before = None
    for number in range(30_000):
        time = number * STEP
        latency.arrived(time, time * (1 + drift))
        offset = latency.due(time) - time * (1 + drift)
        assert 0.03 <= offset <= 0.1
        assert before is None or abs(offset - before) < 0.005
        before = offset
