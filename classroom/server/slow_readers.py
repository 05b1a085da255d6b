"""Ends connections that send requests and do not read the replies.

What is sent stays in memory until it is read, and the number of connections is limited. A client that reads nothing, or
a byte now and then, would keep both for ever; a client with a slow network keeps reading.

The transports are checked regularly. They report full buffers themselves, but only from 64 KiB on, with TLS from half a
megabyte on, and not for files that the system sends.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from dataclasses import dataclass
from typing import Final, Protocol

__all__ = ["SlowReaders", "WatchedConnection", "limit_send_buffer"]

_UNREAD_SECONDS: Final = 30.0
"""Seconds in which ``_LEAST`` bytes of what waits to be sent must be taken, or all of it."""

_LEAST: Final = 16 * 1024
"""Bytes: some five hundred a second, which the poorest mobile network still has."""

_LOOKS: Final = 15
"""How many times in those seconds the transports are asked."""

_HELD_BY_SYSTEM: Final = 64 * 1024
"""Bytes that the system may hold of one connection besides those on their way; it likes to take megabytes."""


class WatchedConnection(Protocol):
    """A connection on which something may wait to be sent."""

    def unsent(self) -> int:
        """Bytes that wait."""
        ...

    def reads_nothing(self) -> None:
        """Called when too few of them were taken for too long."""
        ...


@dataclass(slots=True)
class _Mark:
    since: float
    unsent: int = 0


class SlowReaders:
    """Watches what waits to be sent on connections. Without connections nothing runs."""

    def __init__(self) -> None:
        self._marks: dict[WatchedConnection, _Mark] = {}
        self._timer: asyncio.TimerHandle | None = None

    def add(self, sender: WatchedConnection) -> None:
        """Watch a connection too."""
        self._marks[sender] = _Mark(asyncio.get_running_loop().time())
        self._look_again()

    def took_some(self, sender: WatchedConnection) -> None:
        """Note that a connection reads, though more may wait than before."""
        if (mark := self._marks.get(sender)) is not None:
            mark.unsent = 0

    def discard(self, sender: WatchedConnection) -> None:
        """A connection has ended."""
        self._marks.pop(sender, None)
        if not self._marks and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look_again(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_UNREAD_SECONDS / _LOOKS, self._look)

    def _look(self) -> None:
        self._timer = None
        self._look_again()
        now = asyncio.get_running_loop().time()
        for sender, mark in list(self._marks.items()):
            unsent = sender.unsent()
            if unsent == 0 or mark.unsent == 0 or unsent <= mark.unsent - _LEAST:
                mark.since, mark.unsent = now, unsent
            elif now - mark.since >= _UNREAD_SECONDS:
                self.discard(sender)
                sender.reads_nothing()


def limit_send_buffer(transport: asyncio.BaseTransport) -> None:
    """Have the system take only what it will soon send, so that what waits can be seen to shrink.

    Where the system does not have this option it takes more, and slow readers are noticed in larger steps.
    """
    sock, option = transport.get_extra_info("socket"), getattr(socket, "TCP_NOTSENT_LOWAT", None)
    if sock is not None and option is not None:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, option, _HELD_BY_SYSTEM)
