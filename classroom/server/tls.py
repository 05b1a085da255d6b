"""The door of the https port: it counts a connection when it is accepted, makes the handshake, and calls the doorman.

asyncio could make the handshake by itself, but then the doorman would first hear of a connection after it, and whoever
opens connections without ever shaking hands would be bounded by nothing.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from typing import Final, cast

from classroom.server.port_sharing import Doorman, Gate

__all__ = ["HANDSHAKE_SECONDS", "SecureDoor", "SecureEntrance", "server_context"]

logger = logging.getLogger(__name__)

HANDSHAKE_SECONDS: Final = 10.0
"""Seconds in which the handshake must be done."""

_SHUTDOWN_SECONDS: Final = 3.0


def server_context() -> ssl.SSLContext:
    """A context for a server, without a certificate yet: TLS 1.2 or newer, HTTP/1.1."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    return context


class SecureEntrance:
    """What the connections of the https port have in common.

    Args:
        context: what handshakes are made with.
        gate: who may come in at all; everybody, when None. The doormen must not ask it again.
    """

    def __init__(self, context: ssl.SSLContext, gate: Gate | None = None) -> None:
        self.context = context
        self.gate = gate
        self.shaking: dict[asyncio.Task[None], asyncio.Transport] = {}
        self.closed = False

    def close(self) -> None:
        """Let nobody in any more, and cut those who have not shaken hands yet."""
        self.closed = True
        for task, transport in self.shaking.items():
            transport.abort()
            task.cancel()

    async def wait_closed(self) -> None:
        """Wait until nobody is shaking hands any more."""
        await asyncio.gather(*self.shaking, return_exceptions=True)


class SecureDoor(asyncio.Protocol):
    """One connection of the https port, from accept to close.

    Args:
        entrance: what all of them share.
        doorman: makes the doorman, who serves what was decrypted.
    """

    def __init__(self, entrance: SecureEntrance, doorman: Callable[[], Doorman]) -> None:
        self._entrance = entrance
        self._make_doorman = doorman
        self._doorman: Doorman | None = None
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
        gate = self._entrance.gate
        if self._entrance.closed or (gate is not None and not gate.enter(self._address)):
            raw.abort()
            return
        self._entered = True
        raw.pause_reading()  # nothing may be read before start_tls has put its own protocol into place
        task = asyncio.get_running_loop().create_task(self._shake_hands(raw), name="TLS handshake")
        self._entrance.shaking[task] = raw
        task.add_done_callback(self._entrance.shaking.pop)

    def data_received(self, data: bytes) -> None:
        """Pass it on. The first request may be there before ``start_tls`` has returned; it is kept until then."""
        if self._doorman is not None:
            self._doorman.data_received(data)
        else:
            self._early += data

    def eof_received(self) -> bool | None:
        """Pass it on."""
        if self._doorman is not None:
            return self._doorman.eof_received()
        self._early_end = True
        return None

    def pause_writing(self) -> None:
        """Pass it on."""
        if self._doorman is not None:
            self._doorman.pause_writing()

    def resume_writing(self) -> None:
        """Pass it on."""
        if self._doorman is not None:
            self._doorman.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass it on and forget the connection."""
        self._lost = True
        self._leave()
        if self._doorman is not None:
            self._doorman.connection_lost(exc)

    async def _shake_hands(self, raw: asyncio.Transport) -> None:
        try:
            transport = await asyncio.get_running_loop().start_tls(
                raw,
                self,
                self._entrance.context,
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
        self._doorman = self._make_doorman()
        self._doorman.carrier = raw
        self._doorman.connection_made(transport)
        early, self._early = bytes(self._early), bytearray()
        if early:
            self._doorman.data_received(early)
        if self._early_end:
            transport.close()

    def _leave(self) -> None:
        if self._entered:
            self._entered = False
            if self._entrance.gate is not None:
                self._entrance.gate.leave(self._address)
