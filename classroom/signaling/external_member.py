"""The broadcaster as a member of an external ``peerconnection_server``.

The original forgets a member without a pending wait for 30 seconds, forgets all members when it is restarted, and
leaves a wait unanswered for ever when another client uses its id. So this member asks again at once, renews its wait
regularly, and signs in again automatically. Two things follow from that.

Ids: a restarted server counts from 1, so the same number may be another peer. Peers are therefore
numbered here, and each gets a new number with each new membership.

Calls: a student who watches needs no signaling. When the server is lost nothing is said about anybody; when it has
forgotten us, everybody is ``Lost`` rather than ``Left``, and comes as a new peer when the server names it again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import re
from collections import deque
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from classroom.common.alarms import Alarm, Alarms
from classroom.common.errors import WireError
from classroom.common.sentences import Wording
from classroom.common.tasks import run_supervised
from classroom.signaling.client import ServerAddress, ServerReply, Unreachable, ask
from classroom.signaling.member import Joined, Left, Lost, Message, Peer, PeerEvent
from classroom.signaling.room import NAME_LIMIT

__all__ = ["AWAY", "ExternalMember", "listed_name"]

logger = logging.getLogger(__name__)

AWAY: Final = "signaling.away"
"""The code of the alarm that stands while the server cannot be used."""

_AWAY: Final = Wording(
    "signaling.away",
    "The signaling server {server} cannot be used: {fault}. Students who are watching keep their picture, "
    "but nobody can join. Retrying automatically.",
)

_RENEW_EVERY: Final = 25.0
"""Seconds that a wait may hang: less than the patience of the original and of common proxies."""

_OVERLAP: Final = 2.0
"""Seconds that a wait is still read after a later one took its place."""

_LATE: Final = 0.2
"""Seconds that one connection may be slower than another, so that events keep their order."""

_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 5.0
_WELL_AFTER: Final = 5.0
"""Seconds of membership after which earlier failures are forgotten."""

_EVENTS: Final = 256
_SEND_WITHIN: Final = 10.0
"""Seconds a message may take, the server's absence included."""

_OUTBOX: Final = 64
"""Messages that may wait for one peer."""

_SENDERS: Final = 16
"""Messages on their way at once; the original takes 1022 connections from everybody."""

_SIGN_OUT_WITHIN: Final = 2.0
_LINE: Final = re.compile(rb"(.*),(\d{1,10}),([01])\r?")


def listed_name(name: str) -> str:
    """The name as it is sent and listed: percent-coded as browsers do, and cut between characters.

    The original neither decodes names nor ends them elsewhere than at a blank.
    """
    coded = ""
    for character in name:
        piece = quote(character, safe="@()!*'", errors="replace")
        if len(coded) + len(piece) > NAME_LIMIT:
            break
        coded += piece
    return coded


@dataclass(slots=True, eq=False)
class _Contact:
    """A peer, its id at the server, and the messages that wait for their turn."""

    peer: Peer
    wire_id: int
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0


