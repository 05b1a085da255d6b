"""A small model of Chromium's sample ``peerconnection_server`` as it behaves on the wire, its faults included.

Tests of the signaling run against this as well as against the product, so that suite, model and product check one
another; and the broadcaster's membership in somebody else's server is tested with it. It is no server to use:

- it answers every request with ``Connection: close`` and then waits for the client to close;
- a POST needs ``Content-Length:`` (not 0) and ``Content-Type:`` in exactly this case, else nothing is answered;
- a request line that it does not know is never answered, and neither is an older ``/wait`` when a later one comes;
- bytes after the body of a POST are appended, and the longer body is delivered again;
- a blank ends a name; only commas are changed in it;
- who signs out is announced as gone when some connection is next closed by its client;
- an id is all that is asked for, ``/quit`` is open to everybody, and nothing has a limit.

``async with OriginalServer() as server:`` then ``server.port``. ``stop`` is like killing the process: nobody is told.
``start`` begins a new process at the same port: it knows nobody and counts ids from 1.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self, cast

__all__ = ["OriginalServer"]

_RECEIVED_AT_ONCE: Final = 0xFFF
_NAME_LIMIT: Final = 512
_BLANK: Final = b" \t\n\v\f\r"
_CORS: Final = (
    b"Access-Control-Allow-Origin: *\r\n"
    b"Access-Control-Allow-Credentials: true\r\n"
    b"Access-Control-Allow-Methods: POST, GET, OPTIONS\r\n"
    b"Access-Control-Allow-Headers: Content-Type, Content-Length, Connection, Cache-Control\r\n"
    b"Access-Control-Expose-Headers: Content-Length\r\n"
)


def _atoi(text: bytes) -> int:
    match = re.match(rb"[ \t\n\v\f\r]*([+-]?[0-9]+)", text)
    return int(match[1]) if match else 0


def _line_end(text: bytes, start: int) -> int:
    """Where the next CRLF begins, as C finds it: a NUL ends the search; -1 without one."""
    found = text.find(b"\r\n", start)
    return -1 if found >= 0 and b"\0" in text[start:found] else found


class OriginalServer:
    """One server process.

    Args:
        port: 0 takes any free one.
        patience: seconds that a member may be without a pending wait; 30 in the original.
        tick: seconds between two looks for such members while nothing else happens; 10 in the original.
        connections: how many may be open; further ones are closed at once.
    """

    def __init__(
        self, port: int = 0, *, patience: float = 30.0, tick: float = 10.0, connections: int = 1022, host: str = ""
    ) -> None:
        self.port = port
        self.quitted = asyncio.Event()
        """Set when somebody has asked for /quit."""
        self._host = host or "127.0.0.1"
        self._patience = patience
        self._tick = tick
        self._limit = connections
        self._listener: asyncio.Server | None = None
        self._ticking: asyncio.Task[None] | None = None
        self._sockets: list[_DataSocket] = []
        self._members: list[_ChannelMember] = []
        self._last_id = 0

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def names(self) -> list[bytes]:
        """The names of the members, in the order in which they signed in."""
        return [member.name for member in self._members]

    @property
    def waiting(self) -> int:
        """How many members have a wait pending."""
        return sum(member.waiting is not None for member in self._members)

    async def start(self) -> None:
        """Begin a process; after ``stop`` another one, at the same port."""
        assert self._listener is None, "started already"
        self._members, self._last_id = [], 0
        self.quitted.clear()
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(lambda: _DataSocket(self), self._host, self.port, backlog=5)
        self.port = int(self._listener.sockets[0].getsockname()[1])
        self._ticking = asyncio.create_task(self._tick_on(), name="original server's tick")

    async def stop(self) -> None:
        """End the process without a word; all connections end with it."""
        if self._listener is None:
            return
        listener, self._listener = self._listener, None
        listener.close()
        for each in list(self._sockets):
            each.transport.abort()
        await listener.wait_closed()
        while self._sockets:  # noqa: ASYNC110 - an abort is done a step of the loop later
            await asyncio.sleep(0)
        if self._ticking is not None:
            self._ticking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._ticking
            self._ticking = None

    async def _tick_on(self) -> None:
        while True:
            await asyncio.sleep(self._tick)
            self._check_for_timeout()

    def accepted(self, each: _DataSocket) -> bool:
        """Whether there is room for another connection."""
        if len(self._sockets) >= self._limit or self._listener is None:
            return False
        self._sockets.append(each)
        self._check_for_timeout()
        return True

    def closing(self, each: _DataSocket) -> None:
        """A connection was closed by its client."""
        if each not in self._sockets:
            return
        self._sockets.remove(each)
        if self._listener is None:
            return
        for member in list(self._members):
            if member.waiting is each:
                member.waiting, member.since = None, self._now()
            if not member.connected:
                self._members.remove(member)
                self._broadcast(member)
        self._check_for_timeout()

    def requested(self, each: _DataSocket) -> None:
        """A request is complete, or has got longer."""
        member = self._lookup(each)
        posted = each.method == b"POST" and each.content_length > 0
        if member is not None:
            self._ask(each, member)
        elif (each.method == b"GET" and each.path == b"/sign_in") or (posted and each.path == b"/sign_in"):
            self._add_member(each)
        elif posted:
            each.send(b"500 Error", b"text/plain", b"", b"Peer most likely gone.")
        elif each.target == b"/quit":
            each.send(b"200 OK", b"text/html", b"", b"<html><body>Quitting...</body></html>")
            self._quit()
        elif each.method == b"OPTIONS":
            each.send(b"200 OK", b"", b"", b"")
        else:
            each.send(b"500 Sorry", b"text/html", b"", b"<html><body>Sorry, not yet implemented</body></html>")
        self._check_for_timeout()

    def _ask(self, each: _DataSocket, member: _ChannelMember) -> None:
        if each.path == b"/wait":
            return
        target = self._targeted(each)
        if target is member:
            each.send(b"200 OK", each.content_type, member.pragma, each.data)
        elif target is not None:
            self._queue(target, each.content_type, member.pragma, each.data)
            each.send(b"200 OK", b"text/plain", b"", b"")
        elif each.path == b"/sign_out":
            each.send(b"200 OK", b"text/plain", b"", b"")
        else:
            each.send(b"500 Error", b"text/plain", b"", b"Peer most likely gone.")

    def _lookup(self, each: _DataSocket) -> _ChannelMember | None:
        if each.method not in (b"GET", b"POST") or each.path not in (b"/wait", b"/sign_out", b"/message"):
            return None
        _, found, number = each.arguments.partition(b"peer_id=")
        member = self._member(_atoi(number)) if found else None
        if member is not None and each.path == b"/wait":
            if member.queue:
                each.send(b"200 OK", *member.queue.popleft())
            else:
                member.waiting = each
        elif member is not None and each.path == b"/sign_out":
            member.connected = False
        return member

    def _targeted(self, each: _DataSocket) -> _ChannelMember | None:
        match = re.search(rb"(?:^|&)to=(.*)", each.arguments, re.DOTALL)
        return self._member(_atoi(match[1])) if match else None

    def _member(self, member_id: int) -> _ChannelMember | None:
        return next((member for member in self._members if member.id == member_id), None)

    def _add_member(self, each: _DataSocket) -> None:
        self._last_id += 1
        name = each.arguments[:_NAME_LIMIT] or b"peer_%d" % self._last_id
        member = _ChannelMember(self._last_id, name.replace(b",", b"_"), self._now())
        self._broadcast(member)
        entries = member.entry + b"".join(other.entry for other in self._members)
        self._members.append(member)
        each.send(b"200 Added", b"text/plain", member.pragma, entries)

    def _broadcast(self, changed: _ChannelMember) -> None:
        for member in self._members:
            self._queue(member, b"text/plain", member.pragma, changed.entry)

    def _queue(self, member: _ChannelMember, content_type: bytes, extra: bytes, body: bytes) -> None:
        if member.waiting is None:
            member.queue.append((content_type, extra, body))
            return
        waiting, member.waiting = member.waiting, None
        member.since = self._now()
        waiting.send(b"200 OK", content_type, extra, body)

    def _check_for_timeout(self) -> None:
        for member in list(self._members):
            if member.waiting is None and self._now() - member.since > self._patience:
                member.connected = False
                self._members.remove(member)
                self._broadcast(member)

    def _quit(self) -> None:
        for member in self._members:
            self._queue(member, b"text/plain", b"", b"Server shutting down")
        self._members.clear()
        if self._listener is not None:
            self._listener.close()
        for each in list(self._sockets):
            each.transport.close()  # as the process does by ending
        self.quitted.set()

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


@dataclass(eq=False)
class _ChannelMember:
    id: int
    name: bytes
    since: float
    connected: bool = True
    waiting: _DataSocket | None = None
    queue: deque[tuple[bytes, bytes, bytes]] = field(default_factory=deque)

    @property
    def entry(self) -> bytes:
        return b"%s,%d,%d\n" % (self.name.split(b"\0")[0], self.id, self.connected)

    @property
    def pragma(self) -> bytes:
        return b"Pragma: %d\r\n" % self.id


class _DataSocket(asyncio.Protocol):
    """One connection: at most one request, answered any number of times."""

    transport: asyncio.Transport

    def __init__(self, server: OriginalServer) -> None:
        self._server = server
        self._head = b""
        self.method = b""
        self.target = b""
        self.content_length = 0
        self.content_type = b""
        self.data = b""

    @property
    def path(self) -> bytes:
        return self.target.partition(b"?")[0]

    @property
    def arguments(self) -> bytes:
        return self.target.partition(b"?")[2]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        if not self._server.accepted(self):
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        for start in range(0, len(data), _RECEIVED_AT_ONCE):
            if self._take(data[start : start + _RECEIVED_AT_ONCE]):
                self._server.requested(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.closing(self)

    def send(self, status: bytes, content_type: bytes, extra: bytes, body: bytes) -> None:
        """Write a whole reply, and leave the connection open."""
        head = b"HTTP/1.1 %s\r\nServer: PeerConnectionTestServer/0.1\r\nCache-Control: no-cache\r\n" % status
        head += b"Connection: close\r\n"
        if content_type:
            head += b"Content-Type: %s\r\n" % content_type
        head += b"Content-Length: %d\r\n" % len(body)
        if not self.transport.is_closing():
            self.transport.write(head + extra + _CORS + b"\r\n" + body)

    def _take(self, data: bytes) -> bool:
        """Whether there is something to answer now."""
        if self.method:
            if self.method != b"POST":
                return False
            self.data += data
        else:
            self._head += data
            head, found, rest = self._head.partition(b"\r\n\r\n")
            if not found:
                return False
            self._head, self.data = head + found, rest
            if not self._parse():
                return False
        return self.method != b"POST" or len(self.data) >= self.content_length

    def _parse(self) -> bool:
        line, _, fields = self._head.partition(b"\r\n")
        match = re.match(rb"(GET|POST|OPTIONS)[ \t\n\v\f\r]", line)
        if match is None:
            return False
        self.method = match[1]
        self.target = re.split(b"[" + _BLANK + b"]", line[match.end() :], maxsplit=1)[0]
        return self.method != b"POST" or self._parse_fields(fields)

    def _parse_fields(self, fields: bytes) -> bool:
        start = 0
        readers: dict[bytes, Callable[[bytes], None]] = {b"Content-Length:": self._length, b"Content-Type:": self._type}
        while 0 <= start < len(fields):
            end = _line_end(fields, start)
            for name, reader in readers.items():
                if fields.startswith(name, start):
                    reader(fields[start + len(name) : end if end >= 0 else None].lstrip(b" "))
            start = end + 2 if end >= 0 else -1
        return self.content_type != b"" and self.content_length != 0

    def _length(self, value: bytes) -> None:
        self.content_length = _atoi(value)

    def _type(self, value: bytes) -> None:
        self.content_type = value
