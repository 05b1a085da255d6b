"""The queue of a member of the room: events, in order, bounded.

Messages are counted and refused when there are too many. Notices are not refused, because a class that loses its
network signs out at once, and the members that stay must get all of it. They are bounded even so: a member that joins
and leaves in silence before the reader has read of it leaves no trace. So the queue grows with the room and with the
messages, not with time.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

__all__ = ["QUEUE_BYTES", "Event", "EventQueue", "Notice", "RelayedMessage"]

QUEUE_BYTES: Final = 4 * 1024 * 1024
"""Bytes of message bodies that may wait for a member, by default."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A member has joined or left: one line of the member list."""

    id: int
    name: bytes
    connected: bool


@dataclass(frozen=True, slots=True)
class RelayedMessage:
    """A message from a member, unchanged."""

    sender: int
    body: bytes
    content_type: str | None


Event = Notice | RelayedMessage


class EventQueue:
    """The events for one member.

    Args:
        limit: messages that may wait.
        size: bytes of messages that may wait.
        hub: this is the hub's. It must not be dropped for what a single student does, so both limits count for each
            sender apart, and what a student wrote who has left again goes with the notices.
    """

    def __init__(self, limit: int, *, size: int = QUEUE_BYTES, hub: bool = False) -> None:
        self._limit = limit
        self._size = size
        self._hub = hub
        self._events: OrderedDict[int, Event] = OrderedDict()  # its front is removed in constant time, a dict's not
        self._next = 0
        self._unread: dict[int, int] = {}  # member -> key of the notice that it came
        self._written: dict[int, dict[int, int]] = {}  # sender -> key of each message -> bytes
        self._messages = 0
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._events)

    def put(self, event: Event) -> bool:
        """Append an event; False when it is a message and does not fit."""
        match event:
            case RelayedMessage():
                return self._put_message(event)
            case Notice(id=subject, connected=True):
                self._unread[subject] = self._next
            case Notice(id=subject) if subject in self._unread and (self._hub or subject not in self._written):
                for key in (self._unread[subject], *self._written.get(subject, ())):
                    self._remove(key)
                return True
        self._append(event)
        return True

    def take(self) -> Event | None:
        """Remove and return the oldest event."""
        return self._remove(next(iter(self._events))) if self._events else None

    def _put_message(self, relay: RelayedMessage) -> bool:
        written = self._written.get(relay.sender, {})
        size = len(relay.body)
        if self._hub:
            fits = len(written) < self._limit and sum(written.values()) + size <= self._size
        else:
            fits = self._messages < self._limit and self._bytes + size <= self._size
        if fits:
            written[self._next] = size
            self._written[relay.sender] = written
            self._messages += 1
            self._bytes += size
            self._append(relay)
        return fits

    def _append(self, event: Event) -> None:
        self._events[self._next] = event
        self._next += 1

    def _remove(self, key: int) -> Event:
        event = self._events.pop(key)
        if isinstance(event, RelayedMessage):
            written = self._written[event.sender]
            del written[key]
            if not written:
                del self._written[event.sender]
            self._messages -= 1
            self._bytes -= len(event.body)
        elif event.connected:
            self._unread.pop(event.id, None)
        return event
