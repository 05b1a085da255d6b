"""One port for two servers: reads the first request head of a connection and hands it to aiohttp or websockets.

Why one port: a certificate is accepted for a host *and* port, a school opens one hole in its firewall, and there is one
address to print. Why not a websocket inside aiohttp: control is served by the ``websockets`` library, whose
``create_connection`` hook and aiohttp's ``AppRunner.server`` factory are both documented. A websocket that is asked for
on a connection with earlier requests comes by way of aiohttp, which has read them all; see ``web_protocol.py``.

Each connection stays between transport and server for the life of the connection and passes all callbacks on. Replacing
itself with ``set_protocol`` would save a call per packet, but then nobody would know when a connection ends, and the
number of connections could not be bounded.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from typing import Final, Protocol, cast
from urllib.parse import quote

from classroom.common.limited_log import LimitedLog
from classroom.common.limits import Limits
from classroom.server.slow_readers import SlowReaders, limit_send_buffer
from classroom.signaling.keep_alive import keep_alive
from classroom.signaling.wire import RawTarget, Reply

__all__ = ["CONTROL_PATH", "ConnectionPolicy", "SharedPort", "SharedPortConnection", "WebFactory", "normalised_head"]

logger = logging.getLogger(__name__)

CONTROL_PATH: Final = "/control"

_LEAVING_SECONDS: Final = 1.0
"""Seconds in which a client that is turned away may read why."""

_LEAVING: Final = 64
"""How many may do so at a time; more are cut off without a reply, because replies cost more than the cut."""

_HALF_CLOSED_SECONDS: Final = 10.0
"""Seconds in which a request must be answered whose sender has closed its side, as ``nc -N`` does."""

_TURNS: Final = 8
"""Turns of the event loop in which a request that came together with the end of its connection is looked at."""

_UPGRADE: Final = re.compile(rb"\r\nupgrade:[ \t]*websocket[ \t]*\r\n", re.IGNORECASE)
_ENDS: Final = re.compile(rb"(?:[A-Z]+ /(?:sign_in|message|sign_out)[? ]|(?![A-Z]+ /wait[? ])[^\r]* HTTP/1\.0\r\n)")
"""Requests that are answered soon, after which the connection ends. A wait is not: a client that closes it has gone
away."""

_DONE: Final = re.compile(rb"GET /(?:sign_in|wait|message|sign_out)[? ]")
_BROWSER: Final = re.compile(rb"\r\nuser-agent:[ \t]*mozilla/", re.IGNORECASE)
"""What every browser calls itself first, for reasons of the nineties."""

_BODY: Final = re.compile(rb"\r\n(?:content-length|transfer-encoding):", re.IGNORECASE)
"""Without such a field those requests end with their head, and what follows is passed over as the original does it."""

_HOST: Final = re.compile(rb"\r\nhost:", re.IGNORECASE)
_REQUEST_LINE: Final = re.compile(rb"([A-Z]+) (.*) (HTTP/1\.[0-9])\Z", re.DOTALL)
_SAFE: Final = "%/:?#[]@!$&'()*+,;=-._~"


WebFactory = Callable[[RawTarget | None, Callable[[bytes], None] | None], asyncio.BaseProtocol]
"""Makes the protocol for everything that is not control.

