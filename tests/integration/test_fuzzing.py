"""Any bytes, split anywhere, at the request path: nothing escapes, and nobody else is disturbed.

A string of random bytes is read as a little program that writes to connections: pieces of requests, whole requests,
literal bytes, ends of packets, new and lost connections. ``make fuzz`` runs many more of them.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from classroom.signaling import Room
from tests.support.socketless import Line, SocketlessPort

EXAMPLES = max(4_000, settings().max_examples)
"""For each kind of room; the profile ``fuzz`` has more."""

WHOLE: Final = (
    b"GET /sign_in?\xe7\x8e\x8b a HTTP/1.0\r\n\r\n",
    b"GET /sign_in?b&pass=%ff HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /wait?peer_id=@OWN HTTP/1.0\r\n\r\n",
    b"GET /wait?peer_id=@HUB HTTP/1.0\r\n\r\n",
    b"GET /sign_out?peer_id=@OWN HTTP/1.0\r\n\r\n",
    b"GET /sign_out?peer_id=@HUB HTTP/1.0\r\n\r\n",
    b"POST /message?peer_id=@OWN&to=@HUB HTTP/1.0\r\nContent-Length: 3\r\nContent-Type: text/plain\r\n\r\nBYE",
    b"POST /message?peer_id=@HUB&to=@OWN HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
    b"POST /message?peer_id=@OWN&to=@OWN HTTP/1.1\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n",
    b"OPTIONS /message HTTP/1.1\r\n\r\n",
    b"GET /control HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
)
PIECES: Final = (
    b"GET ", b"POST ", b"OPTIONS ", b"HEAD ", b"PUT ", b"CONNECT ", b"get ", b"G\x00T ", b"/sign_in", b"/wait",
    b"/message", b"/sign_out", b"/", b"/control", b"*", b"//", b"/%", b"http://x/wait", b"/quit", b"?", b"&",
    b"peer_id=", b"to=", b"@OWN", b"@HUB", b"-1", b"99999999999", b"2147483648", b"%00", b"%zz", b"\xff\xfe",
    b" HTTP/1.0\r\n", b" HTTP/1.1\r\n", b" HTTP/2.0\r\n", b" HTTP/1.1", b" ", b"\t", b"\r\n", b"\r\n\r\n", b"\n",
    b"\r", b"\0", b":", b",", b"\n\n", b"Host: x\r\n", b"Host: [\r\n", b"host:\r\n", b"Content-Length: 4\r\n",
    b"Content-Length: -4\r\n", b"Content-Length: 99999999999999999999\r\n",
    b"Content-Length: 3\r\nContent-Length: 4\r\n", b"Content-Type: text/plain\r\n", b"Content-Type: \xff\r\n",
    b"Content-Type:\r\n", b"Content-Encoding: gzip\r\n", b"Content-Encoding: deflate\r\n",
    b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: gzip\r\n", b"Connection: keep-alive\r\n",
    b"Connection: Upgrade\r\n", b"Upgrade: websocket\r\n", b"Expect: 100-continue\r\n", b"Expect: x\r\n",
    b"X-Classroom-Target: /wait?peer_id=@OWN\r\n", b"X-Forwarded-For: 1\r\n", b" folded: x\r\n",
    b"Cookie: a=\xff\r\n", b"5\r\nhello\r\n", b"0\r\n\r\n", b"ffffffffffffffffff\r\n", b"x" * 9000,
    b"A: b\r\n" * 150,
)  # fmt: skip
CONTINUE = re.compile(rb"(?:HTTP/1\.1 100 Continue\r\n\r\n)*")
STATUS = re.compile(rb"HTTP/\d\.\d (\d{3} [^\r\n]*)\r\n")  # the library echoes versions, even 0.9


class Attack:
    """One program against a port; ``lines`` are the connections it has opened."""

    def __init__(self, port: SocketlessPort, program: bytes) -> None:
        self._port = port
        self._program = program
        self._own = port.switchboard.sign_in(b"attacker").id
        self._packet = bytearray()
        self.lines: list[Line] = [port.connect()]
        self._now = self.lines[0]

    async def run(self) -> None:
        codes = iter(self._program)
        for code in codes:
            await self._step(code, codes)
        self._flush()
        await self._port.turn(6)

    async def _step(self, code: int, rest: Iterator[int]) -> None:
        match code % 16:
            case 0 | 1:
                self._write(WHOLE[next(rest, 0) % len(WHOLE)])
            case 2 | 3 | 4 | 5 | 6 | 7 | 8:
                self._write(PIECES[next(rest, 0) % len(PIECES)])
            case 9:
                self._write(bytes(next(rest, 0) for _ in range(next(rest, 0) % 12)))
            case 10 | 11:
                self._flush()
            case 12:
                self._flush()
                await self._port.turn()
            case 13:
                self._flush()
                self._now = self._port.connect()
                self.lines.append(self._now)
            case 14:
                self._flush()
                self._now = self.lines[next(rest, 0) % len(self.lines)]
            case 15:
                self._flush()
                if next(rest, 0) % 2:
                    self._now.half_close()
                else:
                    self._now.lose()

    def _write(self, data: bytes) -> None:
        hub = self._port.hub.id or 0
        self._packet += data.replace(b"@OWN", b"%d" % self._own).replace(b"@HUB", b"%d" % hub)

    def _flush(self) -> None:
        if self._packet:
            self._now.send(bytes(self._packet))
            self._packet.clear()


class Bystander:
    """A member whose wait hangs all the time, and which must get what is sent to it and nothing else."""

    def __init__(self, port: SocketlessPort) -> None:
        self._port = port
        self._id = port.switchboard.sign_in(b"bystander").id
        self._sent = 0
        self._line = self._ask()

    def _ask(self) -> Line:
        line = self._port.connect()
        line.send(b"GET /wait?peer_id=%d HTTP/1.0\r\n\r\n" % self._id)
        return line

    async def check(self) -> None:
        """Send it a message of the hub; it comes after nothing but notifications."""
        self._sent += 1
        body = b"number %d" % self._sent
        await self._port.hub.send(self._id, body)
        while True:
            for _ in range(50):
                if self._line.is_closing():
                    break
                await self._port.turn()
            head, _, got = bytes(self._line.written).partition(b"\r\n\r\n")
            assert b" 200 OK\r\n" in head, head
            self._line = self._ask()
            if b"\r\nPragma: %d\r\n" % self._id in head:  # a notification
                continue
            assert b"\r\nPragma: %d\r\n" % (self._port.hub.id or 0) in head
            assert got == body
            return


async def consume(port: SocketlessPort) -> None:
    async for _ in port.hub.events():
        pass


@pytest.mark.parametrize("kind", ["hub", "all"])
def test_nothing_escapes_and_nobody_is_disturbed(kind: str) -> None:
    with asyncio.Runner() as runner:
        room = Room(visibility="hub" if kind == "hub" else "all", ids="random")
        port = SocketlessPort(room, everything_else=kind == "all")

        async def begin() -> tuple[Bystander, asyncio.Task[None]]:
            await port.__aenter__()
            await port.hub.sign_in("lesson")
            return Bystander(port), asyncio.create_task(consume(port))

        bystander, consumer = runner.run(begin())
        statuses: Counter[bytes] = Counter()

        async def one(program: bytes) -> None:
            before = len(asyncio.all_tasks())
            attack = Attack(port, program)
            await attack.run()
            for line in attack.lines:
                line.lose()
            await port.turn(8)
            await bystander.check()
            await port.turn(3)
            # What the attack left in the room goes as it goes in a lesson: it has no wait pending.
            port.clock.advance(31)
            room.expire(port.clock.now())
            await port.turn(2)
            assert room.size == 2
            assert port.faults == []
            for line in attack.lines:
                answer = CONTINUE.sub(b"", line.written, count=1)
                if answer:
                    status = STATUS.match(answer)
                    assert status, answer
                    statuses[status[1]] += 1
                    # Where there are pages, an address that is none has their reply.
                    readable = b"\r\nAccess-Control-Allow-Origin: *\r\n" in answer
                    assert readable or (kind == "hub" and b" 404 Not Found\r\n" in answer), answer
            assert len(asyncio.all_tasks()) <= before, "a task is left behind"
            assert len(port.shared_port.inside) <= 1

        @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
        @given(program=st.binary(min_size=30, max_size=150))
        def fuzz(program: bytes) -> None:
            runner.run(one(program))

        async def end() -> None:
            consumer.cancel()
            await port.__aexit__(None, None, None)

        try:
            fuzz()
            print(dict(statuses))
            assert {b"200 Added", b"200 OK", b"400 Bad Request", b"500 Error", b"500 Sorry"} <= set(statuses)
        finally:
            runner.run(end())
