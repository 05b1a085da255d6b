"""Waits for a condition with a deadline, for tests of threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

__all__ = ["wait_for"]

T = TypeVar("T")

_POLL = threading.Event()


def wait_for(condition: Callable[[], T], *, seconds: float = 60.0, what: str = "the condition") -> T:
    """The first true answer of a condition; AssertionError when there was none in time."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"{what} did not come true within {seconds} s"
        _POLL.wait(0.003)
