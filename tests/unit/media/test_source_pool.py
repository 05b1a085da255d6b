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
    assert pause.on_air_since == 100.0  # it may stand in at any time
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
