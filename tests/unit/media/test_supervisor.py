from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import av
import numpy as np
import pytest

from classroom.common.clock import SystemClock
from classroom.common.errors import DeviceError
from classroom.media import sensor_noise
from classroom.media import stall_detector as watch
from classroom.media.frames import Picture
from classroom.media.sources.base import Source
from classroom.media.stall_detector import Freezing
from classroom.media.supervisor import SourceRunner, SourceStatus
from tests.support.waiting import wait_for

FAST = (0.01, 0.02)


class Scripted(Source):
    """A source that does in each open and read what the test put into its lists; the last entry is repeated."""

    kind = "camera"

    def __init__(self, *, opens: list[Exception | None], reads: Sequence[Exception | str]) -> None:
        super().__init__(name="scripted", clock=SystemClock(), picture=True, sound=True)
        self.opens, self.reads = opens, list(reads)
        self.opened: list[float] = []
        self.closed = 0
        self.is_open = False
        self.release = threading.Event()
        self.threads: set[int] = set()
        self.overlapped = False
        self.shade = 0
        self.times: list[float] = []

    def open(self) -> None:
        self.opened.append(self.clock.now())
        self.threads.add(threading.get_ident())
        step = self.opens.pop(0) if len(self.opens) > 1 else self.opens[0]
        if step is not None:
            raise step
        self.overlapped |= self.is_open
        self.is_open = True

    def read(self) -> None:
        self.threads.add(threading.get_ident())
        step = self.reads.pop(0) if len(self.reads) > 1 else self.reads[0]
        if isinstance(step, Exception):
            raise step
        if step == "stuck":
            self.release.wait()
        elif step in ("picture", "same"):
            if not self.wait(0.01):
                self.shade += step == "picture"
                planes = np.full((54, 64), self.shade % 200, np.uint8)
                self.times.append(self.clock.now())
                self.show(av.VideoFrame.from_ndarray(planes, "yuv420p"), self.times[-1])
        elif step == "late":
            self.wait(0.1)
        elif step == "quiet":
            self.release.wait(0.02)
        else:
            self.wait(10.0)

    def close(self) -> None:
        self.is_open = False
        self.closed += 1


class Watcher:
    """Collects the states a runner goes through."""

    def __init__(self) -> None:
        self.seen: list[SourceStatus] = []
        self.shown: list[Picture | None] = []
        self.runner: SourceRunner | None = None

    def __call__(self) -> None:
        assert self.runner is not None
        self.seen.append(self.runner.status)
        slot = self.runner.source.picture
        self.shown.append(slot.newest() if slot else None)

    @property
    def states(self) -> list[str]:
        states: list[str] = []
        for status in self.seen:
            if not states or states[-1] != status.state:
                states.append(status.state)
        return states


@contextmanager
def running(source: Scripted, patience: float = 5.0) -> Iterator[tuple[SourceRunner, Watcher]]:
    watcher = Watcher()
    runner = watcher.runner = SourceRunner(source, SystemClock(), watcher, back_off=FAST, patience=patience)
    runner.start()
    try:
        yield runner, watcher
    finally:
        source.release.set()
        runner.stop()


def in_state(runner: SourceRunner, state: str) -> Callable[[], bool]:
    return lambda: runner.status.state == state


def test_a_source_that_delivers_is_live_with_its_size_and_closed_at_the_end() -> None:
    source = Scripted(opens=[None], reads=["picture"])
    with running(source) as (runner, watcher):
        wait_for(in_state(runner, "live"))
        assert runner.status.size == (64, 36)
        assert runner.status.why is None
    assert watcher.states == ["live"]
    assert source.closed == 1
    assert source.picture is not None
    assert source.picture.newest() is None
    assert len(source.threads) == 1


def test_the_frame_rate_is_measured() -> None:
    with running(Scripted(opens=[None], reads=["picture"])) as (runner, _):
        fps = wait_for(lambda: runner.status.fps)
    assert fps is not None
    assert 20 < fps < 101


