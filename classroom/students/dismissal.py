"""How somebody is sent away: told why, given the time to go by itself, then signed out; and how a viewer ends."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

from classroom.common.tasks import end
from classroom.students.roster import Student
from classroom.webrtc.messages import RefusalReason, Refused, ToPage

__all__ = ["LAST_WORD", "Dismissal", "end_viewer", "report"]

logger = logging.getLogger(__name__)

LAST_WORD: Final = 5.0
"""Seconds a page has to read why it must go and to sign out by itself."""

_MOST_SENT_AWAY: Final = 4096


class Dismissal:
    """Sees peers out, and runs whatever else must not be waited for.

    ``tell(peer, message)`` gives a message to a peer; ``sign_out(peer)`` ends its membership in the signaling room,
    and is None where the room is somebody else's.
    """

    def __init__(
        self,
        *,
        tell: Callable[[int, ToPage], Awaitable[None]],
        sign_out: Callable[[int], Awaitable[None]] | None,
    ) -> None:
        self._tell = tell
        self._sign_out = sign_out
        self._sent_away: OrderedDict[int, None] = OrderedDict()
        self._errands: set[asyncio.Task[None]] = set()
        self._closing = asyncio.Event()

    def __contains__(self, peer: object) -> bool:
        """Whether a peer was sent away and is still signed in; nothing is offered to it."""
        return peer in self._sent_away

    def left(self, peer: int) -> None:
        """A peer is signed out."""
        self._sent_away.pop(peer, None)

    def send_away(self, peer: int, student: Student, why: RefusalReason) -> None:
        """Begin to see somebody out; the picture ends now, whatever becomes of the words."""
        if student.task is not None:
            student.task.cancel()
        self._sent_away[peer] = None
        while len(self._sent_away) > _MOST_SENT_AWAY:
            self._sent_away.popitem(last=False)
        self.run(self._see_out(peer, student, why))

    def run(self, errand: Coroutine[Any, Any, None]) -> None:
        """Do something without waiting for it; ``close`` does."""
        task = asyncio.create_task(errand, name="errand of the audience")
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)
        task.add_done_callback(report)

    async def close(self) -> None:
        """Give nobody more time, and wait until all is done."""
        self._closing.set()
        await asyncio.gather(*self._errands, return_exceptions=True)

    async def _see_out(self, peer: int, student: Student, why: RefusalReason) -> None:
        if student.page:
            await self._tell(peer, Refused(why))
        await end_viewer(student)
        if self._sign_out is None:
            return
        if student.page:
            # Who is signed out loses what waits for it, and would sign in again without knowing.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), LAST_WORD)
        await self._sign_out(peer)


def end_viewer(student: Student) -> Coroutine[Any, Any, None]:
    """Let go of a student's viewer at once; what is returned waits until its connection is closed."""
    for timer in student.timers:
        timer.cancel()
    task, student.task, student.viewer = student.task, None, None
    if task is not None:
        task.cancel()
    return _ended(task)


async def _ended(task: asyncio.Task[None] | None) -> None:
    if task is not None:
        await end(task)


def report(task: asyncio.Task[None]) -> None:
    """Log the fault of a task that nobody waits for."""
    if not task.cancelled() and (fault := task.exception()) is not None:
        logger.error("%s ended by a fault of its own", task.get_name(), exc_info=fault)
