"""An emulator of Chromium's native ``peerconnection_client``, as it behaves on the wire.

It speaks with plain sockets and reads replies by the native client's own rules, not by those of HTTP:

- each request is HTTP/1.0 on a new connection, without Host; the name goes into the request line as raw bytes;
- a reply is looked at only when its head holds the literal ``\\r\\nContent-Length: `` and that many bytes came;
- the client closes when it finds the literal ``\\r\\nConnection: close``, else it waits for the server to close;
- the id is the number after the literal ``\\r\\nPragma: ``, -1 without one;
- the body is everything after the head;
- any status but 200, on any reply, makes it drop everything without signing out.

``async with NativeClient(host, port, name=b"student@pc") as client: await client.sign_in()``
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from types import TracebackType
from typing import Self

__all__ = ["Dropped", "NativeClient", "NativeMessage", "NativeNotice", "NativeReply", "parse_reply"]


@dataclass(frozen=True)
class NativeNotice:
    """A line of the member list."""

    name: bytes
    id: int
    connected: bool


@dataclass(frozen=True)
class NativeMessage:
    """A message from another peer."""

    peer_id: int
    body: bytes


@dataclass(frozen=True)
class NativeReply:
    """What the native client takes from a reply."""

    status: int
    peer_id: int
    body: bytes
    closes: bool


class Dropped(Exception):
    """The client has thrown itself off the server; the message says why."""


def _atoi(data: bytes) -> int:
    match = re.match(rb"\s*([+-]?\d+)", data)
    return int(match[1]) if match else 0


def _header(data: bytes, end: int, pattern: bytes) -> bytes | None:
    found = data.find(pattern)
    if found < 0 or found >= end:
        return None
    return data[found + len(pattern) :]


def parse_reply(data: bytes) -> NativeReply | None:
    """Read what came so far; None while the client would go on waiting."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    length = _header(data, end, b"\r\nContent-Length: ")
    if length is None or len(data) < end + 4 + _atoi(length):
        return None
    connection = _header(data, end, b"\r\nConnection: ")
    pragma = _header(data, end, b"\r\nPragma: ")
    blank = data.find(b" ")
    return NativeReply(
        status=_atoi(data[blank + 1 :]) if blank >= 0 else -1,
        peer_id=_atoi(pragma) if pragma is not None else -1,
        body=data[end + 4 :],
        closes=connection is not None and connection.partition(b"\r\n")[0] == b"close",
    )


def parse_entry(line: bytes) -> NativeNotice | None:
    """Cut a list line at its first two commas; None when there is no name."""
    name, first, rest = line.partition(b",")
    number, second, connected = rest.partition(b",")
    if not first or not name:
        return None
    return NativeNotice(name, _atoi(number), bool(_atoi(connected)) if second else False)


