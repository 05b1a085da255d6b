"""The signaling room as plain values: who is in it, who sees whom, and what waits for whom.

Nothing here knows sockets, tasks or clocks: time comes in as seconds of any monotonic clock, and after each call
``take_ready`` names the pending waits that have something to look at. ``switchboard`` puts asyncio around it.
The rules are those of Chromium's sample ``peerconnection_server``; where a room is stricter, a comment says so.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from classroom.signaling.queue import QUEUE_BYTES, Event, EventQueue, Notice, RelayedMessage
from classroom.signaling.visible_name import whole_name

__all__ = [
    "NAME_LIMIT",
    "Admission",
    "Ids",
    "Occupied",
    "Overflowed",
    "Replaced",
    "Room",
    "RoomFull",
    "UnknownMember",
    "Visibility",
    "clean_name",
    "random_id",
]

Visibility = Literal["hub", "all"]
"""``all``: everybody sees everybody. ``hub``: everybody sees the hub only, the hub sees everybody."""

Ids = Literal["random", "sequential"]

NAME_LIMIT: Final = 512
"""Bytes of a name that are kept, by default; the hub's name always may have this many."""

_ON_ITS_WAY: Final = 10.0
"""Seconds that an answer may need to its reader, as in an outage of the network."""

_LARGEST_ID: Final = 2**31 - 1  # the native client keeps ids in a C int
_FORBIDDEN: Final = bytes.maketrans(b",\r\n<>\0", b"______")


class UnknownMember(Exception):
    """There is no such member, or the client may not know about it."""


class Overflowed(UnknownMember):
    """A message did not fit, and the member ``dropped``, which comes from ``address``, was signed out for it."""

    def __init__(self, dropped: int, address: str) -> None:
        super().__init__(dropped)
        self.dropped = dropped
        self.address = address


class Occupied(UnknownMember):
    """Another client waits as that member: from another address, or with other turns."""


class RoomFull(Exception):
    """The room is full."""


class Replaced(Exception):
    """A later wait of the same member took the place of this one."""


@dataclass(frozen=True, slots=True)
class Admission:
    """What a sign-in gives: the new id, and the list of members with the new one's own line first."""

    id: int
    entries: tuple[Notice, ...]


@dataclass(slots=True)
class _Member:
    id: int
    name: bytes
    hub: bool
    since: float
    """When it was last known to live while no wait is pending, seconds."""
    queue: EventQueue
    address: str = ""
    ticket: int | None = None
    hung_up: bool = False
    """Whether its last wait ended from its own end, and not with an answer."""
    waits_at: str = ""
    """The address that the pending wait came from."""
    turn: int | None = None
    """Which of its waits the last one was, for a member that counts them."""
    unconfirmed: Event | None = None
    """What the wait of that turn was answered; the next turn says that it arrived."""

    def notice(self, connected: bool) -> Notice:
        return Notice(self.id, self.name, connected)


def clean_name(raw: bytes, limit: int = NAME_LIMIT) -> bytes:
    """A name as it may stand in a list: at most ``limit`` bytes, and none that would forge a line or markup."""
    return whole_name(raw, limit).translate(_FORBIDDEN)


def random_id() -> int:
    """A random positive 31-bit number."""
    return secrets.randbelow(_LARGEST_ID) + 1


