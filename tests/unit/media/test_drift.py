"""Sound devices whose crystals are wrong: an hour of them stays with the clock, and nobody hears the correction."""

from __future__ import annotations

import math
import random

import numpy as np
import numpy.typing as npt
import pytest

from classroom.media.drift import HALF, DriftControl, Resampler
from classroom.media.frames import SAMPLE_RATE, Samples
from classroom.media.sound_buffer import SoundBuffer

HOUR = 3600.0


def sine(first: int, count: int, frequency: float) -> Samples:
    wave = (0.5 * np.sin(np.arange(first, first + count) * (2 * math.pi * frequency / SAMPLE_RATE))).astype(np.float32)
    return np.stack([wave, wave], 1)


def purity(sound: npt.NDArray[np.float32], frequency: float) -> float:
    """Signal to noise in dB: how much stronger the tone is than all that is not the tone.

    ``frequency`` is about right; what is really there is found first, since a corrected tone has moved with its device.
    """
    time = np.arange(len(sound)) / SAMPLE_RATE
    signal = sound.astype(np.float64)
    rest = signal
    for _ in range(4):
        basis = np.stack([np.cos(2 * math.pi * frequency * time), np.sin(2 * math.pi * frequency * time)], 1)
        weights, *_ = np.linalg.lstsq(basis, signal, rcond=None)
        rest = signal - basis @ weights
        # How the phase runs away over the piece says by how much the frequency is wrong.
        turned = (signal * np.exp(-2j * math.pi * frequency * time)).reshape(4, -1).mean(1)
        frequency += float(np.angle(turned[3] / turned[0])) / (2 * math.pi * 0.75 * len(sound) / SAMPLE_RATE)
    return 10 * math.log10(float(np.mean(signal**2)) / max(1e-20, float(np.mean(rest**2))))


@pytest.mark.parametrize("ppm", [200, -200, 500, -500])
@pytest.mark.parametrize("jitter", [0.0, 0.005, 0.015])
def test_the_control_keeps_an_hour_within_40_ms(ppm: int, jitter: float) -> None:
    control, dice = DriftControl(), random.Random(ppm)
    true, end, block = 0.0, 0.0, 0.02
    largest = 0.0
    for _ in range(round(HOUR / block)):
        stretch = control.stretch(true + dice.uniform(-jitter, jitter) - end, block)
        end += block * (stretch or 1.0)
        true += block * (1 + ppm * 1e-6)
        largest = max(largest, abs(true - end))
    assert largest < 0.012
    assert abs(true - end) < 0.002


@pytest.mark.parametrize("seconds", [600.0, pytest.param(HOUR, marks=pytest.mark.long)])
def test_a_device_that_is_200_ppm_slow_stays_with_the_picture(seconds: float) -> None:
    buffer, dice = SoundBuffer(), random.Random(5)
    count, zero, scale = 4800, 1000.0, 1 + 200e-6
    block = np.zeros((count, 2), np.float32)
    largest = 0.0
    for number in range(int(seconds * SAMPLE_RATE) // count):
        buffer.write(block, zero + number * count / SAMPLE_RATE * scale + dice.uniform(0, 0.01))
        assert buffer.end is not None
        largest = max(largest, abs(buffer.end - zero - (number + 1) * count / SAMPLE_RATE * scale))
    assert largest < 0.025  # uncorrected it would be 120 ms after ten minutes, 720 ms after an hour


@pytest.mark.parametrize("frequency", [3000.0, 10_000.0])
@pytest.mark.parametrize("ppm", [200, -500])
def test_a_held_tone_stays_pure_from_the_first_sample_to_the_last(ppm: int, frequency: float) -> None:
    buffer, dice = SoundBuffer(), random.Random(7)
    heard = []
    for number in range(3_000):  # a minute, in which the correction begins and settles
        captured = 50.0 + number * 0.02 * (1 + ppm * 1e-6) + dice.uniform(-0.004, 0.004)
        buffer.write(sine(number * 960, 960, frequency), captured)
        if number % 10 == 9:
            assert buffer.end is not None
            heard += np.split(buffer.read_at(round(buffer.end * SAMPLE_RATE) - 9_600, 9_600)[:, 0], 20)
    # In each 10 ms the pitch is steady enough to be told from noise; one dropped sample leaves 15 dB of it.
    purities = [purity(piece, frequency) for piece in heard]
    assert min(purities) > 45
    assert sorted(purities)[len(purities) // 2] > 60


@pytest.mark.parametrize(("frequency", "least"), [(440, 90), (1000, 85), (5000, 75), (10_000, 68), (16_000, 60)])
def test_the_filter_is_as_good_as_a_microphone_needs(frequency: int, least: float) -> None:
    resampler, stretch = Resampler(np.zeros((HALF, 2), np.float32)), 1.0005
    made = np.concatenate([resampler.push(sine(number * 960, 960, frequency), stretch) for number in range(100)])
    sound = made[1000:-1000, 0].astype(np.float64)
    wanted = 0.5 * np.sin(2 * math.pi * frequency / SAMPLE_RATE * (1000 + np.arange(len(sound))) / stretch)
    assert 20 * math.log10(float(np.std(wanted)) / float(np.std(sound - wanted))) > least


def test_the_filter_begins_where_the_sound_ended() -> None:
    past, ahead = sine(0, 960, 1000), sine(960, 960, 1000)
    made = Resampler(past).push(ahead, 1.0)
    assert len(made) == 960 - HALF
    assert made == pytest.approx(ahead[: len(made)], abs=1e-7)  # at no fraction it changes nothing


def test_blocks_of_any_length_make_the_same_sound() -> None:
    sound, dice = sine(0, 20_000, 700), random.Random(3)
    whole = Resampler(sound[:HALF]).push(sound[HALF:], 1.0003)
    resampler, pieces, at = Resampler(sound[:HALF]), [], HALF
    while at < len(sound):
        count = dice.choice([1, 2, 15, 480, 1024])
        pieces.append(resampler.push(sound[at : at + count], 1.0003))
        at += count
    made = np.concatenate(pieces)
    assert abs(len(made) - len(whole)) <= 1
    shorter = min(len(made), len(whole))
    assert made[:shorter] == pytest.approx(whole[:shorter], abs=1e-4)


def test_a_device_that_is_true_is_left_alone() -> None:
    control, dice = DriftControl(), random.Random(1)
    assert all(control.stretch(dice.uniform(-0.01, 0.01), 0.01) is None for _ in range(20_000))
