"""A whole lesson in this process, on a free port of the loopback, for tests that need everything joined."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from classroom.broadcaster import Broadcaster
from classroom.common.clock import SystemClock
from classroom.lesson import lesson_from_text

__all__ = ["BUSY_MACHINE", "LESSON", "TOKEN", "broadcasting", "complaints", "eventually"]

TOKEN = "the teacher's secret"

BUSY_MACHINE = {"program.overload", "program.sound_lost", "program.stuck", "audio.late", "source.unsteady"}
"""Codes of alarms that a machine may raise which runs several tests at once."""

LESSON = """
lesson: {title: "A test lesson"}
sources:
  bars:  {kind: pattern, size: 640x360, fps: 30}
  red:   {kind: pattern, size: 320x240, fps: 15}
  pause: {kind: card, title: "Back soon"}
audio:
  clap: {source: bars}
  tone: {kind: tone, gain: -12, muted: true}
scenes:
  talk: bars
  both: {layout: picture-in-picture, show: [bars, red]}
  away: pause
program: {size: 640x360, fps: 30, fallback: pause}
recording: {start: never}
"""


@contextlib.asynccontextmanager
async def broadcasting(text: str = LESSON, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[Broadcaster]:
    """Run a lesson; the broadcaster is up and its sources have settled."""
    report = lesson_from_text(text, Path("lesson.yaml"))
    assert report.lesson is not None, report.faults
    broadcaster = Broadcaster(report.lesson, host=host, port=port, token=TOKEN, clock=SystemClock())
    async with broadcaster:
        await broadcaster.sources_settled(60.0)
        yield broadcaster


def complaints(lesson: Broadcaster) -> set[str]:
    """The codes of the alarms that are raised, but for those of a machine that is busy with other tests."""
    return {alarm.code for alarm in lesson._alarms.raised()} - BUSY_MACHINE


async def eventually(
    condition: Callable[[], bool] | Callable[[], Awaitable[bool]], *, within: float = 40.0, what: str = ""
) -> None:
    """Wait until a condition holds; an AssertionError says what did not come about in time."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while True:
        held = condition()
        if await held if isinstance(held, Awaitable) else held:
            return
        assert loop.time() < deadline, f"not within {within:g} s: {what or condition}"
        await asyncio.sleep(0.02)
