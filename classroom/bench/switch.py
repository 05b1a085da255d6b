"""The time from a command to the first frame of the new scene in a page, and the largest gap between frames around it.

Classroom's packets and stock aiortc's encoder per viewer take turns, with the same pictures and mixer.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from dataclasses import dataclass, field
from typing import Any, Final

from rich.table import Table

from classroom.bench.browser import Frame, PageWatcher, browser
from classroom.bench.machine import StolenTime, describe_machine
from classroom.bench.sender import Codec, Way, connection
from classroom.bench.stage import FPS, HEIGHT, WIDTH, Stage, stage
from classroom.media.timing import percentile

__all__ = ["run", "table"]

_SECONDS: Final = 12.0
_ROUNDS: Final = 2
_SETTLING: Final = 2.0
_EVERY: Final = 0.7
"""Seconds between two switches. It is not a whole number of ticks, so switches fall anywhere within a tick."""

_AROUND: Final = 500.0
"""Milliseconds after a command in which gaps between frames count for it."""

_SOURCES: Final = {"head": 1, "text": 2}
_WAYS: Final[tuple[tuple[Way, Codec], ...]] = (("classroom", "h264"), ("stock", "h264"), ("classroom", "vp8"))


@dataclass(slots=True)
class _Switches:
    """When each command for a scene was given (epoch milliseconds), and which source the scene shows."""

    commands: list[tuple[float, int]] = field(default_factory=list)


def run(seconds: float | None = None) -> dict[str, Any]:
    """Measure. ``seconds`` is how long each part is watched in each round."""
    return asyncio.run(_measure(_SECONDS if seconds is None else seconds))


async def _measure(seconds: float) -> dict[str, Any]:
    found: dict[str, list[tuple[float | None, float]]] = {}
    stolen = StolenTime()
    async with stage() as each, browser() as page:
        for _ in range(_ROUNDS):
            for way, codec in _WAYS:
                found.setdefault(f"{way} {codec}", []).extend(await _watch(each, page, way, codec, seconds))
    return {
        "bench": "switch",
        "machine": describe_machine(stolen),
        "picture": f"{WIDTH}x{HEIGHT} at {FPS}",
        "unit": "ms",
        "parts": {name: _summary(values) for name, values in found.items()},
    }


async def _watch(
    each: Stage, page: PageWatcher, way: Way, codec: Codec, seconds: float
) -> list[tuple[float | None, float]]:
    switches = _Switches()
    tasks: list[asyncio.Task[None]] = []

    async def begin() -> None:
        tasks.append(asyncio.create_task(_switch(each, switches, seconds)))

    try:
        frames = (await page.watch(connection(each, way, codec), seconds + _SETTLING, begin)).frames
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return [_effect(frames, at, source) for at, source in switches.commands if frames and at < frames[-1].at - _AROUND]


async def _switch(each: Stage, switches: _Switches, seconds: float) -> None:
    await asyncio.sleep(_SETTLING)
    for count in range(int(seconds / _EVERY)):
        scene = ("text", "head")[count % 2]
        each.director.switch(scene, now=each.clock.now())
        switches.commands.append((time.time() * 1000, _SOURCES[scene]))
        await asyncio.sleep(_EVERY)


def _effect(frames: list[Frame], at: float, source: int) -> tuple[float | None, float]:
    """Milliseconds until the first frame of the source (None if none came), and the largest gap around the command."""
    first = next((frame.at - at for frame in frames if frame.at >= at and frame.source == source), None)
    around = [frame.at for frame in frames if at - 100 <= frame.at <= at + _AROUND]
    gap = max((later - earlier for earlier, later in itertools.pairwise(around)), default=_AROUND)
    return first, gap


def _summary(values: list[tuple[float | None, float]]) -> dict[str, float]:
    shown = sorted(first for first, _ in values if first is not None)
    gaps = sorted(gap for _, gap in values)
    return {
        "switches": len(values),
        "not_seen": len(values) - len(shown),
        "p50": round(percentile(shown, 0.5), 1),
        "p95": round(percentile(shown, 0.95), 1),
        "gap_p50": round(percentile(gaps, 0.5), 1),
        "gap_p90": round(percentile(gaps, 0.9), 1),
        "gap_max": round(gaps[-1], 1) if gaps else 0.0,
    }


def table(result: dict[str, Any]) -> Table:
    """The result for a person."""
    shown = Table(title=f"Command to first new frame, {result['picture']}, milliseconds")
    columns = ("switches", "not_seen", "p50", "p95", "gap_p50", "gap_p90", "gap_max")
    shown.add_column("part")
    for column in columns:
        shown.add_column(column.replace("_", " "), justify="right")
    for name, part in result["parts"].items():
        shown.add_row(name, *(f"{part[column]:g}" for column in columns))
    shown.caption = "gap: the longest time without a new frame within half a second of the command"
    return shown
