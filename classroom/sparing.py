"""Log lines about what strangers do: a few of each kind, and then how many were left out.

Whoever can make a server write a line for each of his packets can fill its disk and hide in the noise.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["SparingLog"]


@dataclass(slots=True)
class _Kind:
    since: float
    written: int = 0
    left_out: int = 0


class SparingLog:
    """Writes at most some lines of each kind in a span of time; the next span's first line tells what was left out.

    Args:
        log: where the lines go, as warnings.
        lines: of one kind in one span.
        span: seconds.
        now: where the time comes from, seconds of any monotonic clock.
    """

    def __init__(
        self, log: logging.Logger, *, lines: int = 3, span: float = 30.0, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._log = log
        self._lines = lines
        self._span = span
        self._now = now
        self._kinds: dict[str, _Kind] = {}

    def warn(self, message: str, *values: object, fault: BaseException | None = None) -> None:
        """Write a line; the message before its values are filled in is its kind, so it must be a constant.

        The first line of a kind has the traceback of ``fault`` with it.
        """
        now = self._now()
        traceback = fault if message not in self._kinds else None
        kind = self._kinds.setdefault(message, _Kind(now))
        if now - kind.since >= self._span:
            kind.since, kind.written = now, 0
        if kind.written >= self._lines:
            kind.left_out += 1
            return
        kind.written += 1
        left_out, kind.left_out = kind.left_out, 0
        if left_out:
            self._log.warning(message + " (and %d times before)", *values, left_out)
        else:
            self._log.warning(message, *values, exc_info=traceback)
