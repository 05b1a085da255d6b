"""What students really get: the clock by which their pages measure how late they are, and alarms where it is wrong."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Final

from aiohttp import web

from classroom.common.alarms import Alarm, Alarms, ReconnectStudents
from classroom.common.clock import Clock, WallClock
from classroom.common.sentences import Wording
from classroom.common.tasks import run_supervised
from classroom.control.registry import command
from classroom.features.base import Feature, StudentNumber
from classroom.students.audience import Audience
from classroom.students.troubles import Trouble, TroubleKind, Troubles

__all__ = ["CLOCK_PATH", "ReceptionFeature", "alarm_of"]

CLOCK_PATH: Final = "/clock"

_LOOK_EVERY: Final = 1.0

_NAMED: Final = 3
"""Names in a sentence, at most."""

_LONGEST_NAME: Final = 40
"""Characters of a name in a sentence."""

_HELPED: Final[frozenset[TroubleKind]] = frozenset({"nothing", "late"})
"""What a new connection may help against. It gives no browser a click, and no network more room."""

_WORDINGS: Final[Mapping[TroubleKind, tuple[Wording, Wording]]] = {
    "nothing": (
        Wording(
            "reception.nothing_one",
            "{names} gets no picture and no sound. Connect again; if that does not help, ask the student to reload "
            "the page.",
        ),
        Wording(
            "reception.nothing_many",
            "{count} students get no picture and no sound: {names}. Connect again; if that does not help, ask them to "
            "reload the page.",
        ),
    ),
    "sound_blocked": (
        Wording(
            "reception.sound_blocked_one",
            "{names} hears nothing: the browser waits for a click. Ask the student to press “Turn on sound”.",
        ),
        Wording(
            "reception.sound_blocked_many",
            "{count} students hear nothing, because their browsers wait for a click: {names}. Ask them to press “Turn "
            "on sound”.",
        ),
    ),
    "small_picture": (
        Wording(
            "reception.small_picture_one",
            "{names} sees a small picture, because the student's network carries no larger one. A cable or a place "
            "nearer to the access point helps.",
        ),
        Wording(
            "reception.small_picture_many",
            "{count} students see a small picture, because their networks carry no larger one: {names}. Cables, "
            "places nearer to the access point, or fewer students on one access point help.",
        ),
    ),
    "late": (
        Wording(
            "reception.late_one",
            "{names} sees the lesson more than 0.2 s late. Connect again; if that does not help, the student's network "
            "or computer is too slow or too busy.",
        ),
        Wording(
            "reception.late_many",
            "{count} students see the lesson more than 0.2 s late: {names}. Connect again; if that does not help, "
            "their networks or computers are too slow or too busy.",
        ),
    ),
}
"""What is said of one student, and of several."""


def alarm_of(trouble: Trouble) -> Alarm:
    """The alarm about a trouble of some students."""
    one, many = _WORDINGS[trouble.kind]
    count = len(trouble.students)
    names = ", ".join(name[:_LONGEST_NAME] for name in list(trouble.students.values())[:_NAMED])
    sentence = one(names=names) if count == 1 else many(count=count, names=names + "…" * (count > _NAMED))
    remedy = ReconnectStudents(next(iter(trouble.students)) if count == 1 else None)
    return Alarm(f"reception.{trouble.kind}", sentence, remedy=remedy if trouble.kind in _HELPED else None)


class ReceptionFeature(Feature):
    """Watches what students get. ``wall`` is the time that pages ask for, ``clock`` counts how long a trouble lasts."""

    def __init__(self, *, audience: Audience, alarms: Alarms, clock: Clock, wall: WallClock) -> None:
        self._audience = audience
        self._alarms = alarms
        self._clock = clock
        self._wall = wall
        self._troubles = Troubles()
        self._helped: set[str] = set()

    @command("student.reconnect")
    def reconnect(self, id: StudentNumber | None) -> None:
        """Make a new connection to a student, or with null to all who get nothing or are too late.

        They see and hear the lesson again a moment later. Nothing happens to a student who waits to be let in.
        """
        if id is not None:
            self._audience.reconnect(str(id))
            return
        for number in self._helped & self._audience.page_numbers():
            self._audience.reconnect(number)

    def routes(self, app: web.Application) -> None:
        """Add ``/clock``: the time here, in seconds since 1970."""
        app.router.add_get(CLOCK_PATH, self._tell_time)

    async def run(self, stack: contextlib.AsyncExitStack) -> None:
        """Look at the students each second."""
        run_supervised(stack, "what students get", self._watch)

    def look(self) -> None:
        """Raise the alarms about what is wrong now, and take away the others."""
        found = self._troubles.observe(self._audience.describe(), self._audience.page_numbers(), self._clock.now())
        self._helped = {number for each in found if each.kind in _HELPED for number in each.students}
        raised = {each.kind for each in found}
        for trouble in found:
            self._alarms.put(alarm_of(trouble))
        for kind in _WORDINGS:
            if kind not in raised:
                self._alarms.clear(f"reception.{kind}")

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            self.look()

    async def _tell_time(self, request: web.Request) -> web.Response:
        # Timing-Allow-Origin: a page of another origin may read when exactly the answer came.
        headers = {"Cache-Control": "no-store", "Timing-Allow-Origin": "*"}
        return web.Response(text=f"{self._wall.now():.6f}\n", headers=headers)
