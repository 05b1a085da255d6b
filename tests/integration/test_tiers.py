"""Students in the size that fits their page, over real connections: one offer, one stream, several sizes."""

from __future__ import annotations

from typing import Literal

import pytest

from classroom.broadcaster import Broadcaster
from tests.support.broadcast import broadcasting, eventually
from tests.support.student import Student, student

LESSON = """
sources:
  left: {kind: camera, device: "lavfi:testsrc=size=640x360:rate=30"}
scenes:
  left: left
program: {size: 640x360, fps: 30}
video: {bitrate: 800k, tiers: [{height: 360, bitrate: 600k}, {height: 180, bitrate: 150k}]}
recording: {start: never}
"""


async def join(watcher: Student, width: int, height: int) -> None:
    """Be a page that shows the picture in this size."""
    await watcher.watch()
    await watcher.say({"type": "hello", "app": "classroom", "version": 1})
    await watcher.say({"type": "size", "width": width, "height": height})


async def sees_size(watcher: Student, width: int, height: int) -> None:
    await eventually(
        lambda: watcher.picture is not None and (watcher.picture.width, watcher.picture.height) == (width, height),
        within=60,
        what=f"a picture of {width}×{height}",
    )


def tiers(lesson: Broadcaster) -> list[object]:
    """What the teacher's list says of the students who are there."""
    students = lesson.state()["students"]
    assert isinstance(students, dict)
    return [entry["tier"] for entry in students.values() if entry["state"] == "watching"]


@pytest.mark.parametrize("codec", ["H264", "VP8"])
async def test_a_small_page_gets_the_small_picture_and_grows_without_a_new_offer(codec: Literal["H264", "VP8"]) -> None:
    name = codec.lower()
    async with broadcasting(LESSON) as lesson, student(lesson.port, codec=codec) as watcher:
        await join(watcher, 320, 180)
        await sees_size(watcher, 320, 180)
        await eventually(lambda: lesson.statistics["tiers"][f"{name} 180p"]["active"])
        await eventually(lambda: not lesson.statistics["encode"][name]["active"], what="the full one to end")
        async with student(lesson.port, codec=codec) as other:
            await join(other, 1280, 720)
            await sees_size(other, 640, 360)
            seen = watcher.pictures
            await eventually(lambda: watcher.pictures > seen + 10)
            await sees_size(watcher, 320, 180)
            assert tiers(lesson) == ["180p", "360p"]
        await watcher.say({"type": "size", "width": 640, "height": 360})
        await sees_size(watcher, 640, 360)
        assert len(watcher.offers) == 1
        await eventually(lambda: not lesson.statistics["tiers"][f"{name} 180p"]["active"])
        await watcher.say({"type": "size", "width": 160, "height": 90})
        await sees_size(watcher, 320, 180)
        assert len(watcher.offers) == 1


async def test_a_client_that_says_no_size_gets_the_full_picture() -> None:
    async with broadcasting(LESSON) as lesson, student(lesson.port) as watcher:
        await watcher.watch()
        await sees_size(watcher, 640, 360)
        assert set(lesson.statistics["tiers"]) == {"h264 180p", "vp8 180p"}
        assert not any(tier["active"] for tier in lesson.statistics["tiers"].values())
