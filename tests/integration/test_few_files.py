"""A computer that gives a process few open files: who knocks waits, all else goes on, and the log stays short."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator

import pytest

from classroom.server import accepting
from classroom.server.accepting import FileShortage
from tests.support.broadcast import eventually
from tests.support.port import RawConnection, ask, open_port, until
from tests.support.process import teaching

if sys.platform == "win32":
    pytest.skip("this system has no such limit", allow_module_level=True)


@contextlib.asynccontextmanager
async def crowded_port(most: int) -> AsyncIterator[tuple[int, asyncio.subprocess.Process, list[bytes]]]:
    """The port, its process, and what it has written to its standard error."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.crowded_port", str(most),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    lines: list[bytes] = []

    async def collect(stream: asyncio.StreamReader) -> None:
        while line := await stream.readline():
            lines.append(line)

    collecting = asyncio.create_task(collect(process.stderr))
    try:
        yield int(await asyncio.wait_for(process.stdout.readline(), 60)), process, lines
    finally:
        process.kill()
        await process.wait()
        await collecting


@pytest.mark.parametrize("most", [64, 128])
async def test_a_crowd_that_takes_all_files_leaves_some_for_the_rest(most: int) -> None:
    async with crowded_port(most) as (port, process, lines):
        assert process.stdout is not None
        kept = await RawConnection.open(port, b"GET /files HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await asyncio.wait_for(kept.reader.readuntil(b"well"), 30)
        crowd = [await RawConnection.open(port, b"GET /") for _ in range(300)]
        assert await asyncio.wait_for(process.stdout.readline(), 30) == b"short\n"
        for _ in range(5):
            await kept.send(b"GET /files HTTP/1.1\r\nHost: x\r\n\r\n")
            assert await asyncio.wait_for(kept.reader.readuntil(b"well"), 30), "nothing is left for files"
            await asyncio.sleep(0.5)
        assert len(lines) <= 3, lines[:5]
        for connection in crowd:
            connection.close()
        assert b"well" in await ask(port, b"GET /files HTTP/1.0\r\n\r\n"), "nobody is let in any more"
        kept.close()


async def test_who_came_when_there_was_no_file_is_let_in_when_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accepting, "_PAUSE_SECONDS", 0.1)
    monkeypatch.setattr(accepting, "_most_files", lambda: 0)
    async with open_port() as opened:
        waiting = [asyncio.create_task(ask(opened.port, b"GET /healthz HTTP/1.0\r\n\r\n")) for _ in range(20)]
        await asyncio.sleep(0.5)
        assert opened.site.connections == 0
        assert not any(each.done() for each in waiting)
        monkeypatch.setattr(accepting, "_most_files", lambda: None)
        for answer in await asyncio.gather(*waiting):
            assert answer.startswith(b"HTTP/1.0 200 ")


async def test_the_shortage_is_told_once_and_goes_by_itself(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(accepting, "_OVER_SECONDS", 0.2)
    told: list[bool] = []
    shortage = FileShortage(told.append)
    for _ in range(100):
        shortage.report("too few files")
    assert told == [True]
    await until(lambda: told == [True, False])
    assert len(caplog.records) == 1
    shortage.close()


async def test_a_whole_lesson_with_few_files_stays_and_says_why() -> None:
    shell = ("sh", "-c", 'ulimit -n 80; exec "$@"', "sh")
    async with teaching("config/demo.yaml", "--port", "0", within=shell) as running:
        crowd = [await RawConnection.open(running.port, b"GET /") for _ in range(300)]
        await asyncio.sleep(3.0)
        for connection in crowd:
            connection.close()

        async def answers() -> bool:
            return (await ask(running.port, b"GET /healthz HTTP/1.0\r\n\r\n")).startswith(b"HTTP/1.0 200 ")

        await eventually(answers, within=60, what="somebody is let in again")
        assert await running.interrupt() == 0
        lines = [line for line in running.log if line.startswith("classroom: ")]
        assert 1 <= len(lines) <= 12, "\n".join(running.log)
