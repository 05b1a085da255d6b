"""Who may sign in to a lesson: the passcode, and addresses that the teacher has banned.

Only wrong answers wait. Everybody behind one address, as a whole school is, gets in at once with the right passcode,
however often a neighbour guessed; so a guess costs its own connection some seconds and nobody else anything.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import unicodedata
from collections.abc import Callable

from classroom.clock import Clock
from classroom.signaling import wire
from classroom.signaling.strangers import Strangers
from classroom.sparing import SparingLog
from classroom.throttle import Throttle

__all__ = ["AccessGuard"]

logger = logging.getLogger(__name__)

# Pages wait 8 s for an answer; one that comes later would read as a broken network.
_LONGEST = 4.0


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
        self._wrong = Throttle(first=0.5, longest=_LONGEST)
        # A page that sends none only asks whether one is needed, and that is how a whole class begins.
        self._missing = Throttle(first=0.05, longest=0.5)
        self._strangers = Strangers()
        self._log = SparingLog(logger)

    def ask_for(self, passcode: str | None) -> None:
        """Ask whoever comes from now on for another passcode, or for none."""
        self._passcode = None if passcode is None else _comparable(passcode)

    async def refuse(self, request: wire.SignIn, address: str) -> wire.Refusal | None:
        """Why this sign-in is refused, or None; a missing passcode is answered a little late, a wrong one slowly."""
        if self._banned(address):
            logger.info("somebody from the banned address %s asks to come in", address)
            return wire.Refusal("The teacher has closed this lesson to you.", "banned")
        if self._passcode is None:
            return None
        given = request.passcode
        if not given:
            await asyncio.sleep(self._missing.failed(address, self._clock.now()))
            return wire.Refusal("This lesson needs a passcode. Ask your teacher for it.", "passcode")
        if not hmac.compare_digest(_comparable(given), self._passcode):
            self._log.warn("a wrong passcode from %s", address)
            await asyncio.sleep(self._wrong.failed(address, self._clock.now()))
            return wire.Refusal("This passcode is not right. Ask your teacher for it.", "passcode")
        return None

    async def unknown(self, address: str) -> None:
        """Somebody used an id that does not exist: answered slowly, because ids are secrets that could be guessed.

        Raises CutOff for one who is not to be answered.
        """
        await self._strangers.hold(address)


def _comparable(passcode: str) -> bytes:
    """The bytes of a passcode as it is meant: however a keyboard composes its letters, without blanks around it."""
    return unicodedata.normalize("NFC", passcode.strip()).encode("utf-8", "replace")
