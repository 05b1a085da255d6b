"""Alarms about what students get, and the clock that their pages ask."""

from __future__ import annotations

from typing import cast

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from classroom.common.alarms import Alarms
from classroom.common.clock import ManualClock, WallClock
from classroom.features.alarms import describe
from classroom.features.reception import ReceptionFeature, alarm_of
from classroom.students.audience import Audience
from classroom.students.roster import StudentEntry
from classroom.students.troubles import Trouble
from tests.support.entries import shows, student_entry


class Class:
    """Students who are as a test says, all of them with our page; writes down who gets a new connection."""

    def __init__(self) -> None:
        self.shown: dict[str, StudentEntry] = {}
        self.reconnected: list[str] = []

    def describe(self) -> dict[str, StudentEntry]:
        return dict(self.shown)

    def page_numbers(self) -> set[str]:
        return set(self.shown)

    def reconnect(self, number: str) -> None:
        self.reconnected.append(number)


class Watched:
    def __init__(self) -> None:
        self.students, self.clock, self.alarms = Class(), ManualClock(100.0), Alarms(lambda: None)
        self.feature = ReceptionFeature(
            audience=cast("Audience", self.students),
            alarms=self.alarms,
            clock=self.clock,
            wall=WallClock(self.clock, wall=lambda: 1_800_000_000.0),
        )

    def look(self, seconds: float) -> list[str]:
        """The codes of the alarms after so many seconds more."""
        self.feature.look()
        self.clock.advance(seconds)
        self.feature.look()
        return [each.code for each in self.alarms.raised()]


def test_an_alarm_comes_and_goes_with_the_trouble() -> None:
    watched = Watched()
    watched.students.shown = {"1": student_entry(shows=shows(sound="blocked"))}
    assert watched.look(7.0) == []
    assert watched.look(1.0) == ["reception.sound_blocked"]
    watched.students.shown = {"1": student_entry(shows=shows())}
    assert watched.look(1.0) == []


def test_who_gets_nothing_is_named_and_can_be_connected_again() -> None:
    watched = Watched()
    watched.students.shown = {"4": student_entry(state="waiting"), "9": student_entry("Bob", state="waiting")}
    assert watched.look(15.0) == ["reception.nothing"]
    said = describe(watched.alarms.raised()[0])
    assert said["sentence"].startswith("2 students get no picture and no sound: Ada, Bob.")
    assert (said["method"], said["params"]) == ("student.reconnect", {"id": None})
    watched.feature.reconnect(None)
    assert sorted(watched.students.reconnected) == ["4", "9"]
    del watched.students.shown["9"]
    watched.feature.look()
    said = describe(watched.alarms.raised()[0])
    assert (said["method"], said["params"]) == ("student.reconnect", {"id": "4"})
    watched.feature.reconnect(cast("str", said["params"]["id"]))
    assert watched.students.reconnected[2:] == ["4"]


def test_a_click_cannot_be_made_from_here_so_no_button_says_so() -> None:
    for kind in ("sound_blocked", "small_picture"):
        assert alarm_of(Trouble(kind, {"1": "Ada"})).remedy is None


def test_a_whole_class_and_long_names_do_not_fill_the_page() -> None:
    alarm = alarm_of(Trouble("late", {str(each): "x" * 500 for each in range(200)}))
    assert "200 students" in alarm.sentence
    assert len(alarm.sentence) < 400
    assert "…" in alarm.sentence


async def test_the_clock_tells_the_time_and_is_never_kept() -> None:
    watched, app = Watched(), web.Application()
    watched.feature.routes(app)
    watched.clock.advance(2.5)
    async with TestClient(TestServer(app)) as client:
        answer = await client.get("/clock?3")
        assert float(await answer.text()) == 1_800_000_002.5
        assert answer.headers["Cache-Control"] == "no-store"
