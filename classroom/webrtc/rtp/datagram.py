"""Sends datagrams: many in one system call where the kernel can, and never waiting for a full socket.

Linux cuts one large buffer into datagrams of equal length (UDP GSO, since 4.18), which saves five of the six
microseconds that a packet costs. Where a network card cannot do it, the first attempt shows that. A datagram that does
not fit into the socket is lost, as on any full link, and its receiver asks for it again.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import struct
import sys
from collections.abc import Callable, Sequence
from typing import Final

__all__ = ["LARGEST_RUN", "DatagramPath", "Run", "open_path"]

logger = logging.getLogger(__name__)

Run = tuple[int, int, int]
"""A part of a buffer from ``first`` to ``end`` that is datagrams of ``stride`` bytes; the last one may be shorter."""

LARGEST_RUN: Final = 48
"""Datagrams in a run at most: the kernel takes 64, and 64 kB."""

_UDP_SEGMENT: Final = 103
_NO_SEGMENTS: Final = frozenset(
    getattr(errno, name)
    for name in ("EINVAL", "EIO", "ENOPROTOOPT", "EOPNOTSUPP", "ENOTSUP", "EMSGSIZE", "EPROTONOSUPPORT")
    if hasattr(errno, name)
)
_NO_MEMORY: Final = frozenset((errno.ENOBUFS, errno.ENOMEM))
_SEGMENTS: Final = sys.platform == "linux"
_WAITING: Final = 128 * 1024
"""Bytes that may wait in a transport of asyncio; further datagrams are dropped."""

Address = tuple[str, int]


class DatagramPath:
    """Sends datagrams to one address of a peer."""

    def __init__(self) -> None:
        self.lost = 0

    def send(self, buffer: memoryview, runs: Sequence[Run]) -> None:
        """Send datagrams; those that cannot be sent now are lost. Never blocks and never raises."""
        raise NotImplementedError

    def close(self) -> None:
        """Release the socket of this path, where it has one."""


class SocketPath(DatagramPath):
    """Writes to the socket: a duplicate of the one that ICE selected, so that a closed one is never written to."""

    def __init__(self, sock: socket.socket, address: Address) -> None:
        super().__init__()
        self._socket = sock
        self._address = address
        self._segments = _SEGMENTS
        self._control: dict[int, list[tuple[int, int, bytes]]] = {}

    def send(self, buffer: memoryview, runs: Sequence[Run]) -> None:
        """Send datagrams, each run with one system call where that is possible."""
        for first, end, stride in runs:
            try:
                if end - first <= stride:
                    self._socket.sendto(buffer[first:end], self._address)
                elif self._segments:
                    self._send_run(buffer, first, end, stride)
                else:
                    self._send_each(buffer, first, end, stride)
            except OSError as fault:
                # Full, unreachable, or just closed: for a datagram these are all the same.
                logger.debug("datagrams are lost: %s", fault)
                self.lost += 1

    def close(self) -> None:
        """Close the duplicate; the socket of ICE stays open."""
        self._socket.close()

    def _send_run(self, buffer: memoryview, first: int, end: int, stride: int) -> None:
        control = self._control.get(stride)
        if control is None:
            if len(self._control) > 64:
                self._control.clear()
            control = self._control[stride] = [(socket.IPPROTO_UDP, _UDP_SEGMENT, struct.pack("=H", stride))]
        try:
            self._socket.sendmsg([buffer[first:end]], control, 0, self._address)
        except OSError as fault:
            if fault.errno in _NO_SEGMENTS:
                logger.info("datagrams are sent one by one from now on: %s", fault)
                self._segments = False
            elif fault.errno not in _NO_MEMORY:
                raise
            self._send_each(buffer, first, end, stride)

    def _send_each(self, buffer: memoryview, first: int, end: int, stride: int) -> None:
        for at in range(first, end, stride):
            self._socket.sendto(buffer[at : min(at + stride, end)], self._address)


class TransportPath(DatagramPath):
    """Writes to a transport of asyncio: a relayed one (TURN), or one whose socket cannot be duplicated.

    ``queued_bytes`` says how many bytes wait in it.
    """

    def __init__(self, transport: asyncio.DatagramTransport, address: Address, queued_bytes: Callable[[], int]) -> None:
        super().__init__()
        self._transport = transport
        self._address = address
        self._queued_bytes = queued_bytes

    def send(self, buffer: memoryview, runs: Sequence[Run]) -> None:
        """Send datagrams one by one; drop them while too many wait already."""
        for first, end, stride in runs:
            for at in range(first, end, stride):
                if self._queued_bytes() > _WAITING:
                    self.lost += 1
                    continue
                self._transport.sendto(bytes(buffer[at : min(at + stride, end)]), self._address)


def open_path(transport: asyncio.DatagramTransport, address: Address, queued_bytes: Callable[[], int]) -> DatagramPath:
    """The best path to an address over a transport; ``queued_bytes`` says how many bytes wait in the transport."""
    sock = transport.get_extra_info("socket")
    if _SEGMENTS and sock is not None and hasattr(sock, "dup"):
        try:
            duplicate = sock.dup()
        except OSError as fault:
            logger.warning("a socket cannot be duplicated, so sending costs more: %s", fault)
        else:
            duplicate.setblocking(False)
            return SocketPath(duplicate, address)
    return TransportPath(transport, address, queued_bytes)
