"""What counts as seen when the teacher directs."""

from __future__ import annotations

import asyncio
from collections.abc import Set

import pytest

from classroom.common.clock import ManualClock
from classroom.features.scenes import Direction
from tests.support.lessons import report

LESSON = """\
sources:
  camera: {kind: camera}
  screen: {kind: screen}
  film: {kind: file, path: film.mp4}
scenes:
  talk: {show: [camera], fallback: film}
  desk: screen
"""


@pytest.mark.parametrize("transition", ["cut", "fade"])
def test_what_stands_in_for_a_source_of_the_scene_is_seen_with_it(transition: str) -> None:
    lesson = report(LESSON).lesson
    assert lesson is not None
    seen: list[Set[str]] = []

    async def direct() -> None:
        direction = Direction(
            lesson, clock=ManualClock(), tell=lambda _: None, on_air=lambda names, now: seen.append(set(names))
        )
        direction.switch("desk", "fade" if transition == "fade" else "cut", 0.4)
        direction.close()

    asyncio.run(direct())
    assert seen == [{"camera", "film"}, {"screen"} | ({"camera", "film"} if transition == "fade" else set())]
