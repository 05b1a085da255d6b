"""A lesson from the teacher's command line to the student's eyes and ears, with nothing in between replaced."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from playwright.async_api import Browser

from classroom.control.client import call
from tests.support.display import VirtualDisplay
from tests.support.free_port import free_port
from tests.support.machine import Machine
from tests.support.process import teaching
from tests.support.watching import Watcher, watcher

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

LESSON = """
lesson: {title: "End to end"}
sources:
  camera: {kind: camera, device: "lavfi:color=c=red:size=640x480:rate=30"}
  screen: {kind: screen, monitor: 1, fps: 15}
  green:  {kind: camera, device: "lavfi:color=c=lime:size=640x360:rate=30"}
audio:
  tone: {kind: tone, gain: -6}
scenes:
  talk: camera
  desk: screen
  both: {layout: picture-in-picture, show: [screen, camera], corner: bottom-right, size: 25%}
  green: green
program: {size: 640x360, fps: 30}
recording: {start: never}
"""


@pytest.fixture
def lesson(tmp_path: Path) -> Path:
    file = tmp_path / "lesson.yaml"
    file.write_text(LESSON, "utf-8")
    return file


@contextlib.asynccontextmanager
async def watcher_of_restart(
    browser: Browser, lesson: Path, port: str, *, politely: bool = False
) -> AsyncIterator[Watcher]:
    """A student who was watching when the broadcaster went away, and who has noticed."""
    async with contextlib.AsyncExitStack() as stack:
        async with teaching(str(lesson), "--port", port, env={"DISPLAY": None}) as running:
            student = await stack.enter_async_context(watcher(browser, f"{running.base}/"))
            await student.join()
            await student.state("live")
            await student.sees({(0.5, 0.5): "red"})
            if politely:
                assert await running.interrupt() == 0
            else:
                await running.kill()
        await student.state("reconnecting", "unreachable", "waiting")
        yield student


@contextlib.asynccontextmanager
async def old_page_server() -> AsyncIterator[str]:
    """Another origin, which serves the page of 2016."""
    app = web.Application()
    app.router.add_static("/", Path(__file__).parent.parent / "support")
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def switch(base: str, token: str, scene: str) -> None:
    await call(base, token, "program.switch", {"scene": scene})


async def test_a_student_sees_and_hears_what_the_teacher_switches(browser: Browser, lesson: Path) -> None:
    with VirtualDisplay(640, 360) as display, display.window() as window:
        window.fill(0, 0, 255)
        env = {"DISPLAY": display.name, "XDG_SESSION_TYPE": "x11", "WAYLAND_DISPLAY": None}
        async with (
            teaching(str(lesson), "--port", "0", env=env) as lesson_process,
            watcher(browser, f"{lesson_process.base}/") as student,
        ):
            base, token = lesson_process.base, lesson_process.token
            await student.join()
            await student.state("live")
            # 640x480 in 640x360: bars left and right.
            await student.sees({(0.5, 0.5): "red", (0.03, 0.5): "black", (0.97, 0.5): "black"})
            await switch(base, token, "desk")
            # The pointer stands in the middle of an empty display.
            await student.sees({(0.3, 0.3): "blue", (0.03, 0.5): "blue"})
            window.fill(0, 255, 0)
            await student.sees({(0.3, 0.3): "lime"})
            await switch(base, token, "both")
            await student.sees({(0.3, 0.3): "lime", (0.86, 0.86): "red"})
            await switch(base, token, "talk")
            await student.sees({(0.5, 0.5): "red"})
            assert await student.connections() == 1

            before = await student.energy()
            await asyncio.sleep(1.0)  # the interval that is measured
            assert await student.energy() - before > 0.01


async def test_twenty_switches_in_ten_seconds(browser: Browser, lesson: Path, machine: Machine) -> None:
    async with (
        teaching(str(lesson), "--port", "0", env={"DISPLAY": None}) as lesson_process,
        watcher(browser, f"{lesson_process.base}/") as student,
    ):
        base, token = lesson_process.base, lesson_process.token
        await student.join()
        await student.sees({(0.5, 0.5): "red"})
        # The browser's own start, with its guesses of the network, is not what is looked at here.
        await student.page.wait_for_function("() => probe.frames.length > 60", timeout=60_000)
        begin = len(await student.frames())
        for count in range(20):
            await switch(base, token, ("green", "talk")[count % 2])
            await asyncio.sleep(0.45)
        await switch(base, token, "green")
        await student.sees({(0.5, 0.5): "lime"})
        frames = (await student.frames())[begin:]
        gaps = [later - earlier for earlier, later in itertools.pairwise(frames)]
        state = (await call(base, token, "hello", {}))["state"]
        assert state["program"]["scene"] == "green"
        assert await student.connections() == 1
        assert max(gaps) < 1000 * machine.allows(0.25), sorted(gaps)[-5:]


async def test_an_open_page_survives_a_killed_broadcaster(browser: Browser, lesson: Path) -> None:
    port = str(free_port())
    async with watcher_of_restart(browser, lesson, port) as student:
        loaded = await student.page.evaluate("performance.timeOrigin")
        async with teaching(str(lesson), "--port", port, env={"DISPLAY": None}):
            await student.state("live", within=90)
            frames = len(await student.frames())
            await student.page.wait_for_function(
                "count => probe.frames.length > count + 10", arg=frames, timeout=60_000
            )
            await student.sees({(0.5, 0.5): "red"})
            assert await student.page.evaluate("performance.timeOrigin") == loaded


async def test_a_stopped_broadcaster_is_the_same_to_the_page(browser: Browser, lesson: Path) -> None:
    port = str(free_port())
    async with watcher_of_restart(browser, lesson, port, politely=True) as student:
        async with teaching(str(lesson), "--port", port, env={"DISPLAY": None}):
            await student.state("live", within=90)
            await student.sees({(0.5, 0.5): "red"})


async def test_a_page_of_2016_plays(browser: Browser, lesson: Path) -> None:
    async with (
        teaching(str(lesson), "--port", "0", env={"DISPLAY": None}) as lesson_process,
        old_page_server() as old,
        watcher(browser, f"{old}/page2016.html?server=http://localhost:{lesson_process.port}&name=Student") as student,
    ):
        await student.page.click("#connect")
        await student.sees({(0.5, 0.5): "red", (0.03, 0.5): "black"})
        await switch(lesson_process.base, lesson_process.token, "green")
        await student.sees({(0.5, 0.5): "lime"})
        assert await student.connections() == 1
        assert await student.page.evaluate("seen.loopEnded") is None
