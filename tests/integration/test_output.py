"""Commands whose standard output or error is full, closed, or read by nobody: real processes, real files and pipes."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.free_port import free_port
from tests.support.waiting import wait_for

pytestmark = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="files that are full are a matter of Linux")

LESSON = """
lesson: {title: "Unheard"}
sources: {bars: {kind: pattern, size: 160x90, fps: 10}}
scenes: {talk: bars}
program: {size: 160x90, fps: 10}
recording: {start: never}
"""

COMMAND = [sys.executable, "-m", "classroom.cli.main"]


class Lesson:
    """``classroom teach`` with standard files of the test's choice."""

    def __init__(
        self, file: Path, *arguments: str, before: str = "", command: Sequence[str] = COMMAND, **files: Any
    ) -> None:
        self.port = free_port()
        command = [*command, "teach", str(file), "--host", "127.0.0.1", "--port", str(self.port), *arguments]
        if before:  # closes files, or sets signals, as a shell does
            command = ["sh", "-c", f'exec "$@" {before}', "sh", *command]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, **files)

    def answers(self) -> bool:
        assert self.process.poll() is None, f"it ended with {self.process.returncode}"
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5):
            return True
        return False

    def end(self, number: int = signal.SIGTERM, within: float = 60.0) -> int:
        self.process.send_signal(number)
        return self.process.wait(within)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "lesson.yaml"
    path.write_text(LESSON, "utf-8")
    return path


@contextlib.contextmanager
def lesson(
    file: Path, *arguments: str, before: str = "", command: Sequence[str] = COMMAND, **files: Any
) -> Iterator[Lesson]:
    running = Lesson(file, *arguments, before=before, command=command, **files)
    try:
        wait_for(running.answers, seconds=90)
        yield running
    finally:
        if running.process.poll() is None:
            running.process.kill()
        running.process.wait()


@pytest.mark.parametrize("debug", [[], ["--debug"]], ids=["plain", "debug"])
def test_a_lesson_runs_and_ends_well_where_nothing_can_be_written(file: Path, debug: list[str]) -> None:
    with open("/dev/full", "wb") as full, lesson(file, *debug, stdout=full, stderr=full) as running:
        assert running.end() == 0


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&- <&-"])
def test_a_lesson_runs_and_ends_well_without_standard_files(file: Path, closed: str) -> None:
    with lesson(file, before=closed, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        for number in range(3):
            assert not os.readlink(f"/proc/{running.process.pid}/fd/{number}").startswith("socket:")
        assert running.end() == 0


def test_a_lesson_goes_on_when_nobody_reads_it_any_more(file: Path) -> None:
    """As ``classroom teach | head -1``, and as a terminal that goes away without a word."""
    with lesson(file, "--debug", stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.process.stdout is not None
        assert running.process.stderr is not None
        assert running.process.stdout.readline().startswith(b"Students:")
        running.process.stdout.close()
        running.process.stderr.close()
        assert running.answers()
        assert running.end() == 0


def test_a_lesson_waits_for_nobody_who_does_not_read(file: Path) -> None:
    """A terminal that was stopped with Ctrl-S, or a window in which somebody marks text."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writer, bytes(4096))
    os.set_blocking(writer, True)
    try:
        with lesson(file, "--debug", stdout=writer, stderr=writer) as running:
            for _ in range(20):
                with socket.create_connection(("127.0.0.1", running.port)) as stranger:
                    stranger.sendall(b"\x16\x03nonsense\r\n\r\n")
                assert running.answers()
            assert running.end() == 0
    finally:
        os.close(reader)
        os.close(writer)


def test_a_terminal_that_is_closed_ends_the_lesson_in_order(file: Path) -> None:
    with lesson(file, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as running:
        assert running.end(signal.SIGHUP) == 0
        assert running.process.stderr is not None
        assert b"Stopping the lesson" in running.process.stderr.read()


def test_under_nohup_a_lesson_outlives_its_terminal(file: Path) -> None:
    command = ["nohup", *COMMAND]
    with lesson(file, command=command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        running.process.send_signal(signal.SIGHUP)
        time.sleep(1.0)
        assert running.answers()
        assert running.end() == 0


def run(*arguments: str, shell: str) -> subprocess.CompletedProcess[bytes]:
    """A command in a shell, which has its words as ``"$@"``."""
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {shell}", "sh", *COMMAND, *arguments], capture_output=True, timeout=120
    )


@pytest.mark.parametrize("command", [["schema"], ["--help"], ["check", "nothing.yaml"]], ids=" ".join)
def test_data_that_nobody_reads_any_more_is_no_fault_to_tell(command: list[str]) -> None:
    ended = run(*command, shell='"$@" | true')
    assert ended.stderr in (b"", b"nothing.yaml: 1 fault\n")
    assert ended.returncode in (0, 1, 2)


def test_data_that_cannot_be_written_is_a_failure_with_a_sentence() -> None:
    ended = run("schema", shell='"$@" > /dev/full')
    assert ended.returncode == 1
    assert ended.stderr.startswith(b"classroom: the output could not be written")
    assert ended.stderr.count(b"\n") == 1


@pytest.mark.parametrize("where", ["2> /dev/full", "2>&-"])
def test_a_word_that_cannot_be_said_changes_no_exit_code(file: Path, where: str) -> None:
    assert run("check", str(file), shell=f'"$@" {where}').returncode == 0
    assert run("check", str(file) + ".gone", shell=f'"$@" {where}').returncode == 2
    assert run("nonsense", shell=f'"$@" {where}').returncode == 2
    assert run("schema", shell=f'"$@" {where} | tail -1').stdout == b"}\n"
