"""Joining a lesson: the time from a student's first connection to the offer, alone and in a crowd.

A newcomer speaks the signaling only, so the figure is that of the broadcaster alone: from the first connection to the
last byte of the offer. The lesson and the crowd are processes of their own, apart from the newcomers. ``rush.py``
measures the time to the first picture when many join at once.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

from rich.console import Group
from rich.table import Table

from classroom.bench.load import MEMBERS, MESSAGES, SLOW
from classroom.bench.machine import StolenTime, describe_machine
from classroom.bench.process import crowd, lesson_process
from classroom.bench.rush import measure_rush, rush_table
from classroom.bench.signaling import ask, get
from classroom.bench.statistics import spread
from classroom.common.errors import SetupError

__all__ = ["WITHIN", "measure_offers", "run", "table"]

_SECONDS: Final = 9.0
_RUSH: Final = 6.0
_EVERY: Final = 0.3
"""Seconds between two newcomers."""

_AT_LEAST: Final = 5
WITHIN: Final = 1.0
"""Seconds within which a newcomer must have the offer, also in a crowd."""

_LESSON: Final = f"""
lesson: {{title: "A lesson to join"}}
sources: {{bars: {{kind: pattern}}}}
scenes: {{talk: bars}}
access: {{max_students: {2 * MEMBERS}}}
limits: {{sign_ins: 10000}}
recording: {{start: never}}
"""


def run(seconds: float | None = None) -> dict[str, Any]:
    """Measure. ``seconds`` is how long students continue to join in each part."""
    return asyncio.run(_measure(_SECONDS if seconds is None else seconds))


async def _measure(seconds: float) -> dict[str, Any]:
    stolen = StolenTime()
    offers = await measure_offers(seconds)
    rush = await measure_rush(_RUSH * seconds / _SECONDS)
    return {"bench": "join", "machine": describe_machine(stolen), "unit": "ms", "offers": offers, "rush": rush}


async def measure_offers(seconds: float, members: int = MEMBERS) -> dict[str, Any]:
    """The time to the offer, without and with a crowd around the lesson."""
    async with lesson_process(_LESSON) as lesson:
        port = lesson.port
        alone = await _newcomers(port, seconds)
        async with crowd(port, members) as around:
            began = time.perf_counter()
            crowded = await _newcomers(port, seconds)
            took = time.perf_counter() - began
            done = await around.end()
    return {
        "crowd": {"members": members, "slow": SLOW, "messages": MESSAGES},
        "messages_a_second": round(done["messages"] / took, 1),
        "messages_failed": done["failed"],
        "within": 1000 * WITHIN,
        "parts": {"alone": _summary(alone), "in the crowd": _summary(crowded)},
        "kept": max(crowded) <= WITHIN,
    }


async def _newcomers(port: int, seconds: float) -> list[float]:
    """Let one student after the other join and leave. Return the seconds that each waited for the offer."""
    times = []
    for number in range(max(_AT_LEAST, round(seconds / _EVERY))):
        began = time.perf_counter()
        times.append(await _join(port, number))
        await asyncio.sleep(max(0.0, _EVERY - (time.perf_counter() - began)))
    return times


async def _join(port: int, number: int) -> float:
    began = time.perf_counter()
    admitted = await ask("127.0.0.1", port, get(f"/sign_in?newcomer{number}"))
    if admitted.status != 200:
        raise SetupError(f"The lesson lets nobody in any more: {admitted.body.decode('utf-8', 'replace')}")
    news = await ask("127.0.0.1", port, get(f"/wait?peer_id={admitted.peer}"))
    took = time.perf_counter() - began
    if b'"offer"' not in news.body:
        raise SetupError("The lesson said something else than its offer first.")
    await ask("127.0.0.1", port, get(f"/sign_out?peer_id={admitted.peer}"))
    return took


def _summary(times: list[float]) -> dict[str, float]:
    return {"joins": len(times), **spread(times)}


def table(result: dict[str, Any]) -> Group:
    """The result for a person."""
    return Group(_offers_table(result), rush_table(result["rush"]))


def _offers_table(result: dict[str, Any]) -> Table:
    offers = result["offers"]
    around = offers["crowd"]
    shown = Table(title="From knocking to the offer, milliseconds")
    shown.add_column("a student joins")
    for column in ("joins", "p50", "p95", "max"):
        shown.add_column(column, justify="right")
    for name, part in offers["parts"].items():
        shown.add_row(name, *(f"{part[column]:.4g}" for column in ("joins", "p50", "p95", "max")))
    shown.caption = (
        f"The crowd: {around['members']} members that wait, {around['slow']} requests that never end, "
        f"{offers['messages_a_second']} messages a second, {offers['messages_failed']} of them not taken. "
        f"Promised is {offers['within']:.0f} ms. The host took {result['machine']['stolen']:.0%} of the time away."
    )
    return shown
