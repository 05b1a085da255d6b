"""The request path without sockets: port sharing, aiohttp and signaling over transports that only keep bytes.

Thousands of times faster to set up than connections, so that a fuzzer gets somewhere. Everything behind the transport
is the real thing; time is held still, but for the loop's own.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from classroom.common.clock import ManualClock
from classroom.server.port_sharing import SharedPort, SharedPortConnection
from classroom.server.web_protocol import web_protocols
from classroom.signaling import Room, RoomMember, Switchboard, add_routes

__all__ = ["Line", "SocketlessPort"]


class Line(asyncio.Transport):
    """One connection; ``written`` is what the server sent."""

    def __init__(self, shared_port: SharedPort) -> None:
        super().__init__()
        self.written = bytearray()
        self._connection = SharedPortConnection(shared_port, None)
        self._closing = False
        self._connection.connection_made(self)

    def send(self, data: bytes) -> None:
        """The client sends a packet."""
        if not self._closing:
            self._connection.data_received(data)

    def half_close(self) -> None:
        """The client closes its side."""
        if not self._closing and not self._connection.eof_received():
            self.close()

    def lose(self) -> None:
        """The client is gone."""
        if not self._closing:
            self._closing = True
            self._connection.connection_lost(ConnectionResetError())

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"peername": ("192.0.2.1", 50000), "sockname": ("192.0.2.2", 8888)}.get(name, default)

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            asyncio.get_running_loop().call_soon(self._connection.connection_lost, None)

    abort = close

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._closing:
            self.written += data

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        return 0

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._connection

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def is_reading(self) -> bool:
        return not self._closing


class SocketlessPort:
    """Signaling behind a shared port that lines lead to; collects everything that nobody caught."""

    def __init__(self, room: Room, *, everything_else: bool) -> None:
        self.room = room
        self.clock = ManualClock()
        self.switchboard = Switchboard(room=room, clock=self.clock, tick=3600.0)
        self.hub = RoomMember(self.switchboard)
        self.faults: list[str] = []
        app = web.Application()
        add_routes(app, self.switchboard, everything_else=everything_else)
        self._runner = web.AppRunner(app, handler_cancellation=True)
        self._log = _Errors(self.faults.append)

    async def __aenter__(self) -> Self:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: self.faults.append(str(context)))
        logging.getLogger().addHandler(self._log)
        await self._runner.setup()
        assert self._runner.server is not None
        logger = logging.getLogger("tests.socketless")
        web_protocol = web_protocols(
            self._runner.server,
            lingering_time=0.0,
            keepalive_timeout=60.0,
            line_size=49_152,
            head_size=16_384,
            logger=logger,
        )
        self.shared_port = SharedPort(web_protocol)
        logger.addFilter(_not_about_http)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._runner.cleanup()
        logging.getLogger().removeHandler(self._log)

    def connect(self) -> Line:
        """A new connection."""
        return Line(self.shared_port)

    async def turn(self, times: int = 1) -> None:
        """Let the loop do what is to be done."""
        for _ in range(times):
            await asyncio.sleep(0)


def _not_about_http(record: logging.LogRecord) -> bool:
    """The library logs what is no HTTP as an error; a site keeps quiet about it, and so does this."""
    error = record.exc_info[1] if record.exc_info else None
    return type(error).__module__ != "aiohttp.http_exceptions"


class _Errors(logging.Handler):
    def __init__(self, report: Callable[[str], None]) -> None:
        super().__init__(logging.ERROR)
        self._report = report

    def emit(self, record: logging.LogRecord) -> None:
        self._report(self.format(record))
