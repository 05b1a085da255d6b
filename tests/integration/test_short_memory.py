"""A lesson whose memory is limited while it runs: who is there goes on, newcomers are refused."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from classroom.students.audience import Audience
from tests.support.broadcast import broadcasting, complaints, eventually
from tests.support.native_client import Dropped
from tests.support.process import Running, teaching
from tests.support.student import Student, student

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits are set as on Linux")

LESSON = """
sources: {bars: {kind: pattern, size: 320x180, fps: 30}}
audio: {clap: {source: bars}}
scenes: {talk: bars}
program: {size: 320x180, fps: 30}
video: {codecs: [h264], tiers: []}
recording: {start: never}
"""
MEGABYTE = 2**20


def limit(lesson: Running, spare: int | None) -> None:
    """Let the lesson have ``spare`` more bytes of address space than it has now; None is any number."""
    import resource

    pid = lesson.process.pid
    figures = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line)
    most = resource.RLIM_INFINITY if spare is None else int(figures["VmSize"].split()[0]) * 1024 + spare
    resource.prlimit(pid, resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))


async def refusal(client: Student) -> dict[str, Any]:
    """Say hello as a page does, and wait for the word that it is not let in."""
    [client.peer] = client.client.peers
    await client.say({"type": "hello", "app": "classroom", "version": 1})
    while (message := json.loads((await client.client.next_message(30.0)).body))["type"] != "refused":
        pass
    return dict(message)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "lesson.yaml"
    path.write_text(LESSON, "utf-8")
    return path


async def test_where_memory_is_short_newcomers_are_refused_and_who_is_there_goes_on(file: Path) -> None:
    async with teaching(str(file), "--port", "0") as lesson, student(lesson.port) as watcher:
        await watcher.watch()
        await eventually(lambda: watcher.pictures > 10)
        limit(lesson, 40 * MEGABYTE)
        await eventually(lambda: any("memory is short" in line for line in lesson.log))
        async with student(lesson.port, name=b"late") as newcomer:
            assert (await refusal(newcomer))["why"] == "full"
        before = watcher.pictures
        await eventually(lambda: watcher.pictures > before + 30)
        limit(lesson, None)
        await asyncio.sleep(2.5)
        async with student(lesson.port, name=b"later") as newcomer:
            await newcomer.watch()
            await eventually(lambda: newcomer.pictures > 10)
        assert await lesson.interrupt() == 0


@pytest.mark.parametrize("spare", [0, 4 * MEGABYTE])
async def test_where_memory_is_gone_it_ends_with_a_sentence_or_when_told(file: Path, spare: int) -> None:
    # Where not a byte is left, a library in C that does not look whether it got any may end it.
    broken = {-signal.SIGSEGV} if spare == 0 else set()
    async with teaching(str(file), "--port", "0") as lesson, student(lesson.port) as watcher:
        await watcher.watch()
        await eventually(lambda: watcher.pictures > 10)
        limit(lesson, spare)
        await _knock(lesson.port, 12)
        if lesson.process.returncode is None:
            # Not by the process object: that would look for its end, and take it away from asyncio (code 255).
            with contextlib.suppress(ProcessLookupError):
                os.kill(lesson.process.pid, signal.SIGTERM)
            code = await asyncio.wait_for(lesson.process.wait(), 40)
            assert code in {0, 1} | broken, "by itself, or by force after ten seconds"
        elif lesson.process.returncode not in broken:
            assert lesson.process.returncode == 1
            assert "out of memory" in lesson.log[-1]
        assert len(lesson.log) < 1000


async def _knock(port: int, times: int) -> None:
    """Students who come whatever they are told."""
    for number in range(times):
        try:
            async with asyncio.timeout(2), student(port, name=f"knocks {number}".encode()) as each:
                await each.watch()
        except (TimeoutError, OSError, Dropped, AssertionError):
            continue


async def test_a_student_for_whom_there_is_no_memory_is_refused_and_the_next_one_let_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real: Callable[..., Any] = Audience.make_viewer

    def no_memory(*_: Any, **__: Any) -> Any:
        raise MemoryError

    async with broadcasting(LESSON) as lesson:
        with monkeypatch.context() as short:
            short.setattr(Audience, "make_viewer", no_memory)
            async with student(lesson.port, name=b"late") as newcomer:
                assert (await refusal(newcomer))["why"] == "full"
            assert "memory.short" in {alarm.code for alarm in lesson._alarms.raised()}
        assert Audience.make_viewer is real
        await eventually(lambda: not complaints(lesson))
        async with student(lesson.port) as watcher:
            await watcher.watch()
            await eventually(lambda: watcher.pictures > 10)
