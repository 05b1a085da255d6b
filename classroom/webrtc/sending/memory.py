"""Frees the memory of students who left, at a moment when it disturbs little.

The parts of a closed connection refer to each other in circles, 1400 objects of them, which only Python's collector
frees. By itself it waits until there are a lot, and then stops everything for tens of milliseconds. What the program is
made of, which is most of what the collector would look at, is kept out of its sight.
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
"""Seconds after the last one left; a class that leaves together is tidied up after once."""

_SHARE: Final = 0.005
"""The share of the time that may be spent on it at most."""

_MANY: Final = 8
"""Students who left, after whom it is worth a millisecond to give memory back to the system."""


class GcSchedule:
    """Collects once for all who left. Belongs to the event loop."""

    def __init__(self) -> None:
        self._began = False
        self._left = 0
        self._trim = _trimmer()
        self._handle: asyncio.TimerHandle | None = None
        self._not_before = 0.0

    def begin(self) -> None:
        """Somebody comes: from the first one on, what is there already counts as permanent."""
        if not self._began:
            self._began = True
            gc.collect()
            gc.freeze()

    def left(self) -> None:
        """Somebody's connection was closed."""
        self._left += 1
        if self._handle is not None:
            self._handle.cancel()
        loop = asyncio.get_running_loop()
        self._handle = loop.call_at(max(loop.time() + _AFTER, self._not_before), self._collect)

    def close(self) -> None:
        """Tidy up no more."""
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
    """What gives freed memory back to the system: glibc's malloc_trim, elsewhere nothing."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return lambda: None
    return lambda: trim(0)
