"""Frees the memory of students who left, when it disturbs little.

A closed connection is 1400 objects in reference cycles, which only Python's garbage collector frees. Left alone, the
collector waits until there are many, and then stops everything for tens of milliseconds. The objects of the program
itself, which are most of what it would examine, are excluded from collection (``gc.freeze``).
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import time
from collections.abc import Callable
from typing import Final

__all__ = ["GcSchedule"]

_AFTER: Final = 2.0
"""Seconds after the last student left; a class that leaves together is collected once."""

_SHARE: Final = 0.005
"""The share of the time that collection may take at most."""

_MANY: Final = 8
"""Students who left, after which it is worth a millisecond to return memory to the system."""


class GcSchedule:
    """Runs the garbage collector once for all students who left. Belongs to the event loop."""

    def __init__(self) -> None:
        self._began = False
        self._left = 0
        self._trim = _trimmer()
        self._handle: asyncio.TimerHandle | None = None
        self._not_before = 0.0

    def begin(self) -> None:
        """A student comes: when the first one does, all existing objects are excluded from collection."""
        if not self._began:
            self._began = True
            gc.collect()
            gc.freeze()

    def left(self) -> None:
        """A connection was closed."""
        self._left += 1
        if self._handle is not None:
            self._handle.cancel()
        loop = asyncio.get_running_loop()
        self._handle = loop.call_at(max(loop.time() + _AFTER, self._not_before), self._collect)

    def close(self) -> None:
        """Stop collecting, and undo the exclusion."""
        if self._began:
            self._began = False
            gc.unfreeze()
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _collect(self) -> None:
        self._handle = None
        began = time.perf_counter()
        gc.collect()
        if self._left >= _MANY:
            self._left = 0
            self._trim()
        spent = time.perf_counter() - began
        self._not_before = asyncio.get_running_loop().time() + spent / _SHARE


def _trimmer() -> Callable[[], object]:
    """A function that returns freed memory to the system: glibc's malloc_trim; elsewhere it does nothing."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return lambda: None
    return lambda: trim(0)
