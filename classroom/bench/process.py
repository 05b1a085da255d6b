"""Other processes that a measurement needs: a lesson as a teacher starts it, and a crowd that puts load on it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final
from urllib.parse import urlsplit

from classroom.common.errors import SetupError

__all__ = ["Crowd", "RunningLesson", "crowd", "end", "lesson_process"]

_STARTS_WITHIN: Final = 90.0
_ENDS_WITHIN: Final = 30.0


@dataclass(frozen=True, slots=True)
class RunningLesson:
    """A running lesson: its port on the loopback, and the number of its process."""

    port: int
    pid: int


@contextlib.asynccontextmanager
async def lesson_process(text: str) -> AsyncIterator[RunningLesson]:
    """Run ``classroom teach`` with a lesson on the loopback."""
    with tempfile.TemporaryDirectory(prefix="classroom-bench-") as folder:
        file = Path(folder) / "lesson.yaml"
        await asyncio.to_thread(file.write_text, text, encoding="utf-8")
        arguments = ("-m", "classroom.cli.main", "teach", str(file), "--host", "127.0.0.1", "--port", "0")
        words, env = Path(folder) / "words", {**os.environ, "CLASSROOM_HOME": folder}
        with words.open("wb") as stream:
            async with _running(*arguments, stdin=asyncio.subprocess.DEVNULL, stderr=stream, env=env) as process:
                port = await _port(process)
                if port is None:
                    said = await asyncio.to_thread(words.read_text, "utf-8", "replace")
                    raise SetupError(f"The lesson that was to be measured did not start. It said: {said.strip()}")
                yield RunningLesson(port, process.pid)


class Crowd:
    """A crowd that is ready. ``end`` ends it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def end(self) -> dict[str, Any]:
        """End the crowd, and return what it did (see ``load``)."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        return await _line(self._process)


@contextlib.asynccontextmanager
async def crowd(port: int, members: int) -> AsyncIterator[Crowd]:
    """A crowd of ``load`` around a lesson. It is ready when this context begins."""
    arguments = ("-m", "classroom.bench.load", "127.0.0.1", str(port), str(members))
    async with _running(*arguments, stdin=asyncio.subprocess.PIPE) as process:
        await _line(process)
        yield Crowd(process)


@contextlib.asynccontextmanager
async def _running(
    *arguments: str, stdin: int, stderr: IO[bytes] | None = None, env: Mapping[str, str] | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdin=stdin, stdout=asyncio.subprocess.PIPE, stderr=stderr, env=env
    )
    try:
        yield process
    finally:
        await end(process, within=_ENDS_WITHIN)


async def end(process: asyncio.subprocess.Process, *, within: float) -> None:
    """Ask a process to end, and kill it after ``within`` seconds. Do nothing to one that has ended."""
    if process.returncode is None:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), within)
        except TimeoutError:
            process.kill()
            await process.wait()


async def _port(process: asyncio.subprocess.Process) -> int | None:
    """The port that a lesson prints with the teacher's address. It is None if the lesson ended instead."""
    assert process.stdout is not None
    async with asyncio.timeout(_STARTS_WITHIN):
        while line := (await process.stdout.readline()).decode():
            if line.startswith("Teacher:"):
                return urlsplit(line.split()[1]).port
    return None


async def _line(process: asyncio.subprocess.Process) -> dict[str, Any]:
    assert process.stdout is not None
    async with asyncio.timeout(_STARTS_WITHIN):
        line = await process.stdout.readline()
    if not line:
        raise SetupError("The crowd ended too early. Its own words are above.")
    said: dict[str, Any] = json.loads(line)
    return said
