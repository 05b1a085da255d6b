"""Many students join at once: when each has the first picture, and what a student notices who already watches.

This process mixes, encodes and sends the lesson. Students are connections of other processes. Signaling is not
included, because ``join.measure_offers`` measures it. A student's time starts with its arrival in the audience.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from rich.table import Table

from classroom.bench.quality import fall
from classroom.bench.servers import ClassroomServer, house
from classroom.bench.stage import FPS, stage
from classroom.bench.statistics import TickLateness, spread
from classroom.bench.students import Students, students
from classroom.media.fanout import Fanout

__all__ = ["GOALS", "SIZES", "measure_rush", "rush_table"]

SIZES: Final = (30, 100)
GOALS: Final = {"first_frame_p95": 1000.0, "freeze": 200.0, "fall_db": 3.0, "fall_seconds": 1.0}
"""Milliseconds to the first picture of 30 students, and limits for a student who already watches: ms, dB, seconds."""

_BEFORE: Final = 4.0
"""Seconds for which one student first watches alone. The picture becomes sharp in this time."""

_SEES_WITHIN: Final = 20.0


async def measure_rush(seconds: float, sizes: Sequence[int] = SIZES) -> dict[str, Any]:
    """A rush of each size. It is watched for ``seconds`` after its start, and before it for up to four seconds."""
    parts = {}
    async with students() as receivers:
        for size in sizes:
            parts[str(size)] = await _rush(receivers, size, seconds)
    return {"parts": parts, "goals": GOALS}


async def _rush(receivers: Students, size: int, seconds: float) -> dict[str, Any]:
    async with (
        stage(["slide"]) as each,
        _counting_keys(each.program.fanout("h264")) as keys,
        house(each.watchable, receivers) as audience,
    ):
        (watcher,) = await audience.join(1, keeps=1)
        await receivers.all_see(audience.ids.values(), within=_SEES_WITHIN)
        await asyncio.sleep(min(_BEFORE, seconds))
        await receivers.forget_gaps()
        before, ticks = len(keys), TickLateness(FPS)
        began = asyncio.get_running_loop().time()
        await audience.join(size)
        # All of them have answered. What they see is checked later, so that the check does not take time from them.
        await asyncio.sleep(max(0.0, seconds - (asyncio.get_running_loop().time() - began)))
        spent, late = len(keys) - before, ticks.end()
        counts = await receivers.all_see(audience.ids.values(), within=_SEES_WITHIN)
        pictures = await receivers.quality(audience.ids[watcher], "h264")
        return {
            "joins": size,
            "first_frame": _first_frames(audience, watcher, counts),
            "without_picture": sum(count.first_frame is None for count in counts.values()),
            "key_frames": spent,
            "tick": spread(late),
            "freeze": round(1000 * counts[audience.ids[watcher]].longest_gap, 1),
            "quality": fall(pictures, at=began, within=seconds, by=GOALS["fall_db"]),
        }


@contextlib.asynccontextmanager
async def _counting_keys(fanout: Fanout) -> AsyncIterator[list[float]]:
    """When key frames came, in clock seconds, as a subscriber sees it."""
    found: list[float] = []

    async def take() -> None:
        async for encoded in packets:
            if encoded.key:
                found.append(encoded.captured)

    async with fanout.subscribe() as packets:
        task = asyncio.create_task(take(), name="counting key frames")
        try:
            yield found
        finally:
            packets.close()
            await task


def _first_frames(audience: ClassroomServer, watcher: int, counts: dict[int, Any]) -> dict[str, float]:
    """From arrival to the last packet of the first picture, in ms."""
    return spread(
        [
            counts[number].first_frame - audience.joined[number]
            for peer, number in audience.ids.items()
            if peer != watcher and counts[number].first_frame is not None
        ]
    )


def rush_table(result: dict[str, Any]) -> Table:
    """The result for a person."""
    shown = Table(title="Many join at once: from arrival to the first picture, milliseconds")
    for column in (
        "students",
        "p50",
        "p95",
        "max",
        "none",
        "key frames",
        "tick max",
        "freeze",
        "dB before",
        "least",
        "for",
    ):
        shown.add_column(column, justify="right")
    for part in result["parts"].values():
        first, quality = part["first_frame"], part["quality"]
        shown.add_row(
            str(part["joins"]),
            *(f"{first[name]:.0f}" for name in ("p50", "p95", "max")),
            str(part["without_picture"]),
            str(part["key_frames"]),
            f"{part['tick']['max']:.1f}",
            f"{part['freeze']:.0f}",
            f"{quality['before']:.1f}",
            f"{quality['least']:.1f}",
            f"{1000 * quality['seconds']:.0f}",
        )
    shown.caption = (
        "none: how many saw none; freeze and dB: of one who was watching already; for: how long it was more than "
        f"{result['goals']['fall_db']:g} dB below before."
    )
    return shown
