"""Supervised tasks: work that runs as long as the lesson does and is restarted when it fails."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final

__all__ = ["end", "from_any_thread", "run_supervised"]

logger = logging.getLogger(__name__)

_RESTART_AFTER: Final = 0.2
"""Seconds before work that failed is started again, so that a lasting fault does not fill the processor or the log."""

_REPORT_AGAIN_AFTER: Final = 60.0
"""Seconds after which a fault that lasts is written to the log again."""


async def end(task: asyncio.Task[Any]) -> None:
    """Cancel a task and wait until it has ended; its result is ignored.

    Once is not enough: before Python 3.12 ``asyncio.wait_for`` swallows a cancellation that comes together with what it
    waits for (python/cpython#86296), and then the task would continue and its owner would wait for ever.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=1.0)
    if not task.cancelled():
        task.exception()


def from_any_thread(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> Callable[[], None]:
    """A function that any thread may call to have ``call`` run in the loop."""

    def hand_over() -> None:
        # A thread may still call while the loop is being closed; then nothing happens.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(call)

    return hand_over


def run_supervised(stack: contextlib.AsyncExitStack, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Own a task until the stack unwinds; work that fails is reported and started again."""

    async def again_and_again() -> None:
        said, left_out = float("-inf"), 0
        kind: type[Exception] | None = None
        while True:
            try:
                await work()
                return
            # A fault in one of these must not end the lesson; the log has the traceback.
            except Exception as fault:
                now = time.monotonic()
                if type(fault) is kind and now - said < _REPORT_AGAIN_AFTER:
                    left_out += 1
                else:
                    before = f", as {left_out} times before" if left_out else ""
                    logger.error("%s failed and is begun again%s", name, before, exc_info=fault)
                    said, kind, left_out = now, type(fault), 0
            await asyncio.sleep(_RESTART_AFTER)

    task = asyncio.create_task(again_and_again(), name=name)

    async def stop() -> None:
        await end(task)

    stack.push_async_callback(stop)
