"""Three signaling servers behind one face, so that one suite of tests can be asked of each.

``original`` is the model of Chromium's server (``original_server``), ``signal`` is what ``classroom signal`` serves,
and ``teach`` what a lesson serves, with its broadcaster as the hub. Where they may differ, a property of ``Served``
says how; a test asks the property and never the name.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal, Protocol

from classroom.signaling import Joined, Left, Message, Room, RoomMember
from tests.support.original_server import OriginalServer
from tests.support.port import RawConnection, open_port, until

__all__ = ["KINDS", "Answer", "Guest", "Kind", "Other", "Served", "get", "post", "served"]

Kind = Literal["original", "signal", "teach"]
KINDS: tuple[Kind, ...] = ("original", "signal", "teach")

LESSON = b"Algebra"


def get(target: bytes) -> bytes:
    """A request as the native client writes it."""
    return b"GET " + target + b" HTTP/1.0\r\n\r\n"


def post(sender: int, target: int, body: bytes, content_type: bytes = b"text/plain") -> tuple[bytes, bytes]:
    """A message as the native client sends it: the head in one packet, the body in the next."""
    head = b"POST /message?peer_id=%d&to=%d HTTP/1.0\r\nContent-Length: %d\r\nContent-Type: %s\r\n\r\n"
    return head % (sender, target, len(body), content_type), body


@dataclass(frozen=True)
class Answer:
    """A whole answer, in raw bytes; a line ``Date`` is left out, which HTTP asks of servers and the original lacks."""

    data: bytes

    @property
    def head(self) -> list[bytes]:
        """The lines of the head."""
        lines = self.data.partition(b"\r\n\r\n")[0].split(b"\r\n")
        return [line for line in lines if not line.startswith(b"Date: ")]

    @property
    def status(self) -> bytes:
        """Code and reason."""
        return self.head[0].partition(b" ")[2]

    @property
    def body(self) -> bytes:
        return self.data.partition(b"\r\n\r\n")[2]

    @property
    def pragma(self) -> int | None:
        """As the native client searches it: literally."""
        match = re.search(rb"\r\nPragma: (\d+)\r\n", self.data.partition(b"\r\n\r\n")[0] + b"\r\n")
        return int(match[1]) if match else None

    def value(self, name: bytes) -> bytes | None:
        """What stands after ``Name: ``, which is searched with case."""
        return next((line[len(name) + 2 :] for line in self.head if line.startswith(name + b": ")), None)


class Other(Protocol):
    """Somebody whom every guest sees: a second guest, or the broadcaster where guests see nobody else."""

    id: int
    name: bytes

    async def send(self, to: int, body: bytes, content_type: str = "text/plain") -> None:
        """Send a message."""
        ...

    async def hears(self) -> tuple[int, bytes]:
        """The next event: the sender of a message and its body, or the own id and the line of a notification."""
        ...

    async def sign_out(self) -> None:
        """Leave."""
        ...


@dataclass
class Guest:
    """Somebody who signed in through a socket."""

    server: Served
    id: int
    name: bytes
    answer: Answer

    async def send(self, to: int, body: bytes, content_type: str = "text/plain") -> None:
        answer = await self.server.ask(*post(self.id, to, body, content_type.encode()))
        assert answer.status == b"200 OK", answer.data

    async def wait(self) -> Answer:
        """Ask for one event and wait for it."""
        return await self.server.ask(get(b"/wait?peer_id=%d" % self.id))

    async def hears(self) -> tuple[int, bytes]:
        answer = await self.wait()
        assert answer.status == b"200 OK", answer.data
        assert answer.pragma is not None
        return answer.pragma, answer.body

    async def sign_out(self) -> None:
        answer = await self.server.ask(get(b"/sign_out?peer_id=%d" % self.id))
        assert answer.status == b"200 OK", answer.data


@dataclass
class _Hub:
    """The broadcaster's own membership, which no socket leads to."""

    member: RoomMember
    id: int
    name: bytes

    async def send(self, to: int, body: bytes, content_type: str = "text/plain") -> None:
        await self.member.send(to, body, content_type)

    async def hears(self) -> tuple[int, bytes]:
        async with asyncio.timeout(20):
            async for event in self.member.events():
                match event:
                    case Message():
                        return event.peer_id, event.body
                    case Joined() | Left():
                        line = b"%s,%d,%d\n" % (event.peer.name, event.peer.id, isinstance(event, Joined))
                        return self.id, line
                    case _:
                        raise AssertionError(f"{event} is no event of a room")
        raise AssertionError("the room has closed")

    async def sign_out(self) -> None:
        await self.member.sign_out()


