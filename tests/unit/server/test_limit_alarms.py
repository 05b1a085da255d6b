from __future__ import annotations

import asyncio

import pytest

from classroom.common.alarms import Alarm, Alarms
from classroom.server import limit_alarms as over_limit
from classroom.server.limit_alarms import LimitAlarms


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds as hundredths of them."""
    monkeypatch.setattr(over_limit, "_LOOK_EVERY", 0.02)
    monkeypatch.setattr(over_limit, "_FORGOTTEN_AFTER", 0.3)


async def raised(alarms: Alarms, condition: bool = True) -> list[Alarm]:
    """The alarms, as soon as there are any, or none any more."""
    async with asyncio.timeout(30):
        while bool(alarms.raised()) != condition:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return alarms.raised()


@pytest.mark.usefixtures("quick")
async def test_who_goes_over_a_limit_again_and_again_is_told_until_it_is_over() -> None:
    alarms = Alarms(lambda: None)
    watch = LimitAlarms(alarms)
    for _ in range(5):
        watch.count("192.0.2.7")
    [alarm] = await raised(alarms)
    assert alarm.code == "limits.exceeded"
    assert alarm.sentence.startswith("192.0.2.7 keeps exceeding the limits")
    assert await raised(alarms, False) == []
    await asyncio.sleep(0.1)
    assert watch._timer is None, "nothing is left to look at"


@pytest.mark.usefixtures("quick")
async def test_once_or_twice_is_no_alarm() -> None:
    changes: list[None] = []
    watch = LimitAlarms(Alarms(lambda: changes.append(None)))
    for number in range(200):
        watch.count(f"192.0.2.{number}")
    await asyncio.sleep(0.2)
    assert changes == []
    watch.close()


@pytest.mark.usefixtures("quick")
async def test_many_are_one_alarm_and_the_worst_is_named() -> None:
    alarms = Alarms(lambda: None)
    watch = LimitAlarms(alarms)
    for _ in range(6):
        for number in range(1000):
            watch.count(f"198.51.{number // 250}.{number % 250}")
    for _ in range(9):
        for number in range(40):
            watch.count(f"2001:db8::{number:x}")
        for number in range(5):
            watch.count(f"192.0.2.{number}")
    [alarm] = await raised(alarms)
    assert alarm.sentence.startswith("6 addresses keep exceeding the limits")
    assert "2001:db8::" in alarm.sentence
    assert len(watch._over) <= over_limit._ADDRESSES
    watch.close()
