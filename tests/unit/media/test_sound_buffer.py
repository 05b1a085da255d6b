"""The last seconds of a source's sound, sample by sample."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classroom.media.frames import SAMPLE_RATE, Samples
from classroom.media.level import FLOOR_DB, measure
from classroom.media.sound_buffer import SoundBuffer


def ramp(first: int, count: int) -> Samples:
    """Samples that tell their own number, exactly, in both channels (the right one negative)."""
    numbers = ((np.arange(first, first + count) % 60_000) + 1).astype(np.float32) / 65_536
    return np.stack([numbers, -numbers], 1)


def test_before_the_first_block_there_is_silence() -> None:
    buffer = SoundBuffer()
    assert buffer.end is None
    assert not buffer.read(123.4, 960).any()
    assert buffer.read(123.4, 960).shape == (960, 2)
    assert buffer.level.peak_db == FLOOR_DB


def test_blocks_stand_where_the_clock_says() -> None:
    buffer = SoundBuffer()
    for number in range(100):
        buffer.write(ramp(number * 480, 480), 1000.0 + number * 0.01)
    assert buffer.end == pytest.approx(1001.0)
    assert np.array_equal(buffer.read(1000.5, 960), ramp(24_000, 960))
    late = buffer.read(1000.99, 960)
    assert np.array_equal(late[:480], ramp(47_520, 480))
    assert not late[480:].any()
    early = buffer.read(999.99, 960)
    assert not early[:480].any()
    assert np.array_equal(early[480:], ramp(0, 480))


def test_older_than_two_seconds_is_forgotten() -> None:
    buffer = SoundBuffer()
    for number in range(300):
        buffer.write(ramp(number * 480, 480), number * 0.01)
    assert not buffer.read(0.5, 480).any()
    assert np.array_equal(buffer.read(1.0, 480), ramp(48_000, 480))


@settings(deadline=None)
@given(st.lists(st.floats(-0.0045, 0.0045), min_size=2, max_size=60), st.floats(0, 1e6))
def test_jitter_leaves_no_seam(jitter: list[float], start: float) -> None:
    buffer = SoundBuffer()
    buffer.write(ramp(0, 960), start)
    for number, offset in enumerate(jitter, 1):
        buffer.write(ramp(number * 960, 960), start + number * 0.02 + offset)
    first = round(start * SAMPLE_RATE)
    held = min((len(jitter) + 1) * 960, SAMPLE_RATE)
    tail = (len(jitter) + 1) * 960 - held
    assert np.array_equal(buffer.read_at(first + tail, held), ramp(tail, held))


JUMPS = st.integers(-60_000, 60_000).filter(lambda jump: jump == 0 or abs(jump) > 1920)


@settings(deadline=None)
@given(
    st.lists(st.tuples(JUMPS, st.integers(0, 50_000)), max_size=8),
    st.integers(-120_000, 70_000),
    st.integers(0, 110_000),
)
def test_any_pattern_of_jumps_reads_like_a_tape(writes: list[tuple[int, int]], offset: int, count: int) -> None:
    """Against a plain model: a long tape of which only the two seconds before the last block's end is left."""
    buffer, tape, end, written = SoundBuffer(), np.zeros(2_000_000, np.float32), 1_000_000, 0
    for jump, length in writes:
        first = end + jump
        buffer.write(ramp(written, length), first / SAMPLE_RATE)
        if length == 0:
            continue
        end = first + length
        tape[first:] = 0.0
        tape[first:end] = ramp(written, length)[:, 0]
        tape[: end - 2 * SAMPLE_RATE] = 0.0
        written += length
    assert buffer.end == (end / SAMPLE_RATE if written else None)
    got = buffer.read_at(end + offset, count)
    wanted = tape[end + offset : end + offset + count]
    assert np.array_equal(got[:, 0], wanted)
    assert np.array_equal(got[:, 1], -wanted)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.floats(-1e7, 1e7), st.integers(0, 3_000)), max_size=20),
    st.floats(-1e7, 1e7),
    st.integers(0, 2_000),
)
def test_nothing_finite_makes_it_raise(writes: list[tuple[float, int]], start: float, count: int) -> None:
    buffer = SoundBuffer()
    for captured, length in writes:
        buffer.write(ramp(0, length), captured)
    assert buffer.read(start, count).shape == (count, 2)


