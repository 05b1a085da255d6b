"""The source pool: what it tells its sources about the program."""

from __future__ import annotations

from pathlib import Path

from classroom.common.clock import ManualClock
from classroom.lesson import lesson_from_text
from classroom.media.source_pool import SourcePool

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
