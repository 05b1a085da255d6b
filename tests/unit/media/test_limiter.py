"""The limiter: never over the ceiling, never a click, and nothing done to what is not too loud."""

from __future__ import annotations

import math
import re
import subprocess
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classroom.common.clock import ManualClock
from classroom.media.frames import SAMPLE_RATE, Encoded, Samples
from classroom.media.limiter import CEILING, LOOK_AHEAD, Limiter
from classroom.media.sound_encoder import SoundEncoder

BLOCK = 960


def limited(sound: Samples, sizes: list[int] | None = None) -> Samples:
    """The sound after the limiter, its delay taken off; ``sizes`` are the blocks, again and again."""
    limiter, made, at, turn = Limiter(), [], 0, 0
    padded = np.concatenate([sound, np.zeros((LOOK_AHEAD, 2), np.float32)])
    while at < len(padded):
        size = sizes[turn % len(sizes)] if sizes else BLOCK
        made.append(limiter.push(padded[at : at + size]))
        at, turn = at + size, turn + 1
    return np.concatenate(made)[LOOK_AHEAD:]


def stereo(wave: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Samples:
    return np.stack([wave, wave], 1).astype(np.float32)


def sine(frequency: float, amplitude: float, seconds: float) -> Samples:
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return stereo(amplitude * np.sin(2 * math.pi * frequency * time))


PIECES = st.lists(
    st.tuples(st.floats(0, 10, width=32), st.integers(1, 3_000), st.integers(0, 2**32 - 1)), min_size=1, max_size=8
)


def noise(pieces: list[tuple[float, int, int]]) -> Samples:
    return np.concatenate(
        [np.random.default_rng(seed).uniform(-loud, loud, (count, 2)) for loud, count, seed in pieces]
    ).astype(np.float32)


@settings(deadline=None)
@given(PIECES, st.lists(st.integers(1, 2_000), min_size=1, max_size=4))
def test_nothing_is_ever_over_the_ceiling(pieces: list[tuple[float, int, int]], sizes: list[int]) -> None:
    made = limited(noise(pieces), sizes)
    assert np.abs(made).max() <= np.float32(CEILING)
    assert np.isfinite(made).all()


def true_peak(sound: Samples) -> float:
    """In dBTP, as ffmpeg's ebur128 measures it."""
    command = ["ffmpeg", "-f", "f32le", "-ar", "48000", "-ac", "2", "-i", "-", "-af", "ebur128=peak=true"]
    given = sound.astype("<f4").tobytes()
    told = subprocess.run([*command, "-f", "null", "-"], input=given, capture_output=True, check=True).stderr
    return float(re.findall(rb"Peak:\s+(\S+) dBFS", told)[-1])


def after_opus(sound: Samples) -> Samples:
    packets: list[Encoded] = []
    encoder = SoundEncoder(bit_rate=96_000, clock=ManualClock(), publish=packets.append)
    encoder.activate()
    for first in range(0, len(sound) - BLOCK + 1, BLOCK):
        encoder.encode(sound[first : first + BLOCK], first, first / SAMPLE_RATE)
    decoder: Any = av.CodecContext.create("libopus", "r")
    decoder.sample_rate, decoder.layout = SAMPLE_RATE, "stereo"
    heard = np.concatenate(
        [frame.to_ndarray().reshape(-1, 2) for one in packets for frame in decoder.decode(one.packet)]
    )
    scale = 1 if heard.dtype == np.float32 else 32768
    return (heard / scale).astype(np.float32)


def film() -> Samples:
    """Six seconds of a chord with surf that comes and goes, cut off at full scale as loud films are."""
    count = 6 * SAMPLE_RATE
    time = np.arange(count) / SAMPLE_RATE
    spectrum = np.fft.rfft(np.random.default_rng(2).normal(0, 1, (count, 2)), axis=0)
    frequency = np.maximum(30, np.fft.rfftfreq(count, 1 / SAMPLE_RATE))
    surf = np.fft.irfft(spectrum / np.sqrt(frequency)[:, None], count, axis=0)
    surf *= (0.3 + 0.7 * (np.sin(2 * math.pi * 1.5 * time) > 0))[:, None] / np.abs(surf).max()
    chord = np.sum([np.sin(2 * math.pi * tone * time) for tone in (220, 277, 330, 880, 3520)], axis=0) / 10
    return np.clip(surf + stereo(chord), -1, 1).astype(np.float32)


def test_peaks_between_the_samples_are_limited_as_well() -> None:
    tone = np.sin(math.pi / 2 * np.arange(SAMPLE_RATE) + math.pi / 4)  # full scale, sampled at 0.71
    between = stereo(np.sqrt(np.hanning(SAMPLE_RATE)) * tone)
    assert true_peak(between) == pytest.approx(0.0, abs=0.2)
    assert true_peak(limited(between)) == pytest.approx(20 * math.log10(CEILING), abs=0.15)


def test_a_loud_film_is_heard_with_a_true_peak_under_minus_one() -> None:
    assert true_peak(film()) > 0.3
    assert true_peak(after_opus(limited(film()))) <= -1.0


@settings(deadline=None)
@given(PIECES, st.lists(st.integers(1, 2_000), min_size=1, max_size=4))
def test_how_the_sound_is_cut_into_blocks_changes_nothing(
    pieces: list[tuple[float, int, int]], sizes: list[int]
) -> None:
    sound = noise(pieces)
    # What counts as no reduction at all is 1e-4, and that may fall on either side.
    assert limited(sound, sizes) == pytest.approx(limited(sound), abs=2e-3)


@settings(deadline=None)
@given(st.floats(0, CEILING / 2), st.integers(0, 2**32 - 1))
def test_what_is_under_the_ceiling_is_the_same_to_the_bit(amplitude: float, seed: int) -> None:
    sound = noise([(amplitude, 5_000, seed)])
    assert np.array_equal(limited(sound), sound)


def test_a_click_turns_down_what_is_around_it_and_soon_nothing_more() -> None:
    sound = sine(300, 0.5, 2.0)
    sound[20_000] = 3.0
    made = limited(sound)
    # A click is heard before its sample as well, as far as a converter makes it.
    assert np.array_equal(made[: 20_000 - LOOK_AHEAD], sound[: 20_000 - LOOK_AHEAD])
    assert made[20_000, 0] == pytest.approx(CEILING, rel=1e-3)
    assert np.array_equal(made[-30_000:], sound[-30_000:])  # after a little more than a second it is as if nothing was
    others = np.delete(made[:, 0], 20_000)
    assert np.abs(np.diff(others)).max() < 0.05  # a sine of 300 Hz and 0.5 moves 0.02 a sample


def test_both_channels_are_turned_down_alike() -> None:
    sound = sine(300, 2.0, 0.5)
    sound[:, 1] *= 0.25
    made = limited(sound)
    assert made[:, 1] == pytest.approx(made[:, 0] * 0.25, abs=1e-6)


@pytest.mark.parametrize("gain_db", [1, 6, 12])
def test_a_voice_that_is_too_loud_is_turned_down_and_not_distorted(gain_db: float) -> None:
    """A steady tone of 200 Hz, as of a voice: what is not the tone stays 40 dB under it, once the gain has settled."""
    made = limited(sine(200, CEILING * 10 ** (gain_db / 20), 2.0))[SAMPLE_RATE:, 0].astype(np.float64)
    spectrum = np.abs(np.fft.rfft(made * np.hanning(len(made)))) ** 2
    tone = spectrum[195:206].sum()
    assert 10 * math.log10((spectrum.sum() - tone) / tone) < -40
    assert np.abs(made).max() > 0.95 * CEILING  # nor is it turned down more than needed