@pytest.mark.parametrize("rate", [1.0004, 0.9996])
def test_a_fast_or_slow_crystal_is_followed_without_a_gap(rate: float) -> None:
    buffer = SoundBuffer()
    phase = 0
    for number in range(15_000):  # five minutes
        tone = np.sin(np.arange(phase, phase + 960) * (2 * math.pi * 440 / SAMPLE_RATE)).astype(np.float32)
        phase += 960
        buffer.write(np.stack([tone, tone], 1), 50.0 + number * 0.02 * rate)
        assert buffer.end is not None
        assert abs(buffer.end - (50.0 + (number * rate + 1) * 0.02)) < 0.012
        if number % 500 == 499:
            recent = buffer.read(buffer.end - 0.9, 40_000)[:, 0]
            assert np.max(np.abs(np.diff(recent))) < 0.08  # a sine of 440 Hz moves 0.058 a sample; a gap jumps
            assert np.sqrt(np.mean(recent**2)) == pytest.approx(math.sqrt(0.5), rel=0.02)


def test_what_is_not_a_number_is_silence() -> None:
    buffer = SoundBuffer()
    block = ramp(0, 960)
    block[10, 0] = math.nan
    block[11, 1] = math.inf
    buffer.write(block, 0.0)
    read = buffer.read(0.0, 960)
    assert np.isfinite(read).all()
    assert read[10, 0] == 0.0
    assert read[11, 1] == 1.0


def test_a_wrong_shape_or_time_is_refused() -> None:
    buffer = SoundBuffer()
    with pytest.raises(ValueError, match="shape"):
        buffer.write(np.zeros((960,), np.float32), 0.0)
    with pytest.raises(ValueError, match="not a second of the clock"):
        buffer.write(ramp(0, 10), math.nan)
    assert buffer.end is None


@pytest.mark.parametrize("distance", [-1500, -1, 0, 1, 1500])
def test_what_begins_anew_stands_at_its_own_time_however_near_that_is(distance: int) -> None:
    buffer = SoundBuffer()
    buffer.write(ramp(0, 4800), 10.0)
    buffer.start_over()
    first = 10 * SAMPLE_RATE + 4800 + distance
    for number in range(2):
        buffer.write(ramp(10_000 + number * 960, 960), first / SAMPLE_RATE + number * 0.02 + 0.003 * number)
    read = buffer.read_at(10 * SAMPLE_RATE, 4800 + distance)
    assert np.array_equal(read[: min(4800, 4800 + distance)], ramp(0, min(4800, 4800 + distance)))
    assert not read[4800:].any()
    # What follows it continues it again.
    assert np.array_equal(buffer.read_at(first, 1920), ramp(10_000, 1920))


def test_clear_forgets() -> None:
    buffer = SoundBuffer()
    buffer.write(ramp(0, 960), 0.0)
    buffer.clear()
    assert buffer.end is None
    assert not buffer.read(0.0, 960).any()


def test_the_level_is_that_of_the_last_block() -> None:
    buffer = SoundBuffer()
    buffer.write(np.full((960, 2), 0.5, np.float32), 0.0)
    assert buffer.level.peak_db == pytest.approx(-6.02, abs=0.01)
    assert buffer.level.rms_db == pytest.approx(-6.02, abs=0.01)
    buffer.write(np.zeros((960, 2), np.float32), 0.02)
    assert buffer.level.rms_db == FLOOR_DB
    assert measure(np.zeros((0, 2), np.float32)).peak_db == FLOOR_DB
