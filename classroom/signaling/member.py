"""A member of a signaling room as the broadcaster sees it, in this process or at an external server.

``Member`` is the interface. ``RoomMember`` is a member of the room in this process, as its hub. ``external_member`` has
the member of another signaling server.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol, assert_never
from urllib.parse import unquote_to_bytes

from classroom.common.errors import WireError
from classroom.signaling.queue import Event, Notice, RelayedMessage
from classroom.signaling.room import NAME_LIMIT, Replaced, UnknownMember
from classroom.signaling.switchboard import Switchboard, SwitchboardClosed
from classroom.signaling.visible_name import visible_name

__all__ = ["Joined", "Left", "Lost", "Member", "Message", "Peer", "PeerEvent", "RoomMember"]


@dataclass(frozen=True, slots=True)
class Peer:
    """Another member of the room; the name is as it stands in the list.

    ``address`` is the network address of its own machine; empty where that is not known, as behind a proxy.
    """

    id: int
    name: bytes
    address: str = ""

    @property
    def display_name(self) -> str:
        """The name as text for people, percent-decoded; empty for one who gave none that can be seen.

        A peer without a name is listed by its id, as in the original. Here the id is a secret, so it is not shown.
        """
        if self.name == b"peer_%d" % self.id:
            return ""
        return visible_name(unquote_to_bytes(self.name).decode("utf-8", "replace"))


@dataclass(frozen=True, slots=True)
class Joined:
    """A peer signed in."""

    peer: Peer


@dataclass(frozen=True, slots=True)
class Left:
    """A peer signed out or was lost."""

    peer: Peer


@dataclass(frozen=True, slots=True)
class Lost:
    """A peer cannot be reached by signaling any more, because the server was lost; its call may continue."""

    peer: Peer


@dataclass(frozen=True, slots=True)
class Message:
    """A message from a peer; anything may be in it."""

    peer_id: int
    body: bytes


PeerEvent = Joined | Left | Lost | Message


class Member(Protocol):
    """A member of a room, while it is signed in."""

    async def sign_in(self, name: str) -> list[Peer]:
        """Sign in and return the peers that are there already."""
        ...

    def events(self) -> AsyncIterator[PeerEvent]:
        """What happens in the room from the sign-in on, in order; ends with the membership."""
        ...

    async def send(self, peer_id: int, body: bytes | str, content_type: str = "text/plain") -> None:
        """Send a message; WireError when the peer is gone."""
        ...

    async def sign_out(self) -> None:
        """Leave the room; leaving twice is the same as once."""
        ...


class RoomMember:
    """The hub of the room in this process: everybody sees it, it sees everybody, it never expires."""

    def __init__(self, switchboard: Switchboard) -> None:
        self._switchboard = switchboard
        self._id: int | None = None

    @property
    def id(self) -> int | None:
        """The id in the room while signed in."""
        return self._id

    async def sign_in(self, name: str) -> list[Peer]:
        """Sign in as the hub and return the students that came earlier. The name is cut between characters."""
        if self._id is not None:
            raise RuntimeError("signed in already")
        cut = name.encode("utf-8", "replace")[:NAME_LIMIT].decode("utf-8", "ignore")
        admission = self._switchboard.sign_in(cut.encode(), hub=True)
        self._id = admission.id
        return [self._peer(entry) for entry in admission.entries[1:]]

    async def events(self) -> AsyncIterator[PeerEvent]:
        """Joins, leaves and messages in order, until the hub signs out or the room closes. One reader at a time."""
        while self._id is not None:
            try:
                event = await self._switchboard.wait(self._id)
            except (UnknownMember, Replaced, SwitchboardClosed):
                return
            yield self._translate(event)

    async def send(self, peer_id: int, body: bytes | str, content_type: str = "text/plain") -> None:
        """Queue a message for a student; WireError when the student is gone or does not fetch its messages."""
        if self._id is None:
            raise WireError("The broadcaster is not signed in to its room.")
        data = body.encode() if isinstance(body, str) else body
        try:
            self._switchboard.post(self._id, peer_id, data, content_type)
        except UnknownMember as error:
            raise WireError("This peer is gone.") from error

    async def remove(self, peer_id: int) -> None:
        """Sign a student out; nothing happens if it has gone already."""
        try:
            self._switchboard.sign_out(peer_id)
        except UnknownMember:
            return

    async def sign_out(self) -> None:
        """Leave the room and tell the students."""
        leaving, self._id = self._id, None
        if leaving is None:
            return
        try:
            self._switchboard.sign_out(leaving)
        except UnknownMember:
            return

    def _translate(self, event: Event) -> PeerEvent:
        match event:
            case Notice(connected=True):
                return Joined(self._peer(event))
            case Notice():
                return Left(self._peer(event))
            case RelayedMessage():
                return Message(event.sender, event.body)
            case _:
                assert_never(event)

    def _peer(self, notice: Notice) -> Peer:
        return Peer(notice.id, notice.name, self._switchboard.address(notice.id))
