"""Students on bad wires, in real browsers, beside one on a good wire who must not notice any of it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.net.inside import inside, page_inside
from tests.net.network import Network, Wire, unavailable
from tests.support.broadcast import eventually
from tests.support.machine import Machine
from tests.support.process import Running, teaching
from tests.support.watching import Watcher

pytestmark = pytest.mark.skipif(unavailable() is not None, reason=unavailable() or "")

LESSON = """
lesson: {title: "Across the wire"}
sources:
  bars: {kind: camera, device: "lavfi:testsrc2=size=1280x720:rate=30", size: 1280x720, fps: 30}
  pause: {kind: card, title: "Back soon"}
audio:
  tone: {kind: tone, gain: -20}
scenes:
  talk: bars
program: {size: 1280x720, fps: 30, fallback: pause}
recording: {start: never}
"""


@dataclass(frozen=True)
class Student:
    """A student page, and the wire between it and the teacher."""

    wire: Wire
    watcher: Watcher
    name: str

    async def frames_after(self, begin: float) -> list[float]:
        """When pictures were shown since, milliseconds of the page's clock."""
        return [time for time in await self.watcher.frames() if time >= begin]

    async def now(self) -> float:
        """The page's clock, milliseconds."""
        return float(await self.watcher.page.evaluate("performance.now()"))

    async def longest_freeze(self, begin: float) -> float:
        """The longest time without a new picture since, the time up to now included; seconds."""
        times = [begin, *await self.frames_after(begin), await self.now()]
        return max(later - earlier for earlier, later in itertools.pairwise(times)) / 1000

    async def height(self) -> int:
        """The height of the picture that is shown."""
        return int(await self.watcher.page.evaluate("document.querySelector('video').videoHeight"))


class Classroom:
    """A lesson in the teacher's namespace, and students on wires."""

    def __init__(self, network: Network, lesson: Running, folder: Path, stack: contextlib.AsyncExitStack) -> None:
        self._network = network
        self._lesson = lesson
        self._folder = folder
        self._stack = stack

    async def joined(self, name: str, **quality: float | bool | None) -> Student:
        """A student who sees the lesson."""
        wire = await self._network.plug_in(**quality)
        page = await self._stack.enter_async_context(page_inside(wire.namespace, self._folder))
        await page.goto(f"http://{wire.teacher}:{self._lesson.port}/")
        watcher = Watcher(page)
        await watcher.join(name)
        await watcher.state("live")
        return Student(wire, watcher, name)

    async def seen(self, name: str) -> dict[str, Any]:
        """A student as the teacher sees it. This test is in no namespace of the lesson, so the command asks."""
        process = await asyncio.create_subprocess_exec(
            *inside(self._network.teacher), sys.executable, "-m", "classroom.cli.main",
            "remote", f"http://127.0.0.1:{self._lesson.port}", "hello",
            env={**os.environ, "CLASSROOM_TOKEN": self._lesson.token}, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, _ = await process.communicate()
        students = json.loads(out)["state"]["students"]
        entries: list[dict[str, Any]] = [
            {"number": number, **entry} for number, entry in students.items() if entry["name"] == name
        ]
        assert len(entries) == 1, entries
        return entries[0]


@contextlib.asynccontextmanager
async def classroom(folder: Path) -> AsyncIterator[Classroom]:
    """A lesson whose students are yet to come."""
    lesson = folder / "lesson.yaml"
    lesson.write_text(LESSON)
    async with contextlib.AsyncExitStack() as stack:
        network = await stack.enter_async_context(Network())
        running = await stack.enter_async_context(
            teaching(str(lesson), "--port", "8888", host="0.0.0.0", within=inside(network.teacher))
        )
        yield Classroom(network, running, folder, stack)


async def _settled(student: Student, seconds: float) -> float:
    """Wait for as long as a student's own clock says; when that began."""
    begin = await student.now()

    async def over() -> bool:
        return await student.now() - begin >= seconds * 1000

    await eventually(over, within=10 * seconds + 30, what=f"{seconds:g} s of {student.name}")
    return begin


def _below(seconds: float, limit: float, machine: Machine) -> None:
    assert seconds < machine.allows(limit)


async def test_five_percent_loss_and_fifty_milliseconds_play_without_a_freeze(tmp_path: Path, machine: Machine) -> None:
    async with classroom(tmp_path) as room:
        bad = await room.joined("Far away", delay=0.05)
        good = await room.joined("Near")
        await _settled(bad, 3)
        await bad.wire.become(loss=0.05)
        begin = await good.now()
        _below(await bad.longest_freeze(await _settled(bad, 15)), 0.5, machine)
        _below(await good.longest_freeze(begin), 0.3, machine)
        assert await bad.watcher.connections() == 1
        assert await good.watcher.connections() == 1


async def test_a_thin_link_goes_on_with_a_smaller_picture_and_comes_back(tmp_path: Path, machine: Machine) -> None:
    async with classroom(tmp_path) as room:
        bad = await room.joined("Thin", delay=0.01)
        good = await room.joined("Wide")
        await _settled(bad, 4)
        assert await bad.height() == 720
        near = await good.now()
        await bad.wire.become(rate=400_000)

        async def smaller() -> bool:
            return await bad.height() < 720

        begin = await bad.now()
        await eventually(smaller, what="a smaller picture")
        _below((await bad.now() - begin) / 1000, 3.5, machine)  # the half second is the new picture's way to the screen
        _below(await bad.longest_freeze(await _settled(bad, 6)), 1.5, machine)
        await bad.wire.become(rate=None)

        async def full() -> bool:
            return await bad.height() == 720

        await eventually(full, within=120, what="the full picture again")
        _below(await good.longest_freeze(near), 0.3, machine)
        assert await good.height() == 720
        assert await bad.watcher.connections() == 1


async def test_an_outage_of_ten_seconds_is_over_two_seconds_after_it(tmp_path: Path, machine: Machine) -> None:
    async with classroom(tmp_path) as room:
        bad = await room.joined("Cut off", delay=0.01)
        good = await room.joined("Not cut off")
        number = (await room.seen("Cut off"))["number"]
        near = await good.now()
        await bad.wire.become(up=False)
        await _settled(bad, 10)
        await bad.wire.become(up=True)
        begin = await bad.now()

        async def flowing() -> bool:
            return len(await bad.frames_after(begin)) >= 10

        await eventually(flowing, what="pictures after the outage")
        _below(((await bad.frames_after(begin))[0] - begin) / 1000, 2.0, machine)
        _below(await good.longest_freeze(near), 0.3, machine)
        assert (await room.seen("Cut off"))["number"] == number
