"""All who watch: a viewer and a task for each peer that is signed in, and what the teacher is shown of them.

The audience is told who joined, who left and what was said; it never asks the signaling. Ids of the signaling are
secrets of their owners, so the teacher sees numbers of the audience's own.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from classroom.errors import WireError
from classroom.peers.cushion import PlayoutSetting
from classroom.peers.ice import IceServers
from classroom.peers.messages import (
    Answer,
    Bye,
    Candidate,
    Hello,
    IceFault,
    KeyFrameWanted,
    RestartWanted,
    Statistics,
    parse,
)
from classroom.peers.relay import StudentFaults
from classroom.peers.viewer import Program, Viewer

__all__ = ["Audience", "Count"]

logger = logging.getLogger(__name__)

_LISTED_AFTER: Final = 2.0
"""Seconds after which a peer counts as a student although it said nothing, as an old client that is idle."""

_GONE_FOR: Final = 20.0
"""Seconds a student who left stays on the teacher's list."""

_MOST_GONE: Final = 50
_MEASURE_EVERY: Final = 2.0


@dataclass(frozen=True, slots=True)
class Count:
    """Students who are signed in, and those of them who see the program."""

    present: int
    watching: int


@dataclass(slots=True, eq=False)
class _Student:
    """One peer: what is shown of it, and its viewer's task; ``viewer`` is None when the lesson was full."""

    number: str
    name: str
    joined: str
    viewer: Viewer | None
    task: asyncio.Task[None] | None = None
    page: bool = False
    monitor: bool = False
    refused: bool = False
    listed: bool = False
    latency: float | None = None
    timers: list[asyncio.TimerHandle] = field(default_factory=list)