def test_a_source_that_cannot_start_stays_failed_with_its_sentence_until_it_is_restarted() -> None:
    source = Scripted(opens=[DeviceError("Plug it in."), None], reads=["picture"])
    with running(source) as (runner, watcher):
        wait_for(in_state(runner, "failed"))
        assert runner.status.why == "Plug it in."
        # Longer than every back-off: it must not try again by itself.
        with pytest.raises(AssertionError):
            wait_for(lambda: len(source.opened) > 1, seconds=0.2)
        runner.restart()
        wait_for(in_state(runner, "live"))
    assert watcher.states == ["failed", "starting", "live"]


def test_a_fault_before_the_first_picture_is_a_failure_to_start() -> None:
    with running(Scripted(opens=[None], reads=[DeviceError("No signal.")])) as (runner, _):
        wait_for(in_state(runner, "failed"))
        assert runner.status.why == "No signal."


def test_a_lost_source_is_reopened_with_growing_pauses_and_comes_back_by_itself() -> None:
    gone = DeviceError("Gone.")
    source = Scripted(opens=[None, gone, gone, gone, None], reads=["picture", gone, "picture"])
    with running(source) as (runner, watcher):
        wait_for(in_state(runner, "lost"))
        wait_for(in_state(runner, "live"))
        assert watcher.states == ["live", "lost", "live"]
        assert len(source.opened) == 5
        pauses = [after - before for before, after in zip(source.opened, source.opened[1:], strict=False)]
        assert all(pause >= 0.02 for pause in pauses[1:])


def test_a_lost_source_empties_what_it_delivered() -> None:
    source = Scripted(opens=[None, DeviceError("Gone.")], reads=["picture", DeviceError("Gone.")])
    with running(source) as (runner, _):
        wait_for(in_state(runner, "lost"))
        assert source.picture is not None
        assert source.picture.newest() is None


def test_an_unexpected_error_is_logged_with_its_traceback_and_shown_as_a_sentence(
    caplog: pytest.LogCaptureFixture,
) -> None:
    source = Scripted(opens=[ZeroDivisionError("odd")], reads=["picture"])
    with caplog.at_level(logging.ERROR), running(source) as (runner, _):
        wait_for(in_state(runner, "failed"))
        assert runner.status.why is not None
        assert "ZeroDivisionError: odd" in runner.status.why
        assert "Restart it" in runner.status.why
    assert any(record.exc_info and record.exc_info[0] is ZeroDivisionError for record in caplog.records)


def test_a_restart_of_a_live_source_closes_it_before_it_opens_it_again() -> None:
    source = Scripted(opens=[None], reads=["picture"])
    with running(source) as (runner, watcher):
        wait_for(in_state(runner, "live"))
        runner.restart()
        wait_for(lambda: len(source.opened) == 2)
        wait_for(in_state(runner, "live"))
        assert not source.overlapped
        assert watcher.states == ["live", "starting", "live"]


def test_after_a_restart_that_fails_the_source_is_failed_not_lost() -> None:
    source = Scripted(opens=[None, DeviceError("Gone.")], reads=["picture"])
    with running(source) as (runner, _):
        wait_for(in_state(runner, "live"))
        runner.restart()
        wait_for(in_state(runner, "failed"))


def test_a_wait_inside_a_read_does_not_delay_the_end() -> None:
    source = Scripted(opens=[None], reads=["picture", "nothing"])
    with running(source) as (runner, _):
        wait_for(in_state(runner, "live"))
        began = time.monotonic()
        runner.stop()
        assert time.monotonic() - began < 1.0
    assert source.closed == 1


def test_a_read_that_never_returns_is_shown_as_lost_and_does_not_hang_the_end(caplog: pytest.LogCaptureFixture) -> None:
    source = Scripted(opens=[None], reads=["picture", "stuck"])
    with caplog.at_level(logging.WARNING), running(source, patience=0.1) as (runner, _):
        wait_for(in_state(runner, "lost"))
        assert runner.status.why is not None
        assert "has not answered" in runner.status.why
        assert source.picture is not None
        assert source.picture.newest() is None
        began = time.monotonic()
        runner.stop(timeout=0.2)
        assert time.monotonic() - began < 2.0
    assert "left behind" in caplog.text


