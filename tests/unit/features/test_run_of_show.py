"""When cues come, and what the teacher's own hand does to that."""

from __future__ import annotations

import asyncio
import contextlib
import time as system
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone

import pytest

from classroom.common.alarms import Alarms
from classroom.common.clock import LessonTime, ManualClock
from classroom.director import Director
from classroom.features.base import Events, SceneOnAir, TakenOver
from classroom.features.from_lesson import director_of
from classroom.features.run_of_show import RunOfShowFeature
from classroom.features.scenes import ScenesFeature
from classroom.lesson import Lesson
from tests.support.lessons import planned_lesson

ZONE = timezone(timedelta(hours=8))


def show_of(
    planned: Lesson,
    time: LessonTime,
    *,
    tell: Callable[[Mapping[str, object]], None] = lambda _: None,
    events: Events | None = None,
) -> tuple[RunOfShowFeature, Director]:
    """The run of show of a lesson, and the director whose scenes it puts on air."""
    heard = events or Events()
    director = director_of(planned, clock=time.clock)
    show = RunOfShowFeature(
        planned,
        time=time,
        director=director,
        scenes=ScenesFeature(director, clock=time.clock, events=heard, tell=lambda _: None, on_air=lambda *_: None),
        turn=lambda *_: None,
        events=heard,
        alarms=Alarms(lambda: None),
        tell=tell,
    )
    return show, director


def test_a_computer_that_slept_is_not_late_for_a_time_of_day() -> None:
    planned = planned_lesson("{clock: '10:15', card: pause}", "{after: 30m, card: end}")
    clock, told = ManualClock(100.0), list[str]()
    began = datetime.combine(datetime.now().date(), datetime.min.time()).astimezone() + timedelta(hours=10)
    slept = timedelta(0)

    async def teach() -> None:
        nonlocal slept
        time = LessonTime(clock, 100.0, began, lambda: began + timedelta(seconds=clock.now() - 100.0) + slept)
        show, director = show_of(planned, time, tell=lambda _: told.append(director.program.scene.name))
        async with contextlib.AsyncExitStack() as stack:
            await show.run(stack)
            clock.advance(300)
            await asyncio.sleep(0)
            assert director.program.scene.name == "talk"
            slept = timedelta(minutes=10)
            async with asyncio.timeout(30):
                while director.program.scene.name == "talk":  # noqa: ASYNC110 - nobody tells of the wall's clock
                    await asyncio.sleep(0.05)
            assert director.program.scene.name == "away"
            described = show.cues()
            # Thirty minutes of lesson are thirty minutes of lesson, and end later by the clock.
            assert described["left"] == 1500.0
            assert described["list"][1]["at"] == (began + timedelta(minutes=40)).isoformat(timespec="seconds")

    asyncio.run(teach())
    assert told[-1] == "away"


def test_what_the_teacher_puts_on_air_by_hand_holds_it_until_the_next_cue_is_asked_for() -> None:
    events, scenes = Events(), list[SceneOnAir]()
    events.listen(SceneOnAir, scenes.append)
    planned = planned_lesson("{after: 5m, scene: away}", "{after: 10m, scene: talk}")
    began = datetime(2026, 11, 23, 10, tzinfo=ZONE)
    show, _ = show_of(planned, LessonTime(ManualClock(), 0.0, began), events=events)
    assert show.cues()["mode"] == "automatic"
    events.emit(TakenOver())
    assert show.cues()["mode"] == "held"
    show.next()
    assert show.cues()["mode"] == "automatic"
    assert scenes == [SceneOnAir("away", "talk", "cue")]


@pytest.mark.skipif(not hasattr(system, "tzset"), reason="Windows takes its time zone from its settings")
def test_times_of_day_are_those_of_the_place_whatever_the_day_is_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    system.tzset()
    try:
        began = datetime(2026, 1, 9, 23, 30, tzinfo=UTC)  # half past twelve there, on the 10th
        show, _ = show_of(planned_lesson("{clock: '13:00', scene: talk}"), LessonTime(ManualClock(), 0.0, began))
        [cue] = show.cues()["list"]
        assert cue["at"] == "2026-01-10T13:00:00+13:00"
    finally:
        monkeypatch.undo()
        system.tzset()
