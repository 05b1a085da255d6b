"""A program on the leash ends with whoever started it, in both ways of doing so."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from classroom.server import parent_watch
from tests.support.broadcast import eventually

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no coturn for Windows")

SLEEPER = "import sys, time; print(__import__('os').getpid(), flush=True); time.sleep(600)"
BESIDE = (
    "import importlib.util as u, sys; s = u.spec_from_file_location('leash', sys.argv[1]); m = u.module_from_spec(s); "
    "s.loader.exec_module(m); sys.exit(m._watched(sys.argv[2:]))"
)
PARENT = (
    "import os, subprocess, sys; "
    "subprocess.Popen([sys.executable, '-I', sys.argv[1], str(os.getpid()), '', *sys.argv[2:]]).wait()"
)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:1]


async def started(*command: str, session: bool = False) -> tuple[asyncio.subprocess.Process, int]:
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, start_new_session=session
    )
    assert process.stdout is not None
    return process, int(await asyncio.wait_for(process.stdout.readline(), 30))


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help is Linux's")
async def test_it_ends_with_a_parent_that_is_killed() -> None:
    parent, pid = await started(sys.executable, "-c", PARENT, parent_watch.__file__, sys.executable, "-c", SLEEPER)
    assert is_running(pid)
    parent.kill()
    await parent.wait()
    await eventually(lambda: not is_running(pid))


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help is Linux's")
async def test_it_does_not_begin_for_a_parent_that_has_ended_already() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, parent_watch.__file__, "1", "", sys.executable, "-c", SLEEPER, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await asyncio.wait_for(process.communicate(), 30)
    assert (process.returncode, out) == (1, b"")


async def test_elsewhere_it_ends_when_the_other_end_of_standard_input_closes() -> None:
    beside, pid = await started(sys.executable, "-c", BESIDE, parent_watch.__file__, sys.executable, "-c", SLEEPER)
    assert is_running(pid)
    assert beside.stdin is not None
    beside.stdin.close()
    await asyncio.wait_for(beside.wait(), 30)
    assert not is_running(pid)


async def test_elsewhere_it_ends_when_it_is_told_to() -> None:
    beside, pid = await started(sys.executable, "-c", BESIDE, parent_watch.__file__, sys.executable, "-c", SLEEPER)
    beside.send_signal(signal.SIGTERM)
    await asyncio.wait_for(beside.wait(), 30)
    assert not is_running(pid)
