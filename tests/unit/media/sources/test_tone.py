from __future__ import annotations

import numpy as np
import pytest

from classroom.common.clock import ManualClock
from classroom.media.frames import SAMPLE_RATE
from classroom.media.sources.tone import Tone


def played(tone: Tone, clock: ManualClock, blocks: int) -> None:
    tone.open()
    for _ in range(blocks):
        tone.read()
        clock.advance(0.02)


def test_half_a_second_is_one_sine_without_a_seam() -> None:
    clock = ManualClock(3.0)
    tone = Tone(name="hum", clock=clock, frequency=441.7)
    played(tone, clock, 25)
    assert tone.sound is not None
    samples = tone.sound.read(3.0, SAMPLE_RATE // 2)
    expected = 0.25 * np.sin(2 * np.pi * 441.7 / SAMPLE_RATE * np.arange(SAMPLE_RATE // 2))
    assert np.abs(samples[:, 0] - expected).max() < 1e-4
    assert np.array_equal(samples[:, 0], samples[:, 1])


@pytest.mark.parametrize("frequency", [20.0, 440.0, 20000.0])
def test_the_pitch_is_the_asked_one(frequency: float) -> None:
    clock = ManualClock(0.0)
    tone = Tone(name="hum", clock=clock, frequency=frequency)
    played(tone, clock, 50)
    assert tone.sound is not None
    spectrum = np.abs(np.fft.rfft(tone.sound.read(0.0, SAMPLE_RATE)[:, 0]))
    assert np.argmax(spectrum) == pytest.approx(frequency, abs=1)


def test_no_sound_is_made_before_its_time() -> None:
    clock = ManualClock(1.001)
    tone = Tone(name="hum", clock=clock)
    tone.open()
    tone.read()
    assert tone.taken == 0
    clock.advance(0.0195)
    tone.read()
    assert tone.taken == 1
