"""The command ``classroom`` as a process of its own, as a teacher starts it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

__all__ = ["Ended", "Running", "classroom", "teaching"]


_HOMES = tempfile.TemporaryDirectory(prefix="classroom-homes-")


@dataclass(frozen=True)
class Ended:
    """A command that ran to its end."""

    code: int
    out: str
    err: str


async def classroom(*arguments: str, env: Mapping[str, str | None] | None = None, within: float = 120.0) -> Ended:
    """Run a command to its end."""
    process = await _start(arguments, env)
    out, err = await asyncio.wait_for(process.communicate(), within)
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())


class Running:
    """A lesson that was started with ``classroom teach``."""

    def __init__(self, process: asyncio.subprocess.Process, lines: Sequence[str], errors: Sequence[bytes]) -> None:
        self.process = process
        self.lines = list(lines)
        self._errors = errors
        self.teacher = next(line for line in lines if line.startswith("Teacher:")).split()[1]
        """The teacher's address with the token, as it was printed."""
        self.base, _, token = self.teacher.partition("/teach#token=")
        self.token = unquote(token)
        self.port = int(self.base.rsplit(":", 1)[1])

    @property
    def log(self) -> list[str]:
        """The lines that it has written to its standard error so far."""
        return b"".join(self._errors).decode(errors="replace").splitlines()

    async def kill(self) -> None:
        """End it without a chance to say anything."""
        self.process.kill()
        await self.process.wait()

    async def interrupt(self) -> int:
        """Press Ctrl-C; the exit code."""
        self.process.send_signal(signal.SIGINT)
        return await asyncio.wait_for(self.process.wait(), 30)


@contextlib.asynccontextmanager
async def teaching(
    *arguments: str, env: Mapping[str, str | None] | None = None, host: str = "127.0.0.1", within: Sequence[str] = ()
) -> AsyncIterator[Running]:
    """Start ``classroom teach`` and wait for its addresses; it is stopped in the end.

    ``within`` is a command that runs another one, such as ``ip netns exec NAMESPACE``.
    """
    process = await _start(("teach", "--host", host, *arguments), env, within)
    assert process.stdout is not None
    assert process.stderr is not None
    errors: list[bytes] = []
    reading = asyncio.create_task(_collect(process.stderr, errors))
    lines: list[str] = []
    try:
        async with asyncio.timeout(90):
            while not any(line.startswith("Teacher:") for line in lines):
                line = await process.stdout.readline()
                assert line, f"it ended: {b''.join(errors).decode()}"
                lines.append(re.sub(r"\s+$", "", line.decode()))
        yield Running(process, lines, errors)
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), 30)
            except TimeoutError:
                process.kill()
                await process.wait()
        await reading


async def _start(
    arguments: Sequence[str], env: Mapping[str, str | None] | None, within: Sequence[str] = ()
) -> asyncio.subprocess.Process:
    # Each has a home of its own, so that it goes on with no lesson of another test.
    home = tempfile.mkdtemp(dir=_HOMES.name)
    wanted = {**os.environ, "CLASSROOM_HOME": home, **(env or {})}
    changed = {key: value for key, value in wanted.items() if value is not None}
    return await asyncio.create_subprocess_exec(
        *within, sys.executable, "-m", "classroom.cli.main", *arguments,
        env=changed, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def _collect(stream: asyncio.StreamReader, into: list[bytes]) -> None:
    while chunk := await stream.read(4096):
        into.append(chunk)
