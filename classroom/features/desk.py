"""The desk at which the teachers' commands arrive: each is handed to the part that carries it out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from classroom.control.calls import Call, Role, Tell
from classroom.control.invitations import Invitations
from classroom.control.state import StateBoard
from classroom.director import TransitionKind
from classroom.features.opening import Opening
from classroom.features.run_of_show import Prompter
from classroom.features.scenes import Direction
from classroom.lesson import Lesson
from classroom.media.program import Program
from classroom.media.source_pool import SourcePool
from classroom.media.sources.browser import Browser
from classroom.server.endpoints import Endpoints
from classroom.server.invitation_link import SEND_PATH, invitation
from classroom.students.audience import Audience
from classroom.webrtc.publishers import browser_source
from classroom.webrtc.teacher_connections import TeacherConnections

__all__ = ["TeachersDesk"]


class TeachersDesk:
    """What a running lesson lets a teacher do (``control.commands.Desk``).

    A command that cannot be carried out raises CommandError and changes nothing. ``whole`` is the whole state as of
    now, ``refresh`` tells all teachers what a command has changed, ``end`` ends the lesson.
    """

    def __init__(
        self,
        *,
        board: StateBoard,
        direction: Direction,
        prompter: Prompter,
        pool: SourcePool,
        program: Program,
        opening: Opening,
        audience: Audience,
        teachers: TeacherConnections,
        invitations: Invitations,
        endpoints: Endpoints,
        lesson: Callable[[], Lesson],
        whole: Callable[[], dict[str, object]],
        refresh: Callable[[], None],
        end: Callable[[], None],
    ) -> None:
        self._board = board
        self._direction = direction
        self._prompter = prompter
        self._pool = pool
        self._program = program
        self._opening = opening
        self._audience = audience
        self._teachers = teachers
        self._invitations = invitations
        self._endpoints = endpoints
        self._lesson = lesson
        self._whole = whole
        self._refresh = refresh
        self._end = end

    @property
    def board(self) -> StateBoard:
        """The state that all teachers see."""
        return self._board

    def state(self) -> dict[str, object]:
        """The whole state as of now."""
        return self._whole()

    def switch(self, scene: str, transition: TransitionKind | None, duration: float | None) -> None:
        """Put a scene on air, by its own or the lesson's transition unless one is named."""
        self._direction.switch(scene, transition, duration)
        self._prompter.hold()

    def prepare(self, scene: str | None) -> None:
        """Choose the scene that comes on air with ``take``."""
        self._direction.prepare(scene)

    def take(self) -> None:
        """Put the prepared scene on air."""
        self._direction.take()
        self._prompter.hold()

    def next_cue(self) -> None:
        """Go on with the run of show."""
        self._prompter.next()

    def go_to_page(self, source: str, page: int | None, step: int | None) -> None:
        """Turn to a page of slides."""
        self._pool.go_to(source, page, step)
        self._refresh()
        self._prompter.hold()

    def set_audio(self, input_name: str, **changes: Any) -> None:
        """Change how an input is heard."""
        self._program.set_audio(input_name, **changes)
        if changes.get("muted") is not None:
            self._opening.decided(input_name)
        self._refresh()

    def admit_student(self, number: str) -> None:
        """Let in a student who waits."""
        self._audience.admit(number)
        self._refresh()

    def remove_student(self, number: str, *, ban: bool) -> None:
        """Send a student away, with ``ban`` for the rest of the lesson."""
        self._audience.remove(number, ban=ban)
        self._refresh()

    def invite(self, source: str) -> dict[str, object]:
        """Invite a device to send a source."""
        browser_source(self._pool.sources(), source)
        key = self._invitations.invite(source).key
        return invitation(source, key, self._endpoints.secure_addresses(SEND_PATH))

    def revoke_invitation(self, source: str) -> None:
        """Take an invitation back."""
        browser_source(self._pool.sources(), source)
        self._invitations.revoke(source)

    def end_removed(self) -> None:
        """End connections and invitations that send to sources which the lesson has no more."""
        sources = self._pool.sources()
        self._teachers.end_removed()
        self._invitations.keep({name for name, source in sources.items() if isinstance(source, Browser)})

    def welcome_guest(self, source: str) -> dict[str, object]:
        """What a device hears that was invited to send a source."""
        lesson = self._lesson().lesson
        secure = self._endpoints.secure_addresses(SEND_PATH)
        return {"source": source, "title": lesson.title, "language": lesson.language, "secure_addresses": secure}

    def begin_call(self, role: Role, source: str | None, sdp: str | None, tell: Tell) -> Call:
        """Begin a WebRTC connection with a teacher's client."""
        return self._teachers.begin(role, source, sdp, tell)

    def end(self) -> None:
        """End the lesson for everyone and stop."""
        self._end()

    def restart_source(self, source: str) -> None:
        """Close a source and open it anew."""
        self._pool.restart(source)
