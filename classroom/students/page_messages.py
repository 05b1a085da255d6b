"""What the broadcaster says to the students' pages through the signaling; old clients never get these messages."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from classroom.common.errors import WireError
from classroom.students.dismissal import LAST_WORD
from classroom.students.roster import Roster, Student
from classroom.students.settings import AdmissionRules, PeerChannel
from classroom.webrtc.ice.servers import IceServers
from classroom.webrtc.messages import IceServerEntry, IceServersRenewed, StandIns, ToPage, Waiting, Welcome, encode

__all__ = ["StudentPages"]

logger = logging.getLogger(__name__)

Said = TypeVar("Said")


class StudentPages:
    """The pages of the students on a roster."""

    def __init__(self, roster: Roster, peers: PeerChannel, ice_servers: IceServers) -> None:
        self._roster = roster
        self._peers = peers
        self._ice_servers = ice_servers
        self._stand_ins = StandIns(sources=[])
        self._listeners: dict[type, list[Callable[[Student, Any], None]]] = {}

    def listen(self, kind: type[Said], listener: Callable[[Student, Said], None]) -> None:
        """Call a listener with each message of a kind from the page of an admitted student, and with its welcome."""
        self._listeners.setdefault(kind, []).append(listener)

    def hear(self, student: Student, message: object) -> None:
        """Give a message to its listeners; who was not admitted is not heard."""
        if student.page and student.admitted and student.refused is None:
            for listener in self._listeners.get(type(message), ()):
                listener(student, message)

    def welcomed(self) -> list[tuple[int, Student]]:
        """The pages of students who are admitted, and have their ticket."""
        present = self._roster.present.items()
        return [
            (peer, each) for peer, each in present if each.page and each.admitted and each.ticket and not each.refused
        ]

    async def tell(self, peer: int, message: ToPage) -> None:
        """Send a message to one peer; one that is gone is only logged."""
        await self.tell_text(peer, encode(message))

    async def tell_text(self, peer: int, text: str) -> None:
        """Send a message that is encoded to one peer; one that is gone is only logged."""
        try:
            await self._peers.send(peer, text)
        except WireError as gone:
            logger.info("a message does not reach a page: %s", gone)

    async def tell_news(self, peer: int, news: Iterable[ToPage | None]) -> None:
        """Send what there is of some messages to one peer."""
        for message in news:
            if message is not None:
                await self.tell(peer, message)

    async def tell_all(self, message: ToPage) -> None:
        """Send a message to all pages, within a bounded time."""
        await self._tell_each([peer for peer, student in self._roster.present.items() if student.page], message)

    async def welcome(self, peer: int, student: Student, admission: AdmissionRules) -> None:
        """Tell a page that its student is admitted, or waits for the teacher."""
        title, language, ticket = admission.title, admission.language, student.ticket or None
        if student.admitted:
            servers = self._ice_servers_for(student)
            welcome = Welcome(title=title, language=language, ticket=ticket, ice_servers=servers)
            await self.tell(peer, welcome)
            self.hear(student, welcome)
            if self._stand_ins.sources:
                await self.tell(peer, self._stand_ins)
        else:
            await self.tell(peer, Waiting(title=title, language=language, ticket=ticket))

    async def tell_stand_ins(self, stand_ins: StandIns) -> None:
        """Say what is missing in the picture, now and to each page that is admitted later."""
        self._stand_ins = stand_ins
        present = self._roster.present.items()
        await self._tell_each([peer for peer, student in present if student.page and student.admitted], stand_ins)

    async def refresh_ice_servers(self) -> None:
        """Give the pages new passwords for the TURN server before theirs expire; runs until cancelled.

        Returns at once where none expires.
        """
        while (after := self._ice_servers.refresh_after) is not None:
            await asyncio.sleep(after)
            for peer, student in list(self._roster.present.items()):
                if student.page and student.admitted and student.refused is None:
                    await self.tell(peer, IceServersRenewed(self._ice_servers_for(student)))

    async def _tell_each(self, peers: Iterable[int], message: ToPage) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*(self.tell(peer, message) for peer in peers)), LAST_WORD)

    def _ice_servers_for(self, student: Student) -> list[IceServerEntry]:
        return self._ice_servers.for_page(f"student-{student.number}", student.address)
