"""Memory of connections that were closed."""

from __future__ import annotations

import ctypes
import gc
import weakref

import pytest

from classroom.webrtc.sending import memory as tidying
from classroom.webrtc.sending.memory import GcSchedule
from tests.support.broadcast import eventually


class Circle:
    def __init__(self) -> None:
        self.itself = self


async def test_circles_are_freed_soon_after_somebody_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tidying, "_AFTER", 0.01)
    gc.disable()
    try:
        tidier, circle = GcSchedule(), weakref.ref(Circle())
        assert circle() is not None
        for _ in range(3):
            tidier.left()
        await eventually(lambda: circle() is None)
    finally:
        gc.enable()


async def test_after_the_end_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tidying, "_AFTER", 0.0)
    tidier = GcSchedule()
    tidier.left()
    handle = tidier._handle
    tidier.close()
    tidier.close()
    assert handle is not None
    assert handle.cancelled()


async def test_what_was_there_before_the_first_student_is_left_alone_until_the_end() -> None:
    tidier, before = GcSchedule(), gc.get_freeze_count()
    tidier.begin()
    frozen = gc.get_freeze_count()
    assert frozen > before
    tidier.begin()
    assert gc.get_freeze_count() == frozen
    tidier.close()
    assert gc.get_freeze_count() == 0


async def test_memory_is_given_back_after_many_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tidying, "_AFTER", 0.01)
    monkeypatch.setattr(tidying, "_SHARE", 1.0)
    trims: list[None] = []
    tidier = GcSchedule()
    tidier._trim = lambda: trims.append(None)
    tidier.left()
    await eventually(lambda: tidier._handle is None)
    assert not trims
    for _ in range(7):
        tidier.left()
    await eventually(lambda: len(trims) == 1)


def test_where_memory_cannot_be_given_back_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    tidying._trimmer()()

    class Library:
        def __init__(self, _: None) -> None:
            raise TypeError("there is no such thing here")

    monkeypatch.setattr(ctypes, "CDLL", Library)
    tidying._trimmer()()
