"""The room with asyncio around it: pending waits sleep here, and lost members are dropped in time.

The HTTP handlers and the in-process member share one switchboard. All calls belong to one event loop.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from types import TracebackType
from typing import Self

from classroom.common.clock import Clock
from classroom.common.limited_log import LimitedLog
from classroom.signaling.queue import Event, Notice, RelayedMessage
from classroom.signaling.room import Admission, Overflowed, Room

__all__ = ["NothingNew", "Switchboard", "SwitchboardClosed"]

logger = logging.getLogger(__name__)


class SwitchboardClosed(Exception):
    """The switchboard has stopped; no wait will be answered any more."""


class NothingNew(Exception):
    """A wait had a time limit, and nothing happened in it."""


class Switchboard:
    """Owns a room, its pending waits and the task that expires members.

    Args:
        room: the room; nobody else may change it.
        clock: where the room's time comes from.
        tick: seconds between two looks for members to expire.
    """

    def __init__(self, *, room: Room, clock: Clock, tick: float = 1.0) -> None:
        self._room = room
        self._clock = clock
        self._tick = tick
        self._waits: dict[int, asyncio.Future[None]] = {}
        self._closed = False
        self._expiry: asyncio.Task[None] | None = None
        self._log = LimitedLog(logger)

    async def __aenter__(self) -> Self:
        self._expiry = asyncio.create_task(self._expire(), name="signaling expiry")
        self._expiry.add_done_callback(_report)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
        if self._expiry is not None:
            self._expiry.cancel()
            await asyncio.wait([self._expiry])

    @property
    def size(self) -> int:
        """How many are signed in, the hub included."""
        return self._room.size

    @property
    def waiting(self) -> int:
        """How many waits are pending."""
        return len(self._waits)

    @property
    def places(self) -> int:
        """How many guests may be signed in at a time."""
        return self._room.max_members

    @property
    def full(self) -> bool:
        """Whether no other guest can sign in."""
        return self._room.full

    def make_room(self, members: int) -> None:
        """Make room for at least this many members; never for fewer than before, so that all may come back."""
        self._room.max_members = max(self._room.max_members, members)

    def sign_in(self, name: bytes, *, hub: bool = False, address: str = "") -> Admission:
        """Add a member, with the network address it comes from. Raises RoomFull."""
        admission = self._room.sign_in(name, self._clock.now(), hub=hub, address=address)
        self._wake()
        return admission

    def is_guest(self, member_id: int) -> bool:
        """Whether this is a member other than the hub: one that anybody who knows its id may act for."""
        return member_id in self._room and not self._room.is_hub(member_id)

    def address(self, member_id: int) -> str:
        """The network address that a member signed in from; empty where it is not known."""
        return self._room.address(member_id)

    def absence(self, member_id: int) -> float:
        """Seconds for which a member is known to ask for nothing; see ``Room.absence``."""
        return self._room.absence(member_id, self._clock.now())

    def sign_out(self, member_id: int) -> None:
        """Remove a member. Raises UnknownMember."""
        try:
            self._room.sign_out(member_id)
        finally:
            self._wake()

    def post(self, sender: int, target: int, body: bytes, content_type: str | None) -> RelayedMessage | None:
        """Queue a message; nothing is done with it before the caller has answered. Raises UnknownMember."""
        try:
            return self._room.post(sender, target, body, content_type)
        except Overflowed as overflow:
            who = overflow.address or "unknown"
            if overflow.dropped == sender:
                self._log.warn("a member from %s sends more than is read and is signed out", who)
            else:
                self._log.warn("a member from %s does not fetch its messages and is signed out", who)
            raise
        finally:
            self._wake()

    def reannouncement(self, member_id: int) -> Notice:
        """A notification that changes nothing for its reader. Raises UnknownMember."""
        return self._room.reannouncement(member_id)

    async def wait(
        self,
        member_id: int,
        alive: Callable[[], bool] = lambda: True,
        *,
        address: str = "",
        turn: int | None = None,
        within: float | None = None,
    ) -> Event:
        """The next event for a member, after any time, or ``within`` seconds; for ``turn`` see ``Room.begin_wait``.

        An event leaves the queue only in the very step in which this returns, and only if ``alive`` says that there
        is still somebody to give it to, so that cancelling loses nothing.
        Raises UnknownMember, Occupied, Replaced, SwitchboardClosed and NothingNew; ConnectionResetError when not alive.
        """
        if self._closed:
            raise SwitchboardClosed
        ticket = self._room.begin_wait(member_id, address, turn)
        self._wake()
        hung_up = True
        try:
            async with asyncio.timeout(within):
                while True:
                    if not alive():
                        raise ConnectionResetError("the waiting connection is gone")
                    event = self._room.collect(member_id, ticket, self._clock.now())
                    if event is not None:
                        return event
                    wakeup = asyncio.get_running_loop().create_future()
                    self._waits[ticket] = wakeup
                    await wakeup
                    if self._closed:
                        raise SwitchboardClosed
        except TimeoutError:
            hung_up = False
            raise NothingNew from None
        finally:
            self._waits.pop(ticket, None)
            self._room.end_wait(member_id, ticket, self._clock.now(), hung_up=hung_up)

    def close(self) -> None:
        """End all pending waits with SwitchboardClosed, and every later one."""
        self._closed = True
        for wakeup in self._waits.values():
            if not wakeup.done():
                wakeup.set_result(None)

    def _wake(self) -> None:
        for ticket in self._room.take_ready():
            wakeup = self._waits.get(ticket)
            if wakeup is not None and not wakeup.done():
                wakeup.set_result(None)

    async def _expire(self) -> None:
        while True:
            await asyncio.sleep(self._tick)
            for _ in self._room.expire(self._clock.now()):
                logger.info("a member has not asked for news for too long and is signed out")
            self._wake()


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.critical("members are no longer expired", exc_info=error)
