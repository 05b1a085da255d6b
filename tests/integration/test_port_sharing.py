"""The one port: who gets which connection, and what happens to those who ask for nothing."""

from __future__ import annotations

import asyncio
import socket

import pytest
import websockets
from websockets.asyncio.client import connect
from websockets.typing import Origin, Subprotocol

from classroom.common.limits import Limits
from classroom.server import port_sharing, site
from classroom.signaling.wire import RawTarget
from tests.support.native_client import NativeClient
from tests.support.port import OpenPort, RawConnection, ask, open_port, until

UPGRADE = (
    b"GET %s HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)

MASKED_X = b"\x81\x81\x00\x00\x00\x00x"
"""The text "x" as a frame of a client."""


async def test_control_and_signaling_share_the_port() -> None:
    async with open_port() as opened:
        await opened.member.sign_in("lesson")
        async with (
            connect(f"ws://127.0.0.1:{opened.port}/control", subprotocols=[Subprotocol("classroom.control.v1")]) as ws,
            NativeClient("127.0.0.1", opened.port) as client,
        ):
            assert ws.subprotocol == "classroom.control.v1"
            await client.sign_in()
            for size in (1, 125, 126, 65536, 300_000):
                await ws.send("x" * size)
                assert await asyncio.wait_for(ws.recv(), 10) == "x" * size
            await opened.member.send(client.id, b"still there")
            assert (await client.next_message()).body == b"still there"


@pytest.mark.parametrize("offered", [None, ["something.else"], ["something.else", "classroom.control.v1"]])
async def test_the_subprotocol_is_taken_when_offered(offered: list[str] | None) -> None:
    async with open_port() as opened:
        subprotocols = [Subprotocol(each) for each in offered] if offered else None
        async with connect(f"ws://127.0.0.1:{opened.port}/control", subprotocols=subprotocols) as ws:
            expected = "classroom.control.v1" if offered and "classroom.control.v1" in offered else None
            assert ws.subprotocol == expected
            await until(lambda: len(opened.control) == 1)
            assert opened.control[0].subprotocol == expected


async def test_a_frame_over_a_mebibyte_closes_with_1009() -> None:
    async with open_port() as opened, connect(f"ws://127.0.0.1:{opened.port}/control", max_size=None) as ws:
        await ws.send("x" * (1024 * 1024))
        assert len(await asyncio.wait_for(ws.recv(), 10)) == 1024 * 1024
        await ws.send("x" * (1024 * 1024 + 1))
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await asyncio.wait_for(ws.recv(), 10)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009


@pytest.mark.parametrize(
    ("origin", "let_in"),
    [
        (None, True),
        ("http://127.0.0.1:{port}", True),
        ("https://127.0.0.1:{port}", True),
        ("http://127.0.0.1", False),
        ("http://evil.example:{port}", False),
        ("http://127.0.0.1:{port}.evil.example", False),
        ("null", False),
        ("http://[", False),
    ],
)
async def test_only_our_own_pages_may_open_control(origin: str | None, let_in: bool) -> None:
    async with open_port() as opened:
        text = Origin(origin.format(port=opened.port)) if origin else None
        opening = connect(f"ws://127.0.0.1:{opened.port}/control", origin=text)
        if let_in:
            async with opening as ws:
                await ws.send("x")
                assert await asyncio.wait_for(ws.recv(), 10) == "x"
        else:
            with pytest.raises(websockets.InvalidStatus) as refused:
                await opening
            assert refused.value.response.status_code == 403


async def test_a_page_on_port_80_has_no_port_in_its_origin() -> None:
    async with open_port() as opened:
        head = UPGRADE.replace(b"Host: x", b"Host: Lesson.Local\r\nOrigin: http://lesson.local") % b"/control"
        connection = await RawConnection.open(opened.port, head)
        assert (await connection.reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 101 ")
        connection.close()


@pytest.mark.parametrize(
    ("path", "status"), [(b"/controlx", b"404"), (b"/", b"200"), (b"/control/", b"404"), (b"/wait?peer_id=1", b"500")]
)
async def test_an_upgrade_elsewhere_is_an_ordinary_request(path: bytes, status: bytes) -> None:
    async with open_port() as opened:
        connection = await RawConnection.open(opened.port, UPGRADE % path)
        assert (await connection.reader.readuntil(b"\r\n")).split()[1] == status
        connection.close()


async def test_control_without_upgrade_says_what_it_needs() -> None:
    async with open_port() as opened:
        data = await ask(opened.port, b"GET /control HTTP/1.1\r\nHost: x\r\n\r\n")
        assert data.startswith(b"HTTP/1.1 426 ")
        assert b"\r\nUpgrade: websocket\r\n" in data
        assert b"websocket client" in data


HEALTH = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize("pipelined", [False, True])
async def test_control_is_taken_on_a_connection_that_was_used_before(pipelined: bool) -> None:
    """As proxies ask that keep their connections."""
    async with open_port() as opened:
        connection = await RawConnection.open(opened.port, HEALTH)
        for _ in range(2):
            assert (await connection.reader.readuntil(b"}")).startswith(b"HTTP/1.1 200 ")
            await connection.send(HEALTH + (UPGRADE % b"/control?x=1" if pipelined else b""))
            if pipelined:
                break
        assert (await connection.reader.readuntil(b"}")).startswith(b"HTTP/1.1 200 ")
        if not pipelined:
            await connection.send(UPGRADE % b"/control")
        assert (await connection.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
        await until(lambda: len(opened.control) == 1)
        await connection.send(b"\x81\x82\x00\x00\x00\x00hi")  # a masked text frame, which is sent back
        assert await connection.reader.readexactly(4) == b"\x81\x02hi"
        connection.close()
        await until(lambda: not opened.site_is_busy())


async def test_what_looks_like_an_upgrade_inside_of_a_body_is_none() -> None:
    async with open_port() as opened:
        inside = UPGRADE % b"/control"
        head = b"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(inside)
        connection = await RawConnection.open(opened.port, HEALTH)
        await connection.reader.readuntil(b"}")
        await connection.send(head)
        await connection.send(inside)
        assert b"101" not in await connection.read_all()
        assert opened.control == []


async def kept(opened: OpenPort, requests: int = 1) -> RawConnection:
    """A connection on which so many requests were answered."""
    connection = await RawConnection.open(opened.port)
    for _ in range(requests):
        await connection.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await connection.reader.readuntil(b"}")).startswith(b"HTTP/1.1 200 ")
    return connection


@pytest.mark.parametrize("requests", [1, 5])
async def test_control_is_given_on_a_connection_that_had_other_requests(requests: int) -> None:
    async with open_port() as opened:
        connection = await kept(opened, requests)
        # A frame right behind the head: nobody should send one, and nothing of it may be lost.
        await connection.send(UPGRADE % b"/control" + MASKED_X)
        head = await connection.reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 ")
        assert b"\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in head
        assert await connection.reader.readexactly(3) == b"\x81\x01x"
        for _ in range(20):
            await connection.send(MASKED_X)
            assert await connection.reader.readexactly(3) == b"\x81\x01x"
        assert opened.site.connections == 1
        connection.close()
        await until(lambda: not opened.site_is_busy())


async def test_a_kept_connection_with_control_on_it_outlives_the_time_for_requests(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(site, "_IDLE_SECONDS", 0.2)
    async with open_port() as opened:
        connection = await kept(opened)
        await connection.send(UPGRADE % b"/control")
        await connection.reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(1.0)
        await connection.send(MASKED_X)
        assert await connection.reader.readexactly(3) == b"\x81\x01x"
        await opened.site.stop()
        assert (await connection.read_all())[:2] == b"\x88\x02"  # told that the lesson goes away
    # The library tells that nobody answered its farewell, and a system with few open files says so at the start.
    expected = ("websockets", "classroom.server.descriptors")
    assert [each for each in caplog.records if not each.name.startswith(expected)] == []


@pytest.mark.parametrize("late", [False, True], ids=["first", "after others"])
async def test_control_is_not_given_to_who_asks_by_two_names(late: bool) -> None:
    async with open_port() as opened:
        head = UPGRADE.replace(b"Host: x", b"Host: localhost\r\nHost: evil.example") % b"/control"
        connection = await kept(opened) if late else await RawConnection.open(opened.port)
        await connection.send(head)
        assert b" 400 " in await connection.reader.readuntil(b"\r\n")
        connection.close()
        assert opened.control == []


async def test_a_late_upgrade_is_looked_at_like_an_early_one() -> None:
    async with open_port() as opened:
        foreign = UPGRADE.replace(b"Host: x", b"Host: x\r\nOrigin: http://evil.example") % b"/control"
        connection = await kept(opened)
        await connection.send(foreign)
        assert (await connection.reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 403 ")
        connection.close()
        for fields in (b"X: " + b"x" * Limits().head, b"Content-Length: 3", b"Transfer-Encoding: chunked"):
            connection = await kept(opened)
            await connection.send(UPGRADE.replace(b"Host: x", b"Host: x\r\n" + fields) % b"/control")
            assert (await connection.reader.readuntil(b"\r\n")).split()[1] in (b"400", b"426", b"431")
            connection.close()
        assert opened.control == []


async def test_the_body_of_a_request_is_never_taken_for_an_upgrade() -> None:
    async with open_port() as opened:
        body = UPGRADE % b"/control"
        connection = await kept(opened)
        await connection.send(b"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body))
        await connection.send(body)
        await connection.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answers = await connection.read_all()
        assert b" 101 " not in answers
        assert answers.startswith(b"HTTP/1.1 405 ")
        assert opened.control == []


async def test_an_upgrade_byte_by_byte() -> None:
    async with open_port() as opened:
        connection = await RawConnection.open(opened.port)
        for byte in UPGRADE % b"/control?x=1":
            await connection.send(bytes([byte]))
        assert (await connection.reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 101 ")
        connection.close()
        await until(lambda: not opened.site_is_busy())


async def test_a_head_over_the_limit_is_refused() -> None:
    async with open_port() as opened:
        data = await ask(opened.port, b"GET / HTTP/1.1\r\nX: " + b"x" * (Limits().head + 10))
        assert data.startswith(b"HTTP/1.1 431 ")
        data = await ask(opened.port, b"GET / HTTP/1.1\r\nX: " + b"x" * Limits().head + b"\r\n\r\n")
        assert data.startswith(b"HTTP/1.1 431 ")


async def test_a_slow_head_is_cut() -> None:
    async with open_port(limits=Limits(head_time=0.3)) as opened:
        silent = await RawConnection.open(opened.port)
        slow = await RawConnection.open(opened.port, b"GET / HTTP/1.1\r\n")
        assert await silent.read_all() == b""
        assert (await slow.read_all()).startswith(b"HTTP/1.1 408 ")
        quick = await RawConnection.open(opened.port, b"GET /wait?peer_id=1 HTTP/1.0\r\n\r\n")
        assert b" 500 Sorry" in await quick.read_all()


async def test_a_wait_outlives_the_time_for_a_head() -> None:
    async with open_port(limits=Limits(head_time=0.1)) as opened, NativeClient("127.0.0.1", opened.port) as client:
        await client.sign_in()
        canary = await RawConnection.open(opened.port)
        await canary.read_all()  # opened later than the wait, and cut
        assert opened.switchboard.waiting == 1
        await opened.member.sign_in("lesson")
        await client.next_event()


async def test_connections_that_end_before_a_head_leave_nothing() -> None:
    async with open_port() as opened:
        for abort in (True, False):
            connection = await RawConnection.open(opened.port, b"GET / HT")
            await until(opened.site_is_busy)
            if abort:
                connection.writer.transport.abort()
            else:
                connection.writer.write_eof()
            await until(lambda: not opened.site_is_busy())
            connection.close()


async def test_a_gate_turns_away_and_is_told_of_every_end() -> None:
    class Two:
        def __init__(self) -> None:
            self.inside: list[str] = []

        def enter(self, address: str) -> bool:
            if len(self.inside) == 2:
                return False
            self.inside.append(address)
            return True

        def leave(self, address: str) -> None:
            self.inside.remove(address)

    connection_limit = Two()
    async with open_port(connection_limit=connection_limit) as opened:
        async with connect(f"ws://127.0.0.1:{opened.port}/control") as ws:
            waiting = await RawConnection.open(opened.port, b"GET / HT")
            await until(lambda: connection_limit.inside == ["127.0.0.1"] * 2)
            third = await RawConnection.open(opened.port)
            assert (await third.read_all()).startswith(b"HTTP/1.1 503 ")
            waiting.close()
            await until(lambda: len(connection_limit.inside) == 1)
            await ws.send("x")
            assert await asyncio.wait_for(ws.recv(), 10) == "x"
        await until(lambda: connection_limit.inside == [])
        await ask(opened.port, b"GET /wait?peer_id=1 HTTP/1.0\r\n\r\n")
        await until(lambda: connection_limit.inside == [])


async def test_a_reader_that_does_not_read_is_braked_and_then_served() -> None:
    async with open_port() as opened:
        ws = await connect(f"ws://127.0.0.1:{opened.port}/control", max_queue=1)
        for _ in range(15):
            await ws.send("x" * 200_000)
        received = [len(await asyncio.wait_for(ws.recv(), 20)) for _ in range(15)]
        assert received == [200_000] * 15
        await ws.close()


async def test_stopping_with_everything_open() -> None:
    async with open_port() as opened, NativeClient("127.0.0.1", opened.port) as client:
        ws = await connect(f"ws://127.0.0.1:{opened.port}/control")
        await client.sign_in()
        undecided = await RawConnection.open(opened.port, b"GET /")
        kept = await RawConnection.open(opened.port, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        await kept.reader.readuntil(b"}")
        port = opened.port
        began = asyncio.get_running_loop().time()
        await opened.site.stop()
        assert asyncio.get_running_loop().time() - began < 2.5
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await ws.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1001
        for connection in (undecided, kept):
            try:
                assert await connection.read_all() == b""
            except ConnectionResetError:
                pass
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0
        await opened.site.stop()


def test_tidying_keeps_what_was_sent() -> None:
    tidy = port_sharing.normalised_head
    assert tidy(b"GET /a?b=%20c HTTP/1.0\r\n\r\n", b"h") == (b"GET /a?b=%20c HTTP/1.0\r\n\r\n", None)
    assert tidy(b"GET /a HTTP/1.1\r\nhOsT: x\r\n\r\n", b"h") == (b"GET /a HTTP/1.1\r\nhOsT: x\r\n\r\n", None)
    assert tidy(b"GET /a HTTP/1.1\r\n\r\n", b"h:1") == (b"GET /a HTTP/1.1\r\nHost: h:1\r\n\r\n", None)
    assert tidy(b"GET /a?x y HTTP/1.0\r\n\r\n", b"h") == (
        b"GET /a?x%20y HTTP/1.0\r\n\r\n",
        RawTarget("/a?x%20y", b"/a?x y"),
    )
    assert tidy(b"junk\r\n\r\n", b"h") == (b"junk\r\n\r\n", None)


@pytest.mark.parametrize(
    "first", [b"", b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /healthz?no where HTTP/1.1\r\n\r\n"]
)
async def test_no_field_of_a_request_is_taken_for_its_target(first: bytes) -> None:
    """Whatever helps port sharing and aiohttp to understand each other, a client cannot say it in their stead."""
    async with open_port() as opened:
        await opened.member.sign_in("lesson")
        forged = b"GET /sign_in?honest HTTP/1.1\r\nHost: x\r\nX-Classroom-Target: /sign_in?forged\r\n\r\n"
        data = await ask(opened.port, first + forged)
        assert b"honest," in data
        assert b"forged" not in data
        connection = await RawConnection.open(opened.port, first or b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        await connection.reader.readuntil(b"\r\n\r\n")
        await connection.send(forged)
        data = await connection.read_all()
        assert b"honest," in data
        assert b"forged" not in data


async def test_a_name_with_blanks_is_that_of_its_own_request_only() -> None:
    async with open_port() as opened:
        await opened.member.sign_in("lesson")
        data = await ask(opened.port, b"GET /sign_in?two words HTTP/1.0\r\n\r\n")
        assert b"two words," in data
        data = await ask(
            opened.port, b"GET /healthz?no where HTTP/1.1\r\n\r\nGET /sign_in?a%20b HTTP/1.1\r\nHost: x\r\n\r\n"
        )
        assert b"\r\na%20b," in data.replace(b"\r\n\r\n", b"\r\n")
