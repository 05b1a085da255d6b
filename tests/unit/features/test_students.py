"""Which events come of what the audience shows."""

from __future__ import annotations

from typing import Literal, cast

import pytest

from classroom.features.base import Events, StudentAdmitted, StudentJoined, StudentLeft
from classroom.features.students import StudentsFeature
from classroom.signaling.backend import SignalingBackend
from classroom.students.audience import Audience
from classroom.students.roster import StudentEntry
from tests.support.lessons import report

State = Literal["waiting", "watching", "gone"]


def entry(name: str, state: State = "watching", *, admitted: bool = True) -> StudentEntry:
    return {
        "name": name,
        "joined": "2026-11-23T10:00:00+00:00",
        "state": state,
        "admitted": admitted,
        "blocked": False,
        "hand": False,
        "raised": None,
        "tier": None,
        "codec": None,
        "round_trip": None,
        "loss": None,
        "can_send": None,
        "small": False,
        "latency": None,
        "shows": None,
    }


class Class:
    """An audience that shows what a test says, and writes down what it is asked to do."""

    def __init__(self) -> None:
        self.shown: dict[str, StudentEntry] = {}
        self.done: list[tuple[object, ...]] = []

    def describe(self) -> dict[str, StudentEntry]:
        return dict(self.shown)

    def admit(self, number: str) -> None:
        self.done.append(("admit", number))

    def remove(self, number: str, *, ban: bool) -> None:
        self.done.append(("remove", number, ban))


class Watched:
    """The students of a lesson, and what others hear of them."""

    def __init__(self) -> None:
        lesson = report("sources: {bars: {kind: pattern}}\nscenes: {talk: bars}\n").lesson
        assert lesson is not None
        events = Events()
        self.heard: list[object] = []
        for kind in (StudentJoined, StudentAdmitted, StudentLeft):
            events.listen(kind, self.heard.append)
        self.audience = Class()
        self.feature = StudentsFeature(
            lesson,
            audience=cast("Audience", self.audience),
            backend=cast("SignalingBackend", None),
            guard=None,
            events=events,
            refresh=lambda: None,
        )

    def show(self, **shown: StudentEntry) -> list[object]:
        """Look at students with these numbers; what was heard of that."""
        before = len(self.heard)
        self.audience.shown = {number.lstrip("n"): each for number, each in shown.items()}
        self.feature.students()
        return self.heard[before:]


def test_a_student_comes_waits_is_let_in_and_leaves() -> None:
    watched = Watched()
    assert watched.show(n1=entry("Ada", "waiting", admitted=False)) == [StudentJoined("1", "Ada", False)]
    assert watched.show(n1=entry("Ada", "waiting", admitted=False)) == []
    assert watched.show(n1=entry("Ada", "waiting")) == [StudentAdmitted("1", "Ada")]
    assert watched.show(n1=entry("Ada")) == []
    assert watched.show(n1=entry("Ada", "gone")) == [StudentLeft("1", "Ada")]
    assert watched.show() == []


def test_a_student_who_comes_back_has_joined_again() -> None:
    watched = Watched()
    watched.show(n1=entry("Ada"))
    watched.show(n1=entry("Ada", "gone"))
    assert watched.show(n1=entry("Ada"), n2=entry("Bob")) == [
        StudentJoined("1", "Ada", True),
        StudentJoined("2", "Bob", True),
    ]


def test_a_student_who_is_shown_no_longer_has_left() -> None:
    watched = Watched()
    watched.show(n1=entry("Ada"))
    assert watched.show() == [StudentLeft("1", "Ada")]


@pytest.mark.parametrize("number", ["3", 3])
def test_the_teacher_lets_students_in_and_sends_them_away_by_number(number: str | int) -> None:
    watched = Watched()
    watched.feature.admit(number)
    watched.feature.remove(number)
    watched.feature.remove(number, ban=True)
    assert watched.audience.done == [("admit", "3"), ("remove", "3", False), ("remove", "3", True)]
