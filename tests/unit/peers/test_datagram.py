"""Datagrams over real sockets, with a kernel that can cut them and with one that cannot."""

from __future__ import annotations

import asyncio
import errno
import socket
from typing import Any

import pytest

from classroom.peers import datagram
from classroom.peers.datagram import SocketPath, TransportPath, open_path

STRIDE = 100
DATA = b"".join(bytes([number]) * STRIDE for number in range(9)) + b"\xff" * 40
RUN = (0, len(DATA), STRIDE)
PIECES = [DATA[at : at + STRIDE] for at in range(0, len(DATA), STRIDE)]


class Stubborn(socket.socket):
    """A socket whose sendmsg fails as on a card without segmentation, or whose buffer is full."""

    fault = 0
    asked = 0

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


@pytest.mark.parametrize("name", ["EINVAL", "EIO", "ENOPROTOOPT", "EOPNOTSUPP", "EMSGSIZE"])
def test_where_the_kernel_cannot_cut_each_is_sent_by_itself(receiver: socket.socket, name: str) -> None:
    with Stubborn(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.fault = getattr(errno, name)
        path = SocketPath(sock, receiver.getsockname())
        for _ in range(2):
            path.send(memoryview(DATA), [RUN])
            assert received(receiver, 10) == PIECES
        assert sock.asked == 1, "it is tried once"


@pytest.mark.parametrize("name", ["EAGAIN", "ENOBUFS", "ENETUNREACH", "EPERM"])
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
    path = open_path(transport, receiver.getsockname())
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
    path = open_path(transport, receiver.getsockname())
    assert isinstance(path, TransportPath)
    path.send(memoryview(DATA), [RUN])
    assert received(receiver, 10) == PIECES
    transport.close()


def test_a_transport_that_is_full_gets_no_more() -> None:
    class Full:
        sent = 0

        def get_write_buffer_size(self) -> int:
            return 1_000_000

        def sendto(self, data: bytes, address: object) -> None:
            self.sent += 1

    full = Full()
    path = TransportPath(full, ("127.0.0.1", 9))  # type: ignore[arg-type]
    path.send(memoryview(DATA), [RUN])
    assert (full.sent, path.lost) == (0, 10)
