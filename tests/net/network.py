"""A school's network in network namespaces: the teacher's computer, and students on wires of their own.

Needs root and /dev/net/tun; where they are missing, tests are skipped. Nothing of it reaches the machine's own network.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import sys
from dataclasses import asdict, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.net.wire import Quality

__all__ = ["Network", "Wire", "unavailable"]


def unavailable() -> str | None:
    """Why there can be no namespaces here; None where there can be."""
    if sys.platform != "linux":
        return "network namespaces are Linux's"
    if os.geteuid() != 0:
        return "network namespaces need root"
    if shutil.which("ip") is None:
        return "the command ip is not installed"
    if not Path("/dev/net/tun").exists():
        return "there is no /dev/net/tun"
    return None


class Wire:
    """The wire of one student; ``namespace`` is where its browser runs, ``teacher`` the teacher's address on it."""

    def __init__(self, namespace: str, teacher: str, process: asyncio.subprocess.Process) -> None:
        self.namespace = namespace
        self.teacher = teacher
        self._process = process
        self._quality = Quality()

    async def become(self, **changes: float | bool | None) -> None:
        """Change how well it works from now on; see ``Quality``."""
        self._quality = replace(self._quality, **changes)  # type: ignore[arg-type]
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asdict(self._quality)).encode() + b"\n")
        await self._process.stdin.drain()

    async def close(self) -> None:
        """Stop carrying packets."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()


class Network:
    """The namespace of the teacher's computer and one for each student that is plugged in."""

    def __init__(self) -> None:
        self._tag = f"room{os.getpid()}"
        self._students = 0
        self._stack = contextlib.AsyncExitStack()

    @property
    def teacher(self) -> str:
        """The name of the teacher's namespace."""
        return f"{self._tag}t"

    async def __aenter__(self) -> Self:
        await self._namespace(self.teacher)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def plug_in(self, **quality: float | bool | None) -> Wire:
        """Another student's computer on a wire of its own."""
        self._students += 1
        number = self._students
        student = f"{self._tag}s{number}"
        await self._namespace(student)
        device = f"wire{number}"
        for namespace, last in ((self.teacher, 1), (student, 2)):
            await _ip("-n", namespace, "tuntap", "add", "dev", device, "mode", "tun")
            await _ip("-n", namespace, "address", "add", f"10.77.{number}.{last}/24", "dev", device)
            await _ip("-n", namespace, "link", "set", device, "up")
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.net.wire", self.teacher, device, student, device,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stdout is not None
        assert await asyncio.wait_for(process.stdout.readline(), 30) == b"ready\n"
        wire = Wire(student, f"10.77.{number}.1", process)
        self._stack.push_async_callback(wire.close)
        await wire.become(**quality)
        return wire

    async def _namespace(self, name: str) -> None:
        await _ip("netns", "add", name)
        self._stack.push_async_callback(_ip, "netns", "delete", name)
        await _ip("-n", name, "link", "set", "lo", "up")


async def _ip(*arguments: str) -> None:
    process = await asyncio.create_subprocess_exec("ip", *arguments, stderr=asyncio.subprocess.PIPE)
    _, error = await process.communicate()
    assert process.returncode == 0, f"ip {' '.join(arguments)}: {error.decode()}"
