"""Memory of connections that were closed."""

from __future__ import annotations

import gc
import weakref

import pytest

from classroom.peers import tidying
from classroom.peers.tidying import Tidier
from tests.support.broadcast import eventually


class Circle:
    def __init__(self) -> None:
        self.itself = self


async def test_circles_are_freed_soon_after_somebody_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tidying, "_AFTER", 0.01)
    gc.disable()
    try:
        tidier, circle = Tidier(), weakref.ref(Circle())
        assert circle() is not None
        for _ in range(3):
            tidier.left()
        await eventually(lambda: circle() is None)
    finally:
        gc.enable()


async def test_after_the_end_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tidying, "_AFTER", 0.0)
    tidier = Tidier()
    tidier.left()
    handle = tidier._handle
    tidier.close()
    tidier.close()
    assert handle is not None
    assert handle.cancelled()
