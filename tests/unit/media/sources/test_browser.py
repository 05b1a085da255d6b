"""A browser source is live while somebody puts something in, and by itself."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest
from av import VideoFrame

from classroom.common.clock import ManualClock, SystemClock
from classroom.common.errors import DeviceError
from classroom.media.sources.browser import Browser
from classroom.media.supervisor import SourceRunner
from tests.support.waiting import wait_for

BLOCK = np.full((960, 2), 0.5, np.float32)


def picture() -> VideoFrame:
    return VideoFrame(64, 48, "yuv420p")


def test_it_cannot_be_opened_before_somebody_sends_and_says_what_to_do() -> None:
    source = Browser(name="laptop", clock=ManualClock())
    with pytest.raises(
        DeviceError, match=r"'laptop' is not connected yet. Share a camera or screen from the teacher page"
    ):
        source.open()
    source.put_picture(picture(), 1.0)
    source.open()
    source.leave()
    with pytest.raises(DeviceError, match="has stopped"):
        source.read()
    with pytest.raises(DeviceError, match="has stopped"):
        source.open()


def test_the_newest_picture_and_all_sound_of_a_second_come_through() -> None:
    source = Browser(name="laptop", clock=ManualClock(10.0))
    assert source.picture is not None
    assert source.sound is not None
    frames = [picture() for _ in range(3)]
    for number, frame in enumerate(frames):
        source.put_picture(frame, 5.0 + number)
    for number in range(80):
        source.put_sound(BLOCK, 5.0 + number * 0.02)
    source.open()
    source.read()
    newest = source.picture.newest()
    assert newest is not None
    assert newest.frame is frames[-1]
    assert newest.captured == 7.0
    assert source.sound.end == pytest.approx(5.0 + 80 * 0.02)
    assert np.allclose(source.sound.read(6.0, 480), 0.5)
    assert source.taken == 1


def test_sound_alone_is_alive() -> None:
    source = Browser(name="laptop", clock=ManualClock(10.0))
    source.put_sound(BLOCK, 5.0)
    source.open()
    source.read()
    assert source.taken == 1


def test_a_picture_does_not_stand_for_ever_where_only_sound_goes_on() -> None:
    clock = ManualClock(10.0)
    source = Browser(name="phone", clock=clock)
    assert source.picture is not None
    source.put_picture(picture(), 10.0)
    source.open()
    source.read()
    for _ in range(29):
        clock.advance(0.1)
        source.put_sound(BLOCK, clock.now())
        source.read()
    assert source.picture.newest() is not None
    for _ in range(2):
        clock.advance(0.1)
        source.put_sound(BLOCK, clock.now())
        source.read()
    assert source.picture.newest() is None
    taken = source.taken
    source.put_sound(BLOCK, clock.now())
    source.read()
    assert source.taken == taken + 1
    source.put_picture(picture(), clock.now())
    source.read()
    assert source.picture.newest() is not None


def test_a_sender_that_falls_silent_is_lost() -> None:
    clock = ManualClock(10.0)
    source = Browser(name="laptop", clock=clock)
    source.put_picture(picture(), 10.0)
    source.open()
    source.read()
    source.read()
    clock.advance(3.1)
    with pytest.raises(DeviceError, match="does not respond"):
        source.read()


@pytest.fixture
def running() -> Iterator[SourceRunner]:
    clock = SystemClock()
    # A long pause, so that only what arrives can end it.
    runner = SourceRunner(Browser(name="laptop", clock=clock), clock, lambda: None, back_off=(60.0,))
    runner.start()
    yield runner
    runner.stop()
    assert not any(thread.name.endswith(" laptop") for thread in threading.enumerate())


def test_it_goes_live_by_itself_is_lost_and_comes_back(running: SourceRunner) -> None:
    source = running.source
    assert isinstance(source, Browser)
    wait_for(lambda: running.status.why is not None)
    assert "is not connected yet" in (running.status.why or "")
    assert running.status.awaited
    for _ in range(2):
        source.put_picture(picture(), source.clock.now())
        wait_for(lambda: running.status.state == "live")
        assert running.status.size == (64, 48)
        source.leave()
        wait_for(lambda: running.status.state == "lost")
        assert not running.status.awaited
        assert source.picture is not None
        assert source.picture.newest() is None
