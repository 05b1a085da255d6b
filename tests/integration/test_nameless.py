"""Who gives no name is shown by a number, and an id, which is a secret, is shown and written nowhere."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import Any

import pytest

from tests.support.broadcast import broadcasting, eventually
from tests.support.native_client import parse_reply
from tests.support.port import RawConnection, ask
from tests.support.process import Running, teaching

BROWSER = b"User-Agent: Mozilla/5.0 (X11; Linux x86_64) Chrome/150\r\n"


@pytest.mark.parametrize("name", [b"", b"%E2%80%8B%E2%80%8B", b"%20"])
async def test_who_has_no_name_that_can_be_seen_is_a_number(name: bytes) -> None:
    async with broadcasting() as running:
        reply = parse_reply(await ask(running.port, b"GET /sign_in?" + name + b" HTTP/1.0\r\n\r\n"))
        assert reply is not None
        if not name:  # old clients find themselves in the list as ever
            assert reply.body.startswith(b"peer_%d,%d,1\n" % (reply.peer_id, reply.peer_id))

        def names() -> list[Any]:
            students = running.state()["students"]
            assert isinstance(students, dict)
            return [student["name"] for student in students.values()]

        await eventually(lambda: names() == ["#1"], what="the number in the list")
        assert str(reply.peer_id) not in str(running.state())


async def test_no_id_is_in_the_log_however_much_it_tells() -> None:
    async with teaching("config/demo.yaml", "--port", "0", "--debug", env={"COLUMNS": "4000"}) as running:
        reply = parse_reply(await ask(running.port, b"GET /sign_in? HTTP/1.0\r\n\r\n"))
        assert reply is not None
        own = reply.peer_id
        hub = int(reply.body.splitlines()[1].split(b",")[1])
        waiting = await RawConnection.open(running.port, b"GET /wait?peer_id=%d HTTP/1.0\r\n\r\n" % own)
        for body in (b"junk", b'{"type":"hello","app":"classroom","version":1}', b'{"type":"answer","sdp":"v=0"}'):
            head = b"POST /message?peer_id=%d&to=%d HTTP/1.0\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n"
            await ask(running.port, head % (own, hub, len(body)) + body)
        await asyncio.sleep(2.5)
        waiting.close()
        await ask(running.port, b"GET /sign_out?peer_id=%d HTTP/1.0\r\n\r\n" % own)
        for path in (b"/wait?peer_id=%d", b"/sign_out?peer_id=%d", b"/nothing?%d"):
            await ask(running.port, b"GET " + path % own + b" HTTP/1.0\r\n\r\n")
        assert await running.interrupt() == 0
    log = "\n".join(running.log)
    assert "signed in from 127.0.0.1" in log
    assert str(own) not in log


@pytest.mark.skipif(sys.platform == "win32", reason="no process can be stopped and continued there")
async def test_who_has_given_up_while_the_program_stood_still_is_not_signed_in() -> None:
    """A page tries several times while nobody answers; only the try that still waits makes a student."""
    async with teaching("config/demo.yaml", "--port", "0") as running:
        await ask(running.port, b"GET /healthz HTTP/1.0\r\n\r\n")
        running.process.send_signal(signal.SIGSTOP)
        request = b"GET /sign_in?Ada HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n%s\r\n" % (running.port, BROWSER)
        for _ in range(5):
            given_up = await RawConnection.open(running.port, request)
            await asyncio.sleep(0.1)
            given_up.close()
        stays = await RawConnection.open(running.port, request)
        await asyncio.sleep(0.2)
        running.process.send_signal(signal.SIGCONT)
        assert b"Ada," in await stays.read_all()
        await eventually(lambda: students_of(running, 1), what="the student in the list")
        await asyncio.sleep(2.5)
        assert await students_of(running, 1), "somebody who has given up was signed in"


async def students_of(running: Running, expected: int) -> bool:
    """Whether the lesson counts so many students."""
    figures = (await ask(running.port, b"GET /metrics HTTP/1.0\r\n\r\n")).decode()
    counts = [float(line.split()[1]) for line in figures.splitlines() if line.startswith("classroom_students{")]
    return sum(counts) == expected
