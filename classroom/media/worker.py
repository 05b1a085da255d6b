"""Threads that a lesson cannot do without: begun again when they end, and replaced when they hang.

Nothing can end a thread that hangs in a codec or a driver. It is left behind then, and another one takes its place. Of
those left behind there are a few at most: each holds memory, and what hangs every time will hang once more.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from classroom.common.limited_log import LimitedLog

__all__ = ["MOST_LEFT_BEHIND", "Turn", "Worker", "join_all"]

_log = logging.getLogger(__name__)

MOST_LEFT_BEHIND: Final = 3
"""Threads of one worker that hang beside the one that has their place."""

_LOOKS: Final = 20
"""Looks, ten a second, at which the same piece of work is seen before its thread counts as hanging.

Looks are counted instead of seconds, so that a computer that slept or was held up accuses nobody.
"""


class Turn:
    """One thread's time at the work.

    ``piece`` is what it works at, another value for each piece, and None while it waits. ``current`` is False once
    another thread has taken its place: it must hand out nothing any more, and end.
    """

    __slots__ = ("current", "piece", "thread")

    def __init__(self) -> None:
        self.current = True
        self.piece: int | None = None
        self.thread: threading.Thread | None = None


class Worker:
    """Keeps one thread at work from ``start`` to ``stop``.

    ``work`` runs in the thread and returns when its turn is not current any more or when its owner wants it to end; the
    owner says so by means of its own after ``stop``. ``change_hands`` is called before another thread takes the place
    of one that ended or hangs, perhaps in the middle of things. All methods belong to one thread, that of the owner.
    """

    def __init__(
        self, name: str, work: Callable[[Turn], None], change_hands: Callable[[], None] = lambda: None
    ) -> None:
        self.name = name
        self._work = work
        self._change_hands = change_hands
        self._turn: Turn | None = None
        self._stopping = False
        self._seen: int | None = None
        self._looks = 0
        self._left_behind: list[threading.Thread] = []
        self._limited = LimitedLog(_log)

    @property
    def stuck(self) -> bool:
        """Whether so many threads hang that no other one is begun: the lesson has to be begun anew."""
        return self._looks >= _LOOKS

    def start(self) -> None:
        """Begin; a system that has no thread to give is asked again at each look."""
        self._begin()

    def look(self) -> None:
        """See to it that a thread is at work; to be called ten times a second. Never blocks."""
        turn = self._turn
        if turn is None or self._stopping:
            return
        if turn.thread is None or not turn.thread.is_alive():
            self._limited.warn("The thread of the %s ended and is begun again.", self.name)
            turn.current = False
            self._change_hands()
            self._begin()
            return
        piece = turn.piece
        if piece is None or piece != self._seen:
            self._seen, self._looks = piece, 0
            return
        self._looks += 1
        if self._looks < _LOOKS:
            return
        self._left_behind = [thread for thread in self._left_behind if thread.is_alive()]
        if len(self._left_behind) < MOST_LEFT_BEHIND:
            self._limited.warn("The thread of the %s hangs; another one takes its place.", self.name)
            turn.current = False
            self._left_behind.append(turn.thread)
            self._change_hands()
            self._begin()

    def stop(self) -> None:
        """Begin nothing again from now on."""
        self._stopping = True

    def join(self, timeout: float) -> bool:
        """Wait for the thread and for those left behind, ``timeout`` seconds together; whether all have ended."""
        current = self._turn.thread if self._turn is not None else None
        threads = [*self._left_behind, *([current] if current is not None else [])]
        deadline = time.monotonic() + timeout
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in threads)

    def _begin(self) -> None:
        turn = Turn()
        self._turn, self._seen, self._looks = turn, None, 0
        try:
            thread = threading.Thread(target=self._run, args=(turn,), name=self.name, daemon=True)
            thread.start()
        except (RuntimeError, MemoryError) as error:
            self._limited.warn("There is no thread for the %s: %s", self.name, error)
            return
        turn.thread = thread

    def _run(self, turn: Turn) -> None:
        try:
            self._work(turn)
        except Exception as error:  # noqa: BLE001 - the wall between one thread and the lesson: it is begun again
            self._limited.warn("The %s failed: %s: %s", self.name, type(error).__name__, error, fault=error)


def join_all(workers: Sequence[Worker], timeout: float) -> list[str]:
    """Wait for all, ``timeout`` seconds together; the names of those of which a thread has not ended."""
    deadline = time.monotonic() + timeout
    return [worker.name for worker in workers if not worker.join(max(0.0, deadline - time.monotonic()))]
