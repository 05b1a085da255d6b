from __future__ import annotations

import asyncio

import pytest

from classroom.common.throttle import GuessLimiter, Throttle, TooManyGuesses, limit_key


def test_each_failure_waits_twice_as_long_up_to_the_longest() -> None:
    throttle = Throttle(first=0.5, longest=8.0)
    assert [throttle.failed("10.0.0.1", 0.0) for _ in range(7)] == [0.5, 1, 2, 4, 8, 8, 8]
    assert throttle.failed("10.0.0.2", 0.0) == 0.5


def test_the_first_may_be_free() -> None:
    throttle = Throttle(first=0.25, longest=1.0, free=3)
    assert [throttle.failed("10.0.0.1", 0.0) for _ in range(7)] == [0, 0, 0, 0.25, 0.5, 1, 1]


def test_an_address_begins_anew_after_a_while_or_a_success() -> None:
    throttle = Throttle(first=0.5, forget=60.0)
    for _ in range(5):
        throttle.failed("a", 0.0)
    assert throttle.failed("a", 60.1) == 0.5
    throttle.failed("a", 60.2)
    throttle.succeeded("a")
    assert throttle.failed("a", 60.3) == 0.5


def test_the_memory_is_bounded() -> None:
    throttle = Throttle(first=0.5, addresses=10)
    for number in range(1000):
        throttle.failed(str(number), 0.0)
    assert throttle.failed("999", 0.0) == 1.0
    assert throttle.failed("1", 0.0) == 0.5


@pytest.mark.parametrize(
    ("address", "who"),
    [
        ("192.168.1.20", "192.168.1.20"),
        ("::ffff:192.168.1.20", "192.168.1.20"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::9", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("::1", "::1"),
        ("", ""),
        ("unknown", "unknown"),
    ],
)
def test_a_network_of_ipv6_counts_as_one(address: str, who: str) -> None:
    assert limit_key(address) == who


def test_an_address_cannot_be_changed_within_its_network() -> None:
    throttle = Throttle(first=0.5)
    assert [throttle.failed(f"2001:db8::{number:x}", 0.0) for number in range(4)] == [0.5, 1, 2, 4]


SECRET = "geheim"


class Looks:
    """Guesses that are looked at, in order."""

    def __init__(self, guesses: GuessLimiter) -> None:
        self.guesses = guesses
        self.seen: list[str] = []

    def begin(self, guess: str, address: str = "10.0.0.1") -> asyncio.Task[bool]:
        def check() -> bool:
            self.seen.append(guess)
            return guess == SECRET

        return asyncio.create_task(self.guesses.is_right(address, guess, check))


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_hanging_up_frees_no_place() -> None:
    looks = Looks(GuessLimiter(Throttle(first=0.5, longest=0.5), at_a_time=2, waiting=1000))
    loop = asyncio.get_running_loop()
    began = loop.time()
    for number in range(200):
        task = looks.begin(str(number))
        await turns()
        task.cancel()
    assert len(looks.seen) <= 2 * (1 + int((loop.time() - began) / 0.5))
    assert looks.seen[:2] == ["0", "1"]


async def test_a_right_one_is_answered_at_once_while_there_is_a_place() -> None:
    looks = Looks(GuessLimiter(Throttle(first=30.0), at_a_time=2))
    wrong = looks.begin("typo")
    right = [looks.begin(SECRET) for _ in range(100)]
    await turns()
    assert all(task.done() and task.result() for task in right)
    assert not wrong.done()
    wrong.cancel()


async def test_a_right_one_waits_only_for_a_place() -> None:
    looks = Looks(GuessLimiter(Throttle(first=0.1, longest=0.2), at_a_time=2))
    wrong = [looks.begin("typo"), looks.begin("another")]
    right = looks.begin(SECRET)
    await turns()
    assert not right.done()
    assert await right
    assert not any([await task for task in wrong])


async def test_who_gives_the_same_is_told_together_and_the_most_first() -> None:
    looks = Looks(GuessLimiter(Throttle(first=0.1, longest=0.1), at_a_time=1))
    first = looks.begin("typo")
    await turns()
    guesser = looks.begin("a guess")
    class_of = [looks.begin(SECRET) for _ in range(30)]
    assert all(await asyncio.gather(*class_of))
    assert looks.seen[:2] == ["typo", SECRET]
    assert looks.seen.count(SECRET) == 1
    assert not await first
    assert not await guesser


async def test_there_is_room_for_a_few_and_the_others_are_not_looked_at() -> None:
    guesses = GuessLimiter(Throttle(first=30.0), at_a_time=1, waiting=2)
    looks = Looks(guesses)
    tasks = [looks.begin(str(number)) for number in range(3)]
    await turns()
    with pytest.raises(TooManyGuesses):
        await looks.begin("one more")
    assert looks.seen == ["0"]
    assert guesses.pending == 3
    assert await looks.begin(SECRET, "10.0.0.2"), "another address had to wait"
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert guesses.pending == 1, "the place of the wrong guess was freed"


async def test_an_address_is_forgotten_when_its_time_is_over() -> None:
    guesses = GuessLimiter(Throttle(first=0.01, longest=0.01))
    looks = Looks(guesses)
    assert await asyncio.gather(*(looks.begin(str(n), f"10.0.0.{n}") for n in range(50))) == [False] * 50
    async with asyncio.timeout(30):
        while guesses.pending:  # noqa: ASYNC110 - places end by themselves, and nobody is told
            await asyncio.sleep(0.01)
    assert guesses._addresses_waiting == {}


@pytest.mark.parametrize("forgives", [True, False])
async def test_a_right_one_forgives_where_only_its_owner_knows_it(forgives: bool) -> None:
    throttle = Throttle(first=0.01, longest=8.0)
    looks = Looks(GuessLimiter(throttle, at_a_time=8, forgives=forgives))
    for number in range(3):
        await looks.begin(str(number))
    assert await looks.begin(SECRET)
    assert throttle.failed("10.0.0.1", asyncio.get_running_loop().time()) == (0.01 if forgives else 0.08)
