"""Memory of connections that were closed."""

from __future__ import annotations

import ctypes
import gc
import weakref

import pytest

from classroom.webrtc.sending import gc_schedule
from classroom.webrtc.sending.gc_schedule import GcSchedule
from tests.support.broadcast import eventually


class Circle:
    def __init__(self) -> None:
        self.itself = self


async def test_circles_are_freed_soon_after_somebody_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gc_schedule, "_AFTER", 0.01)
    gc.disable()
    try:
        schedule, circle = GcSchedule(), weakref.ref(Circle())
        assert circle() is not None
        for _ in range(3):
            schedule.left()
        await eventually(lambda: circle() is None)
    finally:
        gc.enable()


async def test_after_the_end_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gc_schedule, "_AFTER", 0.0)
    schedule = GcSchedule()
    schedule.left()
    handle = schedule._handle
    schedule.close()
    schedule.close()
    assert handle is not None
    assert handle.cancelled()


async def test_what_was_there_before_the_first_student_is_left_alone_until_the_end() -> None:
    schedule, before = GcSchedule(), gc.get_freeze_count()
    schedule.begin()
    frozen = gc.get_freeze_count()
    assert frozen > before
    schedule.begin()
    assert gc.get_freeze_count() == frozen
    schedule.close()
    assert gc.get_freeze_count() == 0


async def test_memory_is_given_back_after_many_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gc_schedule, "_AFTER", 0.01)
    monkeypatch.setattr(gc_schedule, "_SHARE", 1.0)
    trims: list[None] = []
    schedule = GcSchedule()
    schedule._trim = lambda: trims.append(None)
    schedule.left()
    await eventually(lambda: schedule._handle is None)
    assert not trims
    for _ in range(7):
        schedule.left()
    await eventually(lambda: len(trims) == 1)


def test_where_memory_cannot_be_given_back_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    gc_schedule._trimmer()()

    class Library:
        def __init__(self, _: None) -> None:
            raise TypeError("there is no such thing here")

    monkeypatch.setattr(ctypes, "CDLL", Library)
    gc_schedule._trimmer()()
