"""How long somebody waits who asks with an id that is not there.

In a lesson an id is a secret between its owner and the broadcaster. Guessing one must therefore be slow. The first
wrong ids of an address cost nothing, because a member that was away for too long has to learn quickly that it is signed
out. What is held back costs a connection, which the gate counts; nobody else waits, not even at the same address.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from classroom.sparing import SparingLog
from classroom.throttle import Throttle

__all__ = ["CutOff", "Strangers"]

logger = logging.getLogger(__name__)

_FREE: Final = 3
"""Wrong ids of an address in a minute that are answered at once."""

_FIRST: Final = 0.25
_LONGEST: Final = 4.0
"""Seconds that an answer is held back; our pages take a server that says nothing for 8 s for lost."""

_FORGET: Final = 60.0
_HELD: Final = 2048


class CutOff(Exception):
    """Too many wait already; whoever asks now gets no answer."""


class Strangers:
    """Holds answers to unknown ids back, longer for each one from the same address.

    Args:
        held: how many answers may be held back at a time; who comes then is cut off without one.
        longest: seconds that an answer is held back at most.
    """

    def __init__(self, *, held: int = _HELD, longest: float = _LONGEST) -> None:
        self._held = held
        self._holding = 0
        self._throttle = Throttle(first=_FIRST, longest=longest, forget=_FORGET, free=_FREE)
        self._log = SparingLog(logger)

    @property
    def holding(self) -> int:
        """How many answers are held back now."""
        return self._holding

    async def hold(self, address: str) -> None:
        """Return when somebody at this address may be answered. Raises CutOff."""
        delay = self._throttle.failed(address, asyncio.get_running_loop().time())
        if delay == 0.0:
            return
        if delay >= _LONGEST / 2:
            self._log.warn("somebody at %s asks with one unknown id after another and is answered slowly", address)
        if self._holding >= self._held:
            raise CutOff
        self._holding += 1
        try:
            await asyncio.sleep(delay)
        finally:
            self._holding -= 1
