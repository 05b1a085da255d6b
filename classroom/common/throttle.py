"""Slows down an address that keeps giving a wrong token, passcode or id.

Delaying the answer is not enough. A right guess is answered at once, so silence means "wrong", and an attacker who
hangs up and tries the next guess on another connection loses nothing. What has to be limited is the checking itself.
``GuessLimiter`` therefore checks a few guesses of an address at a time. Each wrong one takes one of these places until
its delay is over, whether or not the client still waits for the answer.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address
from typing import Final

__all__ = ["GuessLimiter", "Throttle", "TooManyGuesses", "limit_key"]

_MOST: Final = 4096
"""Guesses that wait or take a place at a time, of all addresses together."""


def limit_key(address: str) -> str:
    """The key by which limits count an IP address: an IPv4 address itself, of an IPv6 address its network of 64 bits.

    A single computer can use any number of IPv6 addresses of its network (RFC 8981), so limits must not count them
    one by one. Link-local addresses are all of one network and count for themselves.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    if parsed.is_link_local or parsed.is_loopback:
        return address
    return f"{IPv6Address(int(parsed) >> 64 << 64)}/64"


class Throttle:
    """Counts failures by address and says how long the next answer must wait, in seconds.

    Pure: the time is an argument. The memory is bounded; the oldest address is forgotten first.

    Args:
        first: the wait for the first failure that costs something; each further one costs twice as much.
        longest: no wait is longer.
        forget: seconds without a failure after which an address starts from zero.
        free: failures that cost nothing.
        addresses: how many are remembered.
    """

    def __init__(
        self,
        *,
        first: float = 0.5,
        longest: float = 8.0,
        forget: float = 300.0,
        free: int = 0,
        addresses: int = 1024,
    ) -> None:
        self._first = first
        self._longest = longest
        self._forget = forget
        self._free = free
        self._addresses = addresses
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def failed(self, address: str, now: float) -> float:
        """Note a failure; return the seconds to wait before it is answered."""
        who = limit_key(address)
        count, last = self._failures.pop(who, (0, now))
        count = 1 if now - last > self._forget else count + 1
        self._failures[who] = (count, now)
        while len(self._failures) > self._addresses:
            self._failures.popitem(last=False)
        costly = count - self._free
        return float(min(self._longest, self._first * 2 ** (min(costly, 16) - 1))) if costly > 0 else 0.0

    def succeeded(self, address: str) -> None:
        """Forget the failures of an address."""
        self._failures.pop(limit_key(address), None)


class TooManyGuesses(Exception):
    """Too many guesses of this address wait, so this one was not checked; a right one may be sent again."""


@dataclass(slots=True)
class _Waiting:
    """Everybody at an address who waits with the same guess; they get one answer together, so they cost one check."""

    check: Callable[[], bool]
    forgives: bool
    asked: list[asyncio.Future[float]] = field(default_factory=list)


@dataclass(slots=True)
class _AddressQueue:
    held: int = 0
    waiting: dict[str, _Waiting] = field(default_factory=dict)


class GuessLimiter:
    """Checks the secrets that an address gives, a few wrong ones at a time.

    How it is used, with one instance for each kind of secret::

        guesses = GuessLimiter(Throttle(first=0.5, longest=8.0), at_a_time=2)
        try:
            if await guesses.is_right(address, given, lambda: hmac.compare_digest(given.encode(), secret)):
                ...  # at once, unless wrong ones of this address take all places just now
            else:
                ...  # the wait is over; say that it is wrong
        except TooManyGuesses:
            ...  # not looked at; say that it may be tried again, not that it is wrong

    The caller may be cancelled, as when the asker hangs up: the place of a wrong guess stays taken until its time is
    over, and a guess that was still waiting is never looked at. All who wait at an address with the same guess
    get one answer together, and the guess that most of them give is checked next: a class behind one address gives the
    same passcode many times, an attacker gives many different ones.

    Args:
        throttle: how long a wrong guess takes a place and waits for its answer.
        at_a_time: wrong guesses of one address that take a place at a time.
        waiting: different guesses of one address that may wait for a place.
        forgives: whether a right guess resets the address. Not for a secret that many know.
    """

    def __init__(self, throttle: Throttle, *, at_a_time: int = 2, waiting: int = 4, forgives: bool = False) -> None:
        self._throttle = throttle
        self._at_a_time = at_a_time
        self._waiting = waiting
        self._forgives = forgives
        self._addresses_waiting: dict[str, _AddressQueue] = {}
        self._pending = 0

    @property
    def pending(self) -> int:
        """How many guesses wait or take a place now."""
        return self._pending

    async def is_right(self, address: str, guess: str, check: Callable[[], bool], *, shared: bool = False) -> bool:
        """Whether a guess is right; False comes late.

        Args:
            address: whose guess it is.
            guess: what was given; equal ones of an address are looked at once.
            check: tells whether it is right, in constant time; called at most once, and perhaps later.
            shared: this guess is for a secret that others know too, so a right one forgives nothing.

        Raises:
            TooManyGuesses: too many guesses wait already.
        """
        who = limit_key(address)
        place = self._addresses_waiting.setdefault(who, _AddressQueue())
        try:
            delay = await self._turn(who, place, guess, _Waiting(check, self._forgives and not shared))
        finally:
            self._tidy(who)
        if delay < 0.0:
            return True
        if delay > 0.0:
            await asyncio.sleep(delay)
        return False

    async def _turn(self, who: str, place: _AddressQueue, guess: str, asks: _Waiting) -> float:
        """The seconds until a wrong guess may be answered; -1 for a right one."""
        if place.held < self._at_a_time and self._pending < _MOST:
            return self._judge(who, place, asks)
        if self._pending >= _MOST or (guess not in place.waiting and len(place.waiting) >= self._waiting):
            raise TooManyGuesses
        group = place.waiting.setdefault(guess, asks)
        asked: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        group.asked.append(asked)
        self._pending += 1
        try:
            return await asked
        finally:
            self._pending -= 1
            group.asked.remove(asked)
            if not group.asked and place.waiting.get(guess) is group:
                del place.waiting[guess]

    def _judge(self, who: str, place: _AddressQueue, asks: _Waiting) -> float:
        if asks.check():
            if asks.forgives:
                self._throttle.succeeded(who)
            return -1.0
        loop = asyncio.get_running_loop()
        delay = self._throttle.failed(who, loop.time())
        if delay > 0.0:
            place.held += 1
            self._pending += 1
            loop.call_later(delay, self._release, who, place)
        return delay

    def _release(self, who: str, place: _AddressQueue) -> None:
        place.held -= 1
        self._pending -= 1
        while place.waiting and place.held < self._at_a_time:
            guess = max(place.waiting, key=lambda each: len(place.waiting[each].asked))
            group = place.waiting.pop(guess)
            delay = self._judge(who, place, group)
            for asked in group.asked:
                if not asked.done():
                    asked.set_result(delay)
        self._tidy(who)

    def _tidy(self, who: str) -> None:
        place = self._addresses_waiting.get(who)
        if place is not None and not place.held and not place.waiting:
            del self._addresses_waiting[who]
