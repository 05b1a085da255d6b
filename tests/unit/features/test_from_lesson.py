"""From cues as they are written to cues with a time from the beginning."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest

from classroom.director import Cue
from classroom.features.from_lesson import cues_of, scenes_of
from tests.support.lessons import planned_lesson

ZONE = timezone(timedelta(hours=8))

needs_zones = pytest.mark.skipif(not hasattr(time, "tzset"), reason="a process cannot change its time zone on Windows")


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[None]:
    """A process in another time zone, China's unless the test names one."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", getattr(request, "param", "CST-8"))
        time.tzset()
        yield
    time.tzset()


@needs_zones
@pytest.mark.usefixtures("zone")
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
    [cue] = cues_of(
        planned_lesson(f"{{clock: '{clock}', scene: talk}}"), datetime.fromisoformat(began).replace(tzinfo=ZONE)
    )
    assert cue == Cue("talk", due=due)


def test_a_card_is_shown_by_the_scene_that_shows_it_alone_or_by_one_of_its_own() -> None:
    planned = planned_lesson("{after: 5m, card: pause, title: Break}", "{card: end}")
    assert cues_of(planned, datetime(2026, 11, 23, tzinfo=ZONE)) == [Cue("away", title="Break", due=300.0), Cue("end")]
    scenes = scenes_of(planned)
    assert list(scenes) == ["talk", "away", "end"]
    assert scenes["end"].show == ("end",)


@needs_zones
@pytest.mark.usefixtures("zone")
@pytest.mark.parametrize("zone", ["CET-1CEST,M3.5.0,M10.5.0/3"], indirect=True)
@pytest.mark.parametrize(("day", "due"), [("2026-03-29", 3600.0), ("2026-10-25", 3 * 3600.0), ("2026-11-23", 7200.0)])
def test_a_time_of_day_is_that_of_the_clock_also_when_it_is_put_forward_or_back(day: str, due: float) -> None:
    began = datetime.fromisoformat(f"{day} 01:30:00").astimezone()
    [cue] = cues_of(planned_lesson("{clock: '03:30', scene: talk}"), began)
    assert cue.due == due
