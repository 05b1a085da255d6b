"""The sound mixer: gains, mutes, limits, levels and time."""

from __future__ import annotations

import math
import threading
import time

import numpy as np
import pytest

from classroom.clock import ManualClock, SystemClock
from classroom.errors import CommandError
from classroom.media.frames import SAMPLE_RATE, Samples
from classroom.media.level import FLOOR_DB
from classroom.media.sound import BLOCK, DELAY, SoundInput, SoundMixer
from classroom.media.sound_buffer import SoundBuffer
from tests.support.machine import StolenTime


def constant(value: float, start: float = 0.0, seconds: float = 0.9) -> SoundBuffer:
    buffer = SoundBuffer()
    buffer.write(np.full((int(seconds * SAMPLE_RATE), 2), value, np.float32), start)
    return buffer


def mixer(**inputs: SoundInput) -> SoundMixer:
    return SoundMixer(inputs=inputs, clock=ManualClock(), deliver=lambda *_: None)


def test_inputs_are_added_with_their_gain() -> None:
    block = mixer(a=SoundInput(constant(0.2)), b=SoundInput(constant(0.4), gain=-6.0206)).mix(0)
    assert block.shape == (BLOCK, 2)
    assert block == pytest.approx(0.4, abs=1e-4)


def test_without_inputs_or_sound_there_is_silence() -> None:
    assert not mixer().mix(0).any()
    assert not mixer(a=SoundInput(SoundBuffer())).mix(123_456).any()


def test_a_change_of_gain_or_mute_is_a_ramp_and_no_click() -> None:
    mixed = mixer(a=SoundInput(constant(0.5)))
    blocks = [mixed.mix(0)]
    mixed.set_audio("a", gain=-12.0)
    blocks += [mixed.mix(BLOCK), mixed.mix(2 * BLOCK)]
    mixed.set_audio("a", muted=True)
    blocks += [mixed.mix(3 * BLOCK), mixed.mix(4 * BLOCK)]
    mixed.set_audio("a", muted=False, gain=0.0)
    blocks += [mixed.mix(5 * BLOCK), mixed.mix(6 * BLOCK)]
    sound = np.concatenate(blocks)[:, 0]
    assert np.max(np.abs(np.diff(sound))) < 0.002
    assert [blocks[index][0, 0] for index in (0, 2, 4, 6)] == pytest.approx([0.5, 0.1256, 0.0, 0.5], abs=1e-3)


