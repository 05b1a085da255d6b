"""Monitors the STUN and TURN servers of a lesson: asks each of them regularly, and alerts the teacher.

The broadcaster's own viewers only use servers that answer, so a dead one never delays an offer. The reports of the
students' pages are kept apart, because a school may not reach a server that we reach.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from classroom.common.alarms import Alarm, Alarms
from classroom.common.sentences import Sentence, Wording
from classroom.webrtc.ice.credentials import Credential, expiry
from classroom.webrtc.ice.probe import ProbeFailure, probe
from classroom.webrtc.ice.servers import IceServerAddress, IceServers

__all__ = ["IceServerCheck", "ServerHealth", "StudentRelayFaults"]

logger = logging.getLogger(__name__)

_EVERY: Final = 60.0
_FIRST_AGAIN: Final = 2.0
"""Seconds between two checks while all servers answer, and after the first failure; then twice as long each time."""

_NO_RELAY: Final = Wording(
    "ice.no_relay",
    "No relay server (TURN) can be used. Students outside this network may get no picture. {reasons}.",
)
_NO_STUN: Final = Wording(
    "ice.no_stun", "No STUN server answers. Students outside this network may get no picture. {reasons}."
)
_REASONS: Final[Mapping[ProbeFailure, Wording]] = {
    "silent": Wording("ice.silent", "{server} does not answer: check its address, its firewall and that it is running"),
    "refused": Wording("ice.refused", "{server} refuses the connection"),
    "full": Wording("ice.full", "{server} has no capacity left"),
    "tls": Wording("ice.tls", "{server} has a certificate that is not trusted here"),
}
_OTHER_SECRET: Final = Wording(
    "ice.other_secret",
    "{server} refuses the connection: check that ice.turn.secret is the one it knows, and the clocks of both computers",
)
_NO_CREDENTIAL: Final = Wording(
    "ice.no_credential", "{server} refuses the connection: it requires a username and a credential in ice.servers"
)
_EXPIRED: Final = Wording(
    "ice.expired", "{server} refuses the connection: the user name in ice.servers expired on {time}"
)
_OTHER_CREDENTIAL: Final = Wording(
    "ice.other_credential", "{server} refuses the connection: check username and credential in ice.servers"
)

_ONE_STUDENT: Final = Wording("ice.student_no_relay", "The relay server (TURN) fails for 1 student: {reasons}.")
_STUDENTS: Final = Wording("ice.students_no_relay", "The relay server (TURN) fails for {count} students: {reasons}.")
_STUDENT_FULL: Final = Wording("ice.student_full", "it has no capacity left (error {error})")
_STUDENT_REFUSED: Final = Wording(
    "ice.student_refused", "it refuses the password (error {error}), which is wrong or has expired"
)
_STUDENT_UNREACHABLE: Final = Wording("ice.student_unreachable", "it cannot be reached from their network")


@dataclass(slots=True)
class ServerHealth:
    """The results of one server's checks. One that answered before is not given up for a single lost answer."""

    why: ProbeFailure | None = None
    failures: int = 0
    answered: bool = False

    @property
    def failing(self) -> bool:
        """Whether viewers must not use the server."""
        return self.failures > 1 or (self.failures == 1 and (not self.answered or self.why != "silent"))

    def note(self, why: ProbeFailure | None) -> None:
        """Add the result of one check."""
        self.why = why
        self.failures = 0 if why is None else self.failures + 1
        self.answered = self.answered or why is None


class IceServerCheck:
    """Checks the servers until cancelled, and raises ``ice.no_relay`` and ``ice.no_stun``."""

    def __init__(
        self,
        servers: IceServers,
        alarms: Alarms,
        *,
        ask: Callable[[IceServerAddress, Credential | None], Awaitable[ProbeFailure | None]] = probe,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._servers = servers
        self._alarms = alarms
        self._ask = ask
        self._wall = wall
        self._health = {address: ServerHealth() for address in servers.addresses}
        self._pause = _EVERY
        for url in sorted(servers.urls - {address.url for address in self._health}):
            logger.warning("%s is used by students' pages only: the broadcaster cannot read it", url)

    @property
    def pause(self) -> float:
        """Seconds until the next check."""
        return self._pause

    async def run(self) -> None:
        """Check now, and then regularly; returns at once where there is nothing to check."""
        while self._health:
            await self.check()
            await asyncio.sleep(self._pause)

    async def check(self) -> None:
        """Ask all servers once."""
        addresses = list(self._health)
        answers = await asyncio.gather(*(self._ask(each, self._servers.credential(each)) for each in addresses))
        for address, why in zip(addresses, answers, strict=True):
            health = self._health[address]
            if why != health.why:
                logger.warning("%s", f"{address.url} answers" if why is None else self._reason(address, why))
            health.note(why)
        failing = frozenset(address for address, health in self._health.items() if health.failing)
        self._servers.set_failing(failing)
        if all(why is None for why in answers):
            self._pause = _EVERY
        else:
            self._pause = _FIRST_AGAIN if self._pause == _EVERY else min(_EVERY / 2, self._pause * 2)
        self._tell("turn", "ice.no_relay", _NO_RELAY, failing)
        self._tell("stun", "ice.no_stun", _NO_STUN, failing)

    def _tell(
        self, kind: Literal["stun", "turn"], code: str, wording: Wording, failing: frozenset[IceServerAddress]
    ) -> None:
        of_kind = [address for address in self._health if address.kind == kind]
        if not of_kind or not failing.issuperset(of_kind):
            self._alarms.clear(code)
            return
        reasons = [self._reason(address, why) for address in of_kind if (why := self._health[address].why) is not None]
        self._alarms.put(Alarm(code, wording(reasons=reasons)))

    def _reason(self, address: IceServerAddress, why: ProbeFailure) -> Sentence:
        url = address.url
        if why != "refused" or address.kind == "stun":
            return _REASONS[why](server=url)
        if self._servers.shares_secret(address):
            return _OTHER_SECRET(server=url)
        credential = self._servers.credential(address)
        if credential is None:
            return _NO_CREDENTIAL(server=url)
        expires = expiry(credential.username)
        if expires is not None and expires < self._wall():
            return _EXPIRED(server=url, time=f"{datetime.fromtimestamp(expires, UTC):%Y-%m-%d %H:%M} UTC")
        return _OTHER_CREDENTIAL(server=url)


class StudentRelayFaults:
    """The students whose pages got nothing from any TURN server, as the alarm ``ice.student_no_relay``."""

    def __init__(self, alarms: Alarms) -> None:
        self._alarms = alarms
        self._codes: dict[str, int] = {}

    def put(self, student: str, code: int | None) -> None:
        """Set what a student's page reports: the error of the server (RFC 8656, section 18); None clears it."""
        if code is None:
            self._codes.pop(student, None)
        else:
            self._codes[student] = code
        self._tell()

    def forget(self, student: str) -> None:
        """The student left."""
        self.put(student, None)

    def _tell(self) -> None:
        if not self._codes:
            self._alarms.clear("ice.student_no_relay")
            return
        count, reasons = len(self._codes), sorted({_student_reason(code) for code in self._codes.values()})
        sentence = _ONE_STUDENT(reasons=reasons) if count == 1 else _STUDENTS(count=count, reasons=reasons)
        self._alarms.put(Alarm("ice.student_no_relay", sentence))


def _student_reason(code: int) -> Sentence:
    if code in (486, 508):
        return _STUDENT_FULL(error=code)
    return _STUDENT_REFUSED(error=code) if code < 700 else _STUDENT_UNREACHABLE()
