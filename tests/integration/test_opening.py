"""On a title card a class hears nothing of the room: a lesson with a microphone that hears a loud one."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest

from classroom.broadcaster import Broadcaster
from classroom.features.reports import ReportsFeature
from classroom.features.scenes import ScenesFeature
from tests.support.broadcast import broadcasting, eventually
from tests.support.sound_library import Library, library
from tests.support.teacher import calling

__all__ = ["library"]

LESSON = """
sources:
  title: {kind: card, title: "Soon"}
  bars: {kind: pattern, size: 160x90, fps: 5}
audio:
  mic: {kind: microphone}
scenes:
  title: title
  talk: bars
program: {size: 160x90, fps: 5}
recording: {start: never}
"""
CUE = """
cues:
  - {after: 2s, scene: talk}
"""
LOUD = 0.5 * np.sin(2 * np.pi * 480 / 48000 * np.arange(480, dtype=np.float32)).reshape(-1, 1).astype(np.float32)


@contextlib.asynccontextmanager
async def noisy(library: Library, text: str = LESSON) -> AsyncIterator[Broadcaster]:
    """A lesson whose microphone hears a tone without end."""
    library.add("Headset")
    ending = threading.Event()

    def play() -> None:
        while not ending.wait(0.01):
            for stream in list(library.streams):
                if stream.active:
                    stream.deliver(LOUD)

    player = threading.Thread(target=play)
    player.start()
    try:
        async with broadcasting(text) as lesson:
            await eventually(lambda: peak(lesson, "mic") > -20, what="the microphone hears the room")
            yield lesson
    finally:
        ending.set()
        player.join()


def peak(lesson: Broadcaster, name: str) -> float:
    return lesson.feature(ReportsFeature).levels()[name][0]


def mic(lesson: Broadcaster) -> Any:
    section: Any = lesson.state()["audio"]
    return section["mic"]


async def test_the_room_is_heard_from_the_first_change_of_scene_and_not_before(library: Library) -> None:
    async with noisy(library) as lesson, calling(lesson) as teacher:
        assert peak(lesson, "program") < -90
        assert mic(lesson)["muted"] is True
        assert mic(lesson)["reason"] == {"code": "audio.opening", "params": {}}
        assert lesson.feature(ReportsFeature).microphone_lines() == [
            "microphone 'mic' is silent until you first change the scene, or open it on your page"
        ]
        # It is on air already: nothing changes.
        await teacher.ask("program.switch", scene="title")
        await teacher.ask("audio.set", input="mic", gain=-3)
        assert mic(lesson)["muted"] is True
        await teacher.ask("program.switch", scene="talk")
        await eventually(lambda: peak(lesson, "program") > -20, what="the room is heard")
        assert (mic(lesson)["muted"], mic(lesson)["why"], mic(lesson)["gain"]) == (False, None, -3)
        assert lesson.feature(ReportsFeature).microphone_lines() == ["microphone 'mic' is open"]
        await teacher.ask("program.switch", scene="title")
        assert mic(lesson)["muted"] is False


@pytest.mark.parametrize("how", ["switch", "take", "cue"])
async def test_every_teacher_is_told_when_a_scene_opens_the_microphone(library: Library, how: str) -> None:
    async with noisy(library, LESSON + CUE if how == "cue" else LESSON) as lesson, calling(lesson) as teacher:
        match how:
            case "switch":
                await teacher.ask("program.switch", scene="talk")
            case "take":
                await teacher.ask("preview.set", scene="talk")
                await teacher.ask("program.take")
            case "cue":
                pass  # it comes by itself
        await eventually(lambda: teacher.state["audio"]["mic"]["muted"] is False, what="the teacher is told")
        assert teacher.state["audio"]["mic"]["why"] is None


async def test_the_news_of_a_scene_waits_for_nothing_else_to_happen(library: Library) -> None:
    async with noisy(library) as lesson:
        await eventually(lambda: not lesson._changed.is_set())
        lesson.feature(ScenesFeature).switch("talk")
        assert lesson._changed.is_set()


async def test_the_teacher_may_open_it_on_the_card(library: Library) -> None:
    async with noisy(library) as lesson, calling(lesson) as teacher:
        await teacher.ask("audio.set", input="mic", muted=False)
        await eventually(lambda: peak(lesson, "program") > -20, what="the room is heard")
        assert mic(lesson)["why"] is None


async def test_a_microphone_that_the_teacher_muted_stays_muted(library: Library) -> None:
    async with noisy(library) as lesson, calling(lesson) as teacher:
        await teacher.ask("audio.set", input="mic", muted=True)
        assert mic(lesson)["why"] is None
        await teacher.ask("program.switch", scene="talk")
        assert mic(lesson)["muted"] is True
        assert lesson.feature(ReportsFeature).microphone_lines() == ["microphone 'mic' is muted"]


@pytest.mark.parametrize("how", ["take", "cue"])
async def test_the_preview_that_is_taken_and_a_planned_cue_count_as_well(library: Library, how: str) -> None:
    async with noisy(library, LESSON + CUE if how == "cue" else LESSON) as lesson, calling(lesson) as teacher:
        if how == "take":
            await teacher.ask("preview.set", scene="talk")
            assert mic(lesson)["muted"] is True
            await teacher.ask("program.take")
        await eventually(lambda: mic(lesson)["muted"] is False, what="it is open")


async def test_a_lesson_that_begins_with_another_picture_is_heard_at_once(library: Library) -> None:
    async with noisy(library, LESSON.replace("program: {", "program: {start: talk, ")) as lesson:
        await eventually(lambda: peak(lesson, "program") > -20, what="the room is heard")
        assert lesson.feature(ReportsFeature).microphone_lines() == ["microphone 'mic' is open"]