Its arguments: the original target of the first request, where it had to be changed; and a function that takes the
connection, with the bytes read so far, when a later request asks for control.
"""


class ConnectionPolicy(Protocol):
    """Decides at accept whether a connection may stay; ``leave`` is called once for each that was let in."""

    def enter(self, address: str) -> bool:
        """Whether a connection from this IP address is let in now."""
        ...

    def leave(self, address: str) -> None:
        """A connection from this IP address has ended."""
        ...


class SharedPort:
    """What the connections of one port have in common: the two servers behind them, and who is inside.

    Args:
        web: makes the protocol for everything that is not control.
        connection_limit: which connections may stay; all of them, when None.
        limits: how large a request head may be and how long it may take.
        path: the path under which all addresses exist as well, for a proxy that passes it on.
        over_limit: gets the address of each client that exceeds one of them.
    """

    def __init__(
        self,
        web: WebFactory,
        connection_limit: ConnectionPolicy | None = None,
        *,
        limits: Limits | None = None,
        path: str = "/",
        over_limit: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.web = web
        self.over_limit = over_limit
        self.connection_limit = connection_limit
        self.limits = limits or Limits()
        self.inside: set[SharedPortConnection] = set()
        self.leaving: set[SharedPortConnection] = set()
        self.unread = SlowReaders()
        self.closed = False
        under = re.escape(path.rstrip("/").encode())
        self.control = re.compile(rb"GET (?:%b)?%b(\?[^ ]*)? HTTP/1\.1\r\n" % (under, CONTROL_PATH.encode()))
        self.log = LimitedLog(logger)

    def close(self) -> None:
        """Accept no more connections, and cut those without a request yet: nobody should wait for them."""
        self.closed = True
        for connection in [*self.leaving, *(each for each in self.inside if each.undecided)]:
            connection.cut()


class SharedPortConnection(asyncio.Protocol):
    """One connection, from accept to close."""

    def __init__(self, shared_port: SharedPort, control: Callable[[], asyncio.BaseProtocol] | None) -> None:
        self._shared_port = shared_port
        self._control = control
        self._server: asyncio.Protocol | None = None
        self._is_done = False
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._head = bytearray()
        self.carrier: asyncio.Transport | None = None
        """What carries the bytes of the transport after they were encrypted, where they are."""
        self._address = ""
        self._entered = False
        self._refused = False
        self._ends = False
        self._is_web = False
        self._is_browser = False

    @property
    def undecided(self) -> bool:
        """Whether neither server has this connection yet."""
        return self._server is None

    def cut(self) -> None:
        """End the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    def unsent(self) -> int:
        """Bytes that wait to be sent."""
        return sum(each.get_write_buffer_size() for each in (self._transport, self.carrier) if each is not None)

    def reads_nothing(self) -> None:
        """Cut off a client that does not read them."""
        self._shared_port.log.warn("%s does not read its answer and is cut off", self._address)
        self._shared_port.over_limit(self._address)
        self.cut()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the time in which a head must come."""
        self._transport = cast(asyncio.Transport, transport)
        self._address = _address_of(self._transport)
        connection_limit = self._shared_port.connection_limit
        if self._shared_port.closed:
            self._transport.abort()
            return
        if connection_limit is not None and not connection_limit.enter(self._address):
            self._turn_away()
            return
        self._entered = True
        self._shared_port.inside.add(self)
        keep_alive(self._transport)
        self._timer = asyncio.get_running_loop().call_later(self._shared_port.limits.head_time, self._too_slow)

    def data_received(self, data: bytes) -> None:
        """Collect the head, then pass on everything."""
        if self._server is not None:
            if not self._is_done:
                self._server.data_received(data)
            return
        if not self._head:
            data = data.lstrip(b"\r\n")  # RFC 9112 section 2.2; aiohttp would wait for ever
        if self._transport is None or self._refused or self._transport.is_closing():
            return
        searched = max(0, len(self._head) - 3)
        self._head += data
        end = self._head.find(b"\r\n\r\n", searched)
        limit = self._shared_port.limits.head
        if end > limit or (end < 0 and len(self._head) > limit):
            self._shared_port.log.warn("%s sends a request head of more than %d bytes", self._address, limit)
            self._shared_port.over_limit(self._address)
            self._refuse(431, "Request Header Fields Too Large", b"The request head is too long.\n")
        elif end >= 0:
            self._hand_over(bytes(self._head[: end + 4]), bytes(self._head[end + 4 :]))

    def eof_received(self) -> bool | None:
        """Pass it on; before the hand-over the connection just closes.

        A client that has sent a whole request and closes only its own side still gets the answer. That looks the same
        as a connection closed on both sides, so it is done for requests that are answered soon, and for events that
        wait.
        """
        if self._server is None:
            return None
        stays = self._server.eof_received()
        if self._is_browser:  # it never closes one side only
            return stays
        if stays or not self._is_web or self._transport is None or not self._transport.can_write_eof():
            return stays
        if self._ends:
            self._timer = asyncio.get_running_loop().call_later(_HALF_CLOSED_SECONDS, self.cut)
        else:
            self._close_soon(_TURNS)
        return True

    def pause_writing(self) -> None:
        """Pass it on."""
        if self._server is not None:
            self._server.pause_writing()

    def resume_writing(self) -> None:
        """Pass it on; much has been taken."""
        self._shared_port.unread.took_some(self)
        if self._server is not None:
            self._server.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass it on and forget the connection."""
        self._stop_timer()
        self._shared_port.unread.discard(self)
        self._shared_port.inside.discard(self)
        self._shared_port.leaving.discard(self)
        if self._entered and self._shared_port.connection_limit is not None:
            self._shared_port.connection_limit.leave(self._address)
        self._transport = None
        if self._server is not None:
            self._server.connection_lost(exc)

    def _hand_over(self, head: bytes, rest: bytes) -> None:
        self._stop_timer()
        self._head.clear()
        control = self._control if self._shared_port.control.match(head) and _UPGRADE.search(head) else None
        assert self._transport is not None
        raw_target = None
        if control is None:
            self._is_web = True
            limit_send_buffer(self._transport)
            self._shared_port.unread.add(self)
            self._ends = _ENDS.match(head) is not None
            self._is_browser = _BROWSER.search(head) is not None
            self._is_done = _DONE.match(head) is not None and _BODY.search(head) is None
            head, raw_target = normalised_head(head, _own_name(self._transport))
        late = None if self._control is None else self._give_to_control
        server = cast(asyncio.Protocol, self._shared_port.web(raw_target, late) if control is None else control())
        self._server = server
        server.connection_made(self._transport)
        server.data_received(head if self._is_done else head + rest)

    def _give_to_control(self, read: bytes) -> None:
        """Take the connection from the web server, which was asked for control on it."""
        if self._transport is None or self._control is None:
            return
        self._shared_port.unread.discard(self)
        self._is_web = self._ends = False
        server = self._server = cast(asyncio.Protocol, self._control())
        if not self._transport.is_reading():
            self._transport.resume_reading()
        server.connection_made(self._transport)
        server.data_received(read)

    def _too_slow(self) -> None:
        if self._transport is None:
            return
        if self._head:
            self._shared_port.log.warn("%s takes too long to send its request", self._address)
            self._shared_port.over_limit(self._address)
            self._refuse(408, "Request Timeout", b"The request head did not arrive in time.\n")
        else:
            self._transport.abort()  # browsers open spare connections and expect no reply on them

    def _close_soon(self, turns: int) -> None:
        if turns > 0:
            asyncio.get_running_loop().call_soon(self._close_soon, turns - 1)
        elif self._transport is not None:
            self._transport.close()

    def _turn_away(self) -> None:
        if len(self._shared_port.leaving) >= _LEAVING:
            self.cut()
            return
        self._shared_port.leaving.add(self)
        self._refuse(503, "Too Many Connections", b"There are too many connections. Try again in a minute.\n")

    def _refuse(self, status: int, reason: str, text: bytes) -> None:
        """Reply, and leave some time to read it: a connection closed with unread bytes loses the reply."""
        logger.debug("%s: %d %s", self._address, status, reason)
        self._stop_timer()
        self._head.clear()
        self._refused = True
        assert self._transport is not None
        self._transport.write(Reply(status, reason, body=text).encode())
        if not self._transport.can_write_eof():
            self._transport.close()
            return
        try:
            self._transport.write_eof()
        except OSError:  # it has gone already
            self.cut()
            return
        self._timer = asyncio.get_running_loop().call_later(_LEAVING_SECONDS, self.cut)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def normalised_head(head: bytes, own_name: bytes) -> tuple[bytes, RawTarget | None]:
    """Make a request head valid for aiohttp without losing what it said.

    Native clients put the user's name into the request line as it is: blanks, UTF-8, any byte. It is percent-coded
    here, and what it was is handed on beside the head: a field of the head could be written by anybody. An HTTP/1.1
    head without Host gets ``own_name``: the original server never looked for one, so old scripts do not send it.
    """
    line, _, fields = head.partition(b"\r\n")
    request = _REQUEST_LINE.match(line)
    if request is None:
        return head, None
    method, target, version = request.groups()
    coded = quote(target, safe=_SAFE)
    added = b""
    if version == b"HTTP/1.1" and not _HOST.search(b"\r\n" + fields):
        added = b"Host: %s\r\n" % own_name
    tidied = b"%s %s %s\r\n%s%s" % (method, coded.encode(), version, added, fields)
    return tidied, None if coded.encode() == target else RawTarget(coded, target)


def _address_of(transport: asyncio.Transport) -> str:
    peer = transport.get_extra_info("peername")
    return str(peer[0]) if isinstance(peer, tuple) else ""


def _own_name(transport: asyncio.Transport) -> bytes:
    own = transport.get_extra_info("sockname")
    if not isinstance(own, tuple):
        return b"localhost"
    host = f"[{own[0]}]" if ":" in own[0] else own[0]
    return f"{host}:{own[1]}".encode("ascii", "replace")
