"""Who may sign in to a lesson: the passcode, and addresses that the teacher has banned.

All students behind one address, such as a whole school, get in at once with the right passcode, however often a
neighbour guessed. Only while four wrong ones of that address are held back, they wait until one of these is answered.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import unicodedata
from collections.abc import Callable

from classroom.common.clock import Clock
from classroom.common.limited_log import LimitedLog
from classroom.common.throttle import GuessLimiter, Throttle, limit_key
from classroom.signaling import wire
from classroom.signaling.unknown_ids import UnknownIds

__all__ = ["AccessGuard"]

logger = logging.getLogger(__name__)

# Pages wait 8 s for an answer and take a later one for a broken network.
_LONGEST = 4.0
_AT_A_TIME = 4
"""Wrong passcodes of an address that are held back at a time: one a second can be tried."""

_WAITING = 4
"""Different ones that wait to be looked at; so a right one waits for no more than some seconds."""


class AccessGuard:
    """The guard of a lesson's sign-ins.

    Args:
        passcode: what students must send as ``pass``; None lets in everybody.
        banned: whether nobody from this address may come in.
        clock: where the time of the throttles comes from.
    """

    def __init__(self, *, passcode: str | None, banned: Callable[[str], bool], clock: Clock) -> None:
        self.ask_for(passcode)
        self._banned = banned
        self._clock = clock
        self._guesses = GuessLimiter(Throttle(first=0.5, longest=_LONGEST), at_a_time=_AT_A_TIME, waiting=_WAITING)
        # A page without one only asks whether one is needed, and all pages of a class start like that.
        self._missing = Throttle(first=0.05, longest=0.5)
        self._strangers = UnknownIds()
        self._log = LimitedLog(logger)

    def ask_for(self, passcode: str | None) -> None:
        """Ask for another passcode from now on, or for none."""
        self._passcode = None if passcode is None else _comparable(passcode)

    async def refuse(self, request: wire.SignIn, address: str) -> wire.Refusal | None:
        """Why this sign-in is refused, or None; a missing passcode is answered a little late, a wrong one slowly.

        Raises TooManyGuesses where the passcode was not looked at.
        """
        if self._banned(address):
            logger.info("somebody from the banned address %s asks to come in", address)
            return wire.Refusal("The teacher has closed this lesson to you.", "banned")
        if self._passcode is None:
            return None
        given = request.passcode
        if not given:
            await asyncio.sleep(self._missing.failed(address, self._clock.now()))
            return wire.Refusal("This lesson needs a passcode. Ask your teacher for it.", "passcode")
        if not await self._guesses.is_right(address, given, lambda: self._is_right(given, address)):
            return wire.Refusal("This passcode is not right. Ask your teacher for it.", "passcode")
        return None

    def _is_right(self, given: str, address: str) -> bool:
        right = self._passcode is None or hmac.compare_digest(_comparable(given), self._passcode)
        if not right:
            self._log.warn("a wrong passcode from %s", address, by=limit_key(address))
        return right

    async def recognise(self, address: str, member: int, is_known: Callable[[], bool]) -> bool:
        """Whether there is a member with an id that is used from another address than the one it signed in from.

        An unknown one is answered slowly, because ids are secrets that could be guessed. Raises CutOff for a client
        that gets no answer.
        """
        return await self._strangers.recognise(address, member, is_known)

    async def unknown(self, address: str) -> None:
        """A client addresses a member that does not exist for it: answered slowly too. Raises CutOff."""
        await self._strangers.hold(address)


def _comparable(passcode: str) -> bytes:
    """The bytes of a passcode as it is meant: however a keyboard composes its letters, without blanks around it."""
    return unicodedata.normalize("NFC", passcode.strip()).encode("utf-8", "replace")
