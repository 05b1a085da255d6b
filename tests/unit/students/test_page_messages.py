"""What students' pages are told, and which peers are told nothing."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from classroom.common.errors import WireError
from classroom.common.tasks import end
from classroom.lesson.sections import IceModel
from classroom.students import page_messages
from classroom.students.page_messages import StudentPages
from classroom.students.roster import Roster, Student
from classroom.students.settings import AdmissionRules, PeerChannel
from classroom.webrtc.ice.servers import IceServers
from classroom.webrtc.messages import Ended, StandIns

RULES = AdmissionRules(title="Optics", language="en", most=10)
TURN = {"urls": ["turn:b"], "secret": "quiet", "lifetime": 60}


class Class:
    """Students on a roster, and what was sent to them."""

    def __init__(self, *, gone: tuple[int, ...] = (), silent: tuple[int, ...] = (), **ice: Any) -> None:
        self.roster = Roster(most=10, changed=lambda: None)
        self.sent: list[tuple[int, dict[str, Any]]] = []
        self._gone, self._silent = gone, silent
        servers = IceServers(IceModel.model_validate(ice), wall=lambda: 1_000_000_000.0)
        self.pages = StudentPages(self.roster, PeerChannel(self._send, None), servers)

    def enter(self, peer: int, *, page: bool = True, admitted: bool = True) -> Student:
        student = self.roster.enter(peer, f"student {peer}", "192.0.2.1", admitted=admitted)
        student.page = page
        return student

    async def _send(self, peer: int, text: str) -> None:
        if peer in self._gone:
            raise WireError("it is gone")
        if peer in self._silent:
            await asyncio.Event().wait()
        self.sent.append((peer, json.loads(text)))


async def test_an_admitted_student_gets_the_servers_and_its_ticket() -> None:
    lesson = Class(turn=TURN)
    student = lesson.enter(3)
    student.ticket = "ticket"
    await lesson.pages.welcome(3, student, RULES)
    [(peer, said)] = lesson.sent
    assert (peer, said["type"], said["title"], said["language"], said["ticket"]) == (
        3,
        "welcome",
        "Optics",
        "en",
        "ticket",
    )
    assert said["ice_servers"][0]["username"] == "1000000060:student-1"


async def test_a_student_who_waits_for_the_teacher_gets_no_servers() -> None:
    lesson = Class(turn=TURN)
    await lesson.pages.welcome(3, lesson.enter(3, admitted=False), RULES)
    [(_, said)] = lesson.sent
    assert said == {"type": "waiting", "version": 1, "title": "Optics", "language": "en"}


async def test_only_pages_are_told_and_one_that_is_gone_keeps_nobody_from_it() -> None:
    lesson = Class(gone=(1,))
    for peer in (1, 2, 4):
        lesson.enter(peer)
    lesson.enter(3, page=False)
    await lesson.pages.tell_all(Ended())
    assert sorted(lesson.sent, key=lambda each: each[0]) == [(2, {"type": "ended"}), (4, {"type": "ended"})]


async def test_a_page_that_takes_no_message_delays_the_end_only_for_a_bounded_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(page_messages, "LAST_WORD", 0.01)
    lesson = Class(silent=(1,))
    lesson.enter(1)
    lesson.enter(2)
    await asyncio.wait_for(lesson.pages.tell_all(Ended()), 10.0)
    assert lesson.sent == [(2, {"type": "ended"})]


async def test_new_passwords_go_to_admitted_pages_before_the_old_ones_expire(monkeypatch: pytest.MonkeyPatch) -> None:
    lesson, waits, renewed = Class(turn=TURN), list[float](), asyncio.Event()
    lesson.enter(1)
    lesson.enter(2, admitted=False)
    lesson.enter(3, page=False)
    lesson.enter(4).refused = "removed"

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) > 1:
            renewed.set()
            await asyncio.Event().wait()

    monkeypatch.setattr("classroom.students.page_messages.asyncio.sleep", sleep)
    task = asyncio.create_task(lesson.pages.refresh_ice_servers())
    await asyncio.wait_for(renewed.wait(), 10.0)
    await end(task)
    assert 0 < waits[0] < 60
    assert [(peer, said["type"]) for peer, said in lesson.sent] == [(1, "ice_servers")]
    assert "quiet" not in str(lesson.sent)


async def test_passwords_that_never_expire_are_not_renewed() -> None:
    lesson = Class(servers=[{"urls": "stun:a"}])
    lesson.enter(1)
    await asyncio.wait_for(lesson.pages.refresh_ice_servers(), 10.0)
    assert lesson.sent == []


async def test_pages_that_watch_are_told_what_is_missing_and_so_are_those_that_come_later() -> None:
    lesson = Class(gone=(5,))
    lesson.enter(1)
    lesson.enter(2, page=False)
    lesson.enter(3, admitted=False)
    lesson.enter(5)
    await lesson.pages.tell_stand_ins(StandIns(sources=[{"source": "camera", "stand_in": None}]))
    said = {"type": "stand-ins", "sources": [{"source": "camera", "stand_in": None}]}
    assert lesson.sent == [(1, said)]
    await lesson.pages.welcome(4, lesson.enter(4), RULES)
    assert [(peer, each["type"]) for peer, each in lesson.sent[1:]] == [(4, "welcome"), (4, "stand-ins")]
    await lesson.pages.tell_stand_ins(StandIns(sources=[]))
    lesson.sent.clear()
    await lesson.pages.welcome(1, lesson.enter(6), RULES)
    assert [each["type"] for _, each in lesson.sent] == ["welcome"]
