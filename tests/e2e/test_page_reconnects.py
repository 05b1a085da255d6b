"""Both pages outlive a broadcaster that is killed and started anew, without a reload."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import expect

from tests.support.browser import PageFactory, state_is, until_true
from tests.support.free_port import free_port

pytestmark = pytest.mark.asyncio(loop_scope="session")

TOKEN = "the-same-each-time"

LESSON = """
lesson: {title: "Killed and started anew"}
sources:
  bars: {kind: pattern, size: 320x180, fps: 15}
  pause: {kind: card, title: "Pause"}
audio:
  tone: {kind: tone, gain: -20}
scenes: {talk: bars, away: pause}
program: {size: 320x180, fps: 15, fallback: pause}
recording: {start: never}
"""


@contextlib.asynccontextmanager
async def _teaching(lesson: Path, port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """The real command in a process of its own, answering; whatever is left of it is killed at the end."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "classroom.cli.main", "teach", str(lesson)),
        *("--host", "127.0.0.1", "--port", str(port), "--token", TOKEN),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    try:
        async with asyncio.timeout(60), aiohttp.ClientSession() as session:
            while True:
                assert process.returncode is None, "the broadcaster ended by itself"
                with contextlib.suppress(aiohttp.ClientError):
                    async with session.get(f"http://127.0.0.1:{port}/healthz") as reply:
                        if reply.status == 200:
                            break
                await asyncio.sleep(0.05)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system knows no kill without a word")
async def test_pages_return_by_themselves(open_page: PageFactory, tmp_path: Path) -> None:
    lesson = tmp_path / "lesson.yaml"
    lesson.write_text(LESSON, "utf-8")
    port = free_port()
    async with _teaching(lesson, port) as first:
        student = await open_page(f"http://127.0.0.1:{port}/")
        await student.locator("#name").fill("Ada")
        await student.locator("#join-button").click()
        teacher = await open_page(f"http://127.0.0.1:{port}/teach#token={TOKEN}")
        await state_is(student, "live")
        await teacher.locator("[data-monitor=live]").wait_for(timeout=60_000)
        await student.evaluate("document.body.dataset.loaded = 'once'")
        first.kill()
        await first.wait()
        await state_is(student, "reconnecting", "unreachable")
        await until_true(student, "!document.getElementById('still').hidden")
        await teacher.locator("#lost").wait_for()
    async with _teaching(lesson, port):
        await state_is(student, "live")
        assert await student.evaluate("document.body.dataset.loaded") == "once"
        assert await student.evaluate("document.getElementById('still').hidden")
        await expect(teacher.locator("#lost")).to_have_count(0, timeout=60_000)
        await teacher.locator("[data-monitor=live]").wait_for(timeout=60_000)
        await teacher.keyboard.press("2")
        await expect(teacher.locator("[data-scene-button=away]")).to_have_attribute("aria-pressed", "true")
        await expect(teacher.locator("#student-count")).to_have_text("1 student")
        # Ended by the teacher, it is the end, on every page.
        await teacher.locator("#end").click()
        await teacher.locator("#end-confirm").click()
        await state_is(student, "ended")
        await teacher.locator("body[data-control=ended]").wait_for(state="attached")
