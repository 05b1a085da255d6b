"""A whole lesson in a real Firefox, which here knows no H.264: both pages, as students and teachers have them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from classroom.control.client import call
from tests.support.broadcast import eventually
from tests.support.firefox import Firefox, FirefoxPage, firefox
from tests.support.free_port import free_port
from tests.support.process import Running, teaching

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

LESSON = """
lesson: {title: "In Firefox"}
sources:
  bars:   {kind: pattern, size: 640x360, fps: 30}
  laptop: {kind: browser}
  pause:  {kind: card, title: "Back soon"}
audio:
  tone:   {kind: tone, gain: -12}
scenes: {talk: bars, hand: laptop}
program: {size: 640x360, fps: 30, fallback: pause}
video: {codecs: [%s], tiers: [{height: 180, bitrate: 150k}]}
recording: {start: never}
"""

BOTH = "h264, vp8"

STATE_IS = "(state) => document.body.dataset.state === state"
HEIGHT_IS = "(height) => document.querySelector('video').videoHeight === height"
MORE_FRAMES = "(count) => probe.frames.length > count + 15"
MORE_SOUND = "async (energy) => (await probe.energy()) > energy + 0.01"
GREY = "probe.pixels([[0.05, 0.3]])?.every((pixel) => pixel.every((part) => part > 150 && part < 225))"
"""The first of the bars."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browser() -> AsyncIterator[Firefox]:
    async with firefox() as running:
        yield running


@pytest.fixture
def lesson(tmp_path: Path) -> Path:
    return written(tmp_path, BOTH)


def written(folder: Path, codecs: str) -> Path:
    file = folder / "lesson.yaml"
    file.write_text(LESSON % codecs, "utf-8")
    return file


async def join(browser: Firefox, lesson: Running) -> FirefoxPage:
    page = await browser.open(f"{lesson.base}/")
    await page.until("!document.querySelector('#join-button').disabled")
    await page.click("#name")
    await page.until("document.activeElement.id === 'name'")
    await page.type("Ada")
    await page.click("#join-button")
    return page


async def watch(browser: Firefox, lesson: Running) -> FirefoxPage:
    page = await join(browser, lesson)
    await page.until(STATE_IS, "live")
    return page


async def students(lesson: Running) -> list[dict[str, Any]]:
    state = (await call(lesson.base, lesson.token, "hello", {}))["state"]
    return list(state["students"].values())


def complaints(lesson: Running) -> list[str]:
    """Lines of the log that are more than news; how late the machine is does not count."""
    levels = ("WARNING", "ERROR", "CRITICAL", "Traceback")
    return [line for line in lesson.log if any(level in line for level in levels) and "mixer was held up" not in line]


async def test_a_student_sees_hears_and_leaves(browser: Firefox, lesson: Path) -> None:
    async with teaching(str(lesson), "--port", "0", "--debug") as running:
        page = await watch(browser, running)
        await page.until(GREY)
        await page.until(MORE_FRAMES, await page.evaluate("probe.frames.length"))
        await page.until(MORE_SOUND, await page.evaluate("probe.energy()"))
        assert await page.evaluate("!document.querySelector('video').muted")
        [student] = await students(running)
        assert (student["state"], student["codec"], student["tier"]) == ("watching", "vp8", "360p")

        await page.click("[data-language=zh]")
        assert await page.evaluate("document.querySelector('#state-text').textContent") == "直播中"
        await page.click("#full")
        await page.until("document.fullscreenElement?.id === 'lesson'")
        await page.click("#full")
        await page.until("document.fullscreenElement === null")
        await page.resize((300, 600))
        await page.until(HEIGHT_IS, 180)
        await page.until(MORE_FRAMES, await page.evaluate("probe.frames.length"))
        assert await page.evaluate("probe.connections.length") == 1
        assert page.faults == []

        await page.go("about:blank")
        await eventually(lambda: _all_left(running), within=10, what="the student is no longer sent anything")
        assert complaints(running) == []
        await page.close()


async def _all_left(lesson: Running) -> bool:
    return all(student["state"] != "watching" for student in await students(lesson))


async def test_a_page_survives_a_killed_broadcaster(browser: Firefox, lesson: Path) -> None:
    port = str(free_port())
    async with teaching(str(lesson), "--port", port) as running:
        page = await watch(browser, running)
        await page.until(GREY)
        await running.kill()
        await page.until("['reconnecting', 'unreachable'].includes(document.body.dataset.state)")
        assert await page.evaluate("!document.getElementById('still').hidden")
    async with teaching(str(lesson), "--port", port):
        await page.until(STATE_IS, "live", within=60)
        await page.until(MORE_FRAMES, await page.evaluate("probe.frames.length"))
        await page.until(GREY)
        await page.close()


async def test_a_lesson_in_h264_alone_is_heard_and_the_page_says_why(browser: Firefox, tmp_path: Path) -> None:
    async with teaching(str(written(tmp_path, "h264")), "--port", "0", "--debug") as running:
        page = await join(browser, running)
        await page.until(STATE_IS, "sound-only")
        await page.until(MORE_SOUND, await page.evaluate("probe.energy()"))
        said = await page.evaluate("document.querySelector('#notice').innerText")
        assert "This browser cannot show the picture" in said
        assert "OpenH264" in said
        await page.click("[data-language=zh]")
        assert "此浏览器无法显示画面" in await page.evaluate("document.querySelector('#notice').innerText")
        assert await page.evaluate("probe.connections.length") == 1
        assert page.faults == []
        [complaint] = complaints(running)
        assert "student 1" in complaint
        [student] = await students(running)
        assert (student["state"], student["codec"]) == ("watching", None)

        teacher = await browser.open(running.teacher)
        await teacher.until("document.querySelector('.monitor-note')?.innerText.includes('thumbnails instead')")
        for each in (page, teacher):
            await each.close()


async def test_the_teacher_page_shows_the_program_and_sends_a_camera(browser: Firefox, lesson: Path) -> None:
    async with teaching(str(lesson), "--port", "0", "--debug") as running:
        page = await watch(browser, running)
        teacher = await browser.open(running.teacher)
        await teacher.shows("[data-monitor=live]")
        await teacher.until(GREY)
        await teacher.click("[data-send-camera=laptop]")
        await teacher.shows("[data-send=laptop] [data-send-state=sending]")
        await teacher.until("document.querySelector('.self').videoWidth > 0")
        await teacher.click("[data-scene-button=hand]")
        await teacher.shows("[data-scene-button=hand][aria-pressed=true]")
        # Firefox's stand-in is one bright colour that changes all the time.
        await page.until("probe.pixels([[0.5, 0.5]])?.some((pixel) => Math.max(...pixel) - Math.min(...pixel) > 100)")
        assert complaints(running) == []
        await teacher.click("[data-send-stop=laptop]")
        await page.until("probe.pixels([[0.5, 0.1]])?.some((pixel) => Math.max(...pixel) < 90)")
        assert (teacher.faults, page.faults) == ([], [])
        for each in (page, teacher):
            await each.close()
