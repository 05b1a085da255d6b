"""How a student is removed: the page is told why, has time to sign out itself, then is signed out."""

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
"""Seconds that a page has to read why it is removed and to sign out itself."""

_MOST_REMOVED: Final = 4096


class Dismissal:
    """Removes peers, and runs other work in the background.

    ``tell(peer, message)`` gives a message to a peer. ``sign_out(peer)`` ends its membership in the signaling room; it
    is None where an external server runs the room.
    """

    def __init__(
        self,
        *,
        tell: Callable[[int, ToPage], Awaitable[None]],
        sign_out: Callable[[int], Awaitable[None]] | None,
    ) -> None:
        self._tell = tell
        self._sign_out = sign_out
        self._removed: OrderedDict[int, None] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = asyncio.Event()

    def __contains__(self, peer: object) -> bool:
        """Whether a peer was removed and is still signed in; it gets no offer."""
        return peer in self._removed

    def left(self, peer: int) -> None:
        """Note that a peer is signed out."""
        self._removed.pop(peer, None)

    def remove(self, peer: int, student: Student, why: RefusalReason) -> None:
        """Start to remove a peer; its picture ends now, even where the message does not arrive."""
        if student.task is not None:
            student.task.cancel()
        self._removed[peer] = None
        while len(self._removed) > _MOST_REMOVED:
            self._removed.popitem(last=False)
        self.run(self._dismiss(peer, student, why))

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Run work without waiting for it; ``close`` waits."""
        task = asyncio.create_task(work, name="background work of the audience")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(report)

    async def close(self) -> None:
        """Give removed peers no more time, and wait until all work is done."""
        self._closing.set()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _dismiss(self, peer: int, student: Student, why: RefusalReason) -> None:
        if student.page:
            await self._tell(peer, Refused(why))
        await end_viewer(student)
        if self._sign_out is None:
            return
        if student.page:
            # A page that is signed out loses its waiting messages, and would sign in again without this one.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), LAST_WORD)
        await self._sign_out(peer)


def end_viewer(student: Student) -> Coroutine[Any, Any, None]:
    """Drop a student's viewer at once; the coroutine that is returned waits until its connection is closed."""
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
    """Log the fault of a task for which no other task waits."""
    if not task.cancelled() and (fault := task.exception()) is not None:
        logger.error("%s ended by a fault of its own", task.get_name(), exc_info=fault)
