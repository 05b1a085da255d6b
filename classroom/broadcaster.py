"""The composition root: a Lesson in, a running broadcast out.

It is the only place that builds and joins parts. It starts them in order and stops them in reverse: the port first,
because a lesson that cannot be reached should not switch a camera on; then sources, mixer, control; the broadcaster
signs in to its own signaling room last, as the original native client did.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import Any, Final, Self

from aiohttp import web

from classroom.common.alarms import Alarms
from classroom.common.clock import Clock
from classroom.common.free_memory import MemoryWatch
from classroom.common.metrics import make_registry
from classroom.common.tasks import from_any_thread, run_supervised
from classroom.control.invitations import Invitations
from classroom.control.news import News
from classroom.control.sessions import Sessions
from classroom.control.state import StateBoard
from classroom.director.scene import SceneEntry
from classroom.features.alarms import AlarmEntry
from classroom.features.desk import TeachersDesk
from classroom.features.lesson import LessonSection
from classroom.features.lesson_file import LessonFile, Reload
from classroom.features.opening import Opening
from classroom.features.reload import Renewal
from classroom.features.reports import Bulletin, RecordingSection
from classroom.features.resume import Continuation
from classroom.features.run_of_show import CuesSection, Prompter
from classroom.features.scenes import Direction, ProgramSection
from classroom.features.sound import InputEntry
from classroom.features.sources import SourceEntry
from classroom.features.students import attend
from classroom.lesson import Lesson
from classroom.lesson.progress_file import Resumption
from classroom.media.from_lesson import program_of
from classroom.media.health import MediaHealth
from classroom.media.source_pool import SourcePool
from classroom.server.client_address import own_address
from classroom.server.endpoints import Endpoints
from classroom.server.limit_alarms import LimitAlarms
from classroom.server.own_relay import OwnRelay, RelayOptions
from classroom.server.pages import add_pages
from classroom.signaling.access import AccessGuard
from classroom.signaling.backend import limits_of, signaling_backend
from classroom.signaling.http import add_routes
from classroom.students.from_lesson import audience_of
from classroom.students.roster import StudentEntry
from classroom.webrtc.ice.server_check import IceServerCheck
from classroom.webrtc.ice.servers import IceServers
from classroom.webrtc.publishers import Publishers
from classroom.webrtc.teacher_connections import TeacherConnections

__all__ = ["SECTIONS", "Broadcaster"]

logger = logging.getLogger(__name__)

SECTIONS: Final[Mapping[str, Any]] = {
    "lesson": LessonSection,
    "program": ProgramSection,
    "preview": str | None,
    "scenes": dict[str, SceneEntry],
    "cues": CuesSection,
    "sources": dict[str, SourceEntry],
    "audio": dict[str, InputEntry],
    "students": dict[str, StudentEntry],
    "alarms": list[AlarmEntry],
    "chat": list[object],
    "recording": RecordingSection,
}
"""The type of each section of the state that teachers are told."""


class Broadcaster:
    """A running lesson. Use it with ``async with``."""

    def __init__(
        self,
        lesson: Lesson,
        *,
        host: str,
        port: int,
        token: str,
        clock: Clock,
        file: LessonFile | None = None,
        relay: RelayOptions | None = None,
        keeping: Resumption | None = None,
    ) -> None:
        self._lesson = lesson
        self._file = file
        self._clock = clock
        self._token = token
        self._continuation = Continuation(lesson, keeping, clock=clock)
        self._started, self._began = self._continuation.started, self._continuation.began
        self._guard: AccessGuard | None = None
        self._over = False
        self._stopping = asyncio.Event()
        self._changed = asyncio.Event()
        self._settled = asyncio.Event()
        self._alarms = Alarms(self._changed.set)
        self._limit_alarms = LimitAlarms(self._alarms)
        self._loop = asyncio.get_running_loop()
        self._stack = contextlib.AsyncExitStack()

        self._pool = SourcePool(lesson, clock=clock, changed=from_any_thread(self._loop, self._sources_changed))
        self._continuation.prepare(self._pool)
        self._direction = Direction(
            lesson,
            clock=clock,
            tell=self._tell,
            on_air=self._pool.put_on_air,
            came=self._scene_came,
            start=self._continuation.start,
        )
        self._opening = Opening(
            lesson,
            waits=self._continuation.waits,
            open_input=lambda name: self._program.set_audio(name, muted=False),
        )
        self._program = program_of(
            lesson,
            director=self._direction.director,
            pool=self._pool,
            inputs=self._opening.hush(self._continuation.inputs(self._pool.inputs())),
            alarms=self._alarms,
            clock=clock,
            loop=self._loop,
        )
        self._prompter = Prompter(
            lesson,
            clock=clock,
            started=self._started,
            began=self._began.astimezone(),
            direction=self._direction,
            turn=self._turn_page,
            alarms=self._alarms,
            tell=self._tell,
        )
        self._backend = signaling_backend(lesson, clock=clock, alarms=self._alarms)
        self._member = self._backend.member
        self.relay = OwnRelay(lesson, host=host, options=relay, alarms=self._alarms) if relay is not None else None
        """The relay of our own, where the teacher asked for one."""
        self._ice_servers = IceServers(lesson.ice, own=self.relay)
        self._memory = MemoryWatch(self._alarms)
        self._audience = audience_of(
            lesson,
            program=self._program,
            backend=self._backend,
            ice_servers=self._ice_servers,
            relay=self.relay,
            memory=self._memory,
            alarms=self._alarms,
            clock=clock,
            changed=self._changed.set,
        )
        self._teachers = TeacherConnections(
            make_viewer=self._audience.make_viewer,
            ice_servers=self._ice_servers,
            publishers=Publishers(sources=self._pool.sources, ice_servers=self._ice_servers, clock=clock),
        )
        self._invitations = Invitations()
        self._bulletin = self._make_bulletin()
        self._endpoints = Endpoints(
            lesson,
            host=host,
            port=port,
            control_handler=lambda connection: self._sessions.handle(connection),
            app=self._make_app(),
            alarms=self._alarms,
            access=lambda: self._lesson.access,
            relay=self.relay,
            limit_alarms=self._limit_alarms,
            moved=lambda: self._board.update({"lesson": self._bulletin.lesson()}),
        )
        self._board = StateBoard(self._bulletin.sections())
        self.desk = self._make_desk()
        """Where the teachers' commands arrive."""
        self._continuation.restore(
            pool=self._pool,
            direction=self._direction,
            prompter=self._prompter,
            program=self._program,
            opening=self._opening,
        )
        self._sessions = Sessions(desk=self.desk, token=token, invitations=self._invitations)

    # Life

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as stack:
            await self._endpoints.open(stack)
            await stack.enter_async_context(self.sources_only())
            await self._program.start()
            stack.push_async_callback(self._program.stop)
            stack.callback(self._direction.close)
            stack.push_async_callback(self._audience.close)
            await attend(stack, self._member, self._audience, self._lesson.lesson.title)
            news = News(sessions=self._sessions, levels=self._bulletin.levels, thumbnails=self._bulletin.thumbnails)
            health = MediaHealth(sources=self._pool, program=self._program, alarms=self._alarms, clock=self._clock)
            for name, work in (
                ("state", self._publish),
                ("students' reports", self._audience.measure),
                ("new passwords for relays", self._audience.refresh_ice_servers),
                ("teachers' passwords for relays", self._teachers.refresh_ice_servers),
                ("relays", IceServerCheck(self._ice_servers, self._alarms).run),
                ("meters and thumbnails", news.run),
                ("run of show", self._prompter.run),
                ("health of sources and program", health.run),
                ("memory that is left", self._memory.run),
            ):
                run_supervised(stack, name, work)
            if self._file is not None:
                reload = Reload(self._file, apply=self._make_renewal().apply, alarms=self._alarms)
                run_supervised(stack, "lesson file", reload.run)
            self._endpoints.announce(stack)
            self._continuation.keep(stack, over=lambda: self._over)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # Only a lesson that the teacher ended is over; one that was merely stopped may be started again, and then
        # the pages come back by themselves.
        if self._over:
            self._teachers.tell_monitors({"type": "ended"})
            await self._audience.tell_pages({"type": "ended"})
        await self._stack.aclose()

    @contextlib.asynccontextmanager
    async def sources_only(self) -> AsyncIterator[None]:
        """Run the sources and nothing else, as to check them."""
        self._pool.start()
        try:
            yield
        finally:
            await asyncio.to_thread(self._pool.stop)

    async def sources_settled(self, within: float) -> None:
        """Wait until no source is starting any more, at most ``within`` seconds."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._settled.wait(), within)

    def stop(self) -> None:
        """Stop the broadcast, as for a restart; ``stopped`` returns."""
        self._stopping.set()

    async def stopped(self) -> None:
        """Wait until the broadcast is to stop."""
        await self._stopping.wait()

    # Addresses and reports

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return self._endpoints.port

    @property
    def bulletin(self) -> Bulletin:
        """What the lesson says of itself."""
        return self._bulletin

    @property
    def endpoints(self) -> Endpoints:
        """Where the lesson is reached."""
        return self._endpoints

    def state(self) -> dict[str, object]:
        """The whole state as of now."""
        self._refresh()
        return {**self._board.whole(), **self._prompter.describe(), "lesson": self._bulletin.lesson()}

    @property
    def statistics(self) -> dict[str, Any]:
        """What the mixers and encoders measure of themselves; see ``media.program``."""
        return self._program.statistics

    def teacher_address(self) -> str:
        """Where the teacher at this machine finds the lesson; the token is in the fragment, which no server sees."""
        return f"{self._endpoints.address_here('/teach')}#token={self._token}"

    def secure_teacher_addresses(self) -> list[str]:
        """The same for other computers too, best first: the address that people are told, else those with https."""
        return [f"{address}#token={self._token}" for address in self._endpoints.teacher_addresses("/teach")]

    @property
    def signaling_server(self) -> str | None:
        """Somebody else's signaling server where the lesson is met; None where it is met here."""
        return self._backend.external.server if self._backend.external is not None else None

    # Building

    def _make_app(self) -> web.Application:
        app = web.Application()
        if self._backend.switchboard is not None:
            banned = self._audience.address_banned
            self._guard = AccessGuard(passcode=self._lesson.access.passcode, banned=banned, clock=self._clock)
            add_routes(
                app, self._backend.switchboard, guard=self._guard, limits=limits_of(self._lesson),
                own_address=own_address, over_limit=self._limit_alarms.count,
            )  # fmt: skip
        add_pages(
            app,
            health=self._bulletin.health,
            metrics=make_registry(self._bulletin.figures),
            metrics_token=self._token,
            signaling=self._backend.external,
            path=self._lesson.server.path,
        )
        return app

    def _make_bulletin(self) -> Bulletin:
        return Bulletin(
            lesson=lambda: self._lesson,
            clock=self._clock,
            started=self._started,
            began=self._began,
            direction=self._direction,
            prompter=self._prompter,
            pool=self._pool,
            program=self._program,
            opening=self._opening,
            audience=self._audience,
            endpoints=lambda: self._endpoints,
            alarms=self._alarms,
        )

    def _make_desk(self) -> TeachersDesk:
        return TeachersDesk(
            board=self._board,
            direction=self._direction,
            prompter=self._prompter,
            pool=self._pool,
            program=self._program,
            opening=self._opening,
            audience=self._audience,
            teachers=self._teachers,
            invitations=self._invitations,
            endpoints=self._endpoints,
            lesson=lambda: self._lesson,
            whole=self.state,
            refresh=self._refresh,
            end=self._end,
        )

    def _make_renewal(self) -> Renewal:
        return Renewal(
            self._lesson,
            pool=self._pool,
            program=self._program,
            opening=self._opening,
            direction=self._direction,
            prompter=self._prompter,
            audience=self._audience,
            guard=self._guard,
            backend=self._backend,
            alarms=self._alarms,
            changed=self._renewed,
        )

    # Running

    async def _publish(self) -> None:
        """Show what changed; changes that come together, as a class that joins at once, are shown together."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            self._refresh()
            await asyncio.sleep(0.1)

    def _end(self) -> None:
        self._over = True
        self._stopping.set()

    def _tell(self, changed: Mapping[str, object]) -> None:
        self._board.update(changed)

    def _scene_came(self) -> None:
        self._opening.over()
        self._changed.set()

    def _renewed(self, lesson: Lesson) -> None:
        self._lesson = lesson
        self.desk.end_removed()
        self._board.update({"lesson": self._bulletin.lesson()})
        self._refresh()

    def _turn_page(self, source: str, page: int) -> None:
        self._pool.go_to(source, page, None)
        self._refresh()

    def _refresh(self) -> None:
        self._board.update(self._bulletin.moving())

    def _sources_changed(self) -> None:
        self._changed.set()
        if self._pool.settled():
            self._settled.set()
