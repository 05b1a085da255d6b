"""What pages are told of the time stamps of their connections."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from classroom.common.clock import ManualClock, WallClock
from classroom.students.page_clock import PageClock
from classroom.students.roster import Student
from classroom.webrtc.messages import TimeLines
from classroom.webrtc.rtp.rtcp_writer import RtpClock

PICTURE = RtpClock(origin=4_000_000_000, rate=90_000, zero=12.0, lag=0.0).line(7)
SOUND = RtpClock(origin=5, rate=48_000, zero=12.0, lag=0.015).line(8)


def student(*lines: Any, page: bool = True) -> Student:
    watching = Student("1", "Ada", "192.0.2.1", "", admitted=True)
    watching.page = page
    watching.viewer = cast(Any, SimpleNamespace(time_lines=lines))
    return watching


def clock() -> PageClock:
    return PageClock(WallClock(ManualClock(10.0), wall=lambda: 1000.0), fps=25.0)


def test_each_time_line_is_told_once_and_the_wait_for_the_tick_is_part_of_how_late_a_picture_is() -> None:
    watching = student(PICTURE, None)
    first = TimeLines({"ssrc": 7, "rtp": 4_000_000_000, "at": 1001.98, "rate": 90_000}, None)
    pages = clock()
    assert pages.news(watching) == first
    assert pages.news(watching) is None
    cast(Any, watching.viewer).time_lines = (PICTURE, SOUND)
    again = pages.news(watching)
    assert again is not None
    assert (again.picture, again.sound) == (first.picture, {"ssrc": 8, "rtp": 5, "at": 1002.0, "rate": 48_000})


def test_a_new_connection_is_told_when_it_sends() -> None:
    watching = student(PICTURE, SOUND)
    pages = clock()
    assert pages.news(watching) is not None
    cast(Any, watching.viewer).time_lines = (None, None)
    assert pages.news(watching) is None
    cast(Any, watching.viewer).time_lines = (PICTURE, SOUND)
    assert pages.news(watching) is not None


def test_who_never_said_hello_and_who_has_no_connection_is_told_nothing() -> None:
    assert clock().news(student(PICTURE, SOUND, page=False)) is None
    waiting = student()
    waiting.viewer = None
    assert clock().news(waiting) is None
