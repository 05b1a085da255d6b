"""All who want to watch: whom to let in, and a viewer and a task for each who may.

The audience is told who joined, who left and what was said; it never asks the signaling. ``register`` is what the
teacher sees of it, ``bans`` whom it keeps out.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import Final, Literal

from classroom.common.errors import CommandError, WireError
from classroom.common.free_memory import MemoryWatch
from classroom.common.limited_log import LimitedLog
from classroom.students.bans import Bans, Identity, same_name
from classroom.students.dismissal import LAST_WORD, Dismissal, end_viewer, report
from classroom.students.roster import Roster, Student, StudentCount, StudentEntry
from classroom.webrtc.blocked_network import BlockedStudentsAlarm
from classroom.webrtc.description import Candidate
from classroom.webrtc.ice.interfaces import is_here
from classroom.webrtc.ice.server_check import StudentRelayFaults
from classroom.webrtc.ice.servers import IceServers
from classroom.webrtc.messages import (
    Answer,
    Bye,
    Hello,
    IceFault,
    IceServerEntry,
    IceServersRenewed,
    KeyFrameWanted,
    Offer,
    PictureSize,
    RefusalReason,
    Refused,
    RestartWanted,
    Statistics,
    ToPage,
    Waiting,
    Welcome,
    encode,
    parse,
)
from classroom.webrtc.open_files import OpenFilesAlarm
from classroom.webrtc.sending.feed import OfferedProgram
from classroom.webrtc.sending.playout_delay import PlayoutSetting
from classroom.webrtc.viewer import Viewer

__all__ = ["Admit", "Audience", "StudentCount"]

logger = logging.getLogger(__name__)
limited_log = LimitedLog(logger)

Admit = Literal["everyone", "approve"]

_LISTED_AFTER: Final = 2.0
"""Seconds after which a peer counts as a student although it said nothing, as an old client that is idle."""

_MEASURE_EVERY: Final = 1.0


class Audience:
    """Holds the viewers of a lesson.

    ``send(peer, text)`` gives a message to a peer and raises WireError when it is gone; ``sign_out(peer)`` ends its
    membership in the signaling room, and is None where the room is somebody else's; ``changed`` is called when what
    ``describe`` returns has changed; ``memory`` says when there is too little of it for anybody else, and ``few_files``
    is told who was refused for want of open files; ``absence(peer)`` is for how many seconds a peer is known to fetch
    no messages.
    """

    def __init__(
        self,
        *,
        program: OfferedProgram,
        title: str,
        language: str | None,
        admit: Admit,
        most: int,
        ice_servers: IceServers,
        student_faults: StudentRelayFaults,
        blocked_students: BlockedStudentsAlarm,
        playout_delay: PlayoutSetting,
        send: Callable[[int, str], Awaitable[None]],
        sign_out: Callable[[int], Awaitable[None]] | None,
        changed: Callable[[], None],
        memory: MemoryWatch,
        few_files: OpenFilesAlarm,
        absence: Callable[[int], float] = lambda _: 0.0,
    ) -> None:
        self._program = program
        self._memory = memory
        self._few_files = few_files
        self._absence = absence
        self._title = title
        self._language = language
        self._admit = admit
        self._most = most
        self._ice_servers = ice_servers
        self._student_faults = student_faults
        self._blocked_students = blocked_students
        self._playout_delay = playout_delay
        self._send = send
        self._changed = changed
        self._register = Roster(most=most, changed=changed)
        self._bans = Bans()
        self._farewell = Dismissal(tell=self._tell, sign_out=sign_out)

    def renew(self, *, title: str, language: str | None, admit: Admit, most: int) -> None:
        """Go on with other details of the lesson, and other rules for whoever comes from now on."""
        self._title, self._language = title, language
        self._admit, self._most = admit, most

    def describe(self) -> dict[str, StudentEntry]:
        """The students by number, as the control protocol shows them."""
        return self._register.describe()

    def count(self) -> StudentCount:
        """How many students are signed in, and how many of them see the program."""
        return self._register.count()

    def address_banned(self, address: str) -> bool:
        """Whether nobody from a network address may come in."""
        return self._bans.address_banned(address)

    # Coming and going

    def joined(self, peer: int, name: str, address: str = "") -> None:
        """A peer signed in: offer it the program, let it wait for the teacher, or refuse it."""
        if peer in self._register.present or peer in self._farewell:
            return
        student = self._register.enter(peer, name, address, admitted=self._admit == "everyone")
        if self._bans.holds(student.who()):
            student.refused = "banned"
            logger.info("%s is banned and not let in", name)
        elif student.admitted:
            self._let_in(peer, student)
        if student.refused is None:
            student.timers.append(asyncio.get_running_loop().call_later(_LISTED_AFTER, self._list, student))

    async def left(self, peer: int) -> None:
        """A peer signed out or vanished: end its viewer. Nobody else waits until its connection is closed."""
        self._farewell.left(peer)
        student = self._register.leave(peer)
        if student is not None:
            self._student_faults.forget(student.number)
            self._farewell.run(end_viewer(student))
            self._changed()

    async def lost(self, peer: int) -> None:
        """The way to a peer is lost for good; if it watches, it goes on until its connection ends by itself."""
        student = self._register.present.get(peer)
        if student is None or not student.watches:
            await self.left(peer)
        else:
            student.lost = True

    async def message(self, peer: int, body: bytes) -> None:
        """A peer said something; what cannot be understood is logged and changes nothing."""
        student = self._register.present.get(peer)
        if student is None:
            return
        try:
            said = parse(body)
        except WireError as fault:
            limited_log.warn("a message of student %s is left out: %s", student.number, fault)
            return
        match said:
            case Hello():
                await self._hello(peer, student, said)
            case Statistics(latency):
                student.latency = latency
            case IceFault(code):
                if student.page and student.admitted:
                    self._student_faults.put(student.number, code)
            case Answer() | Candidate() | Bye() | KeyFrameWanted() | PictureSize() | RestartWanted():
                if isinstance(said, Answer):
                    self._list(student)
                if student.viewer is None or student.task is None:
                    return
                if not student.task.done():
                    student.viewer.deliver(said)
                elif isinstance(said, RestartWanted):
                    self._start(student, student.viewer)

    # The teacher's decisions

    def admit(self, number: str) -> None:
        """Let in a student who waits; one who is in already stays so. Raises CommandError."""
        student = self._student(number)
        if student.admitted:
            return
        peer = self._register.peer_of(student)
        if peer is None:
            raise CommandError.not_possible(f"{student.name} has left and can be admitted when back.")
        if self._register.watching() >= self._most:
            raise CommandError.not_possible(
                f"All {self._most} places are taken. Remove somebody first, or raise access.max_students."
            )
        student.admitted = True
        if student.page:
            self._farewell.run(self._welcome(peer, student))  # before the offer, which its ICE servers are for
        self._let_in(peer, student)
        self._list(student)
        self._changed()

    def remove(self, number: str, *, ban: bool) -> None:
        """Send a student away, with ``ban`` for the rest of the lesson. Raises CommandError."""
        student = self._student(number)
        peer = self._register.peer_of(student)
        if peer is None and not ban:
            return  # gone already, which is what was wanted
        self._register.forget_ticket(student)
        if ban:
            self._ban(student)
        elif peer is not None:
            self._send_away(peer, "removed" if student.admitted else "teacher")
        logger.info("student %s is %s", student.number, "banned" if ban else "removed")
        self._changed()

    def _ban(self, student: Student) -> None:
        others = [
            each.address
            for each in self._register.present.values()
            if each is not student and not (each.device and each.device == student.device)
        ]
        self._bans.add(student.who(), others)
        for peer, each in list(self._register.present.items()):
            if self._bans.holds(each.who()):
                self._send_away(peer, "banned")  # in another tab as well

    def _student(self, number: str) -> Student:
        student = self._register.find(number)
        if student is None:
            raise CommandError.unknown("student", number, self._register.numbers())
        return student

    # Life

    async def measure(self) -> None:
        """Read the students' reports every second; runs until cancelled."""
        while True:
            await asyncio.sleep(_MEASURE_EVERY)
            for student in list(self._register.present.values()):
                if student.viewer is not None:
                    await student.viewer.measure()
            for peer in self._register.over():
                await self.left(peer)
            self._blocked_students.tell(self._register.blocked())
            self._changed()

    async def refresh_ice_servers(self) -> None:
        """Give the pages new passwords for the TURN server before theirs expire; runs until cancelled.

        Returns at once where none expires.
        """
        while (after := self._ice_servers.refresh_after) is not None:
            await asyncio.sleep(after)
            for peer, student in list(self._register.present.items()):
                if student.page and student.admitted and student.refused is None:
                    await self._tell(peer, IceServersRenewed(self._ice_servers_for(student)))

    def _ice_servers_for(self, student: Student) -> list[IceServerEntry]:
        return self._ice_servers.for_page(f"student-{student.number}", student.address)

    async def tell_pages(self, message: ToPage) -> None:
        """Send a message to every peer that is our own page; old clients never get one."""
        pages = [peer for peer, student in self._register.present.items() if student.page]
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*(self._tell(peer, message) for peer in pages)), LAST_WORD)

    async def close(self) -> None:
        """End all viewers."""
        students = list(self._register.present.values())
        self._register.present.clear()
        self._few_files.close()
        await asyncio.gather(*(end_viewer(student) for student in students), self._farewell.close())
        await self._program.close()

    async def _hello(self, peer: int, student: Student, hello: Hello) -> None:
        if student.page:
            return
        student.page = True
        student.device = hello.device
        earlier = self._register.holder(hello.ticket) or self._register.twin(student)
        if earlier is not None:
            self._resume(peer, student, earlier)
        who = Identity(student.name, student.address, hello.ticket, hello.device)
        if student.refused is None and self._bans.holds(who):
            student.refused = "banned"
        if student.refused is not None:
            await self._refuse(peer, student, student.refused)
            return
        self._list(student)
        if not student.ticket:
            self._register.give_ticket(student, secrets.token_urlsafe(18))
        await self._welcome(peer, student)

    def _resume(self, peer: int, student: Student, earlier: Student) -> None:
        """The page of somebody who was here signed in anew, as after a change of its network."""
        before = self._register.peer_of(earlier)
        if before is not None:
            self._send_away(before, "replaced", show=False)
        self._register.come_back(student, earlier)
        if not student.admitted:
            # The teacher approved a name; whoever takes another one is looked at again.
            student.admitted = earlier.admitted and same_name(student.name, earlier.name)
        if student.refused == "full":
            student.refused = None
        if student.admitted and student.refused is None and student.viewer is None:
            self._let_in(peer, student)

    def _let_in(self, peer: int, student: Student) -> None:
        if self._register.watching() >= self._most:
            student.refused = "full"
            limited_log.warn("the lesson is full: %s is not let in", student.name)
            return
        if self._memory.short:
            student.refused = "full"
            return

        async def send(offer: Offer) -> None:
            await self._send(peer, encode(offer))

        near = is_here(student.address)
        try:
            viewer = self.make_viewer(f"student {student.number}", send, absence=lambda: self._absence(peer), near=near)
            self._start(student, viewer)
        except MemoryError:
            self._memory.missing()
            student.viewer, student.refused = None, "full"

    def make_viewer(
        self,
        name: str,
        send: Callable[[Offer], Awaitable[None]],
        *,
        absence: Callable[[], float] = lambda: 0.0,
        near: bool = False,
    ) -> Viewer:
        """A viewer of the program that says what it has to say by ``send``; whoever asks runs it.

        ``absence`` says for how many seconds its page is known to fetch no messages; ``near`` that it is on this
        computer.
        """
        return Viewer(
            name=name,
            program=self._program,
            ice_servers=self._ice_servers.for_viewer,
            playout_delay=self._playout_delay,
            send=send,
            changed=self._changed,
            absence=absence,
            near=near,
        )

    async def _welcome(self, peer: int, student: Student) -> None:
        title, language, ticket = self._title, self._language, student.ticket or None
        if student.admitted:
            servers = self._ice_servers_for(student)
            await self._tell(peer, Welcome(title=title, language=language, ticket=ticket, ice_servers=servers))
        else:
            await self._tell(peer, Waiting(title=title, language=language, ticket=ticket))

    async def _refuse(self, peer: int, student: Student, why: RefusalReason) -> None:
        student.refused = why
        self._farewell.run(end_viewer(student))
        await self._tell(peer, Refused(why))

    def _send_away(self, peer: int, why: RefusalReason, *, show: bool = True) -> None:
        student = self._register.leave(peer, show=show)
        if student is None:
            return
        self._student_faults.forget(student.number)
        self._farewell.send_away(peer, student, why)

    async def _tell(self, peer: int, message: ToPage) -> None:
        try:
            await self._send(peer, encode(message))
        except WireError as gone:
            logger.info("a page cannot be told: %s", gone)

    def _start(self, student: Student, viewer: Viewer) -> None:
        student.viewer = viewer
        student.task = asyncio.create_task(viewer.run(), name=f"viewer of student {student.number}")
        student.task.add_done_callback(report)
        student.task.add_done_callback(lambda _: self._ended(student, viewer))

    def _ended(self, student: Student, viewer: Viewer) -> None:
        if not viewer.without_files or student.viewer is not viewer:
            return
        self._few_files.refused(student.name)
        student.refused = "full"
        peer = self._register.peer_of(student)
        if student.page and peer is not None:
            self._farewell.run(self._refuse(peer, student, "full"))

    def _list(self, student: Student) -> None:
        if not student.listed and student.refused is None:
            student.listed = True
            self._changed()
