"""Who is kept on the list after the way to it was lost, and for how long."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from classroom.students.room_rules import RoomRules
from classroom.students.roster import Roster, Student
from classroom.webrtc.class_messages import ClassNews
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


async def test_who_is_gone_is_shown_with_its_hand_and_loses_it_when_it_was_removed(register: Roster) -> None:
    ada, bob = (enter(register, peer, name, "watching") for peer, name in ((1, "Ada"), (2, "Bob")))
    for student in (ada, bob):
        student.listed = True
        student.viewer = None
        register.move_hand(student, up=True)
    register.leave(1)
    shown = register.describe()
    assert [(each["name"], each["state"], each["hand"]) for each in shown.values()] == [
        ("Ada", "gone", True),
        ("Bob", "waiting", True),
    ]
    assert str(shown["1"]["raised"]) < str(shown["2"]["raised"])
    register.forget_ticket(ada)
    assert [each["hand"] for each in register.describe().values()] == [False, True]
    assert register.describe()["1"]["raised"] is None


def told(register: Roster, student: Student, *, floor: bool = True) -> ClassNews | None:
    return register.class_news(student, rules=RoomRules(floor=floor), names="teacher")


def test_a_page_is_told_of_the_class_once_however_often_it_moves_its_hand(register: Roster) -> None:
    page, original = (enter(register, peer, "Ada", "watching") for peer in (1, 2))
    page.page = True
    assert told(register, original) is None
    assert told(register, page) == ClassNews({"up": False}, True, "1", "teacher", "everyone", False)
    for _ in range(50):
        register.move_hand(page, up=True)
        register.move_hand(page, up=False)
    register.move_hand(page, up=True)
    assert told(register, page) == ClassNews({"up": True, "place": 1, "of": 1}, True, "1", "teacher", "everyone", False)
    assert told(register, page) is None
    page.admitted = False
    assert told(register, page, floor=False) is None
    page.admitted, page.refused = True, "banned"
    assert told(register, page, floor=False) is None


async def test_a_closed_tab_comes_back_by_its_browser_and_name_unless_it_was_removed(register: Roster) -> None:
    before = enter(register, 1, "Ada", "watching")
    before.device, before.listed, before.chat_muted = "mark", True, True
    register.give_ticket(before, "ticket")
    before.viewer = None
    register.leave(1)
    again, other = (enter(register, peer, name, "watching") for peer, name in ((2, "Ada"), (3, "Bob")))
    again.device = other.device = "mark"
    assert register.twin(again) is before
    assert register.twin(other) is None
    register.come_back(again, before)
    assert (again.number, again.chat_muted) == ("1", True)
    register.forget_ticket(again)
    later = enter(register, 4, "Ada", "watching")
    later.device = "mark"
    assert register.twin(later) is None
