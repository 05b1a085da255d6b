"""Reads a live stream as fast as it comes, in a thread of its own, so that nothing of it piles up in the network."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass
from typing import Final

from classroom.common.clock import Clock
from classroom.media.sources.decoding import Decoding, Item

__all__ = ["Arrival", "ReadAhead"]

_WAITING: Final = 32
"""Pictures and blocks of sound that wait to be taken at most; then nothing more is read."""

_GLANCE: Final = 0.1
"""Seconds between two looks at whether it is to end, while nobody takes anything."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """What was read, and the clock second at which it was there; an ``item`` of None is the end of the stream."""

    instant: float
    item: Item | None


class ReadAhead:
    """Reads from a decoding, which it owns, until ``close``. One thread takes what it has read."""

    def __init__(self, decoding: Decoding, clock: Clock, *, name: str) -> None:
        self._decoding, self._clock = decoding, clock
        self._waiting: queue.Queue[Arrival | Exception] = queue.Queue(_WAITING)
        self._fault: Exception | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"ahead of {name}", daemon=True)
        self._thread.start()

    def take(self, timeout: float) -> list[Arrival]:
        """All that was read since, waiting up to ``timeout`` seconds for the first of it; empty where nothing came.

        Raises what reading raised, such as a ``DecodingError`` where the stream has broken off.
        """
        found: list[Arrival] = []
        while self._fault is None and len(found) < _WAITING:
            try:
                taken = self._waiting.get(block=not found and timeout > 0, timeout=timeout)
            except queue.Empty:
                return found
            if isinstance(taken, Exception):
                self._fault = taken
            else:
                found.append(taken)
        if self._fault is not None and not found:
            raise self._fault
        return found

    def close(self) -> None:
        """End the thread and close the decoding; blocks until the network has answered or given up."""
        self._closing.set()
        self._thread.join()
        self._decoding.close()

    def _run(self) -> None:
        while not self._closing.is_set():
            read: Arrival | Exception
            try:
                item = self._decoding.next()
                read = Arrival(self._clock.now(), item)
            except Exception as error:  # noqa: BLE001 - any error is raised again where it is taken
                read = error
            self._put(read)
            if isinstance(read, Exception) or read.item is None:
                return

    def _put(self, read: Arrival | Exception) -> None:
        while not self._closing.is_set():
            try:
                self._waiting.put(read, timeout=_GLANCE)
            except queue.Full:
                continue
            return
