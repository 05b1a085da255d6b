"""What is said of sources that are missing on air."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping

import pytest

from classroom.common.clock import ManualClock
from classroom.features import stand_ins
from classroom.features.from_lesson import director_of
from classroom.features.stand_ins import StandInsFeature
from classroom.media.source_pool import SourcePool
from tests.support.lessons import lesson_of

LESSON = """\
sources:
  camera: {kind: pattern}
  screen: {kind: pattern}
  pause: {kind: card, title: Pause, countdown: 60}
  own: {kind: card, title: Own}
scenes:
  duo: {layout: side-by-side, show: [camera, screen]}
  desk: {show: [screen], fallback: own}
program: {fallback: pause}
"""


class Told:
    """The feature, with sources of which the test says which are live."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        lesson = lesson_of(LESSON)
        clock = ManualClock(10.0)
        self.pool = SourcePool(lesson, clock=clock, changed=lambda: None)
        self.live = {"camera", "screen", "pause", "own"}
        monkeypatch.setattr(self.pool, "live", lambda: frozenset(self.live))
        self.director = director_of(lesson, clock=clock)
        self.pages: list[Mapping[str, str | None]] = []
        self.told = asyncio.Event()
        self.feature = StandInsFeature(
            lesson, pool=self.pool, director=self.director, clock=clock, tell_pages=self._take
        )

    async def _take(self, missing: Mapping[str, str | None]) -> None:
        self.pages.append(missing)
        self.told.set()


def test_each_source_on_air_without_a_picture_is_named_with_what_replaces_it(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told(monkeypatch)
    assert told.feature.stand_ins() == {}
    told.live -= {"camera"}
    assert told.feature.stand_ins() == {"camera": "pause"}
    assert told.pool.sources()["pause"].on_air_since == 10.0, "its countdown has begun"
    told.live -= {"screen", "pause"}
    assert told.feature.stand_ins() == {"camera": None, "screen": None}
    told.director.switch("desk", now=10.0)
    assert told.feature.stand_ins() == {"screen": "own"}, "the camera is not on air, and the scene has its own"
    told.live |= {"screen"}
    assert told.feature.stand_ins() == {}


async def test_students_are_told_what_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stand_ins, "_LASTS", 0.05)
    told = Told(monkeypatch)
    async with contextlib.AsyncExitStack() as stack:
        await told.feature.run(stack)
        told.live -= {"camera"}
        told.feature.stand_ins()
        told.live |= {"camera"}
        told.feature.stand_ins()  # back before anybody was told
        told.live -= {"screen"}
        told.feature.stand_ins()
        await asyncio.wait_for(told.told.wait(), 10)
        told.told.clear()
        told.live |= {"screen"}
        told.feature.stand_ins()
        await asyncio.wait_for(told.told.wait(), 10)
    assert told.pages == [{"screen": "pause"}, {}]
