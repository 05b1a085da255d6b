"""Log lines about what clients do: a few of each kind, and then how many were left out.

A client that can make a server write a line for each packet can fill its disk and hide in the noise.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

__all__ = ["LimitedLog", "LimitedLogFilter"]


@dataclass(slots=True)
class _Kind:
    since: float
    written: int = 0
    left_out: int = 0
    named: dict[str, float] = field(default_factory=dict)


_EACH: Final = 60.0
"""Seconds between two lines of a kind about the same address."""


class LimitedLog:
    """Writes at most some lines of each kind in a span of time; the next span's first line says how many were left out.

    Args:
        log: where the lines go, as warnings.
        lines: of one kind in one span.
        span: seconds.
        now: where the time comes from, seconds of any monotonic clock.
    """

    def __init__(
        self, log: logging.Logger, *, lines: int = 3, span: float = 60.0, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._log = log
        self._lines = lines
        self._span = span
        self._now = now
        self._kinds: dict[str, _Kind] = {}

    def warn(self, message: str, *values: object, fault: BaseException | None = None, by: str | None = None) -> None:
        """Write a line.

        Args:
            message: the text before its values are filled in. It is the kind of the line, so it must be a constant.
            values: what is filled in.
            fault: the first line of a kind has its traceback with it.
            by: the client it is about, from ``limit_key``. There is one line a minute about each, so that one client
                does not hide the others.
        """
        now = self._now()
        traceback = fault if message not in self._kinds else None
        kind = self._kinds.setdefault(message, _Kind(now))
        if now - kind.since >= self._span:
            kind.since, kind.written = now, 0
        if kind.written >= self._lines or (by is not None and self._was_named(kind, by, now)):
            kind.left_out += 1
            return
        kind.written += 1
        left_out, kind.left_out = kind.left_out, 0
        if left_out:
            self._log.warning(message + " (and %d times before)", *values, left_out, stacklevel=2)
        else:
            self._log.warning(message, *values, exc_info=traceback, stacklevel=2)

    @staticmethod
    def _was_named(kind: _Kind, who: str, now: float) -> bool:
        """Whether there was a line about somebody lately; there is now. At most a span's lines are remembered."""
        kind.named = {name: last for name, last in kind.named.items() if now - last < _EACH}
        if who in kind.named:
            return True
        kind.named[who] = now
        return False


class LimitedLogFilter(logging.Filter):
    """A limit for all loggers, those of libraries too: no place in the code writes more than ``lines`` lines in a span.

    A fault that repeats must not fill a disk with the same line. Add it to a handler.

    Args:
        lines: of one place in one span; a place is a line of some program's source.
        span: seconds.
        now: where the time comes from, seconds of any monotonic clock.
    """

    def __init__(self, *, lines: int = 12, span: float = 60.0, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._lines = lines
        self._span = span
        self._now = now
        self._places: dict[tuple[str, int], _Kind] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a line is written; the first one after others were left out says how many."""
        now = self._now()
        place = self._places.setdefault((record.pathname, record.lineno), _Kind(now))
        if now - place.since >= self._span:
            place.since, place.written = now, 0
        if place.written >= self._lines:
            place.left_out += 1
            return False
        place.written += 1
        left_out, place.left_out = place.left_out, 0
        if left_out:
            record.msg = f"{record.msg} (and {left_out} lines like it before)"
        return True
