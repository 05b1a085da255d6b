"""WebRTC connections of teachers' clients: to watch the program, or to send a source."""

from __future__ import annotations

import contextlib
from typing import Annotated, TypedDict

from pydantic import Field

from classroom.common.tasks import run_supervised
from classroom.control.calls import Role
from classroom.control.registry import Name, command
from classroom.control.session import Session
from classroom.features.base import Events, Feature, LessonFileApplied
from classroom.lesson import Lesson
from classroom.webrtc.teacher_connections import TeacherConnections

__all__ = ["ConnectionsFeature", "StartedConnection"]

PeerName = Annotated[str, Field(min_length=1, max_length=16)]
Sdp = Annotated[str, Field(min_length=1, max_length=262_144)]


class StartedConnection(TypedDict):
    """The reply to `peer.offer`."""

    peer: str
    """The name of the connection."""


class ConnectionsFeature(Feature):
    """Connections that belong to the session that begins them, and end with it."""

    def __init__(self, teachers: TeacherConnections, *, events: Events) -> None:
        self._teachers = teachers
        events.listen(LessonFileApplied, lambda _: teachers.end_removed())

    async def run(self, stack: contextlib.AsyncExitStack) -> None:
        """Send new passwords for relay servers before the old ones expire."""
        run_supervised(stack, "teachers' passwords for relays", self._teachers.refresh_ice_servers)

    def apply(self, lesson: Lesson) -> None:
        """End connections that send a source that is gone from the lesson."""
        self._teachers.end_removed()

    @command("peer.offer")
    def offer(
        self, caller: Session, role: Role, source: Name | None = None, sdp: Sdp | None = None
    ) -> StartedConnection:
        """Start a WebRTC connection: `monitor` watches the program, `publish` shares a source.

        Answers with its name. The broadcaster's messages to it come as notifications `peer`, its offer first.
        """
        return {"peer": caller.calls.begin(role, source, sdp)}

    @command("peer.answer")
    def answer(self, caller: Session, peer: PeerName, sdp: Sdp) -> None:
        """Accept the broadcaster's offer."""
        caller.calls.take(peer, {"type": "answer", "sdp": sdp})

    @command("peer.candidate")
    def candidate(
        self,
        caller: Session,
        peer: PeerName,
        candidate: Annotated[str, Field(max_length=1024)],
        sdpMid: Annotated[str, Field(max_length=64)] | None = None,
        sdpMLineIndex: Annotated[int, Field(ge=0, le=64)] | None = None,
    ) -> None:
        """Add a candidate address of the client (RFC 8839); an empty one says that there are no more."""
        caller.calls.take(peer, {"candidate": candidate, "sdpMid": sdpMid, "sdpMLineIndex": sdpMLineIndex})

    @command("peer.key_frame")
    def key_frame(self, caller: Session, peer: PeerName) -> None:
        """Ask for a key frame, because no picture can be shown; granted at most once per second for all."""
        caller.calls.take(peer, {"type": "key-frame"})

    @command("peer.close")
    def close(self, caller: Session, peer: PeerName) -> None:
        """End a connection that `peer.offer` started; it also ends with the websocket."""
        caller.calls.end(peer)
