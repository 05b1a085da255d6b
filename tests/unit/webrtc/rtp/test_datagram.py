"""Datagrams over real sockets, with a kernel that can cut them and with one that cannot."""

from __future__ import annotations

import asyncio
import errno
import socket
import time
from typing import Any, cast

import pytest
from aioice.turn import TurnClientTcpProtocol, TurnTransport

from classroom.webrtc.aiortc_internals import queued_bytes
from classroom.webrtc.rtp import datagram
from classroom.webrtc.rtp.datagram import SocketPath, TransportPath, open_path

STRIDE = 100
DATA = b"".join(bytes([number]) * STRIDE for number in range(9)) + b"\xff" * 40
RUN = (0, len(DATA), STRIDE)
PIECES = [DATA[at : at + STRIDE] for at in range(0, len(DATA), STRIDE)]


class Stubborn(socket.socket):
    """A socket whose sendmsg fails as on a card without segmentation, or whose buffer is full."""

    fault = 0
    asked = 0
    alone = 0

    def sendto(self, *given: Any) -> int:
        self.alone += 1
        return super().sendto(*given)

    def sendmsg(self, *given: Any) -> int:
        self.asked += 1
        if self.fault:
            raise OSError(self.fault, "no")
        return super().sendmsg(*given)


@pytest.fixture
def receiver() -> Any:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(10)
        yield sock


def received(receiver: socket.socket, count: int) -> list[bytes]:
    return [receiver.recv(2000) for _ in range(count)]


def test_a_run_arrives_as_datagrams(receiver: socket.socket) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        path = SocketPath(sock, receiver.getsockname())
        path.send(memoryview(DATA), [RUN, (0, STRIDE, STRIDE)])
        assert received(receiver, 11) == [*PIECES, PIECES[0]]
        assert path.lost == 0


def test_a_run_costs_one_call_where_the_kernel_can_cut_it(receiver: socket.socket) -> None:
    with Stubborn(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.setsockopt(socket.IPPROTO_UDP, 103, 0)  # UDP_SEGMENT
        except OSError:
            pytest.skip("this kernel cannot")
        path = SocketPath(sock, receiver.getsockname())
        for _ in range(3):
            path.send(memoryview(DATA), [RUN])
            assert received(receiver, 10) == PIECES
        assert (sock.asked, sock.alone) == (3, 0)


@pytest.mark.parametrize("name", ["EINVAL", "EIO", "ENOPROTOOPT", "EOPNOTSUPP", "EMSGSIZE"])
def test_where_the_kernel_cannot_cut_each_is_sent_by_itself(receiver: socket.socket, name: str) -> None:
    with Stubborn(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.fault = getattr(errno, name)
        path = SocketPath(sock, receiver.getsockname())
        for _ in range(2):
            path.send(memoryview(DATA), [RUN])
            assert received(receiver, 10) == PIECES
        assert sock.asked == 1, "it is tried once"


def test_without_memory_for_a_run_what_fits_is_sent_and_runs_are_tried_again(receiver: socket.socket) -> None:
    with Stubborn(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        path = SocketPath(sock, receiver.getsockname())
        for name in ("ENOBUFS", "ENOMEM"):
            sock.fault = getattr(errno, name)
            path.send(memoryview(DATA), [RUN])
            assert received(receiver, 10) == PIECES
        assert (sock.asked, path.lost) == (2, 0)


@pytest.mark.parametrize("name", ["EAGAIN", "ENETUNREACH", "EPERM"])
def test_what_cannot_leave_now_is_lost_and_nothing_else(receiver: socket.socket, name: str) -> None:
    with Stubborn(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.fault = getattr(errno, name)
        path = SocketPath(sock, receiver.getsockname())
        path.send(memoryview(DATA), [RUN])
        assert path.lost == 1
        sock.fault = 0
        path.send(memoryview(DATA), [RUN])
        assert received(receiver, 10) == PIECES


async def test_the_path_is_a_duplicate_that_outlives_nothing(receiver: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0))
    path = open_path(transport, receiver.getsockname(), queued_bytes(transport))
    assert isinstance(path, SocketPath)
    path.send(memoryview(DATA), [RUN])
    assert received(receiver, 10) == PIECES
    path.close()
    path.send(memoryview(DATA), [RUN])
    assert path.lost == 1
    transport.sendto(b"still open", receiver.getsockname())
    assert received(receiver, 1) == [b"still open"]
    transport.close()


async def test_elsewhere_and_through_relays_the_transport_sends(
    receiver: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datagram, "_SEGMENTS", False)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0))
    path = open_path(transport, receiver.getsockname(), queued_bytes(transport))
    assert isinstance(path, TransportPath)
    path.send(memoryview(DATA), [RUN])
    assert received(receiver, 10) == PIECES
    transport.close()


def test_a_transport_that_is_full_gets_no_more() -> None:
    class Full:
        sent = 0

        def sendto(self, data: bytes, address: object) -> None:
            self.sent += 1

    full = Full()
    path = TransportPath(full, ("127.0.0.1", 9), lambda: 1_000_000)  # type: ignore[arg-type]
    path.send(memoryview(DATA), [RUN])
    assert (full.sent, path.lost) == (0, 10)


@pytest.mark.parametrize("bound", [True, False], ids=["slow", "not bound yet"])
async def test_a_slow_way_to_a_relay_loses_packets_and_keeps_none_for_long(*, bound: bool) -> None:
    """A relay over TCP that reads nothing: what is kept for it would be seconds late, and grow without end."""
    kept: list[asyncio.StreamWriter] = []

    async def read_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        kept.append(writer)
        writer.transport.pause_reading()  # type: ignore[attr-defined]

    server = await asyncio.start_server(read_nothing, "127.0.0.1", 0)
    address = ("192.0.2.1", 9)
    connection, protocol = await asyncio.get_running_loop().create_connection(
        lambda: TurnClientTcpProtocol(address, None, None, 600, 500), *server.sockets[0].getsockname()
    )
    if bound:
        protocol.peer_to_channel[address], protocol.channel_refresh_at[0x4000] = 0x4000, float("inf")
    relayed = TurnTransport(protocol)
    path = open_path(cast(asyncio.DatagramTransport, relayed), address, queued_bytes(relayed))
    most, deadline = 0, time.monotonic() + 60
    while path.lost < 100:
        path.send(memoryview(bytes(30 * 1200)), [(0, 30 * 1200, 1200)])
        await asyncio.sleep(0)
        most = max(most, connection.get_write_buffer_size())
        assert time.monotonic() < deadline, "nothing is ever lost"
    assert most < 300_000
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    assert len(tasks) < 200
    connection.abort()
    for task in tasks:
        task.cancel()
    for writer in kept:
        writer.close()
    server.close()
