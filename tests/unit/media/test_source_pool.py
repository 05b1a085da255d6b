"""The source pool: what it tells its sources about the program."""

from __future__ import annotations

from pathlib import Path

from classroom.common.clock import ManualClock
from classroom.lesson import lesson_from_text
from classroom.lesson.difference import plan
from classroom.media.source_pool import SourcePool
from tests.support.lessons import lesson_of

LESSON = """\
sources:
  screen: {kind: pattern}
  pause: {kind: card, title: Pause, countdown: 300}
scenes:
  talk: screen
  break: pause
program: {fallback: pause}
"""


def test_a_fallback_begins_anew_each_time_that_a_scene_shows_it() -> None:
    clock = ManualClock(100.0)
    lesson = lesson_from_text(LESSON, Path("lesson.yaml")).lesson
    assert lesson is not None
    pool = SourcePool(lesson, clock=clock, changed=lambda: None)
    pause = pool.sources()["pause"]
    pool.put_on_air({"screen"}, 100.0)
    assert pause.on_air_since is None
    pool.put_on_air({"pause"}, 400.0)
    assert pause.on_air_since == 400.0
    pool.put_on_air({"pause", "screen"}, 450.0)
    assert pause.on_air_since == 400.0
    pool.put_on_air({"screen"}, 500.0)
    pool.put_on_air({"pause"}, 900.0)
    assert pause.on_air_since == 900.0


def test_a_swap_that_is_taken_back_leaves_the_sources_as_they_were() -> None:
    before, after = lesson_of(LESSON), lesson_of(LESSON.replace("pause", "away").replace("pattern", "screen"))
    told: list[None] = []
    pool = SourcePool(before, clock=ManualClock(), changed=lambda: told.append(None))
    sources, slots = pool.sources(), dict(pool.slots)
    swap = pool.swap(after, plan(before, after))
    assert set(pool.sources()) == {"screen", "away", "pause"}
    told.clear()
    pool.take_back(swap)
    swap.cancel()
    assert pool.sources() == sources
    assert dict(pool.slots) == slots
    assert told, "the program and the teachers see it"
    assert pool.sounds() == {}


def test_a_countdown_that_stands_in_goes_on_and_begins_anew_only_where_it_is_over() -> None:
    clock = ManualClock(100.0)
    lesson = lesson_from_text(LESSON, Path("lesson.yaml")).lesson
    assert lesson is not None
    pool = SourcePool(lesson, clock=clock, changed=lambda: None)
    pause = pool.sources()["pause"]
    pool.put_on_air({"screen"}, 100.0)

    def lost(now: float) -> float | None:
        clock.advance(now - clock.now())
        pool.stand_in({"pause"}, now)
        began = pause.on_air_since
        pool.stand_in(set(), now + 1)
        return began

    assert lost(200.0) == 200.0, "nobody has seen it before"
    assert lost(210.0) == 200.0, "it goes on, however often the screen is lost"
    pool.put_on_air({"screen"}, 220.0)
    assert lost(499.0) == 200.0, "also where another scene comes on air"
    assert lost(500.5) == 500.5, "0:00 tells nobody anything"
    pool.put_on_air({"pause"}, 600.0)
    pool.put_on_air({"screen"}, 610.0)
    assert lost(650.0) == 600.0, "a break that a scene has begun goes on too"


def test_the_fallback_of_a_scene_begins_when_it_stands_in() -> None:
    clock = ManualClock(100.0)
    text = LESSON.replace("talk: screen", "talk: {show: [screen], fallback: pause}").replace(
        "program: {fallback: pause}\n", ""
    )
    lesson = lesson_from_text(text, Path("lesson.yaml")).lesson
    assert lesson is not None
    pool = SourcePool(lesson, clock=clock, changed=lambda: None)
    pool.put_on_air({"screen"}, 100.0)
    pool.stand_in({"pause"}, 130.0)
    pool.put_on_air({"screen"}, 140.0)
    assert pool.sources()["pause"].on_air_since == 130.0