@pytest.mark.parametrize("end", ["stuck", "nothing", "same"])
def test_a_source_is_emptied_before_anybody_can_see_that_it_is_lost(end: str) -> None:
    source = Scripted(opens=[None], reads=["picture"] * 5 + [end])
    source.expected_rate, source.freezing = None if end == "stuck" else 30.0, "fallback"
    with running(source, patience=0.1) as (runner, watcher):
        wait_for(in_state(runner, "lost"))
        first = [status.state for status in watcher.seen].index("lost")
        assert watcher.shown[first] is None


def test_a_stuck_source_that_goes_on_is_live_again_without_being_reopened() -> None:
    source = Scripted(opens=[None], reads=["picture", "stuck", "picture"])
    with running(source, patience=0.1) as (runner, _):
        wait_for(in_state(runner, "lost"))
        source.release.set()
        wait_for(in_state(runner, "live"))
        assert len(source.opened) == 1


def test_a_stuck_source_that_then_faults_is_lost_and_reopened() -> None:
    source = Scripted(opens=[None], reads=["picture", "stuck", DeviceError("Gone."), "picture"])
    with running(source, patience=0.1) as (runner, watcher):
        wait_for(in_state(runner, "lost"))
        source.release.set()
        wait_for(in_state(runner, "live"))
        assert "failed" not in watcher.states
        assert len(source.opened) == 2


def test_an_end_before_the_beginning_does_nothing() -> None:
    source = Scripted(opens=[None], reads=["picture"])
    SourceRunner(source, SystemClock(), lambda: None).stop()
    assert source.opened == []


