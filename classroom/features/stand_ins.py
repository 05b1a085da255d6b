"""Which sources on air have no picture, and what replaces each: for the teachers, and for the students' pages."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from classroom.common.clock import Clock
from classroom.common.tasks import run_supervised
from classroom.director import Director
from classroom.director.fallback import stand_ins
from classroom.features.base import Feature, section
from classroom.lesson import Lesson
from classroom.media.source_pool import SourcePool

__all__ = ["StandInsFeature"]

_LASTS: Final = 1.0
"""Seconds after which students are told, so that a short interruption does not flicker in words as well."""

TellPages = Callable[[Mapping[str, str | None]], Awaitable[None]]


class StandInsFeature(Feature):
    """Names what is missing on air and what is shown instead. ``tell_pages`` tells the students' pages."""

    def __init__(
        self, lesson: Lesson, *, pool: SourcePool, director: Director, clock: Clock, tell_pages: TellPages
    ) -> None:
        self._lesson = lesson
        self._pool = pool
        self._director = director
        self._clock = clock
        self._tell_pages = tell_pages
        self._current: dict[str, str | None] = {}
        self._changed = asyncio.Event()

    @section("stand_ins", changing=True)
    def stand_ins(self) -> dict[str, str | None]:
        """The sources on air that have no picture, and what replaces each; null is the built-in card."""
        program = self._director.program
        found = stand_ins(program.placements, self._pool.live(), self._lesson.program.fallback)
        if found != self._current:
            self._current = found
            self._changed.set()
        self._pool.stand_in({name for name in found.values() if name is not None}, self._clock.now())
        return found

    def apply(self, lesson: Lesson) -> None:
        """Know the fallback of another lesson."""
        self._lesson = lesson

    async def run(self, stack: contextlib.AsyncExitStack) -> None:
        """Tell the students' pages what lasts."""
        run_supervised(stack, "what replaces sources", self._tell)

    async def _tell(self) -> None:
        told: dict[str, str | None] = {}
        while True:
            await self._changed.wait()
            self._changed.clear()
            await asyncio.sleep(_LASTS)
            if not self._changed.is_set() and self._current != told:
                told = self._current
                await self._tell_pages(told)
