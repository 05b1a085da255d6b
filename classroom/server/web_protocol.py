"""aiohttp's protocol, with the head of the signaling's replies on the errors that aiohttp answers by itself.

It also hands over a connection on which a websocket is requested after other requests. Proxies that keep their
connections do that (Caddy and Traefik, HAProxy, nginx with ``keepalive``). The library has read that
request as one of its own, so nothing in an earlier body can pass for it.

What cannot be read as HTTP never reaches the application, so its handlers cannot say how to answer. Without the head
a page of another origin could not read such an answer, and the native client would wait for the connection's end.
"""

from __future__ import annotations

import asyncio
import http
import logging
from collections.abc import Callable
from typing import Any, cast

from aiohttp import HttpVersion11, web

from classroom.server.port_sharing import WebFactory
from classroom.signaling import wire

__all__ = ["WebProtocol", "web_protocols"]


class _Rest:
    """Takes what came behind the head of the last request, in the place of the library's own reader of websockets."""

    def __init__(self) -> None:
        self.data = b""

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Keep it."""
        self.data += data
        return False, b""

    def feed_eof(self) -> None:
        """Nothing more will come."""


class WebProtocol(web.RequestHandler):
    """What serves one connection until it ends or is given to control.

    ``raw_target`` is what was sent as the target of its first request, where port sharing had to change it.
    ``to_control`` takes the connection from then on, with what was read of it: a head of at most ``head_size`` bytes.
    """

    __slots__ = ("head_size", "raw_target", "to_control")

    raw_target: wire.RawTarget | None
    to_control: Callable[[bytes], None] | None
    head_size: int

    async def upgrade(self, request: web.Request) -> None:
        """Give the connection to control, if this request asks for a websocket; then the caller is cancelled."""
        head = _head_of(request)
        asks = request.headers.get("Upgrade", "").strip().lower() == "websocket" and not request.can_read_body
        if self.to_control is None or not asks or request.version < HttpVersion11 or len(head) > self.head_size:
            return
        rest = _Rest()
        self.set_parser(cast(Any, rest))
        self.transport = None  # or it would be closed
        self.connection_lost(None)
        self.to_control(head + rest.data)
        await asyncio.get_running_loop().create_future()

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
    server: web.Server,
    *,
    lingering_time: float,
    keepalive_timeout: float,
    line_size: int,
    head_size: int,
    logger: logging.Logger,
) -> WebFactory:
    """A factory of protocols for an aiohttp server.

    Args:
        server: of an ``AppRunner`` that is set up.
        lingering_time: seconds in which the rest of a refused body is read and thrown away.
        keepalive_timeout: seconds that a connection may be without a request.
        line_size: bytes that a line of a head may have.
        head_size: bytes that the head of a request for a websocket may have.
        logger: where the library reports handlers that failed.
    """
    loop = asyncio.get_running_loop()

    def make(raw_target: wire.RawTarget | None, to_control: Callable[[bytes], None] | None) -> asyncio.BaseProtocol:
        protocol = WebProtocol(
            server,
            loop=loop,
            access_log=None,  # type: ignore[arg-type]  # as AppRunner has it: none is kept
            lingering_time=lingering_time,
            keepalive_timeout=keepalive_timeout,
            max_line_size=line_size,
            max_field_size=line_size,
            logger=logger,
            auto_decompress=False,  # no client of a lesson compresses, and a small body could become a huge one
        )
        protocol.raw_target = raw_target
        protocol.to_control = to_control
        protocol.head_size = head_size
        return protocol

    return make


def _head_of(request: web.Request) -> bytes:
    """The head of a request as it was sent."""
    lines = [f"{request.method} {request.raw_path} HTTP/1.1".encode("utf-8", "surrogateescape")]
    lines += [name + b": " + value for name, value in request.raw_headers]
    return b"\r\n".join((*lines, b"", b""))
