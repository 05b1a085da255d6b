"""Many students who join at once: when each has the first picture, and what one notices who was watching already.

The lesson is mixed, encoded and sent in this process; students are connections of other processes. Signaling is left
out, for ``join.measure_offers`` has it: a student's time begins with its arrival in the audience.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from classroom.bench.quality import fall
from classroom.bench.servers import House, house
from classroom.bench.stage import FPS, stage
from classroom.bench.statistics import Ticks, spread
from classroom.bench.students import Students, students
from classroom.media.fanout import Fanout

__all__ = ["GOALS", "SIZES", "measure_rush"]

SIZES: Final = (30, 100)
GOALS: Final = {"first_frame_p95": 1000.0, "freeze": 200.0, "fall_db": 3.0, "fall_seconds": 1.0}
"""Milliseconds to the first picture of thirty, and what one who watches may notice: ms, dB and seconds."""

_BEFORE: Final = 4.0
"""Seconds that one student watches alone first; the picture gets sharp meanwhile."""

_SEES_WITHIN: Final = 20.0


async def measure_rush(seconds: float, sizes: Sequence[int] = SIZES) -> dict[str, Any]:
    """A rush of each size; it is watched for so many seconds after its beginning, and as long before."""
    parts = {}
    async with students() as receivers:
        for size in sizes:
            parts[str(size)] = await _rush(receivers, size, seconds)
    return {"parts": parts, "goals": GOALS}


async def _rush(receivers: Students, size: int, seconds: float) -> dict[str, Any]:
    async with stage() as each:
        each.director.switch("text", now=each.clock.now())
        keys = _Keys(each.program.fanout("h264"))
        async with house(each.watchable, receivers) as audience:
            (watcher,) = await audience.join(1, keeps=1)
            await receivers.all_see(audience.ids.values(), within=_SEES_WITHIN)
            await asyncio.sleep(min(_BEFORE, seconds))
            await receivers.forget_gaps()
            before, ticks = keys.count, Ticks(FPS)
            began = asyncio.get_running_loop().time()
            await audience.join(size)
            # All of them answered; what they see is looked at later, so that looking takes no time from them.
            await asyncio.sleep(max(0.0, seconds - (asyncio.get_running_loop().time() - began)))
            spent, late = keys.count - before, ticks.end()
            await keys.end()
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


class _Keys:
    """Counts the key frames that one subscriber gets."""

    def __init__(self, fanout: Fanout) -> None:
        self._subscription = fanout.subscribe()
        self.count = 0
        self._task = asyncio.create_task(self._take(), name="counting key frames")

    async def end(self) -> None:
        """Count no more."""
        self._subscription.close()
        await self._task

    async def _take(self) -> None:
        async for encoded in self._subscription:
            self.count += encoded.key


def _first_frames(audience: House, watcher: int, counts: dict[int, Any]) -> dict[str, float]:
    """From arrival to the last packet of the first picture, in ms."""
    return spread(
        [
            counts[number].first_frame - audience.joined[number]
            for peer, number in audience.ids.items()
            if peer != watcher and counts[number].first_frame is not None
        ]
    )
