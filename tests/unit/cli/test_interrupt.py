"""Signals and ends, in processes of their own: some of them end by force."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import time

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are sent")

BEGIN = """
import asyncio, signal, sys, threading, time
from classroom.cli.interrupt import stop_on_signals, run_to_completion

async def command(stopped, ends=lambda: None, within=1.5):
    with stop_on_signals(stopped.set, within=within) as shutdown:
        print("ready", flush=True)
        await stopped.wait()
        ends()
    return 0
"""


def started(program: str) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", BEGIN + textwrap.dedent(program)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return process


def ended(process: subprocess.Popen[bytes]) -> tuple[int, bytes]:
    _, err = process.communicate(timeout=60)
    return process.returncode, err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_in_order(number: signal.Signals) -> None:
    process = started("sys.exit(run_to_completion(command(asyncio.Event())))")
    process.send_signal(number)
    assert ended(process) == (0, b"")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_hangs_while_it_ends_is_ended_by_force(number: signal.Signals) -> None:
    process = started("sys.exit(run_to_completion(command(asyncio.Event(), ends=lambda: time.sleep(100))))")
    process.send_signal(number)
    code, err = ended(process)
    assert code == 1
    assert b"did not end by itself" in err


def test_a_signal_is_heard_while_the_event_loop_hangs() -> None:
    process = started(
        """
        async def main():
            asyncio.get_running_loop().call_later(0, time.sleep, 100)
            return await command(asyncio.Event())
        sys.exit(run_to_completion(main()))
        """
    )
    time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    assert ended(process)[0] == 1


def test_the_second_signal_ends_it_at_once() -> None:
    process = started(
        "sys.exit(run_to_completion(command(asyncio.Event(), ends=lambda: time.sleep(100), within=1000)))"
    )
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert ended(process)[0] == 1


def test_an_end_of_its_own_is_bounded_as_well() -> None:
    process = started(
        """
        async def main():
            with stop_on_signals(lambda: None, within=1.0) as shutdown:
                shutdown.begin()
                await asyncio.sleep(100)
            return 0
        print("ready", flush=True)
        sys.exit(run_to_completion(main()))
        """
    )
    assert ended(process)[0] == 1


def test_a_thread_that_still_reads_a_file_does_not_keep_it_from_ending_well() -> None:
    process = started(
        """
        async def main():
            stopped = asyncio.Event()
            asyncio.get_running_loop().run_in_executor(None, time.sleep, 100)
            return await command(stopped)
        sys.exit(run_to_completion(main()))
        """
    )
    process.send_signal(signal.SIGTERM)
    assert ended(process)[0] == 0


def test_what_it_raises_is_raised() -> None:
    process = started(
        """
        async def main():
            raise ValueError("of a test")
        print("ready", flush=True)
        try:
            run_to_completion(main())
        except ValueError as error:
            sys.exit(7 if str(error) == "of a test" else 8)
        """
    )
    assert ended(process)[0] == 7
