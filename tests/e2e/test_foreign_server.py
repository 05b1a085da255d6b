"""A lesson at somebody else's signaling server, the model of the original: what students see, and when it dies."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from playwright.async_api import Browser

from classroom.broadcaster import Broadcaster
from tests.support.broadcast import broadcasting, eventually
from tests.support.original_server import OriginalServer
from tests.support.watching import Watcher, watcher

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]

TITLE = "Algebra, 线性代数 & <more>"

LESSON = """
lesson: {{title: {title}}}
signaling: {{server: "http://127.0.0.1:{port}"}}
sources:
  red: {{kind: camera, device: "lavfi:color=c=red:size=640x360:rate=30"}}
scenes:
  red: red
program: {{size: 640x360, fps: 30}}
recording: {{start: never}}
"""


@contextlib.asynccontextmanager
async def lesson_at(server: OriginalServer) -> AsyncIterator[Broadcaster]:
    async with broadcasting(LESSON.format(title=json.dumps(TITLE, ensure_ascii=False), port=server.port)) as lesson:
        yield lesson


@contextlib.asynccontextmanager
async def old_pages() -> AsyncIterator[str]:
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


@contextlib.asynccontextmanager
async def old_student(browser: Browser, pages: str, server: OriginalServer, name: str) -> AsyncIterator[Watcher]:
    address = f"{pages}/page2016.html?server=http://localhost:{server.port}&name={name}"
    async with watcher(browser, address) as student:
        await student.page.click("#connect")
        yield student


async def more_frames(student: Watcher) -> None:
    """Wait until a second of new pictures was shown."""
    before = len(await student.frames())
    await student.page.wait_for_function("count => probe.frames.length > count + 25", arg=before, timeout=60_000)


def states(lesson: Broadcaster) -> dict[str, list[object]]:
    """The states in which the teacher sees the students, by name."""
    seen: dict[str, list[object]] = {}
    for student in lesson._audience.describe().values():
        assert isinstance(student, dict)
        seen.setdefault(student["name"], []).append(student["state"])
    return seen


def away(lesson: Broadcaster) -> bool:
    return any(alarm.code == "signaling.away" for alarm in lesson._alarms.raised())


async def test_a_call_survives_the_death_of_the_server_and_others_join_when_it_is_back(browser: Browser) -> None:
    async with OriginalServer() as server, lesson_at(server) as lesson, old_pages() as pages:
        async with old_student(browser, pages, server, "ada") as ada:
            await ada.sees({(0.5, 0.5): "red"})
            await server.stop()
            await eventually(lambda: away(lesson), what="the alarm")
            await more_frames(ada)
            assert states(lesson) == {"ada": ["watching"]}

            await server.start()
            await eventually(lambda: not away(lesson), what="the server is back")
            async with old_student(browser, pages, server, "bob") as bob:
                await bob.sees({(0.5, 0.5): "red"})
                await more_frames(ada)
                assert await ada.connections() == 1
                await eventually(lambda: states(lesson) == {"ada": ["watching"], "bob": ["watching"]})

                # Whose page is loaded anew is somebody else to the server, and the former call ends.
                await ada.page.reload()
                await ada.page.click("#connect")
                await ada.sees({(0.5, 0.5): "red"})
                await eventually(lambda: states(lesson).get("ada", []).count("watching") == 1, what=f"{states(lesson)}")


async def test_our_page_is_sent_to_the_server_and_knows_the_broadcaster_among_others(browser: Browser) -> None:
    async with (
        OriginalServer() as server,
        lesson_at(server) as lesson,
        old_pages() as pages,
        old_student(browser, pages, server, "ada") as ada,
        watcher(browser, f"http://127.0.0.1:{lesson.port}/") as student,
    ):
        await ada.sees({(0.5, 0.5): "red"})
        await student.join("Bob")
        await student.state("live")
        await student.sees({(0.5, 0.5): "red"})
        assert await student.page.locator("#title").text_content() == TITLE
        # Nothing of ours was said to the old page, which would have ended its wait loop.
        assert await ada.page.evaluate("seen.loopEnded") is None

        await server.stop()
        await eventually(lambda: away(lesson), what="the alarm")
        await more_frames(student)
        await student.state("live")
        await server.start()
        await eventually(lambda: any(name == b"Bob" for name in server.names), what="the page signs in again")
        await student.page.wait_for_function("() => probe.connections.length === 2", timeout=60_000)
        await more_frames(student)
        await student.state("live")
        # It is one student to the teacher, as before.
        await eventually(lambda: states(lesson).get("Bob") == ["watching"], what=f"{states(lesson)}")
        assert await student.page.evaluate("performance.getEntriesByType('navigation').length") == 1


async def test_the_signaling_is_not_served_here_as_well(browser: Browser) -> None:
    async with OriginalServer() as server, lesson_at(server) as lesson:
        reader, writer = await asyncio.open_connection("127.0.0.1", lesson.port)
        writer.write(b"GET /sign_in?x HTTP/1.0\r\n\r\n")
        reply = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        assert reply.split(b" ")[1] == b"404"
        await eventually(lambda: len(server.names) == 1)
