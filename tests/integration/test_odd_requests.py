"""Requests that nobody's browser sends: each is answered soon, none is our fault, and none fills the log."""

from __future__ import annotations

import asyncio
import gzip
import logging
import socket
import struct
from typing import Final

import pytest

from classroom.common.limits import Limits
from classroom.server.connection_limit import ConnectionLimit
from classroom.signaling import Room
from tests.support.bystander import bystander
from tests.support.port import RawConnection, open_port, until

LINES_A_MINUTE: Final = 50
"""What any attack may write."""

PATHS: Final = (
    b"/", b"/teach", b"/send", b"/assets/lib/alarms.js", b"/healthz", b"/metrics", b"/control", b"/nothing",
    b"/sign_in?x", b"/wait?peer_id=1", b"/message?peer_id=1&to=2", b"/sign_out?peer_id=1",
)  # fmt: skip

FIELDS: Final = (
    b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\njunk",
    b"Content-Encoding: deflate\r\nContent-Length: 4\r\n\r\njunk",
    b"Content-Encoding: br\r\nContent-Length: 4\r\n\r\njunk",
    b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n4\r\njunk\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked\r\n\r\nnot a number\r\n",
    b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcdefgh",
    b"Transfer-Encoding: gzip\r\n\r\n",
    b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"Content-Length: -1\r\n\r\n",
    b"Content-Length: 99999999999999999999999\r\n\r\n",
    b"Expect: 100-continue\r\nContent-Length: 4\r\n\r\n",
    b"Expect: the spanish inquisition\r\n\r\n",
    b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n",
    b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Version: 99\r\n\r\n",
    b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk\r\n\r\n",
    b"Range: bytes=5-2\r\n\r\n",
    b"Range: pages=one\r\n\r\n",
    b"If-None-Match: \"\r\n\r\n",
    b"If-None-Match: W/\"a\", *, \"\xff\"\r\n\r\n",
    b"If-Modified-Since: yesterday\r\nIf-Range: \"x\"\r\nIf-Match: *\r\n\r\n",
    b"If-Modified-Since: Mon, 99 Foo 99999999999 99:99:99 GMT\r\n\r\n",
    b"Accept-Encoding: \xff\xfe\r\nAccept-Language: \xff,;q=;;\r\nCookie: a=\xff; =;\r\n\r\n",
    b"Authorization: Bearer \xff\xfe\r\nVia: x\r\n\r\n",
    b"Origin: http://[\r\n\r\n",
    b"A: b\r\n" * 200 + b"\r\n",
    b"A: \0\r\n\r\n",
    b" folded\r\n\r\n",
    b": no name\r\n\r\n",
    b"no colon\r\n\r\n",
)  # fmt: skip

METHODS: Final = (
    b"GET",
    b"HEAD",
    b"POST",
    b"PUT",
    b"DELETE",
    b"OPTIONS",
    b"TRACE",
    b"PATCH",
    b"CONNECT",
    b"BREW",
    b"get",
)

TARGETS: Final = (
    b"/assets/lib/" + b"x" * 300, b"/assets/lib/" + b"y/" * 200, b"/assets/lib/" + b"../" * 100 + b"etc/passwd",
    b"/assets/" + b"z" * 9000, b"/assets/lib/%00", b"/assets/lib/\xff\xfe", b"/assets/lib/.", b"/assets//", b"*",
    b"x:1", b"http://x/", b"http://[/", b"http://x:99999/", b"//x:y@[/", b"http:", b"/?" + b"q" * 9000, b"/%", b"/%zz",
    b"/%ff%fe?%", b"/#a", b"\\", b"/\x7f\x01", b"/trust?lang=%ff", b"/assets/lib/" + b"%2e%2e/" * 30, b"/control/../x",
    b"/control?" + b"t" * 5000, b"?", b"/sign_in", b"/sign_in?" + b"\xf0" * 5000, b"/wait?peer_id=" + b"9" * 5000,
)  # fmt: skip

