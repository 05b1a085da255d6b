"""What counts as seen when the teacher directs."""

from __future__ import annotations

import asyncio
from collections.abc import Set

import pytest

from classroom.common.clock import ManualClock
from classroom.common.errors import CommandError
from classroom.features.base import Events, SceneOnAir, TakenOver
from classroom.features.from_lesson import director_of
from classroom.features.scenes import ScenesFeature, settles_in
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


class Directed:
    """Scenes to be directed, and what others hear of it."""

    def __init__(self) -> None:
        lesson = report(LESSON).lesson
        assert lesson is not None
        clock, events = ManualClock(), Events()
        self.clock = clock
        self.seen: list[Set[str]] = []
        self.heard: list[object] = []
        for kind in (SceneOnAir, TakenOver):
            events.listen(kind, self.heard.append)
        self.scenes = ScenesFeature(
            director_of(lesson, clock=clock),
            clock=clock,
            events=events,
            tell=lambda _: None,
            on_air=lambda names, now: self.seen.append(set(names)),
        )


@pytest.mark.parametrize("transition", ["cut", "fade"])
def test_what_stands_in_for_a_source_of_the_scene_is_seen_with_it(transition: str) -> None:
    directed = Directed()

    async def direct() -> None:
        directed.scenes.switch("desk", "fade" if transition == "fade" else "cut", 0.4)
        directed.scenes.close()

    asyncio.run(direct())
    assert directed.seen == [
        {"camera", "film"},
        {"screen"} | ({"camera", "film"} if transition == "fade" else set()),
    ]


def test_a_source_is_seen_until_its_scene_has_faded_away() -> None:
    directed = Directed()

    async def direct() -> list[Set[str]]:
        seen = [directed.scenes.seen()]
        directed.scenes.switch("desk", "fade", 0.4)
        seen.append(directed.scenes.seen())
        directed.clock.advance(0.5)
        directed.scenes.close()
        return [*seen, directed.scenes.seen()]

    # A fallback is not seen before it is needed.
    assert asyncio.run(direct()) == [{"camera"}, {"camera", "screen"}, {"screen"}]


def test_a_fade_settles_when_its_time_is_over_and_a_cut_at_once() -> None:
    lesson = report(LESSON).lesson
    assert lesson is not None
    director = director_of(lesson, clock=ManualClock())
    assert settles_in(director, 0.0) == 0.0
    director.switch("desk", now=10.0, transition="fade", duration=0.5)
    assert [settles_in(director, 10.0 + passed) for passed in (0.0, 0.25, 0.5, 9.0)] == pytest.approx([0.5, 0.25, 0, 0])
    director.switch("talk", now=20.0, transition="cut")
    assert settles_in(director, 20.0) == 0.0


def test_others_hear_which_scene_came_on_air_and_why() -> None:
    directed = Directed()
    directed.scenes.put_on_air("desk", why="cue")
    assert directed.heard == [SceneOnAir("desk", "talk", "cue")]
    directed.scenes.switch("talk")
    assert directed.heard[1:] == [SceneOnAir("talk", "desk", "teacher"), TakenOver()]
    directed.scenes.prepare("desk")
    directed.scenes.take()
    assert directed.heard[3:] == [SceneOnAir("desk", "talk", "teacher"), TakenOver()]
    directed.scenes.switch("desk")
    assert directed.heard[5:] == [TakenOver()]


def test_a_scene_that_is_gone_from_the_lesson_gives_way_to_the_first() -> None:
    directed = Directed()
    directed.scenes.switch("desk")
    other = report(LESSON.replace("  desk: screen\n", "")).lesson
    assert other is not None
    directed.scenes.apply(other)
    assert directed.heard[-1] == SceneOnAir("talk", "desk", "fallback")


def test_a_command_that_fails_is_heard_by_nobody() -> None:
    directed = Directed()
    with pytest.raises(CommandError, match="scene"):
        directed.scenes.switch("nowhere")
    assert directed.heard == []