@dataclass
class Served:
    """A server under test.

    The properties say where it may differ from the others: the faults of the original that are mended, the rules of
    a lesson, and what HTTP leaves open.
    """

    port: int
    waiting: Callable[[], int]
    hub: RoomMember | None
    mended: bool
    """Each mended fault is named by a property below; there is no server with only some of them mended."""
    _others: int = field(default=0)

    @property
    def everybody_sees_everybody(self) -> bool:
        return self.hub is None

    @property
    def sequential(self) -> bool:
        """Whether ids count 1, 2, 3."""
        return self.hub is None

    @property
    def keys_after_names(self) -> bool:
        """Whether a name ends at an ampersand."""
        return self.hub is not None

    @property
    def pages_elsewhere(self) -> bool:
        """Whether other addresses are not ``500 Sorry``."""
        return self.hub is not None

    @property
    def closes_first(self) -> bool:
        return self.mended

    @property
    def echoes_version(self) -> bool:
        """Whether a request with HTTP/1.0 is answered with HTTP/1.0; the original always writes 1.1."""
        return self.mended

    @property
    def answers_all(self) -> bool:
        """Whether there is an answer to what the original does not understand."""
        return self.mended

    @property
    def ends_orphans(self) -> bool:
        """Whether a replaced wait, or one whose member signed out, is answered."""
        return self.mended

    @property
    def leaves_out_passers_by(self) -> bool:
        """Whether somebody who came and left between two waits of a member is not mentioned to it."""
        return self.mended

    @property
    def blanks_in_names(self) -> bool:
        return self.mended

    @property
    def harmless_names(self) -> bool:
        """Whether more than a comma is taken out of names."""
        return self.mended

    async def ask(self, *packets: bytes) -> Answer:
        """Send packets on a new connection; the answer, after which the connection is closed by who closes here."""
        connection = await RawConnection.open(self.port, *packets)
        return await self.finish(connection)

    async def finish(self, connection: RawConnection) -> Answer:
        """Read an answer as the native client does, and let the connection end."""
        data = b""
        async with asyncio.timeout(20):
            while (whole := _length(data)) is None or len(data) < whole:
                chunk = await connection.reader.read(65536)
                assert chunk, f"closed after {data!r}"
                data += chunk
            if self.closes_first:
                data += await connection.reader.read()
        connection.close()
        assert len(data) == whole, "more than was announced"
        return Answer(data)

    async def hang(self, member_id: int) -> RawConnection:
        """A wait that the server has taken and not answered."""
        before = self.waiting()
        connection = await RawConnection.open(self.port, get(b"/wait?peer_id=%d" % member_id))
        await until(lambda: self.waiting() == before + 1)
        return connection

    async def guest(self, name: bytes) -> Guest:
        """Sign somebody in."""
        answer = await self.ask(get(b"/sign_in?" + name))
        assert answer.status == b"200 Added", answer.data
        assert answer.pragma is not None
        return Guest(self, answer.pragma, name, answer)

    async def other(self) -> Other:
        """Sign in somebody whom the guests see."""
        if self.hub is None:
            self._others += 1
            return await self.guest(b"other%d" % self._others)
        await self.hub.sign_in(LESSON.decode())
        assert self.hub.id is not None
        return _Hub(self.hub, self.hub.id, LESSON)


def _length(data: bytes) -> int | None:
    """How long the whole answer is going to be, once its head says so."""
    end = data.find(b"\r\n\r\n")
    match = re.search(rb"\r\nContent-Length: (\d+)", data[:end]) if end >= 0 else None
    return end + 4 + int(match[1]) if match else None


@asynccontextmanager
async def served(kind: Kind, *, patience: float = 30.0) -> AsyncIterator[Served]:
    """Run one of the servers; time-outs are looked for every 50 ms."""
    if kind == "original":
        async with OriginalServer(patience=patience, tick=0.05) as original:
            yield Served(original.port, lambda: original.waiting, None, mended=False)
        return
    if kind == "signal":
        room = Room(visibility="all", ids="sequential", patience=patience)
    else:
        room = Room(visibility="hub", ids="random", patience=patience)
    async with open_port(room, tick=0.05, everything_else=kind == "signal") as opened:
        hub = opened.member if kind == "teach" else None
        yield Served(opened.port, lambda: opened.switchboard.waiting, hub, mended=True)
