"""What the broadcaster says to the students' pages through the signaling; old clients never get these messages."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable

from classroom.common.errors import WireError
from classroom.students.dismissal import LAST_WORD
from classroom.students.roster import Roster, Student
from classroom.students.settings import AdmissionRules, PeerChannel
from classroom.webrtc.ice.servers import IceServers
from classroom.webrtc.messages import IceServerEntry, IceServersRenewed, StandIns, ToPage, Waiting, Welcome, encode

__all__ = ["StudentPages"]

logger = logging.getLogger(__name__)


class StudentPages:
    """The pages of the students on a roster."""

    def __init__(self, roster: Roster, peers: PeerChannel, ice_servers: IceServers) -> None:
        self._roster = roster
        self._peers = peers
        self._ice_servers = ice_servers
        self._stand_ins = StandIns(sources=[])

    async def tell(self, peer: int, message: ToPage) -> None:
        """Send a message to one peer; one that is gone is only logged."""
        try:
            await self._peers.send(peer, encode(message))
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
            await self.tell(peer, Welcome(title=title, language=language, ticket=ticket, ice_servers=servers))
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
