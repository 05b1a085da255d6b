"""Requests to a signaling server that answers in odd ways, or not at all."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from classroom.common.errors import WireError
from classroom.signaling.client import NoReply, ServerAddress, ServerReply, Unreachable, ask
from tests.support.free_port import free_port

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def server_of(answer: Answer) -> AsyncIterator[ServerAddress]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            await reader.readuntil(b"\r\n\r\n")
            await answer(writer)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield ServerAddress.parse(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    finally:
        server.close()


async def test_without_a_length_the_body_is_all_up_to_the_end() -> None:
    async def pieces(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.0 200 OK\r\nPragma: 7\r\n\r\n")
        for number in range(5):
            writer.write(b"%d\n" % number)
            await writer.drain()
            await asyncio.sleep(0.01)

    async with server_of(pieces) as server:
        assert await ask(server, "/sign_in?x") == ServerReply(200, 7, b"0\n1\n2\n3\n4\n")


async def test_one_that_never_ends_is_too_large() -> None:
    async def flood(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.0 200 OK\r\n\r\n")
        while True:
            writer.write(bytes(65_536))
            await writer.drain()

    async with server_of(flood) as server:
        with pytest.raises(WireError, match="too large"):
            await asyncio.wait_for(ask(server, "/"), 20)


async def test_a_connection_that_breaks_is_no_reply_with_a_reason() -> None:
    async def break_off(writer: asyncio.StreamWriter) -> None:
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    async with server_of(break_off) as server:
        with pytest.raises(NoReply) as told:
            await ask(server, "/")
        assert not isinstance(told.value, Unreachable), "it may have arrived"


async def test_one_that_ends_in_the_middle_is_no_reply() -> None:
    async def half(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.0 200 OK\r\nContent-Length: 100\r\n\r\nhalf")

    async with server_of(half) as server:
        with pytest.raises(NoReply, match="ended before the reply"):
            await ask(server, "/")


async def test_where_nobody_listens_nothing_was_sent() -> None:
    with pytest.raises(Unreachable, match="nothing listens there"):
        await ask(ServerAddress.parse(f"http://127.0.0.1:{free_port()}"), "/")


@pytest.mark.parametrize(("coding", "is_read"), [("chunked", False), ("x-zip", False), ("Identity", True), ("", False)])
async def test_only_a_body_as_it_is_is_read(coding: str, is_read: bool) -> None:
    async def coded(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.0 200 OK\r\nTransfer-Encoding: %s\r\n\r\nx" % coding.encode())

    async with server_of(coded) as server:
        if is_read:
            assert (await ask(server, "/")).body == b"x"
        else:
            with pytest.raises(WireError, match="encoded"):
                await ask(server, "/")


@pytest.mark.parametrize(("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("[::1]", "[::1]")])
async def test_proxies_read_which_host_is_meant(host: str, shown: str) -> None:
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.0 200 OK\r\n\r\n")
        writer.close()

    try:
        server = await asyncio.start_server(serve, host.strip("[]"), 0)
    except OSError:
        pytest.skip("this computer has no IPv6")
    async with server:
        port = server.sockets[0].getsockname()[1]
        await ask(ServerAddress.parse(f"http://{host}:{port}"), "/")
    assert f"\r\nHost: {shown}:{port}\r\n".encode() in heads[0]
