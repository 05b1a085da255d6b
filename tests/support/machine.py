"""How much slower this machine is than it would be alone, so that a promise of time can be held against it.

A test that looks at time asks for as much as the product promises, and allows what other programs, or the host of a
virtual machine, took from everybody meanwhile. It never leaves the question out: what is too late on a busy machine by
more than the machine is busy fails there as well.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from typing import Final

__all__ = ["Machine", "measured_machine"]

_PROBE: Final = """
import sys, threading, time

work = wall = worst = 0.0

def answer():
    for _ in sys.stdin:
        print(wall / work if work else 1.0, worst, flush=True)
    sys.exit()

asked = threading.Thread(target=answer)
asked.start()
print("ready", flush=True)
while asked.is_alive():
    began = time.perf_counter()
    time.sleep(0.02)
    worked, used = time.perf_counter(), time.thread_time()
    while time.thread_time() - used < 0.001:
        pass
    ended, spent = time.perf_counter(), time.thread_time() - used
    work, wall = work + spent, wall + ended - worked
    worst = max(worst, ended - began - 0.02 - spent)
"""


class Machine:
    """A program of its own that sleeps and works by turns, and sees how late it wakes and how long its work takes."""

    def __init__(self, probe: subprocess.Popen[str]) -> None:
        self._probe = probe

    def allows(self, seconds: float) -> float:
        """What ``seconds`` of a machine that has nothing else to do have become on this one, since the probe began.

        Work takes longer by the share of the processors that others had, and twice by the longest time for which this
        machine ran none of it: both who sends and who receives may be held up.
        """
        assert self._probe.stdin is not None
        assert self._probe.stdout is not None
        self._probe.stdin.write("\n")
        self._probe.stdin.flush()
        ratio, worst = map(float, self._probe.stdout.readline().split())
        return seconds * max(ratio, 1.0) + 2 * worst


@contextlib.contextmanager
def measured_machine() -> Iterator[Machine]:
    """Watch the machine while the block runs."""
    arguments = [sys.executable, "-S", "-E", "-c", _PROBE]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as probe:
        try:
            assert probe.stdout is not None
            assert probe.stdout.readline() == "ready\n"
            yield Machine(probe)
        finally:
            assert probe.stdin is not None
            probe.stdin.close()
            probe.wait(30)
