"""What a student's picture suffers while others misbehave: next to nothing, and no attack fills the log."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import aiohttp
import pytest
import pytest_asyncio

from classroom.bench.receiver import Receiver
from tests.support.attacks import ATTACKS, FROM_INSIDE, Victim, attack
from tests.support.broadcast import eventually
from tests.support.free_port import free_port
from tests.support.machine import Machine
from tests.support.native_client import Dropped, NativeClient
from tests.support.process import Running, classroom, teaching

pytestmark = pytest.mark.asyncio(loop_scope="module")

LESSON: Final = """
sources: {bars: {kind: pattern, size: 640x360}, laptop: {kind: browser}}
scenes: {talk: bars, laptop: laptop}
program: {size: 640x360}
recording: {start: never}
"""

LONGEST_GAP: Final = 0.5
"""Seconds without a picture that a student may suffer."""

LINES: Final = 50
"""Lines of the log a minute."""

MEMORY: Final = 150.0
"""MiB by which the lesson may have grown when an attack is over."""


class Watching:
    """A student that counts the packets of its pictures."""

    def __init__(self, receiver: Receiver, media: list[tuple[str, int]]) -> None:
        self.receiver = receiver
        self.media = media

    def begin(self) -> None:
        """Look at gaps from now on."""
        self.receiver.drain()
        for tally in self.receiver.tallies.values():
            tally.longest_gap = 0.0

    def longest_gap(self) -> float:
        """The longest time without a whole picture, in seconds, that which is not over yet included."""
        self.receiver.drain()
        now = asyncio.get_running_loop().time()
        pictures = [tally for ssrc, tally in self.receiver.tallies.items() if ssrc in self.receiver.pictures]
        return max(max(tally.longest_gap, now - (tally.last_frame or 0.0)) for tally in pictures if tally.frames)


@contextlib.asynccontextmanager
async def signed_in(port: int) -> AsyncIterator[NativeClient]:
    """A student who is let in, at the latest when those are gone who took all places and never asked for anything."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + 90
    while True:
        async with NativeClient("127.0.0.1", port, b"student") as client:
            try:
                await client.sign_in()
            except Dropped:
                assert loop.time() < deadline, "nobody is let in any more"
            else:
                yield client
                return
        await asyncio.sleep(1)


@contextlib.asynccontextmanager
async def watching(port: int) -> AsyncIterator[Watching]:
    """A student whose pictures come."""
    receiver = Receiver(estimate=5_000_000, keeps=False)
    async with signed_in(port) as client:
        message = await client.next_message()
        sdp = json.loads(message.body)["sdp"]
        found = re.findall(r"a=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ host", sdp)
        media = [(address, int(number)) for address, number in found if ":" not in address]
        taken = asyncio.Event()
        answer = await receiver.answer(sdp, lambda _: taken.set())
        await client.send_message(message.peer_id, json.dumps({"type": "answer", "sdp": answer}).encode())
        await asyncio.wait_for(taken.wait(), 60)

        async def read() -> None:
            for number in itertools.count():
                receiver.drain()
                if number % 200 == 0:
                    receiver.report()
                await asyncio.sleep(0.005)

        reading = asyncio.create_task(read())
        try:
            await eventually(lambda: any(tally.frames > 30 for tally in receiver.tallies.values()))
            yield Watching(receiver, media)
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            await receiver.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lesson(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    file = tmp_path_factory.mktemp("attacked") / "lesson.yaml"
    file.write_text(LESSON, "utf-8")
    async with teaching(str(file), "--port", "0") as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def key(lesson: Running) -> str:
    """What a guest has from the teacher."""
    invited = await classroom(
        "remote", lesson.base, "source.invite", "source=laptop", env={"CLASSROOM_TOKEN": lesson.token}
    )
    found = re.search(r"key=([\w-]+)", invited.out)
    assert found is not None, invited
    return found[1]


@pytest.mark.alone
@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", ATTACKS)
async def test_an_attack_takes_no_picture_from_a_student_and_fills_no_log(
    lesson: Running, key: str, name: str, machine: Machine
) -> None:
    await suffer(lesson, key, name, machine, seconds=3.0)


@pytest.mark.long
@pytest.mark.alone
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", ATTACKS)
async def test_an_attack_of_a_minute_takes_no_picture_from_a_student_and_fills_no_log(
    lesson: Running, key: str, name: str, machine: Machine
) -> None:
    await suffer(lesson, key, name, machine, seconds=60.0)


async def suffer(lesson: Running, key: str, name: str, machine: Machine, *, seconds: float) -> None:
    before, said = memory(lesson.process.pid), len(lesson.log)
    async with watching(lesson.port) as student:
        student.begin()
        victim = Victim(lesson.port, student.media, key, lesson.token, seconds)
        await attack(name, victim)
        async with aiohttp.ClientSession() as session, session.get(f"{lesson.base}/healthz") as reply:
            assert reply.status == 200
        gap = student.longest_gap()
        lines = lesson.log[said:]
        grown = memory(lesson.process.pid) - before
        print(f"{name}: longest gap {gap:.2f} s, {len(lines)} lines, {grown:.0f} MiB more")
        assert len(lines) <= LINES * max(seconds / 60, 1), lines[-5:]
        assert grown < MEMORY
        if gap > LONGEST_GAP and name not in FROM_INSIDE:
            student.begin()
            await attack(name, Victim(free_port(), [("127.0.0.1", 9)], key, lesson.token, seconds))
            closed = student.longest_gap()
            assert gap <= max(machine.allows(LONGEST_GAP), closed), f"{closed:.2f} s where nobody listens"
        else:
            assert gap <= machine.allows(LONGEST_GAP)


def memory(pid: int) -> float:
    """MiB of memory that a process has."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