class NativeClient:
    """One native client; nothing happens before ``sign_in``.

    ``peers`` is its list of others, ``id`` its own id, ``heads`` the raw replies, oldest first, for assertions.
    """

    def __init__(self, host: str, port: int, name: bytes = b"student@pc", deadline: float = 30.0) -> None:
        self.host = host
        self.port = port
        self.name = name
        self.deadline = deadline
        self.id = -1
        self.peers: dict[int, bytes] = {}
        self.heads: list[bytes] = []
        self.dropped: Dropped | None = None
        self._events: asyncio.Queue[NativeNotice | NativeMessage | Dropped] = asyncio.Queue(1024)
        self._hanging: asyncio.Task[None] | None = None
        self._control = asyncio.Lock()  # one socket for sign_in, message and sign_out: one at a time

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._close_hanging()

    async def sign_in(self) -> list[NativeNotice]:
        """Sign in, start the hanging get, and return the others in the list."""
        reply = await self._ask(b"GET /sign_in?" + self.name + b" HTTP/1.0\r\n\r\n")
        if reply.peer_id == -1:
            raise self._drop("the sign-in reply has no Pragma")
        self.id = reply.peer_id
        others = []
        rest = reply.body
        while (end := rest.find(b"\n")) >= 0:  # a last line without a newline is not read
            entry, rest = parse_entry(rest[:end]), rest[end + 1 :]
            if entry is not None and entry.id != self.id:
                self.peers[entry.id] = entry.name
                others.append(entry)
        self._hanging = asyncio.create_task(self._hang(), name=f"hanging get of {self.name!r}")
        return others

    async def next_event(self, deadline: float | None = None) -> NativeNotice | NativeMessage:
        """The next notification or message; TimeoutError at the deadline, Dropped when the client gave up."""
        event = await asyncio.wait_for(self._events.get(), deadline or self.deadline)
        if isinstance(event, Dropped):
            raise event
        return event

    async def next_message(self, deadline: float | None = None) -> NativeMessage:
        """The next message; notifications before it are only noted in ``peers``."""
        async with asyncio.timeout(deadline or self.deadline):
            while not isinstance(event := await self.next_event(deadline), NativeMessage):
                pass
        return event

    async def send_message(self, peer_id: int, body: bytes) -> None:
        """Send a message as the native client does: the head in one packet, the body in the next."""
        head = b"POST /message?peer_id=%d&to=%d HTTP/1.0\r\nContent-Length: %d\r\nContent-Type: text/plain\r\n\r\n" % (
            self.id,
            peer_id,
            len(body),
        )
        await self._ask(head, body)

    async def hang_up(self, peer_id: int) -> None:
        """End the call and stay signed in."""
        await self.send_message(peer_id, b"BYE")

    async def sign_out(self) -> None:
        """Close the hanging get and sign out."""
        await self._close_hanging()
        await self._ask(b"GET /sign_out?peer_id=%d HTTP/1.0\r\n\r\n" % self.id)
        self.id = -1
        self.peers.clear()

    async def vanish(self) -> None:
        """Lose the network: the hanging get ends and nothing is signed out."""
        await self._close_hanging()

    async def _ask(self, *packets: bytes) -> NativeReply:
        if self.dropped is not None:
            raise self.dropped
        async with self._control:
            reply = await asyncio.wait_for(self._exchange(*packets), self.deadline)
        if reply is None:
            raise self._drop("the connection ended without a reply that the native client can read")
        if reply.status != 200:
            raise self._drop(f"status {reply.status} for {packets[0][:60]!r}")
        return reply

    async def _exchange(self, *packets: bytes) -> NativeReply | None:
        reader, writer = await asyncio.open_connection(self.host, self.port)
        try:
            for packet in packets:
                writer.write(packet)
                await writer.drain()
                await asyncio.sleep(0)
            data = b""
            reply = None
            while reply is None or not reply.closes:
                chunk = await reader.read(65536)
                if not chunk:
                    break
                data += chunk
                reply = parse_reply(data)
            self.heads.append(data)
            return reply
        finally:
            writer.close()

    async def _hang(self) -> None:
        while True:
            try:
                reply = await self._exchange(b"GET /wait?peer_id=%d HTTP/1.0\r\n\r\n" % self.id)
            except ConnectionRefusedError:
                self._drop("the hanging get was refused")
                return
            except ConnectionError:
                continue  # a hanging get that ends in any way is asked again at once
            if reply is None:
                continue
            if reply.status != 200:
                self._drop(f"status {reply.status} for /wait")
                return
            await self._events.put(self._read(reply))

    def _read(self, reply: NativeReply) -> NativeNotice | NativeMessage:
        if reply.peer_id != self.id:
            return NativeMessage(reply.peer_id, reply.body)
        entry = parse_entry(reply.body.rstrip(b"\n"))
        assert entry is not None, "an empty notification trips an assertion of the native client"
        if entry.connected:
            self.peers[entry.id] = entry.name
        else:
            self.peers.pop(entry.id, None)
        return entry

    def _drop(self, why: str) -> Dropped:
        self.dropped = Dropped(why)
        self.id = -1
        self.peers.clear()
        if self._hanging is not None and self._hanging is not asyncio.current_task():
            self._hanging.cancel()
        self._events.put_nowait(self.dropped)
        return self.dropped

    async def _close_hanging(self) -> None:
        if self._hanging is not None:
            self._hanging.cancel()
            await asyncio.wait([self._hanging])
            self._hanging = None
