"""A saved lesson file changes a running lesson in an order in which nothing on air goes dark."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, cast

import av
import pytest

from classroom.common.alarms import Alarms
from classroom.common.clock import ManualClock
from classroom.features import reload
from classroom.features.base import Events, InputMuted, LessonFileApplied, ProgramChain, SourceChanged
from classroom.features.from_lesson import director_of
from classroom.features.reload import ReloadFeature
from classroom.features.silent_opening import OpeningFeature
from classroom.lesson import Lesson
from classroom.media.program import Program
from classroom.media.sound import SoundInput
from classroom.media.sound_buffer import SoundBuffer
from classroom.media.source_pool import SourcePool
from classroom.media.supervisor import SourceStatus
from classroom.media.ticker import Supplies
from tests.support.lessons import lesson_of
from tests.support.port import until

BEFORE = """\
sources: {camera: {kind: camera}, old: {kind: screen}}
audio: {mic: {kind: microphone}}
scenes: {talk: camera, desk: old}
"""
AFTER = """\
sources: {camera: {kind: camera}, new: {kind: card, title: New}}
audio: {mic: {kind: microphone, muted: true}}
scenes: {talk: new}
"""


class Running:
    """A running lesson whose parts note what is asked of them, in order."""

    def __init__(self, *, new: str = "live", closing: tuple[str, ...] = ("old",)) -> None:
        self.steps: list[str] = []
        self.events = Events()
        self.heard: list[object] = []
        for kind in (InputMuted, LessonFileApplied):
            self.events.listen(kind, self.heard.append)
        lesson, clock = lesson_of(BEFORE), ManualClock()
        self.statuses = {"camera": SourceStatus("camera", "live"), "new": SourceStatus("card", cast(Any, new))}
        swap = SimpleNamespace(
            open=self._note("open"),
            close=self._note("close"),
            cancel=self._note("cancel"),
            closing=closing,
            leaving=closing,
        )
        self._set = {"mic": SoundInput(SoundBuffer(), gain=-3.0)}
        pool = SimpleNamespace(
            slots={},
            swap=lambda *_: swap,
            take_back=self._note("take back"),
            inputs=lambda: {"mic": SoundInput(SoundBuffer(), gain=9.0, muted=True)},
            pictures=lambda: self.statuses,
            forget=lambda names: self.steps.append(f"forget {', '.join(names)}"),
        )
        self.program = SimpleNamespace(
            inputs=self._set,
            size=(64, 36),
            supplies=Supplies({}, None, av.VideoFrame(64, 36, "yuv420p")),
            supply=self._supply,
        )
        director = director_of(lesson, clock=clock)
        opening = OpeningFeature(
            lesson, waits=False, open_input=lambda _: None, scene=lambda: director.program.scene, events=self.events
        )
        self.feature = ReloadFeature(
            lesson,
            None,
            chain=ProgramChain(clock, cast(SourcePool, pool), director, cast(Program, self.program)),
            opening=opening,
            alarms=Alarms(lambda: None),
            events=self.events,
            apply_all=self._note("apply"),
            refresh=self._note("refresh"),
        )

    def _note(self, step: str) -> Callable[..., None]:
        return lambda *_: self.steps.append(step)

    def _supply(self, supplies: Supplies, inputs: Mapping[str, SoundInput]) -> None:
        self.steps.append("supply")
        self.program.supplies, self.program.inputs = supplies, dict(inputs)


async def test_new_sources_open_before_the_scenes_change_and_old_ones_close_after() -> None:
    running, after = Running(), lesson_of(AFTER)
    await running.feature.change_to(after)
    steps = [step for step in running.steps if step != "refresh"]
    assert steps == ["open", "supply", "apply", "close", "forget old", "supply"]
    assert running.steps[-1] == "refresh", "teachers see the end of it"
    assert running.heard[-1] == LessonFileApplied(after)


async def test_the_same_lesson_changes_nothing() -> None:
    running = Running()
    await running.feature.change_to(lesson_of(BEFORE))
    assert (running.steps, running.heard) == ([], [])


async def test_an_input_keeps_what_the_teacher_set_where_the_file_did_not_change_it() -> None:
    running = Running()
    await running.feature.change_to(lesson_of(AFTER))
    mic = running.program.inputs["mic"]
    assert (mic.gain, mic.muted) == (-3.0, True)
    assert InputMuted("mic", True, "file") in running.heard


async def test_scenes_wait_for_a_new_source_on_air_until_it_is_no_longer_starting() -> None:
    running = Running(new="starting")
    change = asyncio.create_task(running.feature.change_to(lesson_of(AFTER)))
    await until(lambda: "refresh" in running.steps)
    running.events.emit(SourceChanged("camera", "live", "lost", None))
    await asyncio.sleep(0)
    assert "apply" not in running.steps
    running.statuses["new"] = SourceStatus("card", "live")
    running.events.emit(SourceChanged("new", "live", "starting", None))
    await asyncio.wait_for(change, 0.9)
    assert "apply" in running.steps


async def test_a_new_source_that_does_not_start_delays_the_scenes_only_for_a_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reload, "_READY_WITHIN", 0.01)
    running = Running(new="starting")
    await running.feature.change_to(lesson_of(AFTER))
    assert "apply" in running.steps


@pytest.mark.parametrize("again", [False, True])
async def test_if_a_feature_fails_everything_is_as_before(caplog: pytest.LogCaptureFixture, again: bool) -> None:
    running = Running()
    supplies, inputs = running.program.supplies, running.program.inputs
    applied: list[Lesson] = []

    def fail(lesson: Lesson) -> None:
        running.steps.append("apply")
        applied.append(lesson)
        if again or len(applied) == 1:
            raise RuntimeError("a feature fails")

    running.feature._apply_all = fail
    before, after = running.feature._lesson, lesson_of(AFTER)
    with pytest.raises(RuntimeError, match="a feature fails"):
        await running.feature.change_to(after)
    steps = [step for step in running.steps if step != "refresh"]
    assert steps == ["open", "supply", "apply", "take back", "supply", "apply", "cancel"]
    assert applied == [after, before]
    assert (running.program.supplies, running.program.inputs) == (supplies, inputs)
    assert ("does not go back" in caplog.text) is again
    assert not any(isinstance(event, LessonFileApplied) for event in running.heard)
    running.feature._apply_all = lambda _: None
    await running.feature.change_to(after)
    assert running.heard[-1] == LessonFileApplied(after), "saved again, it is applied"


async def test_old_sources_are_closed_even_if_the_lesson_ends_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reload, "settles_in", lambda *_: 60.0)
    running = Running()
    change = asyncio.create_task(running.feature.change_to(lesson_of(AFTER)))
    await until(lambda: "apply" in running.steps)
    change.cancel()
    with pytest.raises(asyncio.CancelledError):
        await change
    assert running.steps[-1] == "close"