class ExternalMember:
    """A membership that is renewed automatically; use it as a ``Member``.

    Args:
        server: where the signaling server is.
        alarms: where the alarm about an unreachable server is raised.
        renew_every: seconds after which a pending wait is replaced by another.
    """

    def __init__(self, server: ServerAddress, *, alarms: Alarms, renew_every: float = _RENEW_EVERY) -> None:
        self._server = server
        self._alarms = alarms
        self._renew_every = renew_every
        self._name = ""
        self._stack: contextlib.AsyncExitStack | None = None
        self._events: asyncio.Queue[PeerEvent | None] = asyncio.Queue(_EVENTS)
        self._signed_in = asyncio.Event()
        self._senders = asyncio.Semaphore(_SENDERS)
        self._id: int | None = None
        self._own: deque[int] = deque(maxlen=16)
        self._contacts: dict[int, _Contact] = {}
        self._by_wire_id: dict[int, _Contact] = {}
        self._count = 0
        self._failures = 0

    async def sign_in(self, name: str) -> list[Peer]:
        """Start to sign in, and stay signed in until ``sign_out``.

        Nobody is returned: the server may be away, so those who are there already come as ``Joined``.
        """
        if self._stack is not None:
            raise RuntimeError("signed in already")
        self._name = listed_name(name)
        self._events = asyncio.Queue(_EVENTS)
        self._stack = contextlib.AsyncExitStack()
        run_supervised(self._stack, f"member of {self._server.text}", self._stay)
        return []

    async def events(self) -> AsyncIterator[PeerEvent]:
        """Joins, leaves, losses and messages in order, until ``sign_out``. One reader at a time."""
        while self._stack is not None:
            event = await self._events.get()
            if event is None:
                return
            yield event

    async def send(self, peer_id: int, body: bytes | str, content_type: str = "text/plain") -> None:
        """Give a message to the server; messages for one peer keep their order.

        It waits out a short loss of the server. WireError when the message was not taken: the peer is gone, or the
        server is.
        """
        data = body.encode() if isinstance(body, str) else body
        contact = self._contacts.get(peer_id)
        if contact is None:
            raise WireError(f"Peer {peer_id} is gone.")
        if contact.waiting >= _OUTBOX:
            raise WireError(f"Too many messages wait for peer {peer_id}.")
        contact.waiting += 1
        try:
            async with asyncio.timeout(_SEND_WITHIN), contact.turn:
                reply = await self._post(contact, data, content_type)
        except TimeoutError:
            raise WireError("The signaling server is away.") from None
        finally:
            contact.waiting -= 1
        if reply.status != 200:
            raise WireError(f"Peer {peer_id} is gone, says the signaling server.")

    async def sign_out(self) -> None:
        """Leave the server, where it can be reached; leaving twice is the same as once."""
        stack, self._stack = self._stack, None
        if stack is None:
            return
        await stack.aclose()
        leaving, self._id = self._id, None
        self._signed_in.clear()
        self._alarms.clear(AWAY)
        while not self._events.empty():
            self._events.get_nowait()
        self._events.put_nowait(None)
        if leaving is not None:
            try:
                async with asyncio.timeout(_SIGN_OUT_WITHIN):
                    await ask(self._server, f"/sign_out?peer_id={leaving}")
            except (WireError, TimeoutError) as fault:
                logger.info("the signaling server was not told that we leave: %s", fault or "it does not answer")

    # Membership

    async def _stay(self) -> None:
        """Sign in, listen until that ends, and begin again."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                await self._enter()
            except WireError as fault:
                self._say_away(fault)
            else:
                self._alarms.clear(AWAY)
                logger.info("signed in at %s", self._server.text)
                entered = loop.time()
                try:
                    await self._listen()
                except WireError as fault:
                    logger.warning("the signaling server %s is lost: %s", self._server.text, fault)
                if loop.time() - entered > _WELL_AFTER:
                    self._failures = 0
            self._signed_in.clear()
            self._failures += 1
            pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(self._failures - 1, 8))
            # Random by a fifth, so that not all members come back at the same time.
            await asyncio.sleep(pause * random.uniform(0.8, 1.2))

    async def _enter(self) -> None:
        """Sign in; continue the former membership where it still exists.

        The former id is looked for in the list, and never just tried: after a new start of the server it may be
        somebody else's, whose events would then come to us.
        """
        reply = await ask(self._server, f"/sign_in?{self._name}")
        if reply.status != 200:
            raise WireError(f"it answers the sign-in with {reply.status}")
        entries = _entries(reply.body)
        own = reply.pragma or next(iter(entries), 0)
        if own <= 0:
            raise WireError("it gives no id at the sign-in, so it is not a peerconnection_server")
        former, name = self._id, entries.pop(own, (self._name.encode(), True))[0]
        present = {wire_id: peer_name for wire_id, (peer_name, connected) in entries.items() if connected}
        if former is not None and present.get(former) == name:
            del present[former]
            logger.info("the membership at %s continues", self._server.text)
            self._own.append(own)
            await ask(self._server, f"/sign_out?peer_id={own}")
            for contact in list(self._contacts.values()):
                if contact.wire_id not in present:
                    await self._left(contact.wire_id)
        else:
            self._id = own
            self._own.clear()
            self._own.append(own)
            for contact in list(self._contacts.values()):
                self._forget(contact)
                await self._events.put(Lost(contact.peer))
        for wire_id, peer_name in present.items():
            await self._joined(wire_id, peer_name)
        self._signed_in.set()

    async def _listen(self) -> None:
        """Keep a wait pending, and pass on what it brings; ends with a WireError."""
        waits: list[asyncio.Task[ServerReply]] = [self._ask_again()]
        try:
            while True:
                [pending] = waits
                await asyncio.wait(waits, timeout=self._renew_every)
                # The next one is asked before anything is done with the answer of this one.
                waits.append(self._ask_again())
                reply = pending.result() if pending.done() else await _last_words(pending, waits[1])
                waits.remove(pending)
                if reply is not None:
                    await self._take(reply)
        finally:
            await _cancel(*waits)

    def _ask_again(self) -> asyncio.Task[ServerReply]:
        request: Coroutine[Any, Any, ServerReply] = ask(self._server, f"/wait?peer_id={self._id}", reply_within=None)
        return asyncio.create_task(request, name="wait")

    async def _take(self, reply: ServerReply) -> None:
        if reply.status != 200:
            raise WireError(f"it does not know us any more ({reply.status})")
        if reply.pragma is None:
            raise WireError("it is shutting down")
        if reply.pragma == self._id:
            for wire_id, (name, connected) in _entries(reply.body).items():
                await (self._joined(wire_id, name) if connected else self._left(wire_id))
            return
        sender = self._by_wire_id.get(reply.pragma)
        if sender is None:
            logger.info("a message of somebody unknown is left out")
        elif reply.body:
            await self._events.put(Message(sender.peer.id, reply.body))

    async def _joined(self, wire_id: int, name: bytes) -> None:
        if wire_id in self._by_wire_id or wire_id in self._own:
            return
        self._count += 1
        contact = _Contact(Peer(self._count, name), wire_id)
        self._contacts[contact.peer.id] = self._by_wire_id[wire_id] = contact
        await self._events.put(Joined(contact.peer))

    async def _left(self, wire_id: int) -> None:
        contact = self._by_wire_id.get(wire_id)
        if contact is not None:
            self._forget(contact)
            await self._events.put(Left(contact.peer))

    def _forget(self, contact: _Contact) -> None:
        del self._contacts[contact.peer.id]
        del self._by_wire_id[contact.wire_id]

    async def _post(self, contact: _Contact, body: bytes, content_type: str) -> ServerReply:
        """Send when signed in; tried again only where nothing can have arrived."""
        while True:
            if self._away():
                raise WireError("The signaling server is away.")
            await self._signed_in.wait()
            if self._contacts.get(contact.peer.id) is not contact:
                raise WireError(f"Peer {contact.peer.id} is gone.")
            target = f"/message?peer_id={self._id}&to={contact.wire_id}"
            try:
                async with self._senders:
                    return await ask(self._server, target, body=body, content_type=content_type)
            except Unreachable:
                await asyncio.sleep(_FIRST_PAUSE)

    def _away(self) -> bool:
        """Whether the last attempt to sign in failed."""
        return any(alarm.code == AWAY for alarm in self._alarms.raised())

    def _say_away(self, fault: WireError) -> None:
        level = logging.DEBUG if self._away() else logging.WARNING
        logger.log(level, "the signaling server %s cannot be used: %s", self._server.text, fault)
        self._alarms.put(Alarm(AWAY, _AWAY(server=self._server.text, fault=str(fault))))


def _entries(body: bytes) -> dict[int, tuple[bytes, bool]]:
    """The lines ``name,id,connected`` of a list or a notification, by id; other lines are ignored."""
    lines = (_LINE.fullmatch(line) for line in body.split(b"\n"))
    return {int(line[2]): (line[1], line[3] == b"1") for line in lines if line}


async def _last_words(older: asyncio.Task[ServerReply], newer: asyncio.Task[ServerReply]) -> ServerReply | None:
    """What an older wait was sent before a newer one took its place; then it is ended.

    One that broke instead, perhaps because of a proxy, has been renewed already.
    """
    await asyncio.wait({older, newer}, timeout=_OVERLAP, return_when=asyncio.FIRST_COMPLETED)
    await asyncio.wait({older}, timeout=_LATE)
    if not older.done():
        await _cancel(older)
        return None
    return None if isinstance(older.exception(), WireError) else older.result()


async def _cancel(*tasks: asyncio.Task[ServerReply]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
