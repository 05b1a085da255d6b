"""The students who are present or have just left, as teachers see them.

Signaling ids are secrets of their owners, so each student gets a number from the roster.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal, NotRequired, TypedDict

from classroom.students.bans import Identity, same_name
from classroom.students.hands import KEPT_FOR, Hands
from classroom.students.room_rules import RoomRules
from classroom.webrtc.can_send import CanSend
from classroom.webrtc.class_messages import ClassNews, HandEntry
from classroom.webrtc.messages import RefusalReason, Statistics
from classroom.webrtc.reception_report import Latency, Shows
from classroom.webrtc.sending.feed import PictureCodec, TimeLinePair
from classroom.webrtc.viewer import Viewer

__all__ = ["Roster", "Student", "StudentCount", "StudentEntry"]

_GONE_FOR: Final = KEPT_FOR
"""Seconds for which a student who left stays on the teacher's list."""

_REPORT_COUNTS_FOR: Final = 20.0
"""Seconds for which the last report of a page counts; it sends one every five."""

_MOST_GONE: Final = 50
_SPARE_TICKETS: Final = 1024


@dataclass(frozen=True, slots=True)
class StudentCount:
    """Students who are signed in, and those of them who see the program."""

    present: int
    watching: int


class StudentEntry(TypedDict):
    """A student as the control protocol shows them."""

    name: str
    joined: str
    """When, ISO 8601."""
    state: Literal["waiting", "watching", "gone"]
    admitted: bool
    """Whether they may watch; one who may not waits for the teacher."""
    blocked: bool
    """Whether their network lets no picture through."""
    chat_muted: NotRequired[bool]
    """True while only teachers see what they write in the chat, else not there."""
    hand: bool
    """Whether they raise a hand."""
    raised: str | None
    """When the hand went up, ISO 8601; hands are in this order. One who is gone keeps a place for a minute."""
    tier: str | None
    """The size of the picture that is sent, such as `full`."""
    codec: PictureCodec | None
    round_trip: float | None
    """Seconds from here to the browser and back."""
    loss: float | None
    """The share of packets that get lost, from 0 to 1."""
    can_send: CanSend | None
    """What they could send if they were asked, or why they cannot; null where their client does not say."""
    small: bool
    """Whether their network carries no picture as large as their page could show."""
    latency: Latency | None
    """How late the lesson is with them, as their page measures it; null until it reports."""
    shows: Shows | None
    """What their page shows and plays; null until it reports."""


@dataclass(slots=True, eq=False)
class Student:
    """One peer: what teachers see of it, and its viewer with its task while it is admitted.

    ``page`` says that it sent hello and understands our own messages. ``refused`` is why it is not admitted, as a code
    for its page. ``ticket`` is the secret by which its page is recognized when it signs in again. ``lost`` says that
    the signaling no longer reaches it, while its connection continues; ``replaces_lost`` that it joined as the
    replacement of a lost student with its name. ``time_lines`` and ``class_news`` are what its page was told last,
    ``latency`` and ``shows`` what it said at ``reported``, a second of the event loop.
    """

    number: str
    name: str
    address: str
    joined: str
    admitted: bool
    viewer: Viewer | None = field(default=None, init=False)
    task: asyncio.Task[None] | None = field(default=None, init=False)
    page: bool = field(default=False, init=False)
    lost: bool = field(default=False, init=False)
    replaces_lost: bool = field(default=False, init=False)
    refused: RefusalReason | None = field(default=None, init=False)
    listed: bool = field(default=False, init=False)
    can_send: CanSend | None = field(default=None, init=False)
    reported: float = field(default=float("-inf"), init=False)
    latency: Latency | None = field(default=None, init=False)
    shows: Shows | None = field(default=None, init=False)
    time_lines: TimeLinePair = field(default=(None, None), init=False)
    class_news: ClassNews | None = field(default=None, init=False)
    chat_muted: bool = field(default=False, init=False)
    ticket: str = field(default="", init=False)
    device: str = field(default="", init=False)
    timers: list[asyncio.TimerHandle] = field(default_factory=list, init=False)

    @property
    def watches(self) -> bool:
        """Whether it sees the program."""
        return self.viewer is not None and self.viewer.state == "watching"

    def identity(self) -> Identity:
        """What it can be recognized by."""
        return Identity(self.name, self.address, self.ticket, self.device)

    def report(self, said: Statistics, now: float) -> None:
        """Keep what its page measured, at a second of the event loop."""
        self.reported, self.latency, self.shows = now, said.latency, said.shows

    def forget_old_report(self, now: float) -> None:
        """Forget what its page measured before it fell silent."""
        if now - self.reported > _REPORT_COUNTS_FOR:
            self.latency = self.shows = None

    def describe(self) -> StudentEntry:
        """The student as the control protocol shows it."""
        viewer = self.viewer
        entry: StudentEntry = {
            "name": self.name,
            "joined": self.joined,
            "state": viewer.state if viewer is not None else "waiting",
            "admitted": self.admitted,
            "blocked": viewer is not None and viewer.block_detector.blocked,
            "hand": False,
            "raised": None,
            "tier": viewer.tier if viewer is not None else None,
            "codec": viewer.codec if viewer is not None else None,
            "round_trip": _rounded(viewer.round_trip if viewer is not None else None),
            "loss": _rounded(viewer.loss if viewer is not None else None),
            "can_send": self.can_send,
            "small": viewer is not None and viewer.small,
            "latency": self.latency,
            "shows": self.shows,
        }
        if self.chat_muted:
            entry["chat_muted"] = True
        return entry


