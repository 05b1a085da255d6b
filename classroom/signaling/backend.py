"""The signaling backend of a lesson: the room in this process, or an external signaling server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from classroom.common.alarms import Alarms
from classroom.common.clock import Clock
from classroom.common.limits import Limits
from classroom.lesson import Lesson
from classroom.signaling.client import ServerAddress
from classroom.signaling.external_member import ExternalMember, listed_name
from classroom.signaling.member import Member, RoomMember
from classroom.signaling.room import Room
from classroom.signaling.switchboard import Switchboard

__all__ = ["ExternalServer", "SignalingBackend", "limits_of", "signaling_backend"]

_SPARE_MEMBERS: Final = 64
"""Members of our own room beyond the students: those who wait for the teacher or hear that it is full."""


@dataclass(frozen=True, slots=True)
class ExternalServer:
    """An external signaling server: its address, and the name under which pages find the broadcaster in its list."""

    server: str
    broadcaster: str


@dataclass(frozen=True, slots=True)
class SignalingBackend:
    """How a lesson is joined.

    ``sign_out`` ends a student's membership; it is None where the server is not ours. ``switchboard`` is what to serve,
    ``external`` where the pages must go instead; one of the two is None. With ``follows`` the room has as many members
    as there may be students, and some to spare.
    """

    member: Member
    sign_out: Callable[[int], Awaitable[None]] | None
    switchboard: Switchboard | None
    external: ExternalServer | None
    follows: bool = False

    def make_room(self, students: int) -> None:
        """Make room for this many students, where no limit is set for the room itself."""
        if self.follows and self.switchboard is not None:
            self.switchboard.make_room(students + _SPARE_MEMBERS)

    def absence(self, peer: int) -> float:
        """For how many seconds a student is known to fetch no messages; 0 with an external server."""
        return 0.0 if self.switchboard is None else self.switchboard.absence(peer)


def limits_of(lesson: Lesson) -> Limits:
    """The section ``limits`` of a lesson as the port and its signaling take it."""
    return Limits(**lesson.limits.model_dump())


def signaling_backend(lesson: Lesson, *, clock: Clock, alarms: Alarms) -> SignalingBackend:
    """The backend that the lesson names under ``signaling``."""
    settings = lesson.signaling
    if settings.server != "embedded":
        address = ServerAddress.parse(settings.server)
        external = ExternalServer(address.text, unquote(listed_name(lesson.lesson.title)))
        return SignalingBackend(ExternalMember(address, alarms=alarms), None, None, external)
    limits = limits_of(lesson)
    room = Room(
        visibility=settings.visibility,
        ids=settings.ids,
        max_members=limits.members or lesson.access.max_students + _SPARE_MEMBERS,
        queue_limit=limits.queue,
        queue_bytes=limits.queue_bytes,
        name_limit=limits.name,
    )
    switchboard = Switchboard(room=room, clock=clock)
    member = RoomMember(switchboard)
    return SignalingBackend(member, member.remove, switchboard, None, follows=limits.members is None)
