"""Slides that are turned by the teacher, or by a cue."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import Field

from classroom.common.errors import CommandError
from classroom.common.sentences import Wording
from classroom.control import json_rpc
from classroom.control.registry import Name, command
from classroom.features.base import Events, Feature, PageTurned, TakenOver
from classroom.media.source_pool import SourcePool

__all__ = ["SlidesFeature"]

_PAGE_OR_STEP = Wording("params.page_or_step", "Name a page or a step, not both.")


class SlidesFeature(Feature):
    """Turns pages; ``refresh`` tells teachers what has changed."""

    def __init__(self, pool: SourcePool, *, events: Events, refresh: Callable[[], None]) -> None:
        self._pool = pool
        self._events = events
        self._refresh = refresh

    @command("slides.goto")
    def go_to(
        self,
        source: Name,
        page: Annotated[int, Field(ge=1, le=100_000)] | None = None,
        step: Annotated[int, Field(ge=-100_000, le=100_000)] | None = None,
    ) -> None:
        """Turn slides to a page, counted from 1, or by a step: 1 is the next page, -1 the previous one."""
        if (page is None) == (step is None):
            raise CommandError(json_rpc.INVALID_PARAMS, _PAGE_OR_STEP())
        self._turn(source, page, step, why="teacher")
        self._events.emit(TakenOver())

    def turn(self, source: str, page: int) -> None:
        """Turn to a page as a cue says; CommandError when there are no such slides or no such page."""
        self._turn(source, page, None, why="cue")

    def _turn(self, source: str, page: int | None, step: int | None, *, why: Literal["teacher", "cue"]) -> None:
        before = self._pool.pages().get(source)
        self._pool.go_to(source, page, step)
        self._refresh()
        after = self._pool.pages()[source]
        if after != before:
            self._events.emit(PageTurned(source, after[0], why))
