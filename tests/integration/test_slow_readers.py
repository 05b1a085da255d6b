"""Answers that nobody reads end in time, whatever is sent, and slow readers get theirs."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Gauge

from classroom.server import slow_readers as unread
from classroom.signaling import Room
from tests.support.port import OpenPort, RawConnection, open_port, until

LIMIT = 1.5
"""Seconds in these tests instead of 30."""


def asks(port: int, request: bytes, times: int) -> socket.socket:
    """A client with a small window that asks again and again on one connection and reads nothing."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect(("127.0.0.1", port))
    sock.setblocking(False)
    with_all = request * times
    try:
        sock.send(with_all)
    except BlockingIOError:
        pass
    return sock


def with_figures(registry: CollectorRegistry) -> None:
    """So many that ``/metrics`` is no short answer."""
    gauge = Gauge("figures", "Figures.", ["number"], registry=registry)
    for number in range(2000):
        gauge.labels(str(number)).set(number)


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    """Pages and a large file."""
    for name, size in {"student/index.html": 3_000, "lib/large.js": 5_000_000, "lib/small.js": 4_000}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b" " * size)
    return tmp_path


@pytest.mark.parametrize(
    ("path", "times"),
    [
        (b"/", 2000),
        (b"/assets/lib/large.js", 1),
        (b"/assets/lib/large.js", 50),
        (b"/assets/lib/small.js", 2000),
        (b"/metrics", 100),
        (b"/healthz", 4000),
    ],
)
@pytest.mark.parametrize("dribble", [False, True])
async def test_an_answer_that_nobody_reads_ends(
    path: bytes, times: int, dribble: bool, pages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unread, "_UNREAD_SECONDS", LIMIT)
    async with open_port(folder=pages) as opened:
        with_figures(opened.registry)
        await ends(opened, b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n", times, LIMIT, dribble=dribble)


async def ends(opened: OpenPort, request: bytes, times: int, limit: float, *, dribble: bool) -> None:
    """Ask, read nothing or a byte now and then, and wait until the connection is no more."""
    sock = asks(opened.port, request, times)
    loop = asyncio.get_running_loop()
    try:
        await until(lambda: opened.site.connections == 1)
        began = loop.time()
        while opened.site.connections:
            assert loop.time() - began < 10 * limit + 20, "it is held for ever"
            await asyncio.sleep(limit * 2 / 3)
            if dribble and opened.site.connections:
                try:
                    sock.recv(1)
                except (BlockingIOError, ConnectionError):
                    pass
    finally:
        sock.close()


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.parametrize("dribble", [False, True])
async def test_an_answer_that_nobody_reads_ends_after_half_a_minute(dribble: bool, pages: Path) -> None:
    async with open_port(folder=pages) as opened:
        began = asyncio.get_running_loop().time()
        request = b"GET /assets/lib/large.js HTTP/1.1\r\nHost: x\r\n\r\n"
        await ends(opened, request, 50, unread._UNREAD_SECONDS, dribble=dribble)
        assert asyncio.get_running_loop().time() - began < 60 + 20


async def test_who_reads_slowly_gets_all_of_it(pages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unread, "_UNREAD_SECONDS", 1.0)
    async with open_port(folder=pages) as opened:
        connection = await RawConnection.open(
            opened.port, b"GET /assets/lib/large.js HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )
        got = 0
        while data := await connection.reader.read(128 * 1024):
            got += len(data)
            await asyncio.sleep(0.08)
        assert got > 5_000_000


async def test_a_hanging_wait_is_not_an_answer_that_nobody_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unread, "_UNREAD_SECONDS", 0.3)
    async with open_port(Room(visibility="hub", ids="random")) as opened:
        await opened.member.sign_in("lesson")
        own = opened.switchboard.sign_in(b"x").id
        connection = await RawConnection.open(opened.port, b"GET /wait?peer_id=%d HTTP/1.0\r\n\r\n" % own)
        await asyncio.sleep(1.5)
        assert opened.switchboard.waiting == 1
        await opened.member.send(own, b"news")
        assert b"news" in await connection.read_all()
