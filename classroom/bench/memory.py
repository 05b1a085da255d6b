"""The memory that a lesson still uses after students joined, watched and left. It runs as a process of its own."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any, Final

from classroom.bench.process import RunningLesson, lesson_process
from classroom.bench.signaling import ask, get, post
from classroom.bench.students import Students
from classroom.common.errors import SetupError

__all__ = ["VISITS", "measure_memory"]

VISITS: Final = 200
_AT_ONCE: Final = 20
_SEES_WITHIN: Final = 30.0
_RESTS: Final = 20.0
"""Seconds after the last one left. A lesson tidies up after a class in several steps, not to disturb those who stay."""

_LESSON: Final = """
lesson: {title: "A lesson to visit"}
sources: {bars: {kind: pattern}}
scenes: {talk: bars}
access: {max_students: 500}
recording: {start: never}
"""


async def measure_memory(students: Students, visits: int = VISITS) -> dict[str, Any]:
    """Let students join, see pictures and leave, some at a time. ``growth`` is a share of the memory before.

    The memory before is measured after two groups, so it includes what a first student loads. It is 0 where the system
    does not say it.
    """
    async with lesson_process(_LESSON) as lesson:
        for _ in range(2):
            await _visit(lesson, students, min(_AT_ONCE, visits))
        await asyncio.sleep(_RESTS)
        before = resident(lesson.pid)
        left = visits
        while left > 0:
            await _visit(lesson, students, min(_AT_ONCE, left))
            left -= _AT_ONCE
        await asyncio.sleep(_RESTS)
        after = resident(lesson.pid)
    return {
        "visits": visits,
        "before_mb": round(before / 1e6, 1),
        "after_mb": round(after / 1e6, 1),
        "growth": round((after - before) / before, 4) if before else 0.0,
    }


def resident(pid: int) -> int:
    """Bytes of memory that a process has. It is 0 where the system does not say it."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text("ascii", "replace").splitlines()
    except OSError:
        return 0
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("VmRSS:")), 0)


async def _visit(lesson: RunningLesson, students: Students, count: int) -> None:
    visitors = await asyncio.gather(*(_join(lesson.port, students, number) for number in range(count)))
    ids = {receiver for _, receiver in visitors}
    await students.all_see(ids, within=_SEES_WITHIN)
    await asyncio.gather(*(ask("127.0.0.1", lesson.port, get(f"/sign_out?peer_id={peer}")) for peer, _ in visitors))
    await students.close(ids)


async def _join(port: int, students: Students, number: int) -> tuple[int, int]:
    """Sign in and answer the offer. Return the peer's number and that of its receiver."""
    admitted = await ask("127.0.0.1", port, get(f"/sign_in?visitor{number}"))
    if admitted.status != 200:
        raise SetupError(f"The lesson lets nobody in any more: {admitted.body.decode('utf-8', 'replace')}")
    news = await ask("127.0.0.1", port, get(f"/wait?peer_id={admitted.peer}"))
    said = json.loads(news.body)
    if said.get("type") != "offer":
        raise SetupError("The lesson said something else than its offer first.")
    receiver, sdp = await students.answer(said["sdp"])
    answer = json.dumps({"type": "answer", "sdp": sdp}).encode()
    await ask("127.0.0.1", port, post(admitted.peer, news.peer, answer))
    return admitted.peer, receiver
