"""A release of aiortc that renamed something we rely on: the lesson runs all the same, and the teacher is told."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import aiortc
import pytest

from classroom.control.client import call
from tests.support.broadcast import eventually
from tests.support.process import teaching
from tests.support.student import student

LESSON = """
sources: {red: {kind: camera, device: "lavfi:color=c=red:size=320x180:rate=15"}}
audio: {tone: {kind: tone, gain: -6}}
scenes: {red: red}
program: {size: 320x180, fps: 15}
recording: {start: never}
"""


@pytest.fixture
def renamed(tmp_path: Path) -> Path:
    """A folder with a copy of aiortc in which the SRTP session has another name."""
    copy = tmp_path / "site" / "aiortc"
    shutil.copytree(Path(aiortc.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    changed = 0
    for file in copy.rglob("*.py"):
        text = file.read_text("utf-8")
        other = re.sub(r"\b_tx_srtp\b", "_outgoing_srtp", text)
        changed += other != text
        file.write_text(other, "utf-8")
    assert changed
    return copy.parent


async def test_the_lesson_goes_the_public_way_and_says_so(renamed: Path, tmp_path: Path) -> None:
    lesson = tmp_path / "lesson.yaml"
    lesson.write_text(LESSON, "utf-8")
    async with (
        teaching(str(lesson), "--port", "0", env={"PYTHONPATH": str(renamed)}) as running,
        student(running.port) as watcher,
    ):
        await watcher.watch()
        await eventually(lambda: watcher.picture is not None and watcher.pixel(0.5, 0.5)[0] > 180)
        await eventually(lambda: len(watcher.sound) > 20)
        state = (await call(running.base, running.token, "hello", {}))["state"]
        assert "rtp.public_path" in [alarm["code"] for alarm in state["alarms"]]
        [seen] = state["students"].values()
        assert seen["state"] == "watching"


async def test_with_the_aiortc_that_is_known_there_is_no_such_alarm(tmp_path: Path) -> None:
    lesson = tmp_path / "lesson.yaml"
    lesson.write_text(LESSON, "utf-8")
    async with teaching(str(lesson), "--port", "0") as running:
        state = (await call(running.base, running.token, "hello", {}))["state"]
        assert "rtp.public_path" not in [alarm["code"] for alarm in state["alarms"]]
