"""When an encoder that failed is opened again."""

from __future__ import annotations

import logging
from typing import Final

from classroom.common.clock import Clock
from classroom.common.limited_log import LimitedLog

__all__ = ["Recovery"]

_BACK_OFF: Final = (0.25, 0.5, 1.0, 2.0)
"""Seconds before the first, second, … attempt; the last one is repeated. Opening an encoder takes some milliseconds."""


class Recovery:
    """What one encoder does after a fault of any kind: it is opened again after 0.25, 0.5, 1 and every 2 s."""

    def __init__(self, encoder: str, log: logging.Logger, clock: Clock) -> None:
        self._encoder = encoder
        self._clock = clock
        self._limited = LimitedLog(log, now=clock.now)
        self._failures = 0
        self._retry_at: float | None = None

    def blocked(self, now: float) -> bool:
        """Whether it is too early for another attempt at the clock second ``now``."""
        return self._retry_at is not None and now < self._retry_at

    def failed(self, error: Exception) -> None:
        """It failed just now."""
        pause = _BACK_OFF[min(self._failures, len(_BACK_OFF) - 1)]
        self._failures += 1
        self._retry_at = self._clock.now() + pause
        self._limited.warn(
            "The %s encoder failed and is tried again in %g s: %s: %s",
            self._encoder,
            pause,
            type(error).__name__,
            error,
            fault=error,
        )

    def worked(self) -> None:
        """It made a packet."""
        self._failures, self._retry_at = 0, None
