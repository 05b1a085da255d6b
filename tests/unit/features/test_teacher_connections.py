"""Connections of teachers' clients: what a session is asked for, and when they end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import cast

from classroom.broadcaster import COMMANDS
from classroom.control.calls import Call, Calls, Role, Tell
from classroom.control.registry import bound
from classroom.features.base import Events, LessonFileApplied
from classroom.features.teacher_connections import ConnectionsFeature
from classroom.webrtc.teacher_connections import TeacherConnections
from tests.support.lessons import report


class Teachers:
    """Counts how often it is asked to end what sends to nobody."""

    def __init__(self) -> None:
        self.ended = 0

    def end_removed(self) -> None:
        self.ended += 1


class Line:
    """A connection that writes down what its client says."""

    def __init__(self) -> None:
        self.taken: list[Mapping[str, object]] = []
        self.closed = False

    def take(self, message: Mapping[str, object]) -> None:
        self.taken.append(message)

    async def close(self) -> None:
        self.closed = True


class Caller:
    """A session with its connections."""

    def __init__(self) -> None:
        self.line = Line()
        self.begun: list[tuple[object, ...]] = []
        self.calls = Calls(begin=self._begin, notify=lambda said: None)

    def _begin(self, role: Role, source: str | None, sdp: str | None, tell: Tell) -> Call:
        self.begun.append((role, source, sdp))
        return self.line


async def test_what_a_client_says_reaches_the_connection_that_its_session_began() -> None:
    feature = ConnectionsFeature(cast("TeacherConnections", Teachers()), events=Events())
    commands, caller = bound(COMMANDS, [feature]), Caller()
    assert commands["peer.offer"].call(caller, {"role": "publish", "source": "phone", "sdp": "v=0"}) == {"peer": "1"}
    commands["peer.answer"].call(caller, {"peer": "1", "sdp": "v=0"})
    commands["peer.candidate"].call(caller, {"peer": "1", "candidate": "", "sdpMid": "0"})
    commands["peer.key_frame"].call(caller, {"peer": "1"})
    commands["peer.close"].call(caller, {"peer": "1"})
    await asyncio.sleep(0)
    assert caller.begun == [("publish", "phone", "v=0")]
    assert caller.line.taken == [
        {"type": "answer", "sdp": "v=0"},
        {"candidate": "", "sdpMid": "0", "sdpMLineIndex": None},
        {"type": "key-frame"},
    ]
    assert caller.line.closed


def test_a_saved_lesson_file_ends_what_sends_to_sources_that_are_gone() -> None:
    lesson = report("sources: {bars: {kind: pattern}}\nscenes: {talk: bars}\n").lesson
    assert lesson is not None
    teachers, events = Teachers(), Events()
    ConnectionsFeature(cast("TeacherConnections", teachers), events=events).apply(lesson)
    assert teachers.ended == 1
    events.emit(LessonFileApplied(lesson))
    assert teachers.ended == 2
