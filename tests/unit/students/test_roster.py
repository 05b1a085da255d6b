"""Who is kept on the list after the way to it was lost, and for how long."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from classroom.students.roster import Roster, Student
from classroom.webrtc.viewer import Viewer


class Watching:
    """As much of a viewer as the register looks at."""

    def __init__(self, state: str) -> None:
        self.state = state


@pytest.fixture
def register() -> Roster:
    return Roster(most=3, changed=lambda: None)


def enter(register: Roster, peer: int, name: str, state: str, *, lost: bool = False) -> Student:
    student = register.enter(peer, name, "", admitted=True)
    student.viewer = cast(Viewer, cast(Any, Watching(state)))
    student.lost = lost
    return student


def test_a_page_counts_until_it_fetches_no_messages_any_more(register: Roster) -> None:
    for peer, (page, absent) in enumerate([(True, False), (True, True), (False, False)], 1):
        student = register.enter(peer, f"student {peer}", "", admitted=True)
        student.page, student.listed = page, True
        student.viewer = cast(Any, SimpleNamespace(absent=absent))
    waiting = register.enter(4, "Dan", "", admitted=False)
    waiting.page = waiting.listed = True
    assert register.page_numbers() == {"1", "4"}


def test_who_is_lost_takes_no_place_and_is_kept_while_it_watches(register: Roster) -> None:
    enter(register, 1, "Ada", "watching", lost=True)
    gone = enter(register, 2, "Bob", "waiting", lost=True)
    enter(register, 3, "Cid", "watching")
    assert register.watching() == 1
    assert register.over() == [2]
    register.leave(2)
    assert register.over() == []
    assert gone not in register.present.values()


def test_somebody_of_its_name_who_watches_takes_its_place_one_for_one(register: Roster) -> None:
    enter(register, 1, "Ada", "watching", lost=True)
    enter(register, 2, "Ada", "watching", lost=True)
    back = enter(register, 3, "Ada", "waiting")
    assert register.over() == []
    back.viewer = cast(Viewer, cast(Any, Watching("watching")))
    assert register.over() == [1]
    register.leave(1)
    # The other of that name is somebody else.
    assert register.over() == []
    enter(register, 4, "Ada", "watching")
    assert register.over() == [2]


def test_who_has_no_name_is_shown_by_its_number_also_when_it_comes_back(register: Roster) -> None:
    first = register.enter(1, "", "", admitted=True)
    assert first.name == "#1"
    register.give_ticket(first, "ticket")
    register.leave(1)
    again = register.enter(2, "", "", admitted=True)
    assert again.name == "#2"
    register.come_back(again, first)
    assert (again.number, again.name) == ("1", "#1")