def test_too_much_is_limited_softly() -> None:
    time_axis = np.arange(SAMPLE_RATE // 2) * (2 * math.pi * 440 / SAMPLE_RATE)
    buffer = SoundBuffer()
    buffer.write(np.stack([np.sin(time_axis)] * 2, 1).astype(np.float32), 0.0)
    block = mixer(a=SoundInput(buffer, gain=20.0), b=SoundInput(constant(1.0))).mix(0)
    assert np.max(np.abs(block)) <= 1.0
    assert np.all(np.sign(block[:, 0]) == np.sign(10 * np.sin(time_axis[:BLOCK]) + 1))  # nothing wrapped around
    quiet = mixer(a=SoundInput(constant(0.89))).mix(0)
    assert quiet == pytest.approx(0.89)  # and what fits is not touched


def test_levels_follow_the_gain_and_show_a_muted_microphone() -> None:
    mixed = mixer(a=SoundInput(constant(0.5)), b=SoundInput(constant(0.5), gain=-20.0, muted=True))
    mixed.mix(0)
    levels = mixed.levels()
    assert levels["a"].peak_db == pytest.approx(-6.02, abs=0.01)
    assert levels["a"].rms_db == pytest.approx(-6.02, abs=0.01)
    assert levels["b"].peak_db == pytest.approx(-26.02, abs=0.01)
    assert levels["program"].peak_db == pytest.approx(-6.02, abs=0.01)
    for number in range(60, 66):
        mixed.mix(number * BLOCK)
    assert mixed.levels()["program"].rms_db == FLOOR_DB


def test_an_unknown_input_or_gain_is_a_command_error() -> None:
    mixed = mixer(a=SoundInput(constant(0.5)))
    with pytest.raises(CommandError) as caught:
        mixed.set_audio("mike", muted=True)
    assert caught.value.data == {"known": ["a"]}
    with pytest.raises(CommandError):
        mixed.set_audio("a", gain=math.nan)
    mixed.set_audio("a", gain=-3.0)
    mixed.set_audio("a", muted=True)
    assert (mixed.inputs["a"].gain, mixed.inputs["a"].muted) == (-3.0, True)


def tone_block(first: int) -> Samples:
    wave = np.sin(np.arange(first, first + BLOCK) * (2 * math.pi * 300 / SAMPLE_RATE)).astype(np.float32) * 0.5
    return np.stack([wave, wave], 1)


def test_a_microphone_that_is_always_late_is_heard_whole() -> None:
    buffer = SoundBuffer()
    mixed = mixer(mic=SoundInput(buffer))
    heard = []
    for number in range(100):
        # At the mixing of block n, the device has delivered up to 27 ms before the end of it.
        delivered = number * BLOCK + BLOCK - SAMPLE_RATE * 27 // 1000
        block = tone_block(delivered - BLOCK)
        buffer.write(block, (delivered - BLOCK) / SAMPLE_RATE)
        heard.append(mixed.mix(number * BLOCK))
    steady = np.concatenate(heard[10:])[:, 0]
    assert np.max(np.abs(np.diff(steady))) < 0.025  # a sine of 300 Hz moves 0.02 a sample; a hole would jump
    assert np.sqrt(np.mean(steady**2)) == pytest.approx(0.5 * math.sqrt(0.5), rel=0.01)


def test_a_microphone_that_is_late_for_a_while_is_read_early_again() -> None:
    buffer = SoundBuffer()
    mixed = mixer(mic=SoundInput(buffer))
    end, heard = 0, []
    for number in range(1300):
        late = SAMPLE_RATE * (60 if 100 <= number < 200 else 0) // 1000
        wanted = (number + 1) * BLOCK - late
        if wanted > end:
            wave = np.sin(np.arange(end, wanted) * (2 * math.pi * 300 / SAMPLE_RATE)).astype(np.float32) * 0.5
            buffer.write(np.stack([wave, wave], 1), end / SAMPLE_RATE)
            end = wanted
        heard.append(mixed.mix(number * BLOCK))
    assert heard[99][:, 0] != pytest.approx(heard[150][:, 0], abs=0.01)  # 65 ms are not whole periods of 300 Hz
    recovered = np.concatenate(heard[-300:])
    index = np.arange(1000 * BLOCK, 1300 * BLOCK)
    assert recovered[:, 0] == pytest.approx(
        np.sin((index - SAMPLE_RATE // 200) * (2 * math.pi * 300 / SAMPLE_RATE)) * 0.5, abs=0.01
    )  # 5 ms are kept in reserve
    moving = np.concatenate(heard[210:])[:, 0]
    assert np.max(np.abs(np.diff(moving))) < 0.03  # also while it was led back


def test_a_source_that_dies_is_silent_and_back_without_extra_delay() -> None:
    buffer = SoundBuffer()
    mixed = mixer(mic=SoundInput(buffer))
    for number in range(200):
        if not 50 <= number < 100:
            buffer.write(tone_block(number * BLOCK), number * BLOCK / SAMPLE_RATE)
        block = mixed.mix(number * BLOCK)
        if 50 <= number < 100:
            assert not block.any()
        else:
            assert np.array_equal(block, tone_block(number * BLOCK))


class Recorder:
    """Collects what a running mixer delivers."""

    def __init__(self, wanted: int) -> None:
        self.blocks: list[tuple[int, float, float]] = []
        self.done = threading.Event()
        self._wanted = wanted
        self.hold = 0.0

    def __call__(self, block: Samples, pts: int, captured: float) -> None:
        self.blocks.append((pts, captured, time.monotonic()))
        if self.hold:
            hold, self.hold = self.hold, 0.0
            time.sleep(hold)
        if len(self.blocks) >= self._wanted:
            self.done.set()


def test_blocks_come_by_the_clock_and_do_not_drift() -> None:
    clock, recorder = SystemClock(), Recorder(75)
    mixed = SoundMixer(inputs={}, clock=clock, deliver=recorder)
    stolen = StolenTime()
    zero = clock.now()
    mixed.start(zero)
    try:
        assert recorder.done.wait(60)
    finally:
        assert mixed.stop()
    blocks = recorder.blocks[:75]
    if mixed.skipped == 0:
        assert [pts for pts, _, _ in blocks] == [number * BLOCK for number in range(75)]
    for pts, captured, _ in blocks:
        assert captured == pytest.approx(zero + pts / SAMPLE_RATE, abs=1e-6)
    lateness = sorted(delivered - captured - DELAY for _, captured, delivered in blocks)
    assert lateness[0] >= -1e-4  # never early
    if lateness[len(lateness) // 2] >= 0.02:
        stolen.excuse()
    assert lateness[len(lateness) // 2] < 0.02


def test_a_mixer_that_was_held_up_goes_on_with_the_present() -> None:
    clock, recorder = SystemClock(), Recorder(20)
    recorder.hold = 0.5
    stolen = StolenTime()
    mixed = SoundMixer(inputs={}, clock=clock, deliver=recorder)
    mixed.start(clock.now())
    try:
        assert recorder.done.wait(60)
    finally:
        assert mixed.stop()
    stamps = [pts for pts, _, _ in recorder.blocks]
    assert stamps[1] >= 20 * BLOCK
    assert mixed.skipped >= 19
    assert all(pts % BLOCK == 0 for pts in stamps)
    for pts, captured, delivered in recorder.blocks[1:]:
        if delivered - captured >= DELAY + 0.3:
            stolen.excuse()
        assert delivered - captured < DELAY + 0.3, pts


def test_inputs_come_and_go_and_those_that_stay_go_on() -> None:
    stays, goes, comes = SoundInput(constant(0.1)), SoundInput(constant(0.2)), SoundInput(constant(0.4))
    mixed = mixer(stays=stays, goes=goes)
    assert mixed.mix(0) == pytest.approx(0.3, abs=1e-4)
    mixed.replace({"stays": stays, "comes": comes})
    assert mixed.mix(BLOCK) == pytest.approx(0.5, abs=1e-4)
    assert list(mixed.inputs) == ["stays", "comes"]
    mixed.replace({"stays": SoundInput(stays.buffer, gain=-6.0206)})
    block = mixed.mix(2 * BLOCK)
    assert block[0, 0] == pytest.approx(0.1, abs=1e-3)
    assert block[-1, 0] == pytest.approx(0.05, abs=1e-3)
