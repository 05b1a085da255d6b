"""The students of a lesson: decides who is admitted, and runs a viewer for each of them.

The audience is notified of peers that join, leave and send messages; it never asks the signaling. ``roster`` is what
the teacher sees of it, ``bans`` are the students that it keeps out.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from classroom.common.errors import CommandError, WireError
from classroom.common.limited_log import LimitedLog
from classroom.students.bans import Bans, Identity, same_name
from classroom.students.dismissal import Dismissal, end_viewer, report
from classroom.students.page_clock import PageClock
from classroom.students.page_messages import StudentPages
from classroom.students.room_rules import RoomRules
from classroom.students.roster import Roster, Student, StudentCount, StudentEntry
from classroom.students.settings import FULL, HAS_LEFT, AdmissionRules, AudienceAlarms, PeerChannel, ViewerSettings
from classroom.webrtc.class_messages import ChatSaid
from classroom.webrtc.description import Candidate
from classroom.webrtc.ice.interfaces import is_here
from classroom.webrtc.messages import (
    Answer,
    Bye,
    Hand,
    Hello,
    IceFault,
    KeyFrameWanted,
    Offer,
    PictureSize,
    RefusalReason,
    Refused,
    RestartWanted,
    StandInEntry,
    StandIns,
    Statistics,
    encode,
    parse,
)
from classroom.webrtc.viewer import Viewer

__all__ = ["Audience"]

logger = logging.getLogger(__name__)
limited_log = LimitedLog(logger)

_LISTED_AFTER: Final = 2.0
"""Seconds after which a peer counts as a student although it sent nothing, such as an old client that is idle."""

_MEASURE_INTERVAL: Final = 1.0


class Audience:
    """Holds the viewers of a lesson. ``changed`` is called when the result of ``describe`` has changed."""

    def __init__(
        self,
        *,
        admission: AdmissionRules,
        rules: RoomRules,
        viewers: ViewerSettings,
        peers: PeerChannel,
        alarms: AudienceAlarms,
        page_clock: PageClock,
        changed: Callable[[], None],
    ) -> None:
        self.rules = rules
        """What students may do now; ``follow`` changes it."""

        self._admission = admission
        self._viewers = viewers
        self._peers = peers
        self._alarms = alarms
        self._page_clock = page_clock
        self.changed = changed
        self._roster = Roster(most=admission.most, changed=changed)
        self.hands = self._roster.hands
        self._bans = Bans()
        self.pages = StudentPages(self._roster, peers, viewers.ice_servers)
        """What is said to the students' pages."""

        self._dismissal = Dismissal(tell=self.pages.tell, sign_out=peers.sign_out)

    def renew(self, admission: AdmissionRules) -> None:
        """Apply other rules to students who join from now on, and show other details of the lesson."""
        self._admission = admission

    def follow(self, rules: RoomRules) -> None:
        """Let students do what these rules say from now on; who waited for that comes in, while there are places."""
        before, self.rules = self.rules, rules
        if before.closed and not rules.closed:
            for peer, student in list(self._roster.present.items()):
                if student.refused == "closed" and not student.page:
                    student.refused, student.admitted = None, rules.admit == "everyone"
                    self._receive(peer, student)
        if before.admit != "everyone" and rules.admit == "everyone":
            with contextlib.suppress(CommandError):  # no more places
                self.admit_all()

    def wait_for_sound(self, seconds: float) -> None:
        """Let students' pictures wait for their sound from now on, where the lesson leaves that to the program."""
        self._viewers.playout.wait = seconds

    def describe(self) -> dict[str, StudentEntry]:
        """The students by number, as the control protocol shows them."""
        return self._roster.describe()

    def count(self) -> StudentCount:
        """How many students are signed in, and how many of them see the program."""
        return self._roster.count()

    def page_numbers(self) -> set[str]:
        """The numbers of the students who are here with a page of ours."""
        return self._roster.page_numbers()

    def address_banned(self, address: str) -> bool:
        """Whether nobody from a network address may come in."""
        return self._bans.address_banned(address)

    # Coming and going

    def joined(self, peer: int, name: str, address: str = "") -> None:
        """Handle a peer that signed in: offer it the program, let it wait for the teacher, or refuse it."""
        if peer in self._roster.present or peer in self._dismissal:
            return
        student = self._roster.enter(peer, name, address, admitted=self.rules.admit == "everyone")
        if self._bans.holds(student.identity()):
            student.refused = "banned"
            logger.info("%s is banned and not admitted", name)
        elif self.rules.closed:
            student.refused = "closed"  # unless its hello shows that it was here before
        else:
            self._receive(peer, student)

    def _receive(self, peer: int, student: Student) -> None:
        if student.admitted:
            self._admit(peer, student)
        if student.refused is None:
            student.timers.append(asyncio.get_running_loop().call_later(_LISTED_AFTER, self._list, student))

    async def left(self, peer: int) -> None:
        """Handle a peer that signed out or vanished: end its viewer. No other student waits for that."""
        self._dismissal.left(peer)
        student = self._roster.leave(peer)
        if student is not None:
            self._alarms.relay_faults.forget(student.number)
            self._dismissal.run(end_viewer(student))
            self.changed()

    async def lost(self, peer: int) -> None:
        """Handle a peer that can no longer be reached; if it watches, it continues until its connection ends."""
        student = self._roster.present.get(peer)
        if student is None or not student.watches:
            await self.left(peer)
        else:
            student.lost = True

    async def message(self, peer: int, body: bytes) -> None:
        """Handle a message of a peer; one that cannot be read is logged and changes nothing."""
        student = self._roster.present.get(peer)
        if student is None:
            return
        try:
            message = parse(body)
        except WireError as fault:
            limited_log.warn("a message of student %s is ignored: %s", student.number, fault)
            return
        match message:
            case Hello():
                await self._hello(peer, student, message)
            case Statistics():
                student.report(message, asyncio.get_running_loop().time())
            case IceFault(code) if student.page and student.admitted:
                self._alarms.relay_faults.put(student.number, code)
            case Hand(up) if student.page and student.admitted:
                self._roster.move_hand(student, up=up and self.rules.floor)
            case ChatSaid():
                self.pages.hear(student, message)
            case Answer() | Candidate() | Bye() | KeyFrameWanted() | PictureSize() | RestartWanted():
                if isinstance(message, Answer):
                    self._list(student)
                if student.viewer is None or student.task is None:
                    return
                if not student.task.done():
                    student.viewer.deliver(message)
                elif isinstance(message, RestartWanted):
                    self._start(student, student.viewer)

    # The teacher's decisions

    def admit(self, number: str) -> None:
        """Admit a student who waits; one who is admitted already stays so. Raises CommandError."""
        student = self.student(number)
        if student.admitted:
            return
        peer = self._roster.peer_of(student)
        if peer is None:
            raise CommandError.not_possible(HAS_LEFT(student=student.name))
        if self._roster.watching() >= self._admission.most:
            raise CommandError.not_possible(FULL(most=self._admission.most))
        student.admitted = True
        if student.page:
            # Before the offer, because its ICE servers are for that.
            self._dismissal.run(self.pages.welcome(peer, student, self._admission))
        self._admit(peer, student)
        self._list(student)
        self.changed()

    def admit_all(self) -> None:
        """Admit everyone who waits, in the order in which they came. Raises CommandError when places run out."""
        for number in self._roster.numbers():
            student = self.student(number)
            if not student.admitted and self._roster.peer_of(student) is not None:
                self.admit(number)

    def reconnect(self, number: str) -> None:
        """Make a new connection to a student who is admitted. Raises CommandError."""
        student = self.student(number)
        if student.viewer is not None and student.task is not None and not student.task.done():
            student.viewer.deliver(RestartWanted())

    def remove(self, number: str, *, ban: bool) -> None:
        """Remove a student, with ``ban`` for the rest of the lesson. Raises CommandError."""
        student = self.student(number)
        peer = self._roster.peer_of(student)
        if peer is None and not ban:
            return  # gone already
        self._roster.forget_ticket(student)
        if ban:
            self._ban(student)
        elif peer is not None:
            self._dismiss(peer, "removed" if student.admitted else "teacher")
        logger.info("student %s is %s", student.number, "banned" if ban else "removed")
        self.changed()

    def _ban(self, student: Student) -> None:
        self._bans.add(student.identity(), self._roster.addresses_beside(student))
        for peer, each in list(self._roster.present.items()):
            if self._bans.holds(each.identity()):
                self._dismiss(peer, "banned")  # in another tab as well

    def student(self, number: str) -> Student:
        """The student with a number, present or just gone. Raises CommandError."""
        student = self._roster.find(number)
        if student is None:
            raise CommandError.unknown("student", number, self._roster.numbers())
        return student

    # Life

    async def measure(self) -> None:
        """Read the students' reports every second; runs until cancelled."""
        while True:
            await asyncio.sleep(_MEASURE_INTERVAL)
            for peer, student in list(self._roster.present.items()):
                if student.viewer is not None:
                    await student.viewer.measure()
                student.forget_old_report(asyncio.get_running_loop().time())
                class_news = self._roster.class_news(student, rules=self.rules, names=self._admission.names)
                news = (self._page_clock.news(student), class_news)
                await self.pages.tell_news(peer, news)
            self._roster.look_at_hands(asyncio.get_running_loop().time())
            for peer in self._roster.over():
                await self.left(peer)
            self._alarms.blocked_students.tell(self._roster.blocked())
            self.changed()

    async def tell_stand_ins(self, missing: Mapping[str, str | None]) -> None:
        """Tell the pages of admitted students which sources have no picture, and what is shown instead of each."""
        entries: list[StandInEntry] = [{"source": name, "stand_in": shown} for name, shown in missing.items()]
        await self.pages.tell_stand_ins(StandIns(sources=entries))

    async def close(self) -> None:
        """End all viewers."""
        students = list(self._roster.present.values())
        self._roster.present.clear()
        self._alarms.open_files.close()
        await asyncio.gather(*(end_viewer(student) for student in students), self._dismissal.close())
        self._viewers.monitor.gc_schedule.close()
        await self._viewers.program.close()

    async def _hello(self, peer: int, student: Student, hello: Hello) -> None:
        if student.page:
            return
        student.page = True
        student.device, student.can_send = hello.device, hello.can_send
        earlier = self._roster.holder(hello.ticket) or self._roster.twin(student)
        if earlier is not None:
            self._resume(peer, student, earlier)
        identity = Identity(student.name, student.address, hello.ticket, hello.device)
        if student.refused is None and self._bans.holds(identity):
            student.refused = "banned"
        if student.refused is not None:
            await self._refuse(peer, student, student.refused)
            return
        self._list(student)
        if not student.ticket:
            self._roster.give_ticket(student, secrets.token_urlsafe(18))
        await self.pages.welcome(peer, student, self._admission)

    def _resume(self, peer: int, student: Student, earlier: Student) -> None:
        """Continue an earlier student: the page has signed in again, such as after a change of its network."""
        before = self._roster.peer_of(earlier)
        if before is not None:
            self._dismiss(before, "replaced", show=False)
        self._roster.come_back(student, earlier)
        if not student.admitted:
            # The teacher approved a name; a student with another one needs approval again.
            student.admitted = earlier.admitted and same_name(student.name, earlier.name)
        if student.refused in ("full", "closed"):
            student.refused = None
        if student.admitted and student.refused is None and student.viewer is None:
            self._admit(peer, student)

    def _admit(self, peer: int, student: Student) -> None:
        if self._roster.watching() >= self._admission.most:
            student.refused = "full"
            limited_log.warn("the lesson is full: %s is not admitted", student.name)
            return
        if self._alarms.memory.short:
            student.refused = "full"
            return

        async def send(offer: Offer) -> None:
            await self._peers.send(peer, encode(offer))

        near = is_here(student.address)
        try:
            viewer = self.make_viewer(
                f"student {student.number}", send, absence=lambda: self._peers.absence(peer), near=near
            )
            self._start(student, viewer)
        except MemoryError:
            self._alarms.memory.missing()
            student.viewer, student.refused = None, "full"

    def make_viewer(
        self,
        name: str,
        send: Callable[[Offer], Awaitable[None]],
        *,
        absence: Callable[[], float] = lambda: 0.0,
        near: bool = False,
        monitor: bool = False,
    ) -> Viewer:
        """A viewer that sends its offers by ``send``; the caller runs it. ``monitor``: it is a teacher's.

        ``absence`` says for how many seconds its page has fetched no messages, ``near`` that it is on this computer.
        """
        return Viewer(
            name=name,
            program=self._viewers.monitor if monitor else self._viewers.program,
            ice_servers=self._viewers.ice_servers.for_viewer,
            playout=self._viewers.playout,
            send=send,
            changed=self.changed,
            absence=absence,
            near=near,
        )

    async def _refuse(self, peer: int, student: Student, why: RefusalReason) -> None:
        student.refused = why
        self._dismissal.run(end_viewer(student))
        await self.pages.tell(peer, Refused(why))

    def _dismiss(self, peer: int, why: RefusalReason, *, show: bool = True) -> None:
        student = self._roster.leave(peer, show=show)
        if student is None:
            return
        self._alarms.relay_faults.forget(student.number)
        self._dismissal.remove(peer, student, why)

    def _start(self, student: Student, viewer: Viewer) -> None:
        student.viewer = viewer
        student.task = asyncio.create_task(viewer.run(), name=f"viewer of student {student.number}")
        student.task.add_done_callback(report)
        student.task.add_done_callback(lambda _: self._ended(student, viewer))

    def _ended(self, student: Student, viewer: Viewer) -> None:
        if not viewer.without_files or student.viewer is not viewer:
            return
        self._alarms.open_files.refused(student.name)
        student.refused = "full"
        peer = self._roster.peer_of(student)
        if student.page and peer is not None:
            self._dismissal.run(self._refuse(peer, student, "full"))

    def _list(self, student: Student) -> None:
        if not student.listed and student.refused is None:
            student.listed = True
            self.changed()
