"""One port for two servers: reads the first request head of a connection and hands it to aiohttp or websockets.

Why one port: a certificate is accepted for a host *and* port, a school opens one hole in its firewall, and there is one
address to print. Why not a websocket inside aiohttp: control is served by the ``websockets`` library, whose
``create_connection`` hook and aiohttp's ``AppRunner.server`` factory are both documented.

The doorman stays between transport and server for the life of the connection and passes all callbacks on. Replacing
itself with ``set_protocol`` would save a call per packet, but then nobody would know when a connection ends, and the
number of connections could not be bounded.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from typing import Final, Protocol, cast
from urllib.parse import quote, quote_from_bytes

from classroom.signaling.keep_alive import keep_alive
from classroom.signaling.wire import RAW_TARGET_HEADER, Reply

__all__ = ["CONTROL_PATH", "HEAD_LIMIT", "HEAD_SECONDS", "Doorman", "Doorway", "Gate", "tidy_head"]

logger = logging.getLogger(__name__)

CONTROL_PATH: Final = "/control"

HEAD_LIMIT: Final = 16 * 1024
"""Bytes that a request head may have."""

HEAD_SECONDS: Final = 10.0
"""Seconds in which the first head must be complete; slower ones hold a connection for nothing."""

_CONTROL: Final = re.compile(rb"GET " + CONTROL_PATH.encode() + rb"(\?[^ ]*)? HTTP/1\.1\r\n")
_UPGRADE: Final = re.compile(rb"\r\nupgrade:[ \t]*websocket[ \t]*\r\n", re.IGNORECASE)
_HOST: Final = re.compile(rb"\r\nhost:", re.IGNORECASE)
_RAW_TARGET: Final = re.compile(rb"\r\n" + RAW_TARGET_HEADER.encode() + rb":[^\r\n]*", re.IGNORECASE)
_REQUEST_LINE: Final = re.compile(rb"([A-Z]+) (.*) (HTTP/1\.[0-9])\Z", re.DOTALL)
_SAFE: Final = "%/:?#[]@!$&'()*+,;=-._~"


class Gate(Protocol):
    """Decides at accept whether a connection may stay; ``leave`` is called once for each that was let in."""

    def enter(self, address: str) -> bool:
        """Whether a connection from this IP address is let in now."""
        ...

    def leave(self, address: str) -> None:
        """A connection from this IP address has ended."""
        ...


class Doorway:
    """What the doormen of one port have in common: the two servers behind them, and who is inside.

    Args:
        web: makes the protocol for everything that is not control.
        gate: who may come in at all; everybody, when None.
    """

    def __init__(self, web: Callable[[], asyncio.BaseProtocol], gate: Gate | None = None) -> None:
        self.web = web
        self.gate = gate
        self.inside: set[Doorman] = set()
        self.closed = False

    def close(self) -> None:
        """Let nobody in any more, and cut those who have not asked for anything yet: nobody should wait for them."""
        self.closed = True
        for doorman in [each for each in self.inside if each.undecided]:
            doorman.cut()


class Doorman(asyncio.Protocol):
    """One connection, from accept to close."""

    def __init__(self, doorway: Doorway, control: Callable[[], asyncio.BaseProtocol] | None) -> None:
        self._doorway = doorway
        self._control = control
        self._server: asyncio.Protocol | None = None
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._head = bytearray()
        self._address = ""
        self._entered = False

    @property
    def undecided(self) -> bool:
        """Whether neither server has this connection yet."""
        return self._server is None

    def cut(self) -> None:
        """End the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the time in which a head must come."""
        self._transport = cast(asyncio.Transport, transport)
        self._address = _address_of(self._transport)
        gate = self._doorway.gate
        if self._doorway.closed or (gate is not None and not gate.enter(self._address)):
            self._transport.abort()
            return
        self._entered = True
        self._doorway.inside.add(self)
        keep_alive(self._transport)
        self._timer = asyncio.get_running_loop().call_later(HEAD_SECONDS, self._too_slow)

    def data_received(self, data: bytes) -> None:
        """Collect the head, then pass on everything."""
        if self._server is not None:
            self._server.data_received(data)
            return
        if self._transport is None or self._transport.is_closing():
            return
        searched = max(0, len(self._head) - 3)
        self._head += data
        end = self._head.find(b"\r\n\r\n", searched)
        if end > HEAD_LIMIT or (end < 0 and len(self._head) > HEAD_LIMIT):
            self._refuse(431, "Request Header Fields Too Large", b"The request head is too long.\n")
        elif end >= 0:
            self._hand_over(bytes(self._head[: end + 4]), bytes(self._head[end + 4 :]))

    def eof_received(self) -> bool | None:
        """Pass it on; before the hand-over the connection just closes."""
        return self._server.eof_received() if self._server is not None else None

    def pause_writing(self) -> None:
        """Pass it on; the doorman's own replies need no brake."""
        if self._server is not None:
            self._server.pause_writing()

    def resume_writing(self) -> None:
        """Pass it on."""
        if self._server is not None:
            self._server.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass it on and forget the connection."""
        self._stop_timer()
        self._doorway.inside.discard(self)
        if self._entered and self._doorway.gate is not None:
            self._doorway.gate.leave(self._address)
        self._transport = None
        if self._server is not None:
            self._server.connection_lost(exc)

    def _hand_over(self, head: bytes, rest: bytes) -> None:
        self._stop_timer()
        self._head.clear()
        control = self._control if _CONTROL.match(head) and _UPGRADE.search(head) else None
        server = cast(asyncio.Protocol, (control or self._doorway.web)())
        self._server = server
        assert self._transport is not None
        server.connection_made(self._transport)
        server.data_received((head if control else tidy_head(head, _own_name(self._transport))) + rest)

    def _too_slow(self) -> None:
        if self._transport is None:
            return
        if self._head:
            self._refuse(408, "Request Timeout", b"The request head did not arrive in time.\n")
        else:
            self._transport.abort()  # browsers open connections ahead of need and expect no reply on them

    def _refuse(self, status: int, reason: str, text: bytes) -> None:
        logger.debug("%s: %d %s", self._address, status, reason)
        self._stop_timer()
        self._head.clear()
        assert self._transport is not None
        self._transport.write(Reply(status, reason, body=text).encode())
        self._transport.close()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def tidy_head(head: bytes, own_name: bytes) -> bytes:
    """Make a request head valid for aiohttp without losing what it said.

    Native clients put the user's name into the request line as it is: blanks, UTF-8, any byte. It is percent-coded
    here and kept in a header, so that signaling still reads the raw bytes. An HTTP/1.1 head without Host gets
    ``own_name``: the original server never looked for one, so old scripts do not send it.
    """
    line, _, fields = head.partition(b"\r\n")
    fields = _RAW_TARGET.sub(b"", b"\r\n" + fields)[2:]  # only the doorman may say what was sent
    request = _REQUEST_LINE.match(line)
    if request is None:
        return line + b"\r\n" + fields
    method, target, version = request.groups()
    coded = quote(target, safe=_SAFE).encode()
    added = b""
    if coded != target:
        added += b"%s: %s\r\n" % (RAW_TARGET_HEADER.encode(), quote_from_bytes(target, safe="/?=&").encode())
    if version == b"HTTP/1.1" and not _HOST.search(b"\r\n" + fields):
        added += b"Host: %s\r\n" % own_name
    return b"%s %s %s\r\n%s%s" % (method, coded, version, added, fields)


def _address_of(transport: asyncio.Transport) -> str:
    peer = transport.get_extra_info("peername")
    return str(peer[0]) if isinstance(peer, tuple) else ""


def _own_name(transport: asyncio.Transport) -> bytes:
    own = transport.get_extra_info("sockname")
    if not isinstance(own, tuple):
        return b"localhost"
    host = f"[{own[0]}]" if ":" in own[0] else own[0]
    return f"{host}:{own[1]}".encode("ascii", "replace")
