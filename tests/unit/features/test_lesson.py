"""What teachers are told of the lesson as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import cast

from classroom.common.clock import LessonTime, ManualClock
from classroom.features.lesson import LessonFeature
from classroom.server.endpoints import Endpoints
from tests.support.lessons import report

LESSON = "lesson: {title: Algebra}\nsources: {bars: {kind: pattern}}\nscenes: {talk: bars, 2: bars, 1: bars}\n"


class Port:
    """Where the lesson is reached."""

    def addresses(self) -> list[str]:
        return ["http://10.0.0.2:8000/"]

    def secure_addresses(self) -> list[str]:
        return []

    def authority(self) -> None:
        return None


class Told:
    """A lesson, and what is told of it."""

    def __init__(self) -> None:
        lesson = report(LESSON).lesson
        assert lesson is not None
        self.clock = ManualClock(100.0)
        self.told: list[Mapping[str, object]] = []
        self.ended = 0
        self.feature = LessonFeature(
            lesson,
            time=LessonTime(self.clock, 100.0, datetime(2026, 11, 23, 10, tzinfo=UTC)),
            endpoints=cast("Endpoints", Port()),
            tell=self.told.append,
            end=self._end,
        )

    def _end(self) -> None:
        self.ended += 1


def test_the_lesson_is_told_with_its_time_and_its_addresses() -> None:
    told = Told()
    told.clock.advance(12.3456)
    assert told.feature.lesson() == {
        "title": "Algebra",
        "language": None,
        "started": "2026-11-23T10:00:00+00:00",
        "elapsed": 12.346,
        "addresses": ["http://10.0.0.2:8000/"],
        "secure_addresses": [],
        "fingerprint": None,
        "order": {"scenes": ["talk", "2", "1"], "sources": ["bars"], "audio": []},
    }


def test_another_title_and_other_addresses_are_told() -> None:
    told = Told()
    other = report(LESSON.replace("Algebra", "Geometry")).lesson
    assert other is not None
    told.feature.apply(other)
    told.feature.moved()
    assert [cast("dict[str, object]", each["lesson"])["title"] for each in told.told] == ["Geometry", "Geometry"]


def test_the_teacher_ends_it() -> None:
    told = Told()
    told.feature.end()
    assert told.ended == 1
