"""The students of a lesson: the list of them, and how the teacher admits and removes them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import assert_never

from classroom.common.tasks import run_supervised
from classroom.control.registry import command
from classroom.features.base import Events, Feature, StudentAdmitted, StudentJoined, StudentLeft, StudentNumber, section
from classroom.lesson import Lesson
from classroom.signaling.access import AccessGuard
from classroom.signaling.backend import SignalingBackend
from classroom.signaling.member import Joined, Left, Lost, Message
from classroom.students.audience import Audience
from classroom.students.from_lesson import admission_of
from classroom.students.roster import StudentEntry

__all__ = ["StudentsFeature"]


class StudentsFeature(Feature):
    """Keeps the audience in step with the signaling, and carries out what the teacher decides.

    ``backend`` is where students sign in, ``guard`` who may. ``refresh`` tells teachers what has changed.
    """

    def __init__(
        self,
        lesson: Lesson,
        *,
        audience: Audience,
        backend: SignalingBackend,
        guard: AccessGuard | None,
        events: Events,
        refresh: Callable[[], None],
    ) -> None:
        self._title = lesson.lesson.title
        self._audience = audience
        self._backend = backend
        self._guard = guard
        self._events = events
        self._refresh = refresh
        self._shown: Mapping[str, StudentEntry] = {}

    # Commands

    @command("student.admit")
    def admit(self, id: StudentNumber | None) -> None:
        """Admit a student who is waiting, or with null all who wait, as long as there are places.

        Nothing changes for a student who is already admitted.
        """
        if id is None:
            self._audience.admit_all()
        else:
            self._audience.admit(str(id))
        self._refresh()

    @command("student.remove")
    def remove(self, id: StudentNumber, ban: bool = False) -> None:
        """Remove a student, or refuse a waiting one; with `ban`, for the rest of the lesson."""
        self._audience.remove(str(id), ban=ban)
        self._refresh()

    # The section of the state

    @section("students", changing=True)
    def students(self) -> dict[str, StudentEntry]:
        """Who is there, or has just left, by a number of their own."""
        shown = self._audience.describe()
        self._tell_of(shown)
        return shown

    def _tell_of(self, shown: Mapping[str, StudentEntry]) -> None:
        before, self._shown = self._shown, shown
        for number, now in shown.items():
            earlier = before.get(number)
            was_there = earlier is not None and earlier["state"] != "gone"
            if now["state"] == "gone":
                if was_there:
                    self._events.emit(StudentLeft(number, now["name"]))
            elif not was_there:
                self._events.emit(StudentJoined(number, now["name"], now["admitted"]))
            elif earlier is not None and now["admitted"] and not earlier["admitted"]:
                self._events.emit(StudentAdmitted(number, now["name"]))
        for number, earlier in before.items():
            if number not in shown and earlier["state"] != "gone":
                self._events.emit(StudentLeft(number, earlier["name"]))

    # The lesson

    def apply(self, lesson: Lesson) -> None:
        """Take over the rules for students who join from now on."""
        access = lesson.access
        self._audience.renew(admission_of(lesson))
        if self._guard is not None:
            self._guard.ask_for(access.passcode)
        self._backend.make_room(access.max_students)

    async def run(self, stack: contextlib.AsyncExitStack) -> None:
        """Sign in as the lesson's broadcaster, and tell the audience who joins and leaves."""
        stack.push_async_callback(self._audience.close)
        peers = await self._backend.member.sign_in(self._title)
        stack.push_async_callback(self._backend.member.sign_out)
        for peer in peers:
            self._audience.joined(peer.id, peer.display_name, peer.address)
        run_supervised(stack, "signaling", self._attend)
        run_supervised(stack, "students' reports", self._audience.measure)
        run_supervised(stack, "new passwords for relays", self._audience.pages.refresh_ice_servers)

    async def _attend(self) -> None:
        audience = self._audience
        async for event in self._backend.member.events():
            match event:
                case Joined(peer):
                    audience.joined(peer.id, peer.display_name, peer.address)
                case Left(peer):
                    await audience.left(peer.id)
                case Lost(peer):
                    await audience.lost(peer.id)
                case Message(peer_id, body):
                    await audience.message(peer_id, body)
                case _:
                    assert_never(event)
