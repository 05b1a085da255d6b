"""After a time in which the teacher's computer was too busy, students soon see and hear the lesson at once again."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.browser import audible_browser
from tests.support.process import teaching
from tests.support.watching import Watcher, watcher

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240), pytest.mark.long]

LESSON = """
sources: {bars: {kind: pattern}}
audio: {clap: {source: bars}}
scenes: {bars: bars}
program: {size: 1280x720, fps: 30}
recording: {start: never}
"""

BUSY: Final = 15.0
"""Seconds for which other programs take all that the machine has."""

AGAIN: Final = 10.0
"""Seconds after which the lesson must be as it was."""

MOST: Final = 0.15
"""Seconds for which a browser may hold picture and sound then."""

_HELD = """
async () => {
  const reports = [...(await probe.connections.at(-1).getStats()).values()];
  return ["video", "audio"].map((kind) => {
    const found = reports.find((report) => report.type === "inbound-rtp" && report.kind === kind);
    return [found.jitterBufferDelay, found.jitterBufferEmittedCount];
  });
}
"""


async def held(student: Watcher) -> tuple[float, float]:
    """Seconds for which the browser holds the picture and the sound, in the mean of the next second."""
    before: Any = await student.page.evaluate(_HELD)
    await student.page.wait_for_timeout(1000)
    after: Any = await student.page.evaluate(_HELD)
    picture, sound = (
        (late[0] - early[0]) / max(1, late[1] - early[1]) for early, late in zip(before, after, strict=True)
    )
    return picture, sound


@contextlib.asynccontextmanager
async def everything_taken() -> AsyncIterator[None]:
    """Programs that take all that the machine has; they come before the lesson, which has the lowest priority."""
    count = (os.cpu_count() or 1) + 1
    busy = [await asyncio.create_subprocess_exec(sys.executable, "-c", "while True: pass") for _ in range(count)]
    try:
        yield
    finally:
        for each in busy:
            each.kill()
            await each.wait()


@pytest.mark.skipif(os.name == "nt", reason="there is no nice")
async def test_the_lesson_is_soon_in_time_again_after_the_machine_was_too_busy(tmp_path: Path) -> None:
    file = tmp_path / "lesson.yaml"
    file.write_text(LESSON, "utf-8")
    async with (
        audible_browser() as browser,
        teaching(str(file), "--port", "0", within=("nice", "-n", "19")) as lesson,
        watcher(browser, f"{lesson.base}/") as student,
    ):
        await student.join()
        await student.state("live")
        await student.page.wait_for_timeout(5000)
        before = await held(student)
        async with everything_taken():
            await asyncio.sleep(BUSY)
        seen = [await held(student) for _ in range(round(AGAIN) + 3)]
        picture, sound = (sum(each[kind] for each in seen[-3:]) / 3 for kind in (0, 1))
        assert picture < MOST, (before, seen)
        assert sound < MOST, (before, seen)
