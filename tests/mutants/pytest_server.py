"""Runs pytest in children of a process that has the libraries loaded: to load them would be most of a trial's time.

The program itself is loaded by the child. Needs ``fork``, as Linux and macOS have it.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

__all__ = ["PytestServer"]

_LIBRARIES: Final = (
    "pytest", "_pytest.pytester", "pytest_asyncio", "hypothesis", "numpy", "av", "PIL.Image", "aiohttp.web", "aioice",
    "websockets", "yaml", "pypdfium2",
)  # fmt: skip


class PytestServer:
    """Runs pytest at the root of a tree, one run at a time."""

    def __init__(self, root: Path, state: Path) -> None:
        state.mkdir(parents=True, exist_ok=True)
        self._output = state / "output.txt"
        environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.mutants.pytest_server", str(self._output)],
            cwd=root, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, arguments: Sequence[str], limit: float) -> tuple[int | None, str]:
        """Return what pytest returned, or None when it was not done after ``limit`` seconds, and what it wrote."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([limit, list(arguments)]) + "\n")
        self._process.stdin.flush()
        code: int | None = json.loads(self._process.stdout.readline())
        return code, self._output.read_text("utf-8", errors="replace")

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def serve(output: Path) -> None:
    """Run what standard input asks for, until it ends."""
    for name in _LIBRARIES:
        with contextlib.suppress(ImportError):
            __import__(name)
    sys.dont_write_bytecode = True
    for line in sys.stdin:
        limit, arguments = json.loads(line)
        print(json.dumps(_in_a_child(arguments, limit, output)), flush=True)


def _in_a_child(arguments: list[str], limit: float, output: Path) -> int | None:
    child = os.fork()
    if child == 0:
        os.setsid()
        with output.open("wb") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        code = 70
        try:
            code = int(sys.modules["pytest"].main(arguments))
        finally:
            sys.stdout.flush()
            os._exit(code)
    end = time.monotonic() + limit
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done or time.monotonic() > end:
            break
        time.sleep(0.02)
    # Whatever it started goes with it.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    if done:
        return os.waitstatus_to_exitcode(status)
    os.waitpid(child, 0)
    return None


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
