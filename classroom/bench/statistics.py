"""Figures from measurements: percentiles of durations, and the use of the processor."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from classroom.media.timing import percentile

__all__ = ["TickLateness", "Usage", "cost", "spread"]


def spread(seconds: Sequence[float]) -> dict[str, float]:
    """``p50``, ``p95`` and ``max`` of durations, in milliseconds. They are zero without durations."""
    ordered = sorted(seconds)
    return {
        "p50": round(1000 * percentile(ordered, 0.5), 3),
        "p95": round(1000 * percentile(ordered, 0.95), 3),
        "max": round(1000 * (ordered[-1] if ordered else 0.0), 3),
    }


def cost(work: Callable[[int], object], *, seconds: float, warm_up: int = 3) -> dict[str, float]:
    """The cost of a piece of work. It is called with 0, 1, 2 … for ``seconds``, at least five times after the warm-up.

    ``cpu`` is the mean processor time of a call in ms, of all threads of the process. ``p50``, ``p95`` and ``max`` are
    by the wall clock, so they include other work of the machine.
    """
    for number in range(warm_up):
        work(number)
    walls: list[float] = []
    usage, number = Usage(), warm_up
    while usage.wall < seconds or len(walls) < 5:
        began = time.perf_counter()
        work(number)
        walls.append(time.perf_counter() - began)
        number += 1
    return {"cpu": round(1000 * usage.cpu / len(walls), 3), **spread(walls), "calls": len(walls)}


@dataclass(slots=True)
class Usage:
    """Processor and wall time of this process since the object was made, in seconds."""

    _cpu: float
    _wall: float

    def __init__(self) -> None:
        self._cpu, self._wall = time.process_time(), time.perf_counter()

    @property
    def cpu(self) -> float:
        """Processor time, user and system, of all threads."""
        return time.process_time() - self._cpu

    @property
    def wall(self) -> float:
        """Wall time."""
        return time.perf_counter() - self._wall

    @property
    def core(self) -> float:
        """The fraction of one core that was used on average."""
        return self.cpu / max(self.wall, 1e-9)


class TickLateness:
    """How late a thread of this process comes. Like a mixer, it is due ``rate`` times a second."""

    def __init__(self, rate: float) -> None:
        self._period = 1 / rate
        self._stop = threading.Event()
        self._late: list[float] = []
        self._thread = threading.Thread(target=self._tick, name="bench ticks", daemon=True)
        self._thread.start()

    def end(self) -> list[float]:
        """The seconds by which each tick since the start was late."""
        self._stop.set()
        self._thread.join(1.0)
        return self._late

    def _tick(self) -> None:
        due = time.monotonic() + self._period
        while not self._stop.wait(max(0.0, due - time.monotonic())):
            self._late.append(time.monotonic() - due)
            due += self._period
