"""The websocket of a control connection. It takes in only what the lesson can answer.

The library parses all frames of one read of the socket before anything else can run. These are some ten thousand at
worst. Here a read is passed on in slices, one in each turn of the event loop, and none while messages wait for their
answers. Before hello the connection takes one short message only. After hello, it limits the rate of bytes and frames.

Frames are not compressed: a stranger's compressed kilobyte may be a megabyte to read.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final, cast

from websockets.asyncio.server import ServerConnection
from websockets.frames import CONT, DATA_OPCODES, Frame
from websockets.http11 import Request
from websockets.protocol import Event

from classroom.common.limited_log import LimitedLog
from classroom.common.throttle import limit_key

__all__ = ["FRAME_LIMIT", "ControlConnection"]

logger = logging.getLogger(__name__)
limited_log = LimitedLog(logger)

FRAME_LIMIT: Final = 1024 * 1024
"""Bytes of the largest message after hello."""

_EARLY_BYTES: Final = 8 * 1024
_EARLY_FRAMES: Final = 8
"""Bytes and frames that may come before hello was answered. A hello has about a hundred bytes in one frame."""

_EARLY_BACKLOG: Final = 64 * 1024
"""Bytes that may wait behind a hello while it is checked. Without reading them, nobody notices a lost connection."""

_EARLY_SLICE: Final = 1024
_SLICE: Final = 4096
"""Bytes that are parsed in one turn of the event loop: at worst some hundred frames, in some milliseconds."""

_RATE: Final = 256 * 1024
"""Bytes per second that are taken in after hello."""

_AT_ONCE: Final = FRAME_LIMIT + _RATE
"""Bytes that may come at once after a silence. A message of the largest size must fit."""

_FRAME_COST: Final = 1024
"""Bytes that each frame counts in addition to its own, because even a short one costs time: some 256 per second fit."""


class ControlConnection(ServerConnection):
    """One control websocket. Call ``trust`` once its hello was right; until then it may say little."""

    _line: asyncio.Transport

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._backlog = bytearray()
        self._next: asyncio.Handle | None = None
        self._head = True
        self._full = False
        self._trusted = False
        self._ending = False
        self._stopped = False
        self._asked = False
        self._early = 0
        self._frames = 0
        self._budget: float = _AT_ONCE
        self._since = self.loop.time()

    @property
    def address(self) -> str:
        """The IP address of the other end."""
        remote = self.remote_address
        return str(remote[0]) if remote else "unknown"

    def trust(self) -> None:
        """Accept messages: hello was right."""
        self._trusted = True
        self._soon()

    def cut(self) -> None:
        """End it at once, and drop what has come and was not read yet."""
        self._stop()
        self.transport.abort()

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close it properly. Ignore anything else that a stranger sent, and cut the connection if that is much."""
        self._ending = True
        self._soon()
        await super().close(code, reason)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Put a valve between the library and the socket, for the calls that pause and resume reading."""
        self._line = cast(asyncio.Transport, transport)
        super().connection_made(cast(asyncio.BaseTransport, _Valve(self._line, self._hold, self._go_on)))

    def data_received(self, data: bytes) -> None:
        """Take in a read of the socket, slice by slice."""
        if self._stopped:
            return
        if self._head:  # the whole head comes at once, and port sharing has checked its length
            self._head = False
            end = data.find(b"\r\n\r\n") + 4
            super().data_received(data[:end])
            data = data[end:]
        self._backlog += data
        if len(self._backlog) > _EARLY_BACKLOG and not self._trusted:
            self._too_much()
        elif self._next is None:
            self._feed()

    def eof_received(self) -> None:
        """Drop what was not read yet: nobody waits for an answer to it."""
        self._backlog.clear()
        super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Drop what was not read yet."""
        self._stop()
        super().connection_lost(exc)

    def process_event(self, event: Event) -> None:
        """Count the cost of a frame."""
        if isinstance(event, Frame):
            self._frames += 1
            self._budget -= _FRAME_COST + len(event.data)
            if event.fin and (event.opcode in DATA_OPCODES or event.opcode is CONT):
                self._asked = True
        elif isinstance(event, Request):
            self._since = self.loop.time()
        super().process_event(event)

    @property
    def _waits(self) -> bool:
        """Whether reading waits until something happens here."""
        return self._full or self._greeted

    @property
    def _greeted(self) -> bool:
        """Whether its first message is being checked. Nothing else is read before that is done."""
        return self._asked and not self._trusted and not self._ending

    def _feed(self) -> None:
        self._next = None
        if self._stopped:
            return
        if self._backlog and not self._waits and not self._pause():
            self._look()
        if self._stopped:
            return
        pause = self._pause()
        if self._greeted:
            self._line.resume_reading()
        elif self._waits:
            self._line.pause_reading()
        elif self._backlog or pause:
            self._line.pause_reading()
            self._next = self.loop.call_later(pause, self._feed) if pause else self.loop.call_soon(self._feed)
        else:
            self._line.resume_reading()

    def _look(self) -> None:
        """Pass the next piece to the library."""
        size = _SLICE if self._trusted else _EARLY_SLICE
        piece = bytes(self._backlog[:size])
        del self._backlog[:size]
        self._early += 0 if self._trusted else len(piece)
        super().data_received(piece)
        if not self._trusted and (self._early > _EARLY_BYTES or self._frames > _EARLY_FRAMES):
            self._too_much()

    def _too_much(self) -> None:
        limited_log.warn("%s says much before hello and is cut off", self.address, by=limit_key(self.address))
        self.cut()

    def _pause(self) -> float:
        """The seconds to wait before more is taken in."""
        now = self.loop.time()
        self._budget = min(_AT_ONCE, self._budget + (now - self._since) * _RATE)
        self._since = now
        return max(0.0, -self._budget / _RATE)

    def _soon(self) -> None:
        if self._next is None and not self._stopped:
            self._next = self.loop.call_soon(self._feed)

    def _hold(self) -> None:
        self._full = True
        self._line.pause_reading()

    def _go_on(self) -> None:
        self._full = False
        self._soon()

    def _stop(self) -> None:
        self._stopped = True
        self._backlog.clear()
        if self._next is not None:
            self._next.cancel()
            self._next = None


class _Valve:
    """A transport that leaves pausing and resuming to the connection."""

    def __init__(self, line: asyncio.Transport, pause: Callable[[], None], resume: Callable[[], None]) -> None:
        self._line = line
        self.pause_reading = pause
        self.resume_reading = resume

    def __getattr__(self, name: str) -> Any:
        return getattr(self._line, name)