def test_two_restarts_at_once_open_the_source_once_or_twice_and_it_ends_live() -> None:
    source = Scripted(opens=[DeviceError("Plug it in."), None], reads=["picture"])
    with running(source) as (runner, _):
        wait_for(in_state(runner, "failed"))
        threads = [threading.Thread(target=runner.restart) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wait_for(in_state(runner, "live"))
    assert len(source.opened) == source.closed


def test_a_source_that_promised_pictures_and_sends_none_is_lost_at_once_and_told_of_after_a_second() -> None:
    source = Scripted(opens=[None], reads=["picture"] * 20 + ["nothing"])
    source.expected_rate = 30.0
    with running(source) as (runner, watcher):
        wait_for(in_state(runner, "lost"))
        assert source.picture is not None
        assert source.picture.newest() is None
        assert (runner.status.fault, runner.status.why) == ("stalled", None)
        wait_for(lambda: runner.status.why)
        assert "sends no picture" in (runner.status.why or "")
        assert watcher.states == ["live", "lost"]
        assert runner.losses == 1


def test_a_source_that_promised_nothing_may_stand_still() -> None:
    with running(Scripted(opens=[None], reads=["picture", "nothing"])) as (runner, _):
        wait_for(in_state(runner, "live"))
        with pytest.raises(AssertionError):
            wait_for(in_state(runner, "lost"), seconds=0.7)


def test_a_late_picture_is_no_loss() -> None:
    source = Scripted(opens=[None], reads=(["picture"] * 10 + ["late"]) * 5 + ["picture"])
    source.expected_rate = 30.0
    with running(source) as (runner, _):
        wait_for(lambda: source.taken > 55)
        losses = runner.losses
    # What was later than a late picture was held up by the machine, and may be taken for a loss.
    gaps = [after - before for before, after in itertools.pairwise(source.times)]
    assert sum(gap > 0.1 for gap in gaps) >= 5
    assert losses <= sum(gap > 0.15 for gap in gaps)


def test_a_source_that_is_silent_for_long_is_opened_anew_and_is_live_with_its_first_picture() -> None:
    source = Scripted(opens=[None], reads=["picture"] * 5 + ["quiet"])
    source.expected_rate = 30.0
    with running(source) as (runner, watcher):
        wait_for(in_state(runner, "lost"))
        wait_for(lambda: len(source.opened) > 1)
        source.reads[:] = ["picture"]
        wait_for(in_state(runner, "live"))
        assert watcher.states == ["live", "lost", "live"]


def test_a_source_that_opens_but_never_sends_has_failed() -> None:
    source = Scripted(opens=[None], reads=["quiet"])
    source.expected_rate = 30.0
    with running(source, patience=0.1) as (runner, _):
        wait_for(in_state(runner, "failed"))
        assert "sends no picture" in (runner.status.why or "")


@pytest.mark.parametrize("freezing", ["fallback", "noise"])
def test_a_frozen_camera_is_lost_until_it_shows_another_picture(
    monkeypatch: pytest.MonkeyPatch, freezing: Freezing
) -> None:
    monkeypatch.setattr(sensor_noise, "_LEARNT_AFTER", 0.2)
    source = Scripted(opens=[None], reads=["picture"] * 50 + ["same"])
    source.expected_rate, source.freezing = 30.0, freezing
    with running(source) as (runner, watcher):
        wait_for(in_state(runner, "lost"))
        assert runner.status.fault == "frozen"
        wait_for(lambda: runner.status.why)
        assert "keeps sending the same picture" in (runner.status.why or "")
        source.reads[:] = ["picture"]
        wait_for(in_state(runner, "live"))
        assert watcher.states == ["live", "lost", "live"]
        assert runner.status.fault is None
        assert len(source.opened) == 1


@pytest.mark.parametrize("freezing", ["alarm", "noise"])
def test_one_that_may_be_frozen_stays_live_and_is_told_of(monkeypatch: pytest.MonkeyPatch, freezing: Freezing) -> None:
    monkeypatch.setattr(watch, "ALARM_AFTER", 0.3)
    source = Scripted(opens=[None], reads=["picture"] * 5 + ["same"])
    source.expected_rate, source.freezing = 30.0, freezing
    with running(source) as (runner, watcher):
        wait_for(lambda: runner.status.fault == "frozen")
        assert runner.status.state == "live"
        assert runner.status.why
        source.reads[:] = ["picture"]
        wait_for(lambda: runner.status.fault is None)
        assert runner.status.why is None
        assert watcher.states == ["live"]


def test_what_is_tried_again_and_again_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    source = Scripted(opens=[None, DeviceError("Gone.")], reads=["picture", DeviceError("Gone.")])
    with caplog.at_level(logging.WARNING), running(source):
        wait_for(lambda: len(source.opened) > 10)
    assert caplog.text.count("Gone.") == 1


def test_a_restart_lets_the_source_choose_anew() -> None:
    chosen: list[str] = []
    source = Scripted(opens=[None, DeviceError("Gone."), None], reads=["picture", DeviceError("Gone."), "picture"])
    source.choose_again = lambda: chosen.append("anew")  # type: ignore[method-assign]
    with running(source) as (runner, watcher):
        wait_for(lambda: watcher.states == ["live", "lost", "live"])
        assert chosen == []
        runner.restart()
        wait_for(lambda: chosen == ["anew"])


def test_a_fault_in_telling_a_fault_ends_no_source_for_good(caplog: pytest.LogCaptureFixture) -> None:
    """As where there is no memory, not even to say so."""
    source = Scripted(opens=[DeviceError("It is not there."), None], reads=["picture"])
    left = [3]

    def changed() -> None:
        if left[0]:
            left[0] -= 1
            raise MemoryError

    runner = SourceRunner(source, SystemClock(), changed, back_off=FAST)
    runner.start()
    try:

        def live() -> bool:
            if runner.status.state == "failed":
                runner.restart()
            return runner.status.state == "live"

        wait_for(live)
    finally:
        runner.stop()
    assert left == [0]
    assert "MemoryError" in caplog.text
    assert not any(thread.name.endswith(" scripted") and thread.is_alive() for thread in threading.enumerate())
