"""The connections of the https port: each is counted at accept, makes its handshake, and goes to port sharing.

asyncio could make the handshake itself, but then port sharing would first hear of a connection after it, and
connections that never make a handshake would not be limited.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from typing import Final, TypeAlias, cast

from classroom.server.port_sharing import ConnectionPolicy, SharedPortConnection

__all__ = ["HANDSHAKE_SECONDS", "TlsConnection", "TlsContexts", "TlsPort", "server_context"]

logger = logging.getLogger(__name__)

HANDSHAKE_SECONDS: Final = 10.0
"""Seconds in which the handshake must be done."""

_SHUTDOWN_SECONDS: Final = 3.0

TlsContexts: TypeAlias = Callable[[], ssl.SSLContext]
"""Returns the context for the next handshake."""


def server_context() -> ssl.SSLContext:
    """A context for a server, without a certificate yet: TLS 1.2 or newer, HTTP/1.1."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    return context


class TlsPort:
    """What the connections of the https port have in common.

    Args:
        context: returns what handshakes are made with. A renewed certificate may come with another one.
        connection_limit: which connections may stay; all, when None. Port sharing must not count them again.
    """

    def __init__(self, context: TlsContexts, connection_limit: ConnectionPolicy | None = None) -> None:
        self.context = context
        self.connection_limit = connection_limit
        self.handshakes: dict[asyncio.Task[None], asyncio.Transport] = {}
        self.closed = False

    def close(self) -> None:
        """Accept no more connections, and cut those without a finished handshake."""
        self.closed = True
        for task, transport in self.handshakes.items():
            transport.abort()
            task.cancel()

    async def wait_closed(self) -> None:
        """Wait until no handshake runs any more."""
        await asyncio.gather(*self.handshakes, return_exceptions=True)


class TlsConnection(asyncio.Protocol):
    """One connection of the https port, from accept to close.

    Args:
        port: what all of them share.
        connection: makes what serves what was decrypted.
    """

    def __init__(self, port: TlsPort, connection: Callable[[], SharedPortConnection]) -> None:
        self._port = port
        self._make_connection = connection
        self._connection: SharedPortConnection | None = None
        self._early = bytearray()
        self._early_end = False
        self._lost = False
        self._entered = False
        self._address = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection, and begin the handshake."""
        raw = cast(asyncio.Transport, transport)
        peer = raw.get_extra_info("peername")
        self._address = str(peer[0]) if isinstance(peer, tuple) else ""
        connection_limit = self._port.connection_limit
        if self._port.closed or (connection_limit is not None and not connection_limit.enter(self._address)):
            raw.abort()
            return
        self._entered = True
        raw.pause_reading()  # nothing may be read before start_tls has put its own protocol into place
        task = asyncio.get_running_loop().create_task(self._make_handshake(raw), name="TLS handshake")
        self._port.handshakes[task] = raw
        task.add_done_callback(self._port.handshakes.pop)

    def data_received(self, data: bytes) -> None:
        """Pass it on. The first request may be there before ``start_tls`` has returned; it is kept until then."""
        if self._connection is not None:
            self._connection.data_received(data)
        else:
            self._early += data

    def eof_received(self) -> bool | None:
        """Pass it on."""
        if self._connection is not None:
            return self._connection.eof_received()
        self._early_end = True
        return None

    def pause_writing(self) -> None:
        """Pass it on."""
        if self._connection is not None:
            self._connection.pause_writing()

    def resume_writing(self) -> None:
        """Pass it on."""
        if self._connection is not None:
            self._connection.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass it on and forget the connection."""
        self._lost = True
        self._leave()
        if self._connection is not None:
            self._connection.connection_lost(exc)

    async def _make_handshake(self, raw: asyncio.Transport) -> None:
        try:
            transport = await asyncio.get_running_loop().start_tls(
                raw,
                self,
                self._port.context(),
                server_side=True,
                ssl_handshake_timeout=HANDSHAKE_SECONDS,
                ssl_shutdown_timeout=_SHUTDOWN_SECONDS,
            )
        except OSError as error:
            # Daily noise: a browser that does not trust the certificate ends the handshake, as do port scanners.
            logger.debug("%s: no handshake: %s", self._address, error)
            transport = None
        except asyncio.CancelledError:
            raw.abort()
            self._leave()
            raise
        if transport is None or self._lost:
            raw.abort()
            self._leave()
            return
        self._connection = self._make_connection()
        self._connection.carrier = raw
        self._connection.connection_made(transport)
        early, self._early = bytes(self._early), bytearray()
        if early:
            self._connection.data_received(early)
        if self._early_end:
            transport.close()

    def _leave(self) -> None:
        if self._entered:
            self._entered = False
            if self._port.connection_limit is not None:
                self._port.connection_limit.leave(self._address)
