"""How slides are turned, and who hears of it."""

from __future__ import annotations

from typing import cast

import pytest

from classroom.common.errors import CommandError
from classroom.features.base import Events, PageTurned, TakenOver
from classroom.features.slides import SlidesFeature
from classroom.media.source_pool import SourcePool


class Pool:
    """Slides of three pages."""

    def __init__(self) -> None:
        self.page = 1

    def pages(self) -> dict[str, tuple[int, int | None]]:
        return {"slides": (self.page, 3)}

    def go_to(self, name: str, page: int | None, step: int | None) -> None:
        if name != "slides":
            raise CommandError.unknown("slides", name, ["slides"])
        self.page = page if page is not None else min(3, self.page + (step or 0))


class Turned:
    """The slides, and what others hear of them."""

    def __init__(self) -> None:
        events = Events()
        self.heard: list[object] = []
        self.told = 0
        for kind in (PageTurned, TakenOver):
            events.listen(kind, self.heard.append)
        self.slides = SlidesFeature(cast("SourcePool", Pool()), events=events, refresh=self._refresh)

    def _refresh(self) -> None:
        self.told += 1


def test_the_teacher_turns_to_a_page_or_by_a_step() -> None:
    turned = Turned()
    turned.slides.go_to("slides", page=2)
    turned.slides.go_to("slides", step=1)
    assert turned.heard == [
        PageTurned("slides", 2, "teacher"),
        TakenOver(),
        PageTurned("slides", 3, "teacher"),
        TakenOver(),
    ]
    assert turned.told == 2


def test_a_page_that_is_there_already_is_not_turned_but_the_teacher_has_taken_over() -> None:
    turned = Turned()
    turned.slides.go_to("slides", page=1)
    assert turned.heard == [TakenOver()]


def test_a_cue_turns_a_page_and_takes_nothing_over() -> None:
    turned = Turned()
    turned.slides.turn("slides", 3)
    assert turned.heard == [PageTurned("slides", 3, "cue")]


def test_what_cannot_be_turned_is_heard_by_nobody() -> None:
    turned = Turned()
    with pytest.raises(CommandError):
        turned.slides.go_to("film", page=1)
    with pytest.raises(CommandError, match="not both"):
        turned.slides.go_to("slides", page=1, step=1)
    assert turned.heard == []
