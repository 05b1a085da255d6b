from __future__ import annotations

import asyncio
import contextlib

import pytest

from classroom.signaling.strangers import CutOff, Strangers


async def held(strangers: Strangers, address: str) -> float:
    loop = asyncio.get_running_loop()
    began = loop.time()
    await strangers.hold(address)
    return loop.time() - began


async def test_the_first_wrong_ids_are_answered_at_once_and_later_ones_late() -> None:
    strangers = Strangers(longest=0.5)
    for _ in range(3):
        task = asyncio.ensure_future(strangers.hold("10.0.0.1"))
        await asyncio.sleep(0)
        assert task.done()
    assert await held(strangers, "10.0.0.1") >= 0.24
    assert await held(strangers, "10.0.0.1") >= 0.49
    task = asyncio.ensure_future(strangers.hold("10.0.0.2"))
    await asyncio.sleep(0)
    assert task.done(), "somebody else had to wait"


async def test_what_is_held_back_is_bounded_and_a_cancelled_one_is_not_counted() -> None:
    strangers = Strangers(held=2)
    for _ in range(8):
        strangers._throttle.failed("10.0.0.1", asyncio.get_running_loop().time())
    holding = [asyncio.create_task(strangers.hold("10.0.0.1")) for _ in range(2)]
    await asyncio.sleep(0)
    assert strangers.holding == 2
    with pytest.raises(CutOff):
        await strangers.hold("10.0.0.1")
    for task in holding:
        task.cancel()
    await asyncio.gather(*holding, return_exceptions=True)
    assert strangers.holding == 0


async def test_guessing_is_logged_without_the_ids_and_not_for_each_guess(caplog: pytest.LogCaptureFixture) -> None:
    strangers = Strangers(held=0)
    for _ in range(300):
        with contextlib.suppress(CutOff):
            await strangers.hold("10.0.0.1")
    assert 1 <= len(caplog.records) <= 5
    assert "10.0.0.1" in caplog.text
