"""Glass to page: from the making of a picture to the moment at which a page in headless Chromium can read it.

Four parts take turns, several rounds each, so that a machine that is slow for a while is slow for all: classroom's
packets and stock aiortc's encoder per viewer, each with H.264 and VP8, with the same pictures, mixer and sound.
The picture's age includes its wait for the next tick, which is half a tick on average.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from rich.table import Table

from classroom.bench.browser import Browser, Frame, browser
from classroom.bench.machine import StolenTime, describe_machine
from classroom.bench.sender import WAYS, connection
from classroom.bench.stage import FPS, HEIGHT, WIDTH, Stage, stage
from classroom.media.timing import percentile

__all__ = ["run", "table"]

_SECONDS: Final = 8.0
_ROUNDS: Final = 3
_SETTLING: Final = 2.0
"""Seconds at the start of a part that do not count: browsers begin with a guess of the network's jitter."""


def run(seconds: float | None = None) -> dict[str, Any]:
    """Measure; ``seconds`` is how long each part is watched in each round."""
    return asyncio.run(_measure(_SECONDS if seconds is None else seconds))


async def _measure(seconds: float) -> dict[str, Any]:
    ages: dict[str, list[float]] = {}
    stolen = StolenTime()
    async with stage() as each, browser() as page:
        for _ in range(_ROUNDS):
            for way, codec in WAYS:
                frames = await _watch(each, page, way, codec, seconds + _SETTLING)
                ages.setdefault(f"{way} {codec}", []).extend(frames)
    parts = {name: _summary(values) for name, values in ages.items()}
    return {
        "bench": "latency",
        "machine": describe_machine(stolen),
        "picture": f"{WIDTH}x{HEIGHT} at {FPS}",
        "unit": "ms",
        "parts": parts,
        "ratio_p95_to_stock": {
            codec: _ratio(parts[f"classroom {codec}"]["p95"], parts[f"stock {codec}"]["p95"])
            for codec in ("h264", "vp8")
        },
    }


async def _watch(each: Stage, page: Browser, way: Any, codec: Any, seconds: float) -> list[float]:
    frames = await page.watch(connection(each, way, codec), seconds)
    return settled(frames, _SETTLING)


def settled(frames: list[Frame], settling: float) -> list[float]:
    """The ages of the frames after the first ``settling`` seconds."""
    if not frames:
        return []
    begin = frames[0].at + settling * 1000
    return [frame.age for frame in frames if frame.at >= begin]


def _summary(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {"frames": len(ordered)} | {
        name: round(percentile(ordered, share), 1) for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
    }


def _ratio(ours: float, stock: float) -> float | None:
    return round(ours / stock, 3) if stock else None


def table(result: dict[str, Any]) -> Table:
    """The result for a person."""
    shown = Table(title=f"Glass to page, {result['picture']}, milliseconds")
    shown.add_column("part")
    for column in ("frames", "p50", "p95", "p99"):
        shown.add_column(column, justify="right")
    for name, part in result["parts"].items():
        shown.add_row(name, *(f"{part[column]:g}" for column in ("frames", "p50", "p95", "p99")))
    ratios = ", ".join(f"{codec} {ratio}" for codec, ratio in result["ratio_p95_to_stock"].items())
    stolen = f"The host took {result['machine']['stolen']:.0%} of the time away."
    shown.caption = f"p95 as a share of stock aiortc's: {ratios}. {stolen}"
    return shown