class Room:
    """Members, their queues and their pending waits.

    Args:
        visibility: who sees whom; with ``hub`` a member can also write to the hub only.
        ids: ``sequential`` counts 1, 2, 3 as the original does; ``random`` makes an id a secret of its owner.
        max_members: how many may be signed in beside the hub; the original had room for about as many.
        patience: seconds that a member may be without a pending wait.
        queue_limit: messages that may wait for a member.
        queue_bytes: bytes of messages that may wait for a member.
        name_limit: bytes of a name that are kept.
        draw: where random ids come from.
    """

    def __init__(
        self,
        *,
        visibility: Visibility = "all",
        ids: Ids = "sequential",
        max_members: int = 500,
        patience: float = 30.0,
        queue_limit: int = 256,
        queue_bytes: int = QUEUE_BYTES,
        name_limit: int = NAME_LIMIT,
        draw: Callable[[], int] = random_id,
    ) -> None:
        self._visibility = visibility
        self._ids = ids
        self._max_members = max_members
        self._patience = patience
        self._queue_limit = queue_limit
        self._queue_bytes = queue_bytes
        self._name_limit = name_limit
        self._draw = draw
        self._members: dict[int, _Member] = {}
        self._hub: int | None = None
        self._last_id = 0
        self._last_ticket = 0
        self._ready: set[int] = set()

    @property
    def size(self) -> int:
        """How many are signed in, the hub included."""
        return len(self._members)

    @property
    def max_members(self) -> int:
        """How many may be signed in beside the hub; where that becomes fewer than there are, nobody is sent away."""
        return self._max_members

    @max_members.setter
    def max_members(self, most: int) -> None:
        self._max_members = most

    @property
    def full(self) -> bool:
        """Whether nobody else can sign in but the hub."""
        return self._students() >= self._max_members

    def __contains__(self, member_id: object) -> bool:
        return member_id in self._members

    def sign_in(self, name: bytes, now: float, *, hub: bool = False, address: str = "") -> Admission:
        """Add a member and tell those who may see it.

        The hub is the one that everybody sees; it never expires. The network address is only kept.
        Raises RoomFull, and ValueError for a second hub.
        """
        if hub and self._hub is not None:
            raise ValueError("the room has a hub already")
        if not hub and self.full:
            raise RoomFull
        member_id = self._next_id()
        queue = EventQueue(self._queue_limit, size=self._queue_bytes, hub=hub)
        cleaned = clean_name(name, NAME_LIMIT if hub else self._name_limit) or b"peer_%d" % member_id
        member = _Member(member_id, cleaned, hub, now, queue, address)
        self._members[member_id] = member
        if hub:
            self._hub = member_id
        self._tell(member, member.notice(True))
        return Admission(member_id, (member.notice(True), *self._visible_to(member)))

    def is_hub(self, member_id: int) -> bool:
        """Whether this is the hub. Everybody knows its id, so only who holds the hub itself may act for it."""
        return member_id == self._hub

    def address(self, member_id: int) -> str:
        """The network address that a member signed in from; empty where it is not known."""
        member = self._members.get(member_id)
        return "" if member is None else member.address

    def absence(self, member_id: int, now: float) -> float:
        """Seconds for which a member is known to ask for nothing; 0 while it waits, and for one that is not there.

        They count from when it ended its wait itself. A member that was answered may get the answer up to ten seconds
        later.
        """
        member = self._members.get(member_id)
        if member is None or member.ticket is not None:
            return 0.0
        return max(0.0, now - member.since - (0.0 if member.hung_up else _ON_ITS_WAY))

    def sign_out(self, member_id: int) -> None:
        """Remove a member and tell those who saw it; its pending wait sees that it is unknown. Raises UnknownMember."""
        self._drop(self._member(member_id))

    def post(self, sender_id: int, target_id: int, body: bytes, content_type: str | None) -> RelayedMessage | None:
        """Queue a message for a member; a message to oneself is handed back at once instead.

        Raises UnknownMember for either end, and Overflowed when the message did not fit: a member whose queue is full
        is dropped, and where the queue is the hub's, the sender is (one student must not be able to deafen the lesson).
        """
        sender, target = self._member(sender_id), self._member(target_id)
        relay = RelayedMessage(sender_id, body, content_type)
        if sender is target:
            return relay
        if not self._sees(sender, target):
            raise UnknownMember(target_id)
        if not self._put(target, relay):
            dropped = sender if target.hub else target
            self._drop(dropped)
            raise Overflowed(dropped.id, dropped.address)
        return None

    def begin_wait(self, member_id: int, address: str = "", turn: int | None = None) -> int:
        """Start a wait and return its ticket; an earlier one from the same address is replaced.

        In the original any later wait replaced the earlier one, so that a client that guessed an id could read along.
        It also lost what it had answered on a connection that was broken. A member that counts its waits asks with the
        same ``turn`` again when it got no answer, and then gets the one that was lost; the next turn says that it
        arrived. The first turn may be any number, so one that does not follow is somebody else's, as after a restart
        where ids begin at 1 again. Raises UnknownMember, and Occupied for such a turn and while a wait from another
        address is pending.
        """
        member = self._member(member_id)
        if turn is not None and member.turn is not None and turn - member.turn not in (0, 1):
            raise Occupied(member_id)
        if member.ticket is not None:
            if member.waits_at != address:
                raise Occupied(member_id)
            self._ready.add(member.ticket)
        if turn is None or turn != member.turn:
            member.turn, member.unconfirmed = turn, None
        member.waits_at = address
        self._last_ticket += 1
        member.ticket = self._last_ticket
        return member.ticket

    def collect(self, member_id: int, ticket: int, now: float) -> Event | None:
        """The oldest event for a pending wait, which is then over, or None while there is none.

        Raises Replaced or UnknownMember, after which the wait is over as well.
        """
        member = self._member(member_id)
        if member.ticket != ticket:
            raise Replaced
        event = member.unconfirmed or member.queue.take()
        if event is not None:
            if member.turn is not None:
                member.unconfirmed = event
            # The original does not count a wait that was answered from the queue as a sign of life. It is one.
            member.ticket, member.since, member.hung_up = None, now, False
        return event

    def end_wait(self, member_id: int, ticket: int, now: float, *, hung_up: bool = True) -> None:
        """Note that a wait is over without an event, from its own end or not; one that is over changes nothing."""
        member = self._members.get(member_id)
        if member is not None and member.ticket == ticket:
            member.ticket, member.since, member.hung_up = None, now, hung_up

    def expire(self, now: float) -> tuple[int, ...]:
        """Remove all who had no pending wait for longer than the patience, and return their ids."""
        late = [
            member
            for member in self._members.values()
            if not member.hub and member.ticket is None and now - member.since > self._patience
        ]
        for member in late:
            self._drop(member)
        return tuple(member.id for member in late)

    def reannouncement(self, member_id: int) -> Notice:
        """A notification that changes nothing for its reader, for a wait that must end without an event.

        It announces again a member that the reader knows; the native client and old pages just write it into their
        list again. Where there is no other member it says that member 0, which never exists, has left.
        Raises UnknownMember.
        """
        return next(self._visible_to(self._member(member_id)), Notice(0, b"nobody", False))

    def take_ready(self) -> frozenset[int]:
        """The tickets of waits that have something to look at since the last call."""
        ready = frozenset(self._ready)
        self._ready.clear()
        return ready

    def _member(self, member_id: int) -> _Member:
        member = self._members.get(member_id)
        if member is None:
            raise UnknownMember(member_id)
        return member

    def _next_id(self) -> int:
        if self._ids == "sequential":
            self._last_id += 1
            return self._last_id
        while (drawn := self._draw()) in self._members:
            pass
        return drawn

    def _students(self) -> int:
        return len(self._members) - (self._hub is not None)

    def _sees(self, viewer: _Member, other: _Member) -> bool:
        return self._visibility == "all" or viewer.hub or other.hub

    def _visible_to(self, viewer: _Member) -> Iterator[Notice]:
        return (
            other.notice(True) for other in self._members.values() if other is not viewer and self._sees(viewer, other)
        )

    def _put(self, member: _Member, event: Event) -> bool:
        if not member.queue.put(event):
            return False
        if member.ticket is not None:
            self._ready.add(member.ticket)
        return True

    def _tell(self, subject: _Member, notice: Notice) -> None:
        for other in self._members.values():
            if other is not subject and self._sees(other, subject):
                self._put(other, notice)

    def _drop(self, member: _Member) -> None:
        del self._members[member.id]
        if member.hub:
            self._hub = None
        if member.ticket is not None:
            self._ready.add(member.ticket)
        self._tell(member, member.notice(False))