class Audience:
    """Holds the viewers of a lesson.

    ``send(peer, text)`` gives a message to a peer and raises WireError when it is gone; ``changed`` is called when
    what ``describe`` returns has changed.
    """

    def __init__(
        self,
        *,
        program: Program,
        title: str,
        language: str,
        token: str,
        most: int,
        ice_servers: IceServers,
        student_faults: StudentFaults,
        playout_delay: PlayoutSetting,
        send: Callable[[int, str], Awaitable[None]],
        changed: Callable[[], None],
    ) -> None:
        self._program = program
        self._title = title
        self._language = language
        self._token = token
        self._most = most
        self._ice_servers = ice_servers
        self._student_faults = student_faults
        self._playout_delay = playout_delay
        self._send = send
        self._changed = changed
        self._peers: dict[int, _Student] = {}
        self._gone: dict[str, dict[str, object]] = {}
        self._count = 0

    def describe(self) -> dict[str, object]:
        """The students by number, as the control protocol shows them."""
        present = {
            student.number: _describe(student)
            for student in self._peers.values()
            if student.listed and not student.monitor
        }
        return {**self._gone, **present}

    def count(self) -> Count:
        """How many students are signed in, and how many of them see the program."""
        students = [each for each in self._peers.values() if each.listed and not each.monitor]
        watching = sum(1 for each in students if each.viewer is not None and each.viewer.state == "watching")
        return Count(len(students), watching)

    def joined(self, peer: int, name: str) -> None:
        """A peer signed in: offer it the program, or refuse it when the lesson is full."""
        if peer in self._peers:
            return
        self._count += 1
        student = _Student(str(self._count), name, _now(), None)
        self._peers[peer] = student
        if self._watching() >= self._most:
            student.refused = True
            logger.warning("the lesson is full: %s is not let in", name)
            return
        self._admit(peer, student)
        student.timers.append(asyncio.get_running_loop().call_later(_LISTED_AFTER, self._list, student))

    def _admit(self, peer: int, student: _Student) -> None:
        viewer = Viewer(
            name=f"student {student.number}",
            program=self._program,
            ice_servers=self._ice_servers.for_viewer,
            playout_delay=self._playout_delay,
            send=lambda text: self._send(peer, text),
            changed=self._changed,
        )
        self._start(student, viewer)

    async def left(self, peer: int) -> None:
        """A peer signed out or vanished: end its viewer."""
        student = self._peers.pop(peer, None)
        if student is None:
            return
        self._student_faults.forget(student.number)
        await _end(student)
        if student.listed and not student.monitor:
            self._gone[student.number] = {**_describe(student), "state": "gone"}
            while len(self._gone) > _MOST_GONE:
                self._gone.pop(next(iter(self._gone)))
            asyncio.get_running_loop().call_later(_GONE_FOR, self._forget, student.number)
        self._changed()

    async def message(self, peer: int, body: bytes) -> None:
        """A peer said something; what cannot be understood is logged and changes nothing."""
        student = self._peers.get(peer)
        if student is None:
            return
        try:
            said = parse(body)
        except WireError as fault:
            logger.info("a message of student %s is left out: %s", student.number, fault)
            return
        match said:
            case Hello():
                await self._hello(peer, student, said)
            case Statistics(latency):
                student.latency = latency
            case IceFault(code):
                if student.page:
                    self._student_faults.put(student.number, code)
            case Answer() | Candidate() | Bye() | KeyFrameWanted() | RestartWanted():
                if isinstance(said, Answer):
                    self._list(student)
                if student.viewer is None or student.task is None:
                    return
                if not student.task.done():
                    student.viewer.deliver(said)
                elif isinstance(said, RestartWanted):
                    self._start(student, student.viewer)

    async def measure(self) -> None:
        """Read the students' reports every two seconds; runs until cancelled."""
        while True:
            await asyncio.sleep(_MEASURE_EVERY)
            for student in list(self._peers.values()):
                if student.viewer is not None:
                    await student.viewer.measure()
            self._changed()

    async def refresh_ice_servers(self) -> None:
        """Give the pages new passwords for the TURN server before theirs expire; runs until cancelled.

        Returns at once where none expires.
        """
        while (after := self._ice_servers.refresh_after) is not None:
            await asyncio.sleep(after)
            for peer, student in list(self._peers.items()):
                if student.page and not student.refused:
                    await self._tell(peer, {"type": "ice_servers", "ice_servers": self._ice_servers_for(student)})

    def _ice_servers_for(self, student: _Student) -> list[dict[str, object]]:
        return self._ice_servers.for_page(f"student-{student.number}")

    async def tell_pages(self, message: dict[str, object]) -> None:
        """Send a message to every peer that is our own page; old clients never get one."""
        for peer, student in list(self._peers.items()):
            if student.page:
                await self._tell(peer, message)

    async def close(self) -> None:
        """End all viewers."""
        students = list(self._peers.values())
        self._peers.clear()
        await asyncio.gather(*(_end(student) for student in students))

    async def _hello(self, peer: int, student: _Student, hello: Hello) -> None:
        if student.page:
            return
        student.page = True
        if hello.role == "monitor":
            if not hmac.compare_digest(hello.token.encode("utf-8", "replace"), self._token.encode()):
                logger.warning("a monitor with a wrong token is refused")
                await _end(student)
                student.viewer, student.refused = None, True
                await self._tell(peer, {"type": "refused", "why": "token"})
                return
            student.monitor = True
            if student.viewer is None:
                # The lesson is full of students, and the teacher's own monitor takes none of their places.
                student.refused = False
                self._admit(peer, student)
        if student.refused:
            await self._tell(peer, {"type": "refused", "why": "full"})
            return
        self._list(student)
        welcome = {
            "type": "welcome",
            "version": 1,
            "title": self._title,
            "language": self._language,
            "ice_servers": self._ice_servers_for(student),
        }
        await self._tell(peer, welcome)

    async def _tell(self, peer: int, message: dict[str, object]) -> None:
        try:
            await self._send(peer, json.dumps(message))
        except WireError as gone:
            logger.info("a page cannot be told: %s", gone)

    def _start(self, student: _Student, viewer: Viewer) -> None:
        student.viewer = viewer
        student.task = asyncio.create_task(viewer.run(), name=f"viewer of student {student.number}")
        student.task.add_done_callback(_report)

    def _watching(self) -> int:
        return sum(1 for each in self._peers.values() if each.viewer is not None and not each.monitor)

    def _list(self, student: _Student) -> None:
        if not student.listed and not student.refused:
            student.listed = True
            self._changed()

    def _forget(self, number: str) -> None:
        if self._gone.pop(number, None) is not None:
            self._changed()


def _describe(student: _Student) -> dict[str, object]:
    viewer = student.viewer
    return {
        "name": student.name,
        "joined": student.joined,
        "state": viewer.state if viewer is not None else "gone",
        "hand": False,
        "tier": None,
        "codec": viewer.codec if viewer is not None else None,
        "round_trip": _rounded(viewer.round_trip if viewer is not None else None),
        "loss": _rounded(viewer.loss if viewer is not None else None),
        "latency": _rounded(student.latency),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


async def _end(student: _Student) -> None:
    for timer in student.timers:
        timer.cancel()
    if student.task is not None:
        student.task.cancel()
        await asyncio.gather(student.task, return_exceptions=True)


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (fault := task.exception()) is not None:
        logger.error("%s ended by a fault of its own", task.get_name(), exc_info=fault)
