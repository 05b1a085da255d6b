"""The guard of sign-ins: who is refused, and what a wrong passcode costs whom."""

from __future__ import annotations

import asyncio

import pytest

from classroom.clock import ManualClock
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


async def test_wrong_ones_wait_longer_and_longer_and_nobody_else_does(waits: list[float]) -> None:
    door = guard()
    for _ in range(5):
        refusal = await door.refuse(SignIn(b"Eve", {"pass": "guess"}), "192.168.1.7")
        assert refusal is not None
        assert refusal.code == "passcode"
        assert refusal.sentence.endswith(".")
    assert waits == [0.5, 1.0, 2.0, 4.0, 4.0]
    waits.clear()
    assert await door.refuse(SignIn(b"Ada", {"pass": "geheim"}), "192.168.1.7") is None
    assert waits == []
    await door.refuse(SignIn(b"Bob", {"pass": "typo"}), "192.168.1.8")
    assert waits == [0.5]


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