RAW: Final = (
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1junk\r\n\r\n", b"GET /\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 TLS\r\n\r\n", b"\0\0\0\0\r\n\r\n", b"GET\r\n\r\n", b"\xff\r\n\r\n",
    b"GET / HTTP/1.1\nHost: x\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"  GET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: \xff\r\n\r\n", b"GET /teach HTTP/1.1\r\nHost: [\r\n\r\n", b"GET / HTTP/0.9\r\n\r\n",
    b"GET /teach HTTP/1.1\r\nHost: a b;c'd\r\n\r\n",
)  # fmt: skip


def odd_requests() -> list[bytes]:
    """All of them, each in a form that would end its connection after the answer where it is understood."""
    close = b"Host: x\r\nConnection: close\r\n"
    requests = [
        b"%s %s HTTP/1.1\r\n%s\r\n" % (method, path, close) for method in METHODS for path in (*PATHS, b"x:1", b"*")
    ]
    requests += [
        b"%s %s HTTP/1.1\r\nHost: x\r\n%s" % (method, path, rest)
        for method in (b"GET", b"POST")
        for path in PATHS
        for rest in FIELDS
    ]
    requests += [b"GET %s HTTP/1.1\r\n%s\r\n" % (target, close) for target in TARGETS]
    return requests + list(RAW)


async def first_words(port: int, request: bytes) -> bytes:
    """What is answered until something is, or the connection ends."""
    connection = await RawConnection.open(port, request)
    try:
        async with asyncio.timeout(30):
            return await connection.reader.read(65536)
    except ConnectionResetError:
        return b""
    except TimeoutError:
        raise AssertionError(f"held without a word: {request[:200]!r}") from None
    finally:
        connection.close()


async def test_every_odd_request_is_answered_and_none_is_a_fault_of_ours(caplog: pytest.LogCaptureFixture) -> None:
    room = Room(visibility="hub", ids="random", max_members=5000)
    async with open_port(room, metrics_token="s3cret") as opened:
        await opened.member.sign_in("lesson")
        async with bystander(opened):
            places = asyncio.Semaphore(16)

            async def one(request: bytes) -> None:
                async with places:
                    answer = await first_words(opened.port, request)
                status = answer.split(b" ", 2)[1] if answer.startswith(b"HTTP/") else answer
                assert status != b"500" or b"Sorry" in answer or b"most likely gone" in answer, (request[:300], answer)

            await asyncio.gather(*(one(request) for request in odd_requests()))
    lines = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert not [record for record in lines if record.exc_info], "a traceback"
    assert len(lines) <= LINES_A_MINUTE, [record.getMessage()[:80] for record in lines]


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /assets/lib/" + b"x" * 300 + b" HTTP/1.0\r\n\r\n",
        b"GET /assets/lib/" + b"y/" * 200 + b" HTTP/1.0\r\n\r\n",
        b"GET /assets/lib/" + b"%78" * 250 + b" HTTP/1.0\r\n\r\n",
    ],
)
async def test_a_name_that_no_system_takes_is_nothing_there(request_: bytes) -> None:
    async with open_port() as opened:
        assert (await first_words(opened.port, request_)).startswith(b"HTTP/1.0 404 ")


@pytest.mark.parametrize("body", [b"junk", gzip.compress(bytes(1_000_000), mtime=0), gzip.compress(b"well", mtime=0)])
async def test_a_compressed_message_is_refused_unopened(body: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async with open_port() as opened:
        await opened.member.sign_in("lesson")
        head = (
            b"POST /message?peer_id=1&to=2 HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
        )
        assert (await first_words(opened.port, head % len(body) + body)).startswith(b"HTTP/1.1 400 ")
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_the_same_odd_request_over_and_over_writes_few_lines(caplog: pytest.LogCaptureFixture) -> None:
    floods = (
        b"GET /metrics HTTP/1.1\r\nHost: x\r\nVia: x\r\nAuthorization: Bearer wrong\r\n\r\n",
        b"GET /assets/lib/" + b"x" * 300 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\njunk",
        b"GET / HTTP/1.1\r\nX: " + b"x" * 20_000 + b"\r\n\r\n",
        b"GET /control HTTP/1.1\r\nHost: x\r\nOrigin: http://evil\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
        b"junk\x01junk\r\n\r\n",
    )  # fmt: skip
    async with open_port(metrics_token="s3cret") as opened:
        await opened.member.sign_in("lesson")
        for flood in floods:
            connections = [await RawConnection.open(opened.port, flood) for _ in range(100)]
            await asyncio.sleep(0.2)
            for connection in connections:
                connection.close()
    lines = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(lines) <= LINES_A_MINUTE, [record.getMessage()[:80] for record in lines]


@pytest.mark.parametrize(
    "line", [b"CONNECT x:1", b"CONNECT /", b"CONNECT /teach", b"TRACE /", b"PUT /teach", b"GET /nothing", b"BREW /pot"]
)
async def test_who_asks_for_what_is_not_there_does_not_stay(line: bytes) -> None:
    """No such request keeps its connection open until it has been idle for long."""
    async with open_port() as opened:
        connection = await RawConnection.open(opened.port, line + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await connection.read_all(20)).split(b" ", 2)[1] in (b"400", b"404", b"405")


async def test_who_is_gone_before_being_turned_away_is_no_fault(caplog: pytest.LogCaptureFixture) -> None:
    linger = struct.pack("ii", 1, 0)  # closing resets the connection
    async with open_port(
        connection_limit=ConnectionLimit(connections=0, per_address=0), limits=Limits(head=1024)
    ) as opened:
        for _ in range(50):
            crowd = [socket.create_connection(("127.0.0.1", opened.port)) for _ in range(20)]
            for sock in crowd:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                sock.close()
            await asyncio.sleep(0.01)
        await until(lambda: not opened.site_is_busy())
    assert not [record for record in caplog.records if record.exc_info], caplog.text[:2000]