@dataclass(frozen=True, slots=True)
class _Departed:
    student: Student
    description: StudentEntry


class Roster:
    """Numbers all students, keeps those who left for a while, and knows which student has which ticket.

    ``changed`` is called when a student who left is no longer shown. Up to ``most`` students have a ticket at a time,
    and some more who left; the oldest ticket of a student who left is dropped first.
    """

    def __init__(self, *, most: int, changed: Callable[[], None]) -> None:
        self.present: dict[int, Student] = {}
        """All students who are signed in, by signaling id."""
        self.hands = Hands()
        """Whose hands are up, by number."""
        self._changed = changed
        self._gone: dict[str, _Departed] = {}
        self._tickets: OrderedDict[str, Student] = OrderedDict()
        self._most_tickets = 2 * most + _SPARE_TICKETS
        self._count = 0

    def enter(self, peer: int, name: str, address: str, *, admitted: bool) -> Student:
        """Add a student who signed in. One without a name is shown by its number."""
        self._count += 1
        now = datetime.now(UTC).isoformat(timespec="seconds")
        student = self.present[peer] = Student(
            str(self._count), name or _by_number(self._count), address, now, admitted
        )
        return student

    def leave(self, peer: int, *, show: bool = True) -> Student | None:
        """Remove a student who left; with ``show`` the teacher sees it for a while as gone."""
        student = self.present.pop(peer, None)
        if student is not None and show and student.listed:
            self._gone[student.number] = _Departed(student, {**student.describe(), "state": "gone"})
            while len(self._gone) > _MOST_GONE:
                self._gone.pop(next(iter(self._gone)))
            asyncio.get_running_loop().call_later(_GONE_FOR, self._forget, self._gone[student.number])
        return student

    def come_back(self, student: Student, earlier: Student) -> None:
        """Let a student who is the same as an earlier one keep its number, time and ticket."""
        self._gone.pop(earlier.number, None)
        if student.name == _by_number(student.number):
            student.name = _by_number(earlier.number)
        student.number, student.joined, student.ticket = earlier.number, earlier.joined, earlier.ticket
        student.chat_muted = earlier.chat_muted
        self._keep(student)

    def give_ticket(self, student: Student, ticket: str) -> None:
        """Set the ticket by which a student will be recognized."""
        student.ticket = ticket
        self._keep(student)

    def holder(self, ticket: str) -> Student | None:
        """The student who was given this ticket."""
        return self._tickets.get(ticket)

    def twin(self, student: Student) -> Student | None:
        """A student with the same name and browser: the same page, another of its tabs, or one that has just left.

        Who was removed is nobody's twin: its ticket is worth nothing.
        """
        if not student.device:
            return None
        known = [*self.present.values(), *(each.student for each in self._gone.values())]
        others = (each for each in known if each is not student and each.device == student.device)
        return next((each for each in others if self._is_held(each) and same_name(each.name, student.name)), None)

    def addresses_beside(self, student: Student) -> list[str]:
        """The addresses of all who are present and not in this student's browser."""
        present = self.present.values()
        return [
            each.address
            for each in present
            if each is not student and not (each.device and each.device == student.device)
        ]

    def forget_ticket(self, student: Student) -> None:
        """Make a student's ticket invalid, and with it the place among raised hands."""
        self._tickets.pop(student.ticket, None)
        self.hands.take_down(student.number)

    # Hands

    def move_hand(self, student: Student, *, up: bool) -> None:
        """Raise or lower the hand of a student."""
        now = datetime.now(UTC).isoformat(timespec="microseconds")
        student.class_news = None  # tell its page, also where nothing came of it
        changed = self.hands.put_up(student.number, now) if up else self.hands.take_down(student.number)
        if changed:
            self._changed()

    def look_at_hands(self, now: float) -> None:
        """Keep the places of those who are gone, for a while; ``now`` is a second of a steady clock."""
        self.hands.look({each.number for each in self.present.values()}, now)

    def class_news(
        self, student: Student, *, rules: RoomRules, names: Literal["teacher", "everyone"]
    ) -> ClassNews | None:
        """What the page of a student has to know of the class and was not told; None where that is nothing."""
        if not student.page or not student.admitted or student.refused is not None:
            return None
        place = self.hands.place(student.number)
        hand: HandEntry = {"up": False} if place is None else {"up": True, "place": place.place, "of": place.of}
        news = ClassNews(hand, rules.floor, student.number, names, rules.chat, student.chat_muted)
        if news == student.class_news:
            return None
        student.class_news = news
        return news

    def peer_of(self, student: Student) -> int | None:
        """The signaling id of a student who is present."""
        return next((peer for peer, each in self.present.items() if each is student), None)

    def find(self, number: str) -> Student | None:
        """The student with a number, present or just gone."""
        for student in self.present.values():
            if student.number == number and student.listed:
                return student
        gone = self._gone.get(number)
        return None if gone is None else gone.student

    def numbers(self) -> Sequence[str]:
        """The numbers of all students who are shown."""
        return list(self.describe())

    def describe(self) -> dict[str, StudentEntry]:
        """The students by number, as the control protocol shows them."""
        shown = {number: each.description for number, each in self._gone.items()}
        shown |= {each.number: each.describe() for each in self.present.values() if each.listed}
        for number in shown.keys() & set(self.hands.queue):
            shown[number] = {**shown[number], "hand": True, "raised": self.hands.raised(number)}
        return shown

    def page_numbers(self) -> set[str]:
        """The numbers of the students who are here with a page of ours, and not about to vanish."""
        pages = (each for each in self.present.values() if each.listed and each.page and not each.lost)
        return {each.number for each in pages if each.viewer is None or not each.viewer.absent}

    def count(self) -> StudentCount:
        """How many students are signed in, and how many of them see the program."""
        students = [each for each in self.present.values() if each.listed]
        return StudentCount(len(students), sum(each.watches for each in students))

    def blocked(self) -> int:
        """How many students are behind networks that block the picture."""
        viewers = [each.viewer for each in self.present.values() if each.listed]
        return sum(1 for viewer in viewers if viewer is not None and viewer.block_detector.blocked)

    def watching(self) -> int:
        """How many places are taken. A lost student takes none, because it comes back as another one."""
        return sum(1 for each in self.present.values() if each.viewer is not None and not each.lost)

    def over(self) -> list[int]:
        """Lost students who can be removed: the connection has ended, or a student of the same name watches instead.

        A student who comes back replaces one lost student only, because two students may have the same name.
        """
        over = []
        for peer, each in self.present.items():
            if not each.lost:
                continue
            names = (other for other in self.present.values() if other.name == each.name)
            back = next(
                (other for other in names if other.watches and not other.lost and not other.replaces_lost), None
            )
            if back is not None:
                back.replaces_lost = True
            if back is not None or not each.watches:
                over.append(peer)
        return over

    def _is_held(self, student: Student) -> bool:
        return bool(student.ticket) and self._tickets.get(student.ticket) is student

    def _keep(self, student: Student) -> None:
        self._tickets[student.ticket] = student
        self._tickets.move_to_end(student.ticket)
        if len(self._tickets) > self._most_tickets:
            there = set(map(id, self.present.values()))
            oldest = (ticket for ticket, each in self._tickets.items() if id(each) not in there)
            if (ticket := next(oldest, None)) is not None:
                del self._tickets[ticket]

    def _forget(self, gone: _Departed) -> None:
        if self._gone.get(gone.student.number) is gone:
            del self._gone[gone.student.number]
            self._changed()


def _by_number(number: int | str) -> str:
    return f"#{number}"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
