"""aiohttp's protocol, with the head of the signaling's replies on the errors that aiohttp answers by itself.

What cannot be read as HTTP never reaches the application, so its handlers cannot say how to answer. Without the head
a page of another origin could not read such an answer, and the native client would wait for the connection's end.
"""

from __future__ import annotations

import asyncio
import http
import logging
from collections.abc import Callable

from aiohttp import web

from classroom.signaling import wire

__all__ = ["web_protocols"]


class _WebProtocol(web.RequestHandler):
    """``raw_target`` is what was sent as the target of its first request, where the doorman had to change it.

    ``hand_to_control`` is the doorman's.
    """

    __slots__ = ("hand_to_control", "raw_target")

    raw_target: wire.RawTarget | None
    hand_to_control: Callable[[bytes], bool] | None

    def let_go(self) -> None:
        """End everything here as if the connection were lost, and leave it open for somebody else."""
        self.transport = None  # or the library would close it
        self.connection_lost(None)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Log the error as the library does and say what happened, but not what its parser stumbled over."""
        super().handle_error(request, status, exc, message)
        what = http.HTTPStatus(status)
        reply = wire.Reply(status, what.phrase, body=f"{what.description or what.phrase}.\n".encode())
        response = web.Response(status=status, reason=reply.reason, headers=reply.headers(), body=reply.body)
        response.force_close()
        return response


def web_protocols(
    server: web.Server, *, lingering_time: float, keepalive_timeout: float, line_size: int, logger: logging.Logger
) -> Callable[[wire.RawTarget | None], asyncio.BaseProtocol]:
    """A factory of protocols for an aiohttp server.

    Args:
        server: of an ``AppRunner`` that is set up.
        lingering_time: seconds in which the rest of a refused body is read and thrown away.
        keepalive_timeout: seconds that a connection may be without a request.
        line_size: bytes that a line of a head may have.
        logger: where the library tells of handlers that failed.
    """
    loop = asyncio.get_running_loop()

    def make(raw_target: wire.RawTarget | None) -> asyncio.BaseProtocol:
        protocol = _WebProtocol(
            server,
            loop=loop,
            access_log=None,  # type: ignore[arg-type]  # as AppRunner has it: none is kept
            lingering_time=lingering_time,
            keepalive_timeout=keepalive_timeout,
            max_line_size=line_size,
            max_field_size=line_size,
            logger=logger,
            auto_decompress=False,  # nobody who talks to a lesson compresses, and a small body could become a huge one
        )
        protocol.raw_target = raw_target
        protocol.hand_to_control = None
        return protocol

    return make
