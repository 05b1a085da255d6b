from __future__ import annotations

import time

import av
import numpy as np
import numpy.typing as npt
import pytest

from classroom.common.clock import ManualClock
from classroom.media.frames import SAMPLE_RATE
from classroom.media.sources.pattern import Pattern


def opened(clock: ManualClock, size: tuple[int, int] = (640, 360), fps: float = 30.0) -> Pattern:
    pattern = Pattern(name="bars", clock=clock, size=size, fps=fps)
    pattern.open()
    return pattern


def luma(frame: av.VideoFrame) -> npt.NDArray[np.uint8]:
    return np.asarray(frame.to_ndarray(), np.uint8)[: frame.height]


def test_the_picture_has_bars_of_the_right_colours_and_the_asked_size() -> None:
    frame = opened(ManualClock()).draw(7.5)
    assert (frame.width, frame.height, frame.format.name) == (640, 360, "yuv420p")
    picture = frame.to_ndarray(format="rgb24").astype(int)
    middles = [tuple(picture[100, round((bar + 0.5) * 640 / 7)]) for bar in range(7)]
    expected = [(191, 191, 191), (191, 191, 0), (0, 191, 191), (0, 191, 0), (191, 0, 191), (191, 0, 0), (0, 0, 191)]
    assert np.abs(np.array(middles) - np.array(expected)).max() <= 6


def test_the_flash_is_the_first_tenth_of_each_second() -> None:
    pattern = opened(ManualClock())
    white = [bool(luma(pattern.draw(1000 + tick / 30))[:150].min() == 235) for tick in range(60)]
    assert white == ([True] * 3 + [False] * 27) * 2


def test_the_beep_is_in_the_same_tenth_of_a_second_as_the_flash() -> None:
    pattern = opened(ManualClock())
    sound = np.concatenate([pattern.beep(41 + block / 50) for block in range(100)])
    assert sound.shape == (2 * SAMPLE_RATE, 2)
    assert np.array_equal(sound[:, 0], sound[:, 1])
    heard = np.flatnonzero(np.abs(sound[:, 0]) > 0.05)
    for second, part in enumerate((heard[heard < SAMPLE_RATE], heard[heard >= SAMPLE_RATE])):
        assert part[0] / SAMPLE_RATE - second == pytest.approx(0.0, abs=0.001)
        assert part[-1] / SAMPLE_RATE - second == pytest.approx(0.1, abs=0.001)
    spectrum = np.abs(np.fft.rfft(sound[:4800, 0]))
    assert np.argmax(spectrum) * SAMPLE_RATE / 4800 == 1000


def test_what_is_delivered_carries_the_instant_it_was_made_for() -> None:
    clock = ManualClock(19.985)
    pattern = opened(clock)
    assert pattern.picture is not None
    assert pattern.sound is not None
    clock.advance(0.015)
    for _ in range(2):
        pattern.read()
    newest = pattern.picture.newest()
    assert newest is not None
    assert newest.captured == 20.0
    assert luma(newest.frame)[:150].min() == 235
    block = pattern.sound.read(20.0, 960)
    assert np.array_equal(block, pattern.beep(20.0))
    assert np.abs(block).max() > 0.4


def test_one_second_of_the_clock_gives_fps_pictures_and_a_second_of_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = ManualClock(5.001)
    pattern = opened(clock, fps=25)
    assert pattern.picture is not None
    assert pattern.sound is not None

    def wait(seconds: float) -> bool:
        clock.advance(max(0.0, seconds))
        return False

    monkeypatch.setattr(pattern, "wait", wait)
    while clock.now() < 6.001:
        pattern.read()
    newest = pattern.picture.newest()
    assert newest is not None
    assert newest.serial == 25
    assert pattern.sound.end == pytest.approx(6.02, abs=0.021)


def test_the_clock_in_the_picture_is_readable_and_changes_with_the_time() -> None:
    pattern = opened(ManualClock(), size=(1280, 720))
    strip = slice(490, 720)
    one, two = luma(pattern.draw(3723.456))[strip], luma(pattern.draw(3723.457))[strip]
    changed = np.flatnonzero((one != two).any(axis=0))
    # 01:02:03.456 and .457 differ in the last of twelve places only.
    assert changed.size
    assert changed.min() > 1280 * 0.8
    assert 0.05 < (one > 200).mean() < 0.4
    glyphs = {luma(pattern.draw(digit + 0.5))[strip, 720:800].tobytes() for digit in range(10)}
    assert len(glyphs) == 10


def test_something_moves_with_every_picture() -> None:
    pattern = opened(ManualClock())
    ramp = slice(200, 240)
    pictures = {luma(pattern.draw(2 + 0.2 + tick / 30))[ramp].tobytes() for tick in range(15)}
    assert len(pictures) == 15


def test_earlier_pictures_are_not_written_into() -> None:
    pattern = opened(ManualClock())
    first = pattern.draw(1.5)
    before = luma(first).copy()
    pattern.draw(2.0)
    assert np.array_equal(luma(first), before)


@pytest.mark.parametrize("size", [(161, 91), (64, 64), (32, 240), (1920, 1080)])
def test_any_size_can_be_drawn(size: tuple[int, int]) -> None:
    frame = opened(ManualClock(), size=size).draw(12345.678)
    assert (frame.width, frame.height) == (size[0] // 2 * 2, size[1] // 2 * 2)


def test_a_wait_for_the_next_picture_can_be_interrupted() -> None:
    pattern = Pattern(name="bars", clock=ManualClock(5.001), fps=0.1)
    pattern.open()
    pattern._blocks.due(1000.0)
    pattern.interrupted.set()
    began = time.monotonic()
    pattern.read()
    assert time.monotonic() - began < 1.0
    assert pattern.taken == 0


def test_the_smallest_program_has_a_pattern_too() -> None:
    pattern = Pattern(name="bars", clock=ManualClock(), size=(16, 16))
    pattern.open()
    picture = pattern.draw(1.5)
    assert (picture.width, picture.height) == (16, 16)
