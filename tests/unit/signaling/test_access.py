"""The guard of sign-ins: who is refused, and what a wrong passcode costs whom."""

from __future__ import annotations

import asyncio

import pytest

from classroom.common.clock import ManualClock
from classroom.common.throttle import TooManyGuesses
from classroom.signaling import AccessGuard
from classroom.signaling.wire import SignIn, read_sign_in


def guard(passcode: str | None = "geheim", banned: str = "") -> AccessGuard:
    return AccessGuard(passcode=passcode, banned=lambda address: address == banned, clock=ManualClock())


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What is waited for, in seconds; nothing is."""
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return waited


@pytest.mark.parametrize(
    ("passcode", "arguments"),
    [
        ("geheim", b"Ada&pass=geheim"),
        ("geheim", b"Ada&pass=%20geheim%20"),
        ("geheim", b"Ada&more=1&pass=geheim"),
        ("密码", b"Ada&pass=%E5%AF%86%E7%A0%81"),
        ("密码", "Ada&pass=密码".encode()),
        ("a&b=c d", b"Ada&pass=a%26b%3Dc%20d"),
        ("caf\u00e9", "Ada&pass=cafe\u0301".encode()),
        (None, b"Ada"),
        (None, b"Ada&pass=whatever"),
    ],
)
async def test_the_right_passcode_is_answered_at_once(
    waits: list[float], passcode: str | None, arguments: bytes
) -> None:
    assert await guard(passcode).refuse(read_sign_in(arguments), "192.168.1.7") is None
    assert waits == []


async def test_wrong_ones_wait_longer_and_longer(waits: list[float]) -> None:
    door = guard()
    for number in range(4):
        refusal = await door.refuse(SignIn(b"Eve", {"pass": f"guess {number}"}), "192.168.1.7")
        assert refusal is not None
        assert refusal.code == "passcode"
        assert refusal.sentence.endswith(".")
    assert waits == [0.5, 1.0, 2.0, 4.0]
    waits.clear()
    await door.refuse(SignIn(b"Bob", {"pass": "typo"}), "192.168.1.8")
    assert waits == [0.5]


async def test_a_few_wrong_ones_keep_nobody_of_the_address_waiting(waits: list[float]) -> None:
    door = guard()
    for number in range(3):
        await door.refuse(SignIn(b"Eve", {"pass": f"guess {number}"}), "192.168.1.7")
    waits.clear()
    for _ in range(200):
        assert await door.refuse(SignIn(b"Ada", {"pass": "geheim"}), "192.168.1.7") is None
    assert waits == []


async def test_guessing_passcodes_is_slow_for_who_hangs_up_too(monkeypatch: pytest.MonkeyPatch) -> None:
    door = guard()
    looked: list[str] = []
    is_right = door._is_right

    def look(given: str, address: str) -> bool:
        looked.append(given)
        return is_right(given, address)

    monkeypatch.setattr(door, "_is_right", look)
    loop = asyncio.get_running_loop()
    began = loop.time()
    for number in range(1000):
        task = asyncio.create_task(door.refuse(SignIn(b"Eve", {"pass": str(number)}), "192.168.1.7"))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert len(looked) <= 4 * (1 + int((loop.time() - began) / 0.5))
    right = await asyncio.wait_for(door.refuse(SignIn(b"Ada", {"pass": "geheim"}), "192.168.1.7"), 30)
    assert right is None, "a classmate who knows it is kept out"


async def test_who_cannot_be_looked_at_is_not_told_that_it_is_wrong() -> None:
    door = guard()
    tasks = [
        asyncio.create_task(door.refuse(SignIn(b"Eve", {"pass": str(number)}), "192.168.1.7")) for number in range(8)
    ]
    await asyncio.sleep(0)
    with pytest.raises(TooManyGuesses):
        await door.refuse(SignIn(b"Ada", {"pass": "geheim"}), "192.168.1.7")
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_class_that_only_asks_whether_one_is_needed_is_hardly_slowed(waits: list[float]) -> None:
    door = guard()
    for _ in range(40):
        refusal = await door.refuse(SignIn(b"Ada"), "192.168.1.7")
        assert refusal is not None
        assert refusal.code == "passcode"
    assert max(waits) == 0.5
    waits.clear()
    await door.refuse(SignIn(b"Ada", {"pass": "typo"}), "192.168.1.7")
    assert waits == [0.5]


async def test_a_banned_address_is_refused_with_the_right_passcode_too() -> None:
    door = guard(banned="192.168.1.7")
    refusal = await door.refuse(SignIn(b"Ada", {"pass": "geheim"}), "192.168.1.7")
    assert refusal is not None
    assert refusal.code == "banned"
    assert await door.refuse(SignIn(b"Ada", {"pass": "geheim"}), "192.168.1.8") is None


async def test_no_passcode_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    await guard().refuse(SignIn(b"Eve", {"pass": "a guess"}), "192.168.1.7")
    assert "wrong passcode from 192.168.1.7" in caplog.text
    assert "a guess" not in caplog.text
    assert "geheim" not in caplog.text
