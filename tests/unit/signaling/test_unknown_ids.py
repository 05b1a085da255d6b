from __future__ import annotations

import asyncio
import contextlib

import pytest

from classroom.signaling.unknown_ids import CutOff, UnknownIds


async def held(strangers: UnknownIds, address: str) -> float:
    loop = asyncio.get_running_loop()
    began = loop.time()
    await strangers.hold(address)
    return loop.time() - began


async def test_the_first_wrong_ids_are_answered_at_once_and_later_ones_late() -> None:
    strangers = UnknownIds(longest=0.5)
    for _ in range(3):
        task = asyncio.ensure_future(strangers.hold("10.0.0.1"))
        await asyncio.sleep(0)
        assert task.done()
    assert await held(strangers, "10.0.0.1") >= 0.24
    assert await held(strangers, "10.0.0.1") >= 0.49
    task = asyncio.ensure_future(strangers.hold("10.0.0.2"))
    await asyncio.sleep(0)
    assert task.done(), "somebody else had to wait"


async def test_hanging_up_lets_nobody_try_more_ids() -> None:
    strangers = UnknownIds(held=5, waiting=1000)
    looked: list[int] = []

    async def ask(member: int) -> None:
        def is_known() -> bool:
            looked.append(member)
            return False

        await strangers.recognise("10.0.0.1", member, is_known)

    loop = asyncio.get_running_loop()
    began = loop.time()
    for member in range(300):
        task = asyncio.create_task(ask(member))
        await asyncio.sleep(0)
        task.cancel()
    # Three are free; then five at a time, of which none takes less than a quarter of a second.
    assert len(looked) <= 3 + 5 * (1 + int((loop.time() - began) / 0.25))
    assert looked[:8] == list(range(8))


async def test_what_is_held_back_is_bounded_whoever_stays() -> None:
    strangers = UnknownIds(held=2, waiting=1)
    for _ in range(3):
        await strangers.hold("10.0.0.1")
    holding = [asyncio.create_task(strangers.hold("10.0.0.1")) for _ in range(3)]
    await asyncio.sleep(0)
    assert strangers.holding == 3
    with pytest.raises(CutOff):
        await strangers.hold("10.0.0.1")
    with pytest.raises(CutOff):
        await strangers.recognise("10.0.0.1", 7, lambda: True)
    assert await strangers.recognise("10.0.0.2", 7, lambda: True)
    for task in holding:
        task.cancel()
    await asyncio.gather(*holding, return_exceptions=True)
    assert strangers.holding == 2


async def test_a_school_that_comes_back_with_ids_of_before_learns_it_soon() -> None:
    strangers = UnknownIds(longest=0.5)
    loop = asyncio.get_running_loop()
    began = loop.time()
    known = await asyncio.gather(*(strangers.recognise("10.0.0.1", member, lambda: False) for member in range(390)))
    assert not any(known)
    assert loop.time() - began < 30


async def test_guessing_is_logged_without_the_ids_and_not_for_each_guess(caplog: pytest.LogCaptureFixture) -> None:
    strangers = UnknownIds(held=1, waiting=0)
    for _ in range(300):
        with contextlib.suppress(CutOff, TimeoutError):
            await asyncio.wait_for(strangers.hold("10.0.0.1"), 0.01)
    assert 1 <= len(caplog.records) <= 5
    assert "10.0.0.1" in caplog.text
