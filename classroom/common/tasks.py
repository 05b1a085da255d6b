"""Work that goes on for as long as the lesson does, whatever befalls it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final

__all__ = ["end", "from_any_thread", "run_supervised"]

logger = logging.getLogger(__name__)

_BEGUN_AGAIN_AFTER: Final = 0.2
"""Seconds before work that failed is begun again, so that a lasting fault does not fill the processor or the log."""

_SAID_AGAIN_AFTER: Final = 60.0
"""Seconds after which a fault that lasts is written to the log again."""


async def end(task: asyncio.Task[Any]) -> None:
    """Cancel a task and wait until it has ended; what it ends with is not of interest.

    Once is not enough: before Python 3.12 ``asyncio.wait_for`` swallows a cancellation that comes together with what it
    waits for (python/cpython#86296), and then the task would go on and its owner would wait for ever.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=1.0)
    if not task.cancelled():
        task.exception()


def from_any_thread(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> Callable[[], None]:
    """What any thread may call to have ``call`` called in the loop."""

    def hand_over() -> None:
        # A thread may still speak while the loop is being closed; nobody listens any more then.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(call)

    return hand_over


def run_supervised(stack: contextlib.AsyncExitStack, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Own a task until the stack unwinds; work that fails is reported and begun again."""

    async def again_and_again() -> None:
        said, left_out = float("-inf"), 0
        kind: type[Exception] | None = None
        while True:
            try:
                await work()
                return
            # The wall between a fault in one of these and the lesson, which goes on; the log has the traceback.
            except Exception as fault:
                now = time.monotonic()
                if type(fault) is kind and now - said < _SAID_AGAIN_AFTER:
                    left_out += 1
                else:
                    before = f", as {left_out} times before" if left_out else ""
                    logger.error("%s failed and is begun again%s", name, before, exc_info=fault)
                    said, kind, left_out = now, type(fault), 0
            await asyncio.sleep(_BEGUN_AGAIN_AFTER)

    task = asyncio.create_task(again_and_again(), name=name)

    async def stop() -> None:
        await end(task)

    stack.push_async_callback(stop)
