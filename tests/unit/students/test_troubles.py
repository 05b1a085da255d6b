"""When a teacher is told that students get less than they should."""

from __future__ import annotations

from typing import Any

import pytest

from classroom.students.roster import StudentEntry
from classroom.students.troubles import Troubles
from tests.support.entries import latency, shows, student_entry


def lasting(entry: StudentEntry, seconds: float, *, pages: tuple[str, ...] = ("1",)) -> list[str]:
    """The troubles of one student who is like this for so long."""
    troubles = Troubles()
    now = 0.0
    while True:
        found = troubles.observe({"1": entry}, pages, now)
        if now >= seconds:
            return [each.kind for each in found]
        now += 1.0


@pytest.mark.parametrize(
    ("entry", "kind", "after"),
    [
        ({"state": "waiting", "codec": None}, "nothing", 15.0),
        ({"shows": shows(fps=0.0)}, "nothing", 15.0),
        ({"shows": shows(sound="blocked")}, "sound_blocked", 8.0),
        ({"small": True, "shows": shows(height=180)}, "small_picture", 60.0),
        ({"latency": latency(0.25)}, "late", 12.0),
    ],
)  # fmt: skip
def test_a_trouble_is_told_once_it_has_lasted(entry: dict[str, Any], kind: str, after: float) -> None:
    assert lasting(student_entry(**entry), after - 1) == []
    assert lasting(student_entry(**entry), after) == [kind]


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"shows": shows(), "latency": latency(0.19)},
        {"state": "waiting", "admitted": False},
        {"state": "waiting", "blocked": True},
        {"state": "gone", "shows": shows(fps=0.0)},
        # A browser that knows none of the picture's codecs hears the lesson, and says so itself.
        {"codec": None, "shows": shows(fps=0.0, width=0, height=0)},
        {"shows": shows(sound="off")},
        # Two clocks that are compared over a slow network: it may as well be 190 ms.
        {"latency": latency(0.25, clock=0.06)},
        {"latency": latency(None, sound=0.3)},
    ],
)
def test_what_is_no_trouble_never_becomes_one(entry: dict[str, Any]) -> None:
    assert lasting(student_entry(**entry), 100.0) == []


def test_only_key_frames_are_a_small_picture_and_not_none() -> None:
    assert lasting(student_entry(small=True, shows=shows(fps=0.0, height=180)), 100.0) == ["small_picture"]


def test_a_client_that_is_no_page_of_ours_may_wait_as_long_as_it_likes() -> None:
    assert lasting(student_entry(state="waiting"), 100.0, pages=()) == []


def test_a_trouble_that_was_over_begins_anew_and_each_student_has_an_own_time() -> None:
    troubles = Troubles()
    bad, good = student_entry(shows=shows(sound="blocked")), student_entry(shows=shows())
    other = student_entry("Bob", shows=shows(sound="blocked"))
    assert troubles.observe({"1": bad, "2": other}, ("1", "2"), 0.0) == []
    assert troubles.observe({"1": good, "2": other}, ("1", "2"), 7.0) == []
    [found] = troubles.observe({"1": bad, "2": other}, ("1", "2"), 9.0)
    assert found.students == {"2": "Bob"}
    [found] = troubles.observe({"1": bad, "2": other}, ("1", "2"), 17.0)
    assert found.students == {"1": "Ada", "2": "Bob"}
