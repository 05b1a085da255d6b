"""Delays for requests with unknown ids, and how many ids can be tried at a time.

In a lesson an id is a secret between its owner and the broadcaster. Guessing one must therefore be slow. The first
wrong ids of an address cost nothing, because a member that was away for too long has to learn quickly that it is signed
out. Later ones are answered late and count until then, whether or not the client still waits for the answer. Many may
be held at a time: when a lesson starts again, a whole school comes back with ids of before.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable
from typing import Final

from classroom.common.limited_log import LimitedLog
from classroom.common.throttle import GuessLimiter, Throttle, TooManyGuesses, limit_key

__all__ = ["CutOff", "UnknownIds"]

logger = logging.getLogger(__name__)

_FREE: Final = 3
"""Wrong ids of an address in a minute that are answered at once."""

_FIRST: Final = 0.25
_LONGEST: Final = 4.0
"""Seconds that an answer is held back; our pages take a server that says nothing for 8 s for lost."""

_FORGET: Final = 60.0
_HELD: Final = 400
"""Wrong ids of an address that are held at a time: a hundred a second can be tried."""

_WAITING: Final = 1500


class CutOff(Exception):
    """Too many wait already; this client gets no answer."""


class UnknownIds:
    """Holds answers to unknown ids back, longer for each one from the same address.

    Args:
        held: how many answers of an address may be held back at a time; further ids are looked at later.
        waiting: how many ids of an address may wait for that; more are cut off without an answer.
        longest: seconds that an answer is held back at most.
    """

    def __init__(self, *, held: int = _HELD, waiting: int = _WAITING, longest: float = _LONGEST) -> None:
        throttle = Throttle(first=_FIRST, longest=longest, forget=_FORGET, free=_FREE)
        self._guesses = GuessLimiter(throttle, at_a_time=held, waiting=waiting)
        self._log = LimitedLog(logger)
        self._asked = itertools.count()

    @property
    def holding(self) -> int:
        """How many answers are held back now, or would be if their askers had stayed."""
        return self._guesses.pending

    async def recognise(self, address: str, member: int, is_known: Callable[[], bool]) -> bool:
        """Whether an id is known that came from another address than its owner's; False comes late. Raises CutOff."""
        try:
            known = await self._guesses.is_right(address, str(member), is_known)
        except TooManyGuesses:
            self._warn(address)
            raise CutOff from None
        if not known and self._guesses.pending > _FREE:
            self._warn(address)
        return known

    async def hold(self, address: str) -> None:
        """Return when a client at this address may learn that there is no such member. Raises CutOff."""
        try:
            await self._guesses.is_right(address, f"no {next(self._asked)}", lambda: False)
        except TooManyGuesses:
            self._warn(address)
            raise CutOff from None

    def _warn(self, address: str) -> None:
        who = limit_key(address)
        self._log.warn("somebody at %s asks with one unknown id after another and is answered slowly", address, by=who)
