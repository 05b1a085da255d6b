"""A student's network that lets no UDP through, with real Chromium: what is said, and the relay as a way through."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from tests.net.inside import inside, page_inside
from tests.net.network import Network, unavailable
from tests.support.broadcast import BUSY_MACHINE, eventually
from tests.support.process import Running, teaching
from tests.support.turn import needs_coturn
from tests.support.watching import Watcher

_WHY_NOT = unavailable() or (None if shutil.which("nft") else "the command nft is not installed")
pytestmark = [
    pytest.mark.skipif(_WHY_NOT is not None, reason=_WHY_NOT or ""),
    pytest.mark.timeout(400),
]

LESSON = """
lesson: {title: "Through the wall"}
sources:
  bars: {kind: pattern, size: 320x240, fps: 10}
audio:
  tone: {kind: tone, gain: -20}
scenes:
  talk: bars
program: {size: 320x240, fps: 10}
recording: {start: never}
"""

BLOCKED = "Your network blocks the picture"

PATH = """async () => {
    for (const connection of probe.connections.toReversed()) {
        const report = await connection.getStats();
        const transport = [...report.values()].find(({ type }) => type === 'transport');
        const pair = report.get(transport?.selectedCandidatePairId);
        const local = report.get(pair?.localCandidateId);
        if (local) return `${local.candidateType} ${local.relayProtocol ?? local.protocol}`;
    }
    return null;
}"""


class School:
    """A lesson in the teacher's namespace, and the namespace of one student."""

    def __init__(self, student: str, teacher: str, address: str, lesson: Running, folder: Path) -> None:
        self.student, self.teacher, self.lesson = student, teacher, lesson
        self._address = address
        self.folder = folder

    async def block_udp(self) -> None:
        """Let no UDP through to the student or from there."""
        wall = """table inet wall {
            chain out { type filter hook output priority 0; oifname != "lo" meta l4proto udp drop; }
            chain in { type filter hook input priority 0; iifname != "lo" meta l4proto udp drop; }
        }"""
        await _run(*inside(self.student), "nft", wall)

    async def let_udp_through(self) -> None:
        """Take the wall down."""
        await _run(*inside(self.student), "nft", "delete table inet wall")

    @contextlib.asynccontextmanager
    async def joined(self, **context: Any) -> AsyncIterator[Watcher]:
        """The student's page, on its way in."""
        async with page_inside(self.student, self.folder, **context) as page:
            await page.goto(f"http://{self._address}:{self.lesson.port}/")
            watcher = Watcher(page)
            await watcher.join("Ada")
            yield watcher

    async def state(self) -> dict[str, Any]:
        """The state of the lesson. This test is in no namespace of it, so the command asks."""
        process = await asyncio.create_subprocess_exec(
            *inside(self.teacher), sys.executable, "-m", "classroom.cli.main",
            "remote", f"http://127.0.0.1:{self.lesson.port}", "hello",
            env={**os.environ, "CLASSROOM_TOKEN": self.lesson.token}, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, _ = await process.communicate()
        state: dict[str, Any] = json.loads(out)["state"]
        return state

    async def alarms(self) -> dict[str, str]:
        """The sentences of the alarms, by code."""
        alarms = {each["code"]: each["sentence"] for each in (await self.state())["alarms"]}
        return {code: sentence for code, sentence in alarms.items() if code not in BUSY_MACHINE}


@contextlib.asynccontextmanager
async def school(folder: Path, *options: str) -> AsyncIterator[School]:
    lesson = folder / "lesson.yaml"
    lesson.write_text(LESSON)
    async with Network() as network:
        wire = await network.plug_in(delay=0.002)
        async with teaching(
            str(lesson), "--port", "8888", *options, host="0.0.0.0", within=inside(network.teacher)
        ) as running:
            yield School(wire.namespace, network.teacher, wire.teacher, running, folder)


async def _run(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    _, error = await process.communicate()
    assert process.returncode == 0, error.decode()


def _coturn_of(lesson: int) -> int:
    found = Path(f"/proc/{lesson}/task/{lesson}/children").read_text().split()
    [pid] = [int(each) for each in found if b"turnserver" in Path(f"/proc/{each}/cmdline").read_bytes()]
    return pid


async def test_student_and_teacher_are_told_in_words_and_the_picture_comes_when_the_wall_falls(tmp_path: Path) -> None:
    async with school(tmp_path) as room:
        await room.block_udp()
        async with room.joined() as ada:
            headline, hint = ada.page.locator("#notice-headline"), ada.page.locator("#notice-hint")
            begin = await ada.page.evaluate("performance.now()")
            await expect(headline).to_have_text(BLOCKED, timeout=60_000)
            assert await ada.page.evaluate("performance.now()") - begin >= 14_000, "it may come any moment before"
            await expect(hint).to_contain_text("try another network, such as your phone's hotspot")
            await ada.page.get_by_role("button", name="中文").click()
            await expect(headline).to_have_text("你所在的网络阻断了画面")
            await ada.page.get_by_role("button", name="English").click()

            async def told() -> bool:
                return "ice.blocked" in await room.alarms()

            await eventually(told, within=60)
            sentence = (await room.alarms())["ice.blocked"]
            assert sentence.startswith(
                "1 student cannot get the picture: the network blocks it. Start the lesson with --relay"
            )
            async with page_inside(room.teacher, room.folder) as teacher:
                await teacher.goto(room.lesson.teacher)
                await expect(teacher.locator('[data-alarm="ice.blocked"]')).to_contain_text("the network blocks it")
                row = teacher.locator("tr[data-student]")
                await expect(row).to_contain_text("Blocked by network")
                await teacher.set_viewport_size({"width": 390, "height": 844})
                sideways = await teacher.evaluate("document.documentElement.scrollWidth - innerWidth")
                assert sideways <= 0, "it fits a phone"
                # It is said for as long as it is true, while new connections are tried.
                await expect(headline).to_have_text(BLOCKED)
                await room.let_udp_through()
                await ada.state("live", within=120)
                assert await ada.page.evaluate(PATH) in ("host udp", "prflx udp")
                await expect(row).to_contain_text("Watching", timeout=60_000)
                await expect(teacher.locator('[data-alarm="ice.blocked"]')).to_have_count(0, timeout=60_000)


async def test_with_a_relay_the_picture_comes_over_tcp(tmp_path: Path) -> None:
    needs_coturn()
    async with school(tmp_path, "--relay") as room:
        await room.block_udp()
        async with room.joined() as ada:
            await ada.state("live", within=90)
            assert await ada.page.evaluate(PATH) == "relay tcp"
            assert await ada.connections() == 1
            assert not (await room.alarms()).keys() - BUSY_MACHINE


@pytest.mark.long
async def test_a_relayed_student_watches_for_minutes_and_through_an_end_of_the_relay(tmp_path: Path) -> None:
    needs_coturn()
    async with school(tmp_path, "--relay") as room:
        await room.block_udp()
        async with room.joined() as ada:
            await ada.state("live", within=90)
            await asyncio.sleep(120)
            await ada.state("live", within=5)
            assert await ada.connections() == 1
            os.kill(_coturn_of(room.lesson.process.pid), signal.SIGKILL)
            await ada.state("reconnecting", within=60)
            await ada.state("live", within=120)
            assert await ada.page.evaluate(PATH) == "relay tcp"


async def test_students_whose_network_lets_udp_through_are_not_relayed(tmp_path: Path) -> None:
    needs_coturn()
    async with school(tmp_path, "--relay") as room, room.joined() as ada:
        await ada.state("live", within=90)
        assert await ada.page.evaluate(PATH) in ("host udp", "prflx udp")


async def test_a_computer_of_the_teacher_that_stands_still_is_not_taken_for_the_network(tmp_path: Path) -> None:
    async with school(tmp_path) as room:
        async with room.joined() as ada:
            await ada.state("live", within=90)
            os.kill(room.lesson.process.pid, signal.SIGSTOP)
            try:
                await ada.state("reconnecting", within=60)
                await asyncio.sleep(18)  # the page would blame the network after 15
                assert await ada.page.locator("#notice-headline").inner_text() != BLOCKED
            finally:
                os.kill(room.lesson.process.pid, signal.SIGCONT)
            await ada.state("live", within=120)
            assert "ice.blocked" not in await room.alarms()
