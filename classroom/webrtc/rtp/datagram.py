"""Gives datagrams to the network: many in one system call where the kernel can, never waiting for a full socket.

Linux cuts one large buffer into datagrams of equal length by itself (UDP GSO, since 4.18), which saves five in six
microseconds of a packet. A network card or a virtual one that cannot is found out at the first attempt. What does not
fit into the socket is lost as on any full wire, and asked for again by who misses it.
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
"""Bytes that may wait in a transport of asyncio before more are left out."""

Address = tuple[str, int]


class DatagramPath:
    """The way to one peer."""

    def __init__(self) -> None:
        self.lost = 0

    def send(self, buffer: memoryview, runs: Sequence[Run]) -> None:
        """Send datagrams; those that cannot leave now are lost. Never blocks and never raises."""
        raise NotImplementedError

    def close(self) -> None:
        """Free what the path holds."""


class SocketPath(DatagramPath):
    """Straight to the socket, which is a duplicate of the one that ICE chose, so that a closed one is never written."""

    def __init__(self, sock: socket.socket, address: Address) -> None:
        super().__init__()
        self._socket = sock
        self._address = address
        self._segments = _SEGMENTS
        self._control: dict[int, list[tuple[int, int, bytes]]] = {}

    def send(self, buffer: memoryview, runs: Sequence[Run]) -> None:
        """Send datagrams, a run with one system call where that is possible."""
        for first, end, stride in runs:
            try:
                if end - first <= stride:
                    self._socket.sendto(buffer[first:end], self._address)
                elif self._segments:
                    self._send_run(buffer, first, end, stride)
                else:
                    self._send_each(buffer, first, end, stride)
            except OSError as fault:
                # Full, unreachable, or closed just now: for a datagram these are all the same.
                logger.debug("datagrams are lost: %s", fault)
                self.lost += 1

    def close(self) -> None:
        """Close the duplicate; the socket of ICE stays."""
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
    """Through a transport of asyncio: one that is relayed by a TURN server, or has no socket that can be duplicated.

    ``waiting`` says how many bytes wait in it.
    """

    def __init__(self, transport: asyncio.DatagramTransport, address: Address, waiting: Callable[[], int]) -> None:
        super().__init__()
        self._transport = transport
        self._address = address
        self._waiting = waiting

    def send(self, buffer: memoryview, runs: Sequence[Run]) -> None:
        """Send datagrams one by one, unless too many wait already."""
        for first, end, stride in runs:
            for at in range(first, end, stride):
                if self._waiting() > _WAITING:
                    self.lost += 1
                    continue
                self._transport.sendto(bytes(buffer[at : min(at + stride, end)]), self._address)


def open_path(transport: asyncio.DatagramTransport, address: Address, waiting: Callable[[], int]) -> DatagramPath:
    """The best way to an address by a transport; ``waiting`` says how many bytes wait in that."""
    sock = transport.get_extra_info("socket")
    if _SEGMENTS and sock is not None and hasattr(sock, "dup"):
        try:
            duplicate = sock.dup()
        except OSError as fault:
            logger.warning("a socket cannot be duplicated, so sending costs more: %s", fault)
        else:
            duplicate.setblocking(False)
            return SocketPath(duplicate, address)
    return TransportPath(transport, address, waiting)
