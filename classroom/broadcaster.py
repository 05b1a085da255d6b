"""The composition root: a Lesson in, a running broadcast out.

It is the only place that builds and joins parts. It starts them in order and stops them in reverse: the port first,
because a lesson that cannot be reached should not switch a camera on; then sources, mixer and features, which sign in
to the lesson's signaling room, as the original native client did.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import Any, Final, Self, TypeAlias, TypeVar, get_args
from urllib.parse import quote

from aiohttp import web

from classroom.common.alarms import Alarms
from classroom.common.clock import Clock, WallClock
from classroom.common.free_memory import MemoryWatch
from classroom.common.tasks import from_any_thread, run_supervised
from classroom.control.invitations import Invitations
from classroom.control.registry import Command, bound, commands_of
from classroom.control.session import Served, Session
from classroom.control.sessions import Sessions
from classroom.control.state import State, StateBoard
from classroom.features.alarms import AlarmsFeature
from classroom.features.base import Events, Feature, ProgramChain, SceneOnAir, section_types
from classroom.features.chat import ChatFeature
from classroom.features.from_lesson import director_of
from classroom.features.hands import HandsFeature
from classroom.features.lesson import LessonFeature
from classroom.features.lesson_file import LessonFile
from classroom.features.lip_sync import LipSyncFeature
from classroom.features.publishing import PublishingFeature
from classroom.features.reception import ReceptionFeature
from classroom.features.reload import ReloadFeature
from classroom.features.reports import ReportsFeature
from classroom.features.resume import Beginning, ResumeFeature
from classroom.features.room import RoomFeature
from classroom.features.run_of_show import RunOfShowFeature
from classroom.features.scenes import ScenesFeature
from classroom.features.silent_opening import OpeningFeature
from classroom.features.slides import SlidesFeature
from classroom.features.sound import SoundFeature
from classroom.features.sources import SourcesFeature
from classroom.features.stand_ins import StandInsFeature
from classroom.features.students import StudentsFeature
from classroom.features.teacher_connections import ConnectionsFeature
from classroom.lesson import Lesson
from classroom.lesson.progress_file import Resumption
from classroom.media.from_lesson import program_of
from classroom.media.health import MediaHealth
from classroom.media.source_pool import SourcePool
from classroom.server.client_address import own_address
from classroom.server.endpoints import Endpoints, ListenAddress
from classroom.server.limit_alarms import LimitAlarms
from classroom.server.own_relay import OwnRelay, RelayOptions
from classroom.server.pages import add_pages
from classroom.signaling.access import AccessGuard
from classroom.signaling.backend import limits_of, signaling_backend
from classroom.signaling.http import add_routes
from classroom.students.from_lesson import audience_of
from classroom.webrtc.ice.server_check import IceServerCheck
from classroom.webrtc.ice.servers import IceServers
from classroom.webrtc.messages import Ended
from classroom.webrtc.publishers import Publishers
from classroom.webrtc.teacher_connections import TeacherConnections

__all__ = ["COMMANDS", "SECTIONS", "Broadcaster"]

Features: TypeAlias = tuple[
    ScenesFeature, OpeningFeature, RunOfShowFeature, SoundFeature, SourcesFeature, AlarmsFeature, PublishingFeature,
    SlidesFeature, StudentsFeature, ReceptionFeature, RoomFeature, HandsFeature, ChatFeature, LipSyncFeature,
    StandInsFeature, ConnectionsFeature, LessonFeature, ReportsFeature, ReloadFeature, ResumeFeature,
]  # fmt: skip
"""All features. In this order they are started and go on with a saved lesson file, and their commands are listed."""

COMMANDS: Final[Mapping[str, Command]] = commands_of((Session, *get_args(Features)))
"""The methods of the control protocol."""

SECTIONS: Final[Mapping[str, Any]] = section_types(get_args(Features))
"""The type of each section of the state that teachers are told."""

Kind = TypeVar("Kind", bound=Feature)


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
        self._wall = WallClock(clock)
        self._token = token
        self._over = False
        self._stopping = asyncio.Event()
        self._changed = asyncio.Event()
        self._settled = asyncio.Event()
        self._alarms = Alarms(self._changed.set)
        self._limit_alarms = LimitAlarms(self._alarms)
        self._events = Events()
        # What a scene brings with it is told too: microphones that open, sources that are missed only on air.
        self._events.listen(SceneOnAir, lambda _: self._changed.set())
        self._board = StateBoard(keyed={"students": 50})
        self._stack = contextlib.AsyncExitStack()
        self.relay = OwnRelay(lesson, host=host, options=relay, alarms=self._alarms) if relay is not None else None
        """The relay of our own, where the teacher asked for one."""
        self._beginning = Beginning(lesson, keeping, clock=clock)
        self._build_program()
        self._build_audience()
        self._build_port(host, port)
        self.features = self._build_features()
        for feature in self.features:
            feature.routes(self._app)
        self._board.begin(self._sections(changing=False) | self._sections(changing=True))
        self._sessions = Sessions(served=self._served(), token=token, invitations=self._invitations)

    # Building

    def _build_program(self) -> None:
        """What makes the program; the opening has its say before the first sound."""
        lesson, clock, loop = self._lesson, self._clock, asyncio.get_running_loop()
        self._pool = SourcePool(lesson, clock=clock, changed=from_any_thread(loop, self._sources_changed))
        self._beginning.prepare(self._pool)
        director = director_of(lesson, clock=clock, start=self._beginning.start)
        self._opening = OpeningFeature(
            lesson,
            waits=self._beginning.waits,
            open_input=lambda name: self._program.set_audio(name, muted=False),
            scene=lambda: director.program.scene,
            events=self._events,
        )
        self._program = program_of(
            lesson,
            director=director,
            pool=self._pool,
            inputs=self._opening.hush(self._beginning.inputs(self._pool.inputs())),
            alarms=self._alarms,
            clock=clock,
            loop=loop,
        )
        self._chain = ProgramChain(clock, self._pool, director, self._program)

    def _build_audience(self) -> None:
        """Who takes the program: students, and teachers who watch or send."""
        self._backend = signaling_backend(self._lesson, clock=self._clock, alarms=self._alarms)
        self._ice_servers = IceServers(self._lesson.ice, own=self.relay)
        self._memory = MemoryWatch(self._alarms)
        self._audience = audience_of(
            self._lesson,
            program=self._program,
            backend=self._backend,
            ice_servers=self._ice_servers,
            relay=self.relay,
            memory=self._memory,
            alarms=self._alarms,
            clock=self._clock,
            wall=self._wall,
            changed=self._changed.set,
        )
        self._teachers = TeacherConnections(
            make_viewer=functools.partial(self._audience.make_viewer, monitor=True),
            ice_servers=self._ice_servers,
            publishers=Publishers(sources=self._pool.sources, ice_servers=self._ice_servers, clock=self._clock),
        )
        self._invitations = Invitations()

    def _build_port(self, host: str, port: int) -> None:
        """Where the lesson is reached."""
        self._app = web.Application()
        self._guard: AccessGuard | None = None
        if self._backend.switchboard is not None:
            banned = self._audience.address_banned
            self._guard = AccessGuard(passcode=self._lesson.access.passcode, banned=banned, clock=self._clock)
            add_routes(
                self._app, self._backend.switchboard, guard=self._guard, limits=limits_of(self._lesson),
                own_address=own_address, over_limit=self._limit_alarms.count,
            )  # fmt: skip
        add_pages(self._app, signaling=self._backend.external, path=self._lesson.server.path)
        self._endpoints = Endpoints(
            self._lesson,
            ListenAddress(host, port),
            control_handler=lambda connection: self._sessions.handle(connection),
            app=self._app,
            alarms=self._alarms,
            access=lambda: self._lesson.access.model_copy(update={"admit": self._audience.rules.admit}),
            limit_alarms=self._limit_alarms,
            moved=lambda: self.feature(LessonFeature).moved(),
        )

    def _build_features(self) -> Features:
        lesson, time, events, board = self._lesson, self._beginning.time, self._events, self._board
        chain, opening, pool, refresh = self._chain, self._opening, self._pool, self._refresh
        director = chain.director
        scenes = ScenesFeature(director, clock=self._clock, events=events, tell=board.update, on_air=pool.put_on_air)
        slides = SlidesFeature(pool, events=events, refresh=refresh)
        run_of_show = RunOfShowFeature(lesson, time=time, director=director, scenes=scenes, turn=slides.turn,
                                       events=events, alarms=self._alarms, tell=board.update)  # fmt: skip
        return (
            scenes,
            opening,
            run_of_show,
            SoundFeature(self._program, statuses=pool.sounds, muted_because=opening.reasons, events=events,
                         refresh=refresh),
            SourcesFeature(pool, events=events),
            AlarmsFeature(statuses=pool.statuses, on_air=lambda: director.program.scene.show, others=self._alarms,
                          events=events),
            PublishingFeature(lesson, invitations=self._invitations, sources=pool.sources,
                              secure_addresses=self._endpoints.secure_addresses, on_air=scenes.seen, events=events),
            slides,
            StudentsFeature(lesson, audience=self._audience, backend=self._backend, guard=self._guard, events=events,
                            refresh=refresh),
            ReceptionFeature(audience=self._audience, alarms=self._alarms, clock=self._clock, wall=self._wall),
            RoomFeature(lesson, audience=self._audience, events=events, refresh=refresh),
            HandsFeature(audience=self._audience, events=events, refresh=refresh),
            ChatFeature(lesson, audience=self._audience, board=board, clock=self._clock),
            LipSyncFeature(lesson, director=director, live=pool.live, inputs=lambda: self._program.inputs,
                           wait_for_sound=self._audience.wait_for_sound, events=events),
            StandInsFeature(lesson, pool=pool, director=director, clock=self._clock,
                            tell_pages=self._audience.tell_stand_ins),
            ConnectionsFeature(self._teachers, events=events),
            LessonFeature(lesson, time=time, endpoints=self._endpoints, tell=board.update, end=self._end),
            ReportsFeature(lesson, time=time, chain=chain, opening=opening, audience=self._audience,
                           sessions=lambda: self._sessions, token=self._token),
            ReloadFeature(lesson, self._file, chain=chain, opening=opening, alarms=self._alarms, events=events,
                          apply_all=self._apply, refresh=refresh),
            ResumeFeature(self._beginning, chain=chain, scenes=scenes, run_of_show=run_of_show, opening=opening,
                          over=lambda: self._over),
        )  # fmt: skip

    def _served(self) -> Served:
        return Served(
            board=self._board,
            commands=bound(COMMANDS, self.features),
            state=self.state,
            welcome_guest=self.feature(PublishingFeature).welcome_guest,
            guest_news=self.feature(PublishingFeature).guest_news,
            begin_call=self._teachers.begin,
        )

    # Life

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as stack:
            await self._endpoints.open(stack, self.relay)
            await stack.enter_async_context(self.sources_only())
            await self._program.start()
            stack.push_async_callback(self._program.stop)
            health = MediaHealth(sources=self._pool, program=self._program, alarms=self._alarms, clock=self._clock)
            for name, work in (
                ("state", self._publish),
                ("relays", IceServerCheck(self._ice_servers, self._alarms).run),
                ("health of sources and program", health.run),
                ("memory that is left", self._memory.run),
            ):
                run_supervised(stack, name, work)
            for feature in self.features:
                await feature.run(stack)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # Only a lesson that the teacher ended is over; one that was merely stopped may be started again, and then
        # the pages come back by themselves.
        if self._over:
            self._teachers.tell_monitors(Ended())
            await self._audience.pages.tell_all(Ended())
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

    def feature(self, kind: type[Kind]) -> Kind:
        """The feature of a kind."""
        return next(each for each in self.features if isinstance(each, kind))

    @property
    def events(self) -> Events:
        """What happens in the lesson."""
        return self._events

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return self._endpoints.port

    @property
    def endpoints(self) -> Endpoints:
        """Where the lesson is reached."""
        return self._endpoints

    def state(self) -> State:
        """The whole state as of now."""
        self._refresh()
        return State(self._board.whole() | self._sections(changing=False))

    @property
    def statistics(self) -> dict[str, Any]:
        """What the mixers and encoders measure of themselves; see ``media.program``."""
        return self._program.statistics

    def teacher_address(self) -> str:
        """Where the teacher at this machine finds the lesson; the token is in the fragment, which no server sees."""
        return f"{self._endpoints.address_here('/teach')}{self._fragment}"

    def secure_teacher_addresses(self) -> list[str]:
        """The same for other computers too, best first: the address that people are told, else those with https."""
        return [f"{address}{self._fragment}" for address in self._endpoints.teacher_addresses("/teach")]

    @property
    def _fragment(self) -> str:
        return f"#token={quote(self._token, safe='')}"

    @property
    def signaling_server(self) -> str | None:
        """Somebody else's signaling server where the lesson is met; None where it is met here."""
        return self._backend.external.server if self._backend.external is not None else None

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

    def _apply(self, lesson: Lesson) -> None:
        self._lesson = lesson
        for feature in self.features:
            feature.apply(lesson)

    def _refresh(self) -> None:
        self._board.update(self._sections(changing=True))

    def _sections(self, *, changing: bool) -> dict[str, object]:
        return {name: value for feature in self.features for name, value in feature.sections(changing=changing).items()}

    def _sources_changed(self) -> None:
        self._changed.set()
        if self._pool.settled():
            self._settled.set()
