"""How a command that runs until it is told to stop hears of Ctrl-C and SIGTERM."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Iterator

__all__ = ["interruptible"]


@contextlib.contextmanager
def interruptible(stop: Callable[[], None]) -> Iterator[None]:
    """Turn the first Ctrl-C or SIGTERM into a call of ``stop``, and let the second one end the process at once."""
    loop = asyncio.get_running_loop()
    asked = False

    def interrupted() -> None:
        nonlocal asked
        if asked:
            os._exit(1)
        asked = True
        stop()

    numbers = [signal.SIGINT, signal.SIGTERM]
    earlier = {number: signal.getsignal(number) for number in numbers}
    for number in numbers:
        try:
            loop.add_signal_handler(number, interrupted)
        except NotImplementedError:
            # Windows has no signal handlers in the loop; this one runs between two bytecodes of the main thread.
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(interrupted))
    try:
        yield
    finally:
        for number in numbers:
            with contextlib.suppress(NotImplementedError):
                loop.remove_signal_handler(number)
            signal.signal(number, earlier[number])
