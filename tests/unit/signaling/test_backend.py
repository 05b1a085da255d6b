"""How many members the room of a lesson takes, also after its file was saved again."""

from __future__ import annotations

import contextlib

import pytest

from classroom.common.alarms import Alarms
from classroom.common.clock import ManualClock
from classroom.signaling.backend import SignalingBackend, signaling_backend
from classroom.signaling.room import RoomFull
from tests.support.lessons import SMALL, report


def place(extra: str) -> SignalingBackend:
    found = report(f"{SMALL}{extra}\n")
    assert found.lesson is not None, found.faults
    return signaling_backend(found.lesson, clock=ManualClock(), alarms=Alarms(lambda: None))


def members(meeting: SignalingBackend) -> int:
    """How many get in, beside those who are in already."""
    assert meeting.switchboard is not None
    count = 0
    with contextlib.suppress(RoomFull):
        while count < 1000:
            meeting.switchboard.sign_in(b"a")
            count += 1
    return count


def test_more_students_find_room_when_the_lesson_allows_more() -> None:
    meeting = place("access: {max_students: 10}")
    assert members(meeting) == 74
    meeting.make_room(30)
    assert members(meeting) == 20
    meeting.make_room(5)
    assert meeting.switchboard is not None
    assert meeting.switchboard.size == 94


@pytest.mark.parametrize("extra", ["limits: {members: 12}", "limits: {members: 12}\naccess: {max_students: 5}"])
def test_a_limit_of_the_room_itself_stays(extra: str) -> None:
    meeting = place(extra)
    meeting.make_room(300)
    assert members(meeting) == 12


def test_at_somebody_elses_server_there_is_nothing_to_do() -> None:
    place("signaling: {server: 'http://host:8888'}").make_room(300)
