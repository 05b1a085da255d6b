"""``classroom signal`` as a process: how it starts, how it ends, and what it takes from the machine."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.support.broadcast import eventually
from tests.support.native_client import NativeClient, NativeNotice, parse_reply
from tests.support.port import RawConnection, ask
from tests.support.process import classroom

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@asynccontextmanager
async def serving(*options: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, int]]:
    """A server of its own, and its port."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "classroom.cli.main", "signal", "--host", "127.0.0.1", "--port", "0", *options,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), 60)
        assert line.startswith(b"Signaling: http://127.0.0.1:"), line
        yield process, int(line.rsplit(b":", 1)[1])
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def get(path: bytes) -> bytes:
    return b"GET " + path + b" HTTP/1.0\r\n\r\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_it_well_and_waits_are_answered(number: signal.Signals) -> None:
    async with serving() as (process, port):
        await ask(port, get(b"/sign_in?a"))
        waiting = await RawConnection.open(port, get(b"/wait?peer_id=1"))
        await ask(port, get(b"/sign_in?b"))  # so that the wait is surely read: it brings this
        assert b"b,2,1" in await waiting.read_all()
        waiting = await RawConnection.open(port, get(b"/wait?peer_id=1"))
        await ask(port, get(b"/"))
        process.send_signal(number)
        assert await asyncio.wait_for(process.wait(), 30) == 0
        assert (await waiting.read_all()).startswith(b"HTTP/1.0 503 ")


async def test_quit_is_off_unless_asked_for() -> None:
    async with serving() as (process, port):
        assert (await ask(port, get(b"/quit"))).startswith(b"HTTP/1.0 500 Sorry\r\n")
        assert process.returncode is None


async def test_an_allowed_quit_tells_the_waits_and_ends_it_well() -> None:
    async with serving("--allow-quit") as (process, port):
        await ask(port, get(b"/sign_in?a"))
        waiting = await RawConnection.open(port, get(b"/wait?peer_id=1"))
        await ask(port, get(b"/sign_in?b"))
        await waiting.read_all()
        waiting = await RawConnection.open(port, get(b"/wait?peer_id=1"))
        await ask(port, get(b"/"))
        answer = await ask(port, get(b"/quit"))
        assert answer.startswith(b"HTTP/1.0 200 OK\r\n")
        assert b"\r\nContent-Type: text/html\r\n" in answer
        assert answer.endswith(b"\r\n\r\n<html><body>Quitting...</body></html>")
        reply = parse_reply(await waiting.read_all())
        assert reply is not None
        assert (reply.status, reply.peer_id, reply.body) == (200, -1, b"Server shutting down")
        assert await asyncio.wait_for(process.wait(), 30) == 0


async def test_a_port_in_use_is_told_in_a_sentence() -> None:
    async with serving() as (_, port):
        ended = await classroom("signal", "--host", "127.0.0.1", "--port", str(port))
        assert ended.code == 3
        assert ended.err == (
            f"classroom: Port {port} is already in use. Close the other program or choose another with --port.\n"
        )


async def test_nothing_that_carries_pictures_is_loaded() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "import sys, classroom.cli.main, classroom.cli.signal; print(*sys.modules)",
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await process.communicate()
    loaded = set(out.decode().split())
    assert "classroom.signaling.room" in loaded
    assert not loaded & {"av", "aiortc", "numpy", "PIL", "mss", "classroom.media", "classroom.broadcaster"}


FIRST = 50
"""So many come before memory is looked at: what the first of a kind load, and what allocators keep, is not theirs."""


@linux_only
@pytest.mark.parametrize("members", [200, pytest.param(500, marks=pytest.mark.long)])
async def test_hundreds_of_hanging_members_cost_little_memory_and_no_time(members: int) -> None:
    """Each comes and hangs at once, hears of all who come later, and hangs again: of 500 these are 125,000 waits."""
    async with serving() as (process, port):
        for _ in range(20):  # what the first requests load is not theirs
            await ask(port, get(b"/sign_out?peer_id=1"))
        clients = [NativeClient("127.0.0.1", port, b"student%d@pc" % n, deadline=120.0) for n in range(members)]
        try:
            for client in clients[:FIRST]:
                await client.sign_in()
            await at_rest(process.pid)
            before = resident(process.pid)
            for client in clients[FIRST:]:
                await client.sign_in()
            last = clients[-1].id
            await eventually(lambda: all(last in client.peers or client.id == last for client in clients), within=150.0)
            await at_rest(process.pid)  # all ask again after the last one has come
            took = processor_seconds(process.pid)
            began = asyncio.get_running_loop().time()
            await asyncio.sleep(4.0)  # the time is what is measured
            took = processor_seconds(process.pid) - took
            share = took / (asyncio.get_running_loop().time() - began)
            each = (resident(process.pid) - before) / (members - FIRST)
            print(f"{each:.1f} KiB each, {share:.2%} of a processor while nothing happens")
            assert each < 16
            assert share < 0.01
            await clients[0].send_message(last, b"still there")
            assert (await clients[-1].next_message()).body == b"still there"
            assert NativeNotice(b"student1@pc", 2, True) == await clients[0].next_event()
        finally:
            for client in clients:
                await client.vanish()


async def at_rest(pid: int) -> None:
    """Return when a process has used next to nothing for a second."""
    async with asyncio.timeout(60):
        used = -1.0
        while (now := processor_seconds(pid)) - used > 0.02:
            used = now
            await asyncio.sleep(1.0)


def resident(pid: int) -> float:
    """KiB of memory that a process has."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1024


def processor_seconds(pid: int) -> float:
    """Seconds of a processor that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
