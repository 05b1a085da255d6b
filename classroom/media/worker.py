"""Threads that a lesson cannot do without: they are started again when they end, and replaced when they hang.

Nothing can end a thread that hangs in a codec or a driver. It is left behind, and another one takes its place. Only a
few are left behind: each holds memory, and work that hung every time will hang again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from classroom.common.limited_log import LimitedLog

__all__ = ["MOST_LEFT_BEHIND", "Lease", "Worker", "join_all"]

_log = logging.getLogger(__name__)

MOST_LEFT_BEHIND: Final = 3
"""Threads of one worker that may hang, beside the one that took their place."""

_LOOKS: Final = 20
"""Looks, ten a second, at which the same piece of work is seen before its thread counts as hanging.

Looks are counted instead of seconds, so that no thread is blamed for a computer that slept or was held up.
"""


class Lease:
    """One thread's right to do the work, until another thread gets it.

    ``piece`` is what it works at, another value for each piece, and None while it waits. ``current`` is False once
    another thread has the work: then this one must hand out nothing more, and end.
    """

    __slots__ = ("current", "piece", "thread")

    def __init__(self) -> None:
        self.current = True
        self.piece: int | None = None
        self.thread: threading.Thread | None = None


class Worker:
    """Keeps one thread at work from ``start`` to ``stop``.

    ``work`` runs in the thread. It returns when its lease is no longer current, or when the owner wants it to end: the
    owner tells it so in its own way after ``stop``. ``change_hands`` is called before another thread takes the place of
    one that ended or hangs, perhaps in the middle of its work. All methods belong to one thread, that of the owner.
    """

    def __init__(
        self, name: str, work: Callable[[Lease], None], change_hands: Callable[[], None] = lambda: None
    ) -> None:
        self.name = name
        self._work = work
        self._change_hands = change_hands
        self._lease: Lease | None = None
        self._stopping = False
        self._seen: int | None = None
        self._looks = 0
        self._left_behind: list[threading.Thread] = []
        self._limited = LimitedLog(_log)

    @property
    def stuck(self) -> bool:
        """Whether too many threads hang for another one to be started: the lesson has to be started again."""
        return self._looks >= _LOOKS

    def start(self) -> None:
        """Start the thread; where the system has none to give, it is asked again at each look."""
        self._begin()

    def look(self) -> None:
        """Make sure that a thread is at work; to be called ten times a second. Never blocks."""
        lease = self._lease
        if lease is None or self._stopping:
            return
        if lease.thread is None or not lease.thread.is_alive():
            self._limited.warn("The thread of the %s ended and is started again.", self.name)
            lease.current = False
            self._change_hands()
            self._begin()
            return
        piece = lease.piece
        if piece is None or piece != self._seen:
            self._seen, self._looks = piece, 0
            return
        self._looks += 1
        if self._looks < _LOOKS:
            return
        self._left_behind = [thread for thread in self._left_behind if thread.is_alive()]
        if len(self._left_behind) < MOST_LEFT_BEHIND:
            self._limited.warn("The thread of the %s hangs; another one takes its place.", self.name)
            lease.current = False
            self._left_behind.append(lease.thread)
            self._change_hands()
            self._begin()

    def stop(self) -> None:
        """Start no thread again from now on."""
        self._stopping = True

    def join(self, timeout: float) -> bool:
        """Wait for the thread and for those left behind, ``timeout`` seconds together; whether all have ended."""
        current = self._lease.thread if self._lease is not None else None
        threads = [*self._left_behind, *([current] if current is not None else [])]
        deadline = time.monotonic() + timeout
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in threads)

    def _begin(self) -> None:
        lease = Lease()
        self._lease, self._seen, self._looks = lease, None, 0
        try:
            thread = threading.Thread(target=self._run, args=(lease,), name=self.name, daemon=True)
            thread.start()
        except (RuntimeError, MemoryError) as error:
            self._limited.warn("The system has no thread for the %s: %s", self.name, error)
            return
        lease.thread = thread

    def _run(self, lease: Lease) -> None:
        try:
            self._work(lease)
        except Exception as error:  # noqa: BLE001 - the wall between one thread and the lesson: the thread is started again
            self._limited.warn("The %s failed: %s: %s", self.name, type(error).__name__, error, fault=error)


def join_all(workers: Sequence[Worker], timeout: float) -> list[str]:
    """Wait for all, ``timeout`` seconds together; the names of those of which a thread has not ended."""
    deadline = time.monotonic() + timeout
    return [worker.name for worker in workers if not worker.join(max(0.0, deadline - time.monotonic()))]
