"""Tasks are ended even where a cancellation is lost on its way."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from classroom.common.tasks import end, run_supervised
from tests.support.broadcast import eventually


class Deaf:
    """Work that swallows the first cancellation, as ``asyncio.wait_for`` of Python 3.11 may."""

    def __init__(self) -> None:
        self.swallowed = 0

    async def run(self) -> None:
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.swallowed += 1
                if self.swallowed > 1:
                    raise


async def test_a_task_that_loses_a_cancellation_is_ended() -> None:
    deaf = Deaf()
    task = asyncio.create_task(deaf.run())
    await asyncio.sleep(0)
    await asyncio.wait_for(end(task), 30)
    assert task.cancelled()
    assert deaf.swallowed == 2


async def test_work_that_loses_a_cancellation_keeps_nobody_from_leaving() -> None:
    deaf = Deaf()
    async with contextlib.AsyncExitStack() as stack:
        run_supervised(stack, "work", deaf.run)
        await asyncio.sleep(0)
    assert deaf.swallowed == 2


async def test_what_has_ended_is_left_alone() -> None:
    task = asyncio.create_task(asyncio.sleep(0))
    await task
    await end(task)


async def test_a_fault_that_lasts_is_written_once_and_another_at_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("classroom.common.tasks._RESTART_AFTER", 0.0)
    tried = 0

    async def fails() -> None:
        nonlocal tried
        tried += 1
        raise OSError("full") if tried < 200 else ValueError("another")

    async with contextlib.AsyncExitStack() as stack:
        run_supervised(stack, "work", fails)
        await eventually(lambda: tried > 400)
    said = [record for record in caplog.records if record.levelname == "ERROR"]
    assert ["OSError" in str(record.exc_info) for record in said] == [True, False]
    assert "199 times" not in said[0].getMessage()
