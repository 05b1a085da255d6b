"""Accepts connections in place of asyncio, so that the lesson survives a shortage of open files.

asyncio calls ``accept`` for each connection that may wait, logs every failure, and tries again just as often: a lesson
without free files does nothing else then. It also takes the very last file, so that no name can be looked up and no
page can be read any more.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
import sys
from collections.abc import Callable
from typing import Final

from classroom.common.limited_log import LimitedLog

__all__ = ["Acceptor", "FileShortage"]

logger = logging.getLogger(__name__)

_PAUSE_SECONDS: Final = 1.0
"""Seconds without accepting after there was no file for a connection; it waits in the system's queue."""

_OVER_SECONDS: Final = 60.0
"""Seconds without such a pause after which the shortage is over."""

_AT_ONCE: Final = 64
"""Connections that are accepted in one turn of the event loop."""

_RESERVE: Final = 64
"""Open files that no connection may take, and never more than an eighth of all: for names, files, relays, students."""

_OUT_OF: Final = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class FileShortage:
    """Watches for too few open files for connections, of all ports together.

    Args:
        changed: called with True when a shortage starts and with False when it is over.
    """

    def __init__(self, changed: Callable[[bool], None] = lambda _: None) -> None:
        self._changed = changed
        self._over: asyncio.TimerHandle | None = None
        self._log = LimitedLog(logger, lines=1)

    def has_room(self, listener: socket.socket) -> bool:
        """Whether one more connection leaves enough files for everything else."""
        most = _most_files()
        if most is None:
            return True
        try:
            probe = os.dup(listener.fileno())
        except OSError:
            return False
        os.close(probe)
        return probe < most - min(_RESERVE, most // 8)  # the system gives the lowest number that is free

    def report(self, why: str) -> None:
        """Note that a connection has to wait."""
        self._log.warn("connections have to wait: %s; raise the limit with 'ulimit -n'", why)
        if self._over is None:
            self._changed(True)
        else:
            self._over.cancel()
        self._over = asyncio.get_running_loop().call_later(_OVER_SECONDS, self._is_over)

    def close(self) -> None:
        """Stop watching."""
        if self._over is not None:
            self._over.cancel()
            self._over = None

    def _is_over(self) -> None:
        self._over = None
        self._changed(False)


class Acceptor:
    """Accepts connections for a server that listens already, until it is closed.

    Where the event loop cannot watch sockets, such as on Windows, asyncio itself accepts; there is no such limit there.
    """

    def __init__(self, server: asyncio.Server, shortage: FileShortage) -> None:
        self._shortage = shortage
        self._loop = asyncio.get_running_loop()
        self._factory: Callable[[], asyncio.BaseProtocol] | None = getattr(server, "_protocol_factory", None)
        self._listeners: dict[int, socket.socket] = {}
        self._paused: dict[int, asyncio.TimerHandle] = {}
        self._opening: set[asyncio.Task[None]] = set()
        if self._factory is not None:
            for each in server.sockets:
                self._take_over(each.fileno(), each.dup())

    def close(self) -> None:
        """Stop accepting. The server closes its own sockets, before or after."""
        for timer in self._paused.values():
            timer.cancel()
        self._paused.clear()
        for number, listener in self._listeners.items():
            self._loop.remove_reader(number)
            listener.close()
        self._listeners.clear()
        for task in self._opening:
            task.cancel()

    def _take_over(self, number: int, listener: socket.socket) -> None:
        listener.setblocking(False)
        try:
            self._loop.remove_reader(number)
        except NotImplementedError:
            listener.close()
            return
        self._listeners[number] = listener
        self._watch(number)

    def _watch(self, number: int) -> None:
        # By the server's own number, so that it forgets this too when it is closed.
        self._paused.pop(number, None)
        self._loop.add_reader(number, self._accept, number)

    def _accept(self, number: int) -> None:
        listener = self._listeners[number]
        for _ in range(_AT_ONCE):
            if not self._shortage.has_room(listener):
                self._pause(number, "too few files may be open")
                return
            try:
                connection, _ = listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _OUT_OF:
                    logger.debug("a connection cannot be accepted: %s", error)
                self._pause(number, error.strerror or str(error))
                return
            connection.setblocking(False)
            task = self._loop.create_task(self._open(connection), name="new connection")
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    async def _open(self, connection: socket.socket) -> None:
        assert self._factory is not None
        try:
            await self._loop.connect_accepted_socket(self._factory, connection)
        except OSError as error:
            logger.debug("a connection ended at once: %s", error)
            connection.close()

    def _pause(self, number: int, why: str) -> None:
        self._loop.remove_reader(number)
        self._paused[number] = self._loop.call_later(_PAUSE_SECONDS, self._watch, number)
        self._shortage.report(why)


def _most_files() -> int | None:
    """How many files this process may have open; None where there is no such limit."""
    if sys.platform == "win32":
        return None
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft
