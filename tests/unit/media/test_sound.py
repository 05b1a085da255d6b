"""The sound mixer: gains, mutes, limits, levels and time."""

from __future__ import annotations

import math
import threading
import time

import numpy as np
import pytest

from classroom.common.clock import ManualClock, SystemClock
from classroom.common.errors import CommandError
from classroom.media.frames import SAMPLE_RATE, Samples
from classroom.media.level import FLOOR_DB
from classroom.media.limiter import CEILING, LOOK_AHEAD
from classroom.media.sound import BLOCK, DELAY, SoundInput, SoundMixer
from classroom.media.sound_buffer import SoundBuffer
from tests.support.machine import Machine


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


def test_a_mixer_that_has_not_begun_has_mixed_and_lost_nothing() -> None:
    assert mixer().blocks == (0, 0)


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
    assert [blocks[index][-1, 0] for index in (0, 2, 4, 6)] == pytest.approx([0.5, 0.1256, 0.0, 0.5], abs=1e-3)


def test_too_much_is_limited() -> None:
    time_axis = np.arange(SAMPLE_RATE // 2) * (2 * math.pi * 440 / SAMPLE_RATE)
    buffer = SoundBuffer()
    buffer.write(np.stack([np.sin(time_axis)] * 2, 1).astype(np.float32), 0.0)
    block = mixer(a=SoundInput(buffer, gain=20.0), b=SoundInput(constant(1.0))).mix(0)
    assert np.max(np.abs(block)) <= CEILING * (1 + 1e-6)
    assert np.all(np.sign(block[:, 0]) == np.sign(10 * np.sin(time_axis[:BLOCK]) + 1))  # nothing wrapped around
    quiet = mixer(a=SoundInput(constant(0.6))).mix(0)
    assert quiet == pytest.approx(0.6)  # and what fits is not touched


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


@pytest.mark.parametrize("late", [27, 110, 130, 140, 300, 900])
def test_a_microphone_that_is_always_late_is_heard_whole(late: int) -> None:
    buffer = SoundBuffer()
    mixed = mixer(mic=SoundInput(buffer))
    heard = []
    for number in range(150):
        # At the mixing of block n, the device has delivered up to 27 ms before its end, and 32 before what is needed.
        delivered = number * BLOCK + BLOCK - SAMPLE_RATE * late // 1000
        block = tone_block(delivered - BLOCK)
        buffer.write(block, (delivered - BLOCK) / SAMPLE_RATE)
        heard.append(mixed.mix(number * BLOCK))
    # Whoever is later than lips and voice can part is believed after half a second.
    steady = np.concatenate(heard[10 if late < 115 else 60 :])[:, 0]
    # The look-ahead of 5 ms and a reserve of as much are added, and no more.
    assert mixed.late()["mic"] == pytest.approx(late / 1000 + 0.01, abs=0.001)
    assert np.max(np.abs(np.diff(steady))) < 0.025  # a sine of 300 Hz moves 0.02 a sample; a hole would jump
    assert np.sqrt(np.mean(steady**2)) == pytest.approx(0.5 * math.sqrt(0.5), rel=0.01)


def test_a_device_that_delivers_at_once_is_heard_without_any_more_delay() -> None:
    """A block is mixed when its sound and what the limiter looks ahead are there, with 3 ms for the device's pieces."""
    buffer, piece = SoundBuffer(), 3 * SAMPLE_RATE // 1000
    mixed = mixer(mic=SoundInput(buffer))
    heard, end = [], 0
    for number in range(50):
        while end + piece <= number * BLOCK + round(DELAY * SAMPLE_RATE):
            buffer.write(np.full((piece, 2), 0.25, np.float32), end / SAMPLE_RATE)
            end += piece
        heard.append(mixed.mix(number * BLOCK))
        assert mixed.late()["mic"] == 0.0
    assert np.concatenate(heard[1:]) == pytest.approx(0.25, abs=1e-6)


def test_a_microphone_that_was_held_up_once_is_not_taken_for_one_that_is_always_late() -> None:
    buffer = SoundBuffer()
    mixed = mixer(mic=SoundInput(buffer))
    end = 0
    for number in range(100):
        # For 0.4 s it brings its sound half a second late, block by block, and then all that is missing.
        late = SAMPLE_RATE // 2 if 20 <= number < 40 else 0
        wanted = (number + 1) * BLOCK + LOOK_AHEAD - late
        if late:
            wanted = max(wanted, end + BLOCK // 4)
        buffer.write(np.zeros((wanted - end, 2), np.float32), end / SAMPLE_RATE)
        end = wanted
        mixed.mix(number * BLOCK)
        assert mixed.late()["mic"] <= 0.125


def test_a_microphone_that_is_late_for_a_while_is_read_early_again() -> None:
    buffer = SoundBuffer()
    mixed = mixer(mic=SoundInput(buffer))
    end, heard = 0, []
    for number in range(1300):
        late = SAMPLE_RATE * (60 if 100 <= number < 200 else 0) // 1000
        wanted = (number + 1) * BLOCK + LOOK_AHEAD - late
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
        # It delivers a block before the one that is mixed is over, as the limiter wants it.
        if not 50 <= number < 100:
            buffer.write(tone_block(number * BLOCK), number * BLOCK / SAMPLE_RATE)
        if number == 0:
            continue
        block = mixed.mix((number - 1) * BLOCK)
        if 50 <= number - 1 < 100:
            assert not block.any()
        else:
            assert np.array_equal(block, tone_block((number - 1) * BLOCK))


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


def test_blocks_come_by_the_clock_and_do_not_drift(machine: Machine) -> None:
    clock, recorder = SystemClock(), Recorder(75)
    mixed = SoundMixer(inputs={}, clock=clock, deliver=recorder)
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
    assert lateness[len(lateness) // 2] < machine.allows(0.02)


def test_a_mixer_that_was_held_up_goes_on_with_the_present(machine: Machine) -> None:
    clock, recorder = SystemClock(), Recorder(20)
    recorder.hold = 0.5
    mixed = SoundMixer(inputs={}, clock=clock, deliver=recorder)
    mixed.start(clock.now())
    try:
        assert recorder.done.wait(60)
    finally:
        assert mixed.stop()
    stamps = [pts for pts, _, _ in recorder.blocks]
    assert stamps[1] >= 20 * BLOCK
    assert mixed.skipped >= 19
    made, lost = mixed.blocks
    assert lost == mixed.skipped
    assert made + lost >= stamps[-1] // BLOCK
    assert all(pts % BLOCK == 0 for pts in stamps)
    late = machine.allows(DELAY + 0.3)
    for pts, captured, delivered in recorder.blocks[1:]:
        assert delivered - captured < late, pts


def test_inputs_come_and_go_and_those_that_stay_go_on() -> None:
    stays, goes, comes = SoundInput(constant(0.1)), SoundInput(constant(0.2)), SoundInput(constant(0.4))
    mixed = mixer(stays=stays, goes=goes)
    assert mixed.mix(0) == pytest.approx(0.3, abs=1e-4)
    mixed.replace({"stays": stays, "comes": comes})
    # What the limiter holds already is still the old sound.
    assert mixed.mix(BLOCK)[LOOK_AHEAD:] == pytest.approx(0.5, abs=1e-4)
    assert list(mixed.inputs) == ["stays", "comes"]
    mixed.replace({"stays": SoundInput(stays.buffer, gain=-6.0206)})
    block = np.concatenate([mixed.mix(2 * BLOCK), mixed.mix(3 * BLOCK)])
    assert block[LOOK_AHEAD, 0] == pytest.approx(0.1, abs=1e-3)
    assert block[-1, 0] == pytest.approx(0.05, abs=1e-3)


def test_a_delayed_input_is_heard_so_much_later_and_moved_without_a_click() -> None:
    buffer = SoundBuffer()
    wave = (0.5 * np.sin(np.arange(2 * SAMPLE_RATE) * (2 * math.pi * 100 / SAMPLE_RATE))).astype(np.float32)
    wave[: SAMPLE_RATE // 2] = 0.0
    buffer.write(np.stack([wave, wave], 1), 0.0)
    mixed = mixer(late=SoundInput(buffer, delay=250.0))
    sound = np.concatenate([mixed.mix(number * BLOCK) for number in range(50)])[:, 0]
    assert np.flatnonzero(np.abs(sound) > 1e-3)[0] == pytest.approx(0.75 * SAMPLE_RATE, abs=5)
    moved = []
    for number in range(50, 90):
        if number == 60:
            mixed.set_audio("late", delay=123.0)
        moved.append(mixed.mix(number * BLOCK))
    moving = np.concatenate(moved)[:, 0]
    assert np.max(np.abs(np.diff(moving))) < 0.009  # a sine of 100 Hz and 0.5 moves 0.0066 a sample
    first = round(89 * BLOCK - 0.123 * SAMPLE_RATE)
    assert moved[-1][:, 0] == pytest.approx(wave[first : first + BLOCK], abs=1e-5)
    for wrong in (-1.0, 1001.0, math.nan):
        with pytest.raises(CommandError):
            mixed.set_audio("late", delay=wrong)
    assert mixed.inputs["late"].delay == 123.0


def test_the_longest_delay_still_finds_its_sound() -> None:
    buffer = SoundBuffer()
    for number in range(150):
        buffer.write(tone_block(number * BLOCK), number * BLOCK / SAMPLE_RATE)
    mixed = mixer(late=SoundInput(buffer, delay=1000.0))
    assert np.array_equal(mixed.mix(148 * BLOCK), tone_block(98 * BLOCK))


def test_music_goes_down_while_somebody_speaks_and_comes_back() -> None:
    voice, music = SoundBuffer(), SoundBuffer()
    mixed = mixer(mic=SoundInput(voice, speech=True), music=SoundInput(music, duck=12.0))
    heard = []
    for number in range(200):
        speaks = 50 <= number < 75
        voice.write(tone_block(number * BLOCK) * np.float32(1.0 if speaks else 0.001), number * BLOCK / SAMPLE_RATE)
        music.write(np.full((BLOCK, 2), 0.1, np.float32), number * BLOCK / SAMPLE_RATE)
        if number == 0:
            continue
        heard.append(mixed.mix((number - 1) * BLOCK))
    # Whole periods of the voice have no mean, and the music is constant.
    offset = np.array([block.mean() for block in heard])
    assert offset[:48] == pytest.approx(0.1, abs=1e-3)
    assert offset[54:90] == pytest.approx(0.1 * 10 ** (-12 / 20), abs=1e-3)  # and for 400 ms after the last word
    assert offset[105] == pytest.approx(0.1 * 10 ** (-6 / 20), rel=0.25)
    assert offset[130:] == pytest.approx(0.1, abs=1e-4)
    assert np.max(np.abs(np.diff(np.concatenate(heard)[:, 0]))) < 0.025


def test_how_far_it_gives_way_can_be_changed_while_somebody_speaks_without_a_click() -> None:
    voice = SoundBuffer()
    for number in range(26):
        voice.write(tone_block(number * BLOCK), number * BLOCK / SAMPLE_RATE)
    mixed = mixer(mic=SoundInput(voice, speech=True), music=SoundInput(constant(0.1), duck=20.0))
    blocks = [mixed.mix(number * BLOCK) for number in range(20)]
    mixed.set_audio("music", duck=6.0)
    blocks += [mixed.mix(number * BLOCK) for number in range(20, 25)]
    offset = [float(block.mean()) for block in blocks]
    assert offset[19] == pytest.approx(0.1 * 10 ** (-20 / 20), abs=1e-3)
    assert offset[24] == pytest.approx(0.1 * 10 ** (-6 / 20), abs=1e-3)
    assert np.max(np.abs(np.diff(np.concatenate(blocks)[:, 0]))) < 0.025


def test_when_the_sound_of_a_source_is_heard_can_be_changed() -> None:
    mixed = SoundMixer(
        inputs={"film": SoundInput(constant(0.5), source="film")},
        clock=ManualClock(),
        deliver=lambda *_: None,
        shares=lambda at: {},
    )
    assert mixed.mix(0)[-1, 0] == pytest.approx(0.5, abs=1e-3)
    mixed.set_audio("film", heard="on-air")
    quieter = mixed.mix(BLOCK)[:, 0]
    assert np.max(np.abs(np.diff(quieter))) < 0.005
    mixed.mix(2 * BLOCK)
    assert not mixed.mix(3 * BLOCK).any()
    mixed.set_audio("film", heard="always")
    mixed.mix(4 * BLOCK)
    assert mixed.mix(5 * BLOCK)[-1, 0] == pytest.approx(0.5, abs=1e-3)


def test_an_input_is_asked_only_for_what_it_can_do() -> None:
    mixed = mixer(mic=SoundInput(constant(0.1), speech=True), music=SoundInput(constant(0.1)))
    for wrong in (-1.0, 61.0, math.nan):
        with pytest.raises(CommandError, match="0 to 60 dB"):
            mixed.set_audio("music", duck=wrong)
    with pytest.raises(CommandError, match="cannot be ducked"):
        mixed.set_audio("mic", duck=6.0, gain=-3.0)
    with pytest.raises(CommandError, match="sound of a source"):
        mixed.set_audio("music", heard="on-air", gain=-3.0)
    mixed.set_audio("mic", duck=0.0, heard="always")
    assert [(each.duck, each.heard, each.gain) for each in mixed.inputs.values()] == [(0.0, "always", 0.0)] * 2


@pytest.mark.parametrize("setting", ["muted", "quiet", "no microphone"])
def test_music_stays_while_nobody_is_heard_to_speak(setting: str) -> None:
    voice = SoundInput(
        constant(0.005 if setting == "quiet" else 0.2), speech=setting != "no microphone", muted=setting == "muted"
    )
    mixed = mixer(mic=voice, music=SoundInput(constant(0.1), duck=20.0))
    mixed.mix(0)
    mixed.set_audio("mic", muted=True)
    for number in range(1, 20):
        block = mixed.mix(number * BLOCK)
    assert block == pytest.approx(0.1, abs=1e-5)


def test_an_input_that_follows_its_source_is_heard_as_far_as_that_is_on_air() -> None:
    shares = {"film": 1.0}
    asked: list[float] = []

    def on_air(at: float) -> dict[str, float]:
        asked.append(at)
        return shares

    mixed = SoundMixer(
        inputs={"film": SoundInput(constant(0.5), source="film", heard="on-air"), "mic": SoundInput(constant(0.1))},
        clock=ManualClock(),
        deliver=lambda *_: None,
        shares=on_air,
    )
    heard = [mixed.mix(0)]
    shares = {"film": 0.5, "other": 1.0}
    heard += [mixed.mix(BLOCK), mixed.mix(2 * BLOCK)]
    shares = {"other": 1.0}
    heard += [mixed.mix(3 * BLOCK), mixed.mix(4 * BLOCK)]
    assert [block[-1, 0] for block in heard[::2]] == pytest.approx([0.6, 0.35, 0.1])
    assert np.max(np.abs(np.diff(np.concatenate(heard)[:, 0]))) < 0.001  # over 20 ms, without a click
    assert mixed.levels()["film"].peak_db == pytest.approx(-6.02, abs=0.01)  # its meter shows that it would sound
    assert asked[-1] == pytest.approx((5 * BLOCK + LOOK_AHEAD) / SAMPLE_RATE)


def test_full_scale_is_counted_before_the_limiter() -> None:
    mixed = mixer(
        loud=SoundInput(constant(0.5), gain=6.5),
        broken=SoundInput(constant(1.0), gain=-20.0),
        fine=SoundInput(constant(0.9)),
        muted=SoundInput(constant(1.0), muted=True),
    )
    for number in range(5):
        mixed.mix(number * BLOCK)
    clipped = mixed.clipped()
    assert clipped["fine"] == 0
    assert min(clipped["loud"], clipped["broken"], clipped["muted"]) >= 5


def test_meters_show_a_full_sine_at_minus_three() -> None:
    buffer = SoundBuffer()
    wave = np.sin(np.arange(SAMPLE_RATE // 2) * (2 * math.pi * 1000 / SAMPLE_RATE)).astype(np.float32)
    buffer.write(np.stack([wave, wave], 1), 0.0)
    mixed = mixer(a=SoundInput(buffer))
    for number in range(10):
        mixed.mix(number * BLOCK)
    assert mixed.levels()["a"].peak_db == pytest.approx(0.0, abs=0.01)
    assert mixed.levels()["a"].rms_db == pytest.approx(-3.01, abs=0.01)
    assert mixed.levels()["program"].peak_db == pytest.approx(-3.0, abs=0.1)  # after the limiter


def test_a_fault_costs_its_block_and_not_the_sound_of_the_lesson(caplog: pytest.LogCaptureFixture) -> None:
    clock, recorder = SystemClock(), Recorder(5)
    faults = iter([ZeroDivisionError("of a test")] * 2)

    def deliver(block: Samples, pts: int, captured: float) -> None:
        if (fault := next(faults, None)) is not None:
            raise fault
        recorder(block, pts, captured)

    mixed = SoundMixer(inputs={}, clock=clock, deliver=deliver)
    mixed.start(clock.now())
    try:
        assert recorder.done.wait(60)
    finally:
        assert mixed.stop()
    told = [record for record in caplog.records if record.message.startswith("A block of sound could not be mixed")]
    assert 1 <= len(told) <= 3
    assert [record.exc_info is not None for record in told] == [True] + [False] * (len(told) - 1)


def test_a_mixer_that_is_held_up_again_and_again_does_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    clock, ended, blocks = ManualClock(1.0), threading.Event(), 0

    def deliver(*_: object) -> None:
        nonlocal blocks
        blocks += 1
        clock.advance(0.5)
        if blocks == 100:
            ended.set()

    mixed = SoundMixer(inputs={}, clock=clock, deliver=deliver)
    mixed.start(0.0)
    try:
        assert ended.wait(60)
    finally:
        assert mixed.stop()
    assert mixed.skipped >= 2000
    lines = [record for record in caplog.records if "held up" in record.getMessage()]
    assert 1 <= len(lines) <= 3 * (1 + mixed.blocks[0] * 0.5 / 60)
