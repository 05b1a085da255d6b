"""From cues as they are written to cues with a time from the beginning."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from classroom.direction import scenes_of
from classroom.director import Cue
from classroom.lesson import Lesson
from classroom.prompter import cues_of
from tests.support.lessons import report

ZONE = timezone(timedelta(hours=8))
LESSON = """\
sources:
  camera: {kind: camera}
  pause: {kind: card, title: Pause}
  end: {kind: card, title: End}
scenes:
  talk: camera
  away: pause
cues:
"""


def lesson(*cues: str) -> Lesson:
    found = report(LESSON + "".join(f"  - {cue}\n" for cue in cues))
    assert found.lesson is not None, found.faults
    return found.lesson


@pytest.mark.parametrize(
    ("began", "clock", "due"),
    [
        ("2026-11-23 10:00:00", "10:15", 900),
        ("2026-11-23 10:00:00", "10:00", 0),
        ("2026-11-23 10:02:00", "10:00", -120),
        ("2026-11-23 23:50:00", "0:10", 1200),
        ("2026-11-23 00:05:00", "23:55", -600),
    ],
)
def test_a_time_of_day_is_the_nearest_one(began: str, clock: str, due: float) -> None:
    [cue] = cues_of(lesson(f"{{clock: '{clock}', scene: talk}}"), datetime.fromisoformat(began).replace(tzinfo=ZONE))
    assert cue == Cue("talk", due=due)


def test_a_card_is_shown_by_the_scene_that_shows_it_alone_or_by_one_of_its_own() -> None:
    planned = lesson("{after: 5m, card: pause, title: Break}", "{card: end}")
    assert cues_of(planned, datetime(2026, 11, 23, tzinfo=ZONE)) == [Cue("away", title="Break", due=300.0), Cue("end")]
    scenes = scenes_of(planned)
    assert list(scenes) == ["talk", "away", "end"]
    assert scenes["end"].show == ("end",)
