"""Picture and sound of one instant are seen and heard together, measured in a real browser.

The test pattern turns white and beeps in the same tenth of each second. The page looks at the pixels of each frame
that is shown and listens to the sound that is played.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.support.listening import listen, together
from tests.support.process import teaching
from tests.support.watching import watcher

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

LESSON = """
sources: {bars: {kind: pattern}}
audio: {clap: {source: bars}}
scenes: {bars: bars}
program: {size: 640x360, fps: 30}
recording: {start: never}
"""


async def test_a_flash_is_seen_when_its_beep_is_heard(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "lesson.yaml"
    file.write_text(LESSON, "utf-8")
    async with (
        teaching(str(file), "--port", "0") as lesson,
        watcher(browser, f"{lesson.base}/") as student,
    ):
        await student.join()
        await student.state("live")
        await listen(student)
        await together(student, skip=3)
