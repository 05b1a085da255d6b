"""Signal handling for commands that run until they are stopped: Ctrl-C, SIGTERM and a closed terminal."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Final

__all__ = ["SHUTDOWN_SECONDS", "Shutdown", "run_to_completion", "stop_on_signals"]

SHUTDOWN_SECONDS: Final = 10.0
"""Seconds after which a command that was asked to stop is ended by force, even if a part of it hangs."""

_LAST_THREADS: Final = 3.0
"""Seconds that threads which still read a file may take when everything else has ended."""

_ENDS: Final = 0
"""What the listening thread gets when the command ends without a signal; no signal has this number."""

_RETRY: Final = 0.05


class Shutdown:
    """Makes sure that a command ends soon after a signal, or after it started to end without one."""

    def __init__(self, stop: Callable[[], None], loop: asyncio.AbstractEventLoop, within: float) -> None:
        self._stop = stop
        self._loop = loop
        self._within = within
        self._deadline: float | None = None
        self._asked = False
        self._reader, self.writer = socket.socketpair()
        self.writer.setblocking(False)
        # Started now: when memory is short, no thread can be started.
        self._thread = threading.Thread(target=self._listen, name="signals", daemon=True)
        self._thread.start()

    def begin(self) -> None:
        """The command ends without a signal: from now on it has as much time as after one."""
        with contextlib.suppress(OSError):
            self.writer.send(bytes([_ENDS]))

    def close(self) -> None:
        """It has ended."""
        self.writer.close()
        self._thread.join(1.0)
        self._reader.close()

    def _listen(self) -> None:
        while True:
            try:
                if self._deadline is not None:
                    self._reader.settimeout(max(0.001, self._deadline - time.monotonic()))
                numbers = self._reader.recv(64)
                if not numbers:
                    return
                for number in numbers:
                    self._heard(number)
            except TimeoutError:
                _end_by_force()
            except OSError:
                return
            except MemoryError:
                time.sleep(_RETRY)

    def _heard(self, number: int) -> None:
        if self._deadline is None:
            self._deadline = time.monotonic() + self._within
        if number == _ENDS:
            return
        if self._asked:
            os._exit(1)
        self._asked = True
        while time.monotonic() < self._deadline:
            try:
                self._loop.call_soon_threadsafe(self._stop)
            except MemoryError:
                time.sleep(_RETRY)
            except RuntimeError:  # the loop is closed: it has ended already
                return
            else:
                return


@contextlib.contextmanager
def stop_on_signals(stop: Callable[[], None], *, within: float = SHUTDOWN_SECONDS) -> Iterator[Shutdown]:
    """Turn the first Ctrl-C, SIGTERM or SIGHUP into a call of ``stop`` in the event loop.

    The second one ends the process at once. The process also ends ``within`` seconds after the first, or after
    ``Shutdown.begin``, if the block has not been left by then. A thread of its own receives the signals, so that this
    works while the event loop is blocked, too. SIGHUP stays ignored where it is, such as under ``nohup``.
    """
    shutdown = Shutdown(stop, asyncio.get_running_loop(), within)
    numbers = [
        number for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if (number := getattr(signal, name, None))
    ]
    earlier = {number: signal.getsignal(number) for number in numbers}
    numbers = [number for number in numbers if not _left_alone(number, earlier[number])]
    # The thread does the work. The handler only makes Python write the number of the signal to the socket.
    listened = signal.set_wakeup_fd(shutdown.writer.fileno(), warn_on_full_buffer=False)
    for number in numbers:
        signal.signal(number, lambda *_: None)
    try:
        yield shutdown
    finally:
        for number in numbers:
            signal.signal(number, earlier[number])
        signal.set_wakeup_fd(listened)
        shutdown.close()


def run_to_completion(work: Coroutine[Any, Any, int]) -> int:
    """Run a command as ``asyncio.run`` does. Threads that hang, such as in a file, do not keep it from ending."""
    done, over = threading.Event(), threading.Event()
    code = 1

    def give_up() -> None:
        done.wait()
        if not over.wait(_LAST_THREADS):
            os._exit(code)

    threading.Thread(target=give_up, name="end", daemon=True).start()
    try:
        with asyncio.Runner() as runner:
            try:
                code = runner.run(work)
            finally:
                done.set()
    finally:
        over.set()
    return code


def _left_alone(number: int, handler: object) -> bool:
    return handler == signal.SIG_IGN and number == getattr(signal, "SIGHUP", None)


def _end_by_force() -> None:
    with contextlib.suppress(Exception):
        sys.stderr.write("classroom: it did not end by itself, so it was ended.\n")
        time.sleep(0.2)  # for the thread that writes it
    os._exit(1)
