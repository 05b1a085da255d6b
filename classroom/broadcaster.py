"""The composition root: a Lesson in, a running broadcast out.

It is the only place that builds and joins parts. It starts them in order and stops them in reverse: the port first,
because a lesson that cannot be reached should not switch a camera on; then sources, mixer, control; the broadcaster
signs in to its own signaling room last, as the original native client did.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self, assert_never

from aiohttp import web

from classroom import __version__
from classroom.alarms import Alarms
from classroom.clock import Clock
from classroom.control.calls import Call, Role, Tell
from classroom.control.invitations import Invitations
from classroom.control.news import News, Thumbnail
from classroom.control.sessions import Sessions
from classroom.control.state import StateBoard
from classroom.direction import Direction
from classroom.director import TransitionKind
from classroom.lesson import Lesson
from classroom.media.health import Health
from classroom.media.overlay import build_overlays
from classroom.media.program import Program
from classroom.media.scale import UnusablePicture
from classroom.media.sources import fallback_card
from classroom.media.studio import Studio
from classroom.media.thumbnail import jpeg
from classroom.metrics import Figures, make_registry
from classroom.peers.audience import Audience
from classroom.peers.feed import Program as Watchable
from classroom.peers.ice import IceServers
from classroom.peers.publishers import Publishers, browser_source
from classroom.peers.relay import RelayCheck, StudentFaults
from classroom.peers.rtp import install as install_playout_delay
from classroom.peers.teachers import Teachers
from classroom.peers.transmitter import transmitter_or_alarm
from classroom.prompter import Prompter
from classroom.reload import LessonFile, Reload
from classroom.renewal import Renewal, tell_of_overlays
from classroom.sections import (
    alarms_section,
    audio_section,
    lesson_section,
    recording_section,
    sources_section,
)
from classroom.server.announce import Announcement, listened_addresses
from classroom.server.authority import Authority, fingerprint
from classroom.server.certificates import certificates_for
from classroom.server.join import add_join
from classroom.server.pages import add_pages
from classroom.server.send import SEND_PATH, invitation
from classroom.server.site import Site
from classroom.server.trust import TRUST_PATH, add_trust
from classroom.signaling.access import AccessGuard
from classroom.signaling.http import add_routes
from classroom.signaling.member import Joined, Left, Lost, Message
from classroom.signaling.place import limits_of, meeting_place
from classroom.upkeep import keep_running

__all__ = ["Broadcaster", "SourceLine"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One line of the report on a source, and whether it is well."""

    text: str
    well: bool


class Broadcaster:
    """A running lesson. Use it with ``async with``; it is the desk at which the teachers' commands arrive."""

    def __init__(
        self, lesson: Lesson, *, host: str, port: int, token: str, clock: Clock, file: LessonFile | None = None
    ) -> None:
        self._lesson = lesson
        self._file = file
        self._clock = clock
        self._token = token
        self._started = clock.now()
        self._began = datetime.now(UTC)
        self._guard: AccessGuard | None = None
        self._over = False
        self._stopping = asyncio.Event()
        self._changed = asyncio.Event()
        self._settled = asyncio.Event()
        self._alarms = Alarms(self._changed.set)
        self._loop = asyncio.get_running_loop()
        self._stack = contextlib.AsyncExitStack()

        self._studio = Studio(lesson, clock=clock, changed=self._from_any_thread(self._sources_changed))
        self._direction = Direction(lesson, clock=clock, tell=self._tell, on_air=self._studio.put_on_air)
        self._program = self._make_program()
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
        self._place = meeting_place(lesson, clock=clock, alarms=self._alarms)
        self._member = self._place.member
        self._ice_servers = IceServers(lesson.ice)
        self._audience = self._make_audience()
        self._teachers = Teachers(
            make_viewer=self._audience.make_viewer,
            ice_servers=self._ice_servers,
            publishers=Publishers(sources=self._studio.sources, ice_servers=self._ice_servers, clock=clock),
        )
        self._invitations = Invitations()
        self._sessions = Sessions(desk=self, token=token, invitations=self._invitations, clock=clock)
        self._host = host
        self._certificates = certificates_for(lesson.server, host=host, alarms=self._alarms)
        self._site = Site(
            host=host,
            port=port,
            control_handler=self._sessions.handle,
            app=self._make_app(),
            limits=limits_of(lesson),
            tls=self._certificates.context if self._certificates is not None else None,
            tls_port=lesson.server.tls_port,
        )
        self._board = StateBoard(self._sections())

    # Life

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as stack:
            if self._certificates is not None:
                self._certificates.prepare()
                keep_running(stack, "certificates", self._certificates.keep)
            await stack.enter_async_context(self._site)
            await stack.enter_async_context(self.sources_only())
            await self._program.start()
            stack.push_async_callback(self._program.stop)
            stack.callback(self._direction.close)
            stack.push_async_callback(self._audience.close)
            await self._sign_in(stack)
            news = News(sessions=self._sessions, levels=self._levels, thumbnails=self._thumbnails)
            for name, work in (
                ("state", self._publish),
                ("students' reports", self._audience.measure),
                ("new passwords for relays", self._audience.refresh_ice_servers),
                ("teachers' passwords for relays", self._teachers.refresh_ice_servers),
                ("relays", RelayCheck(self._ice_servers, self._alarms).run),
                ("meters and thumbnails", news.run),
                ("run of show", self._prompter.run),
                ("health of sources and program", self._make_health().run),
            ):
                keep_running(stack, name, work)
            if self._file is not None:
                reload = Reload(self._file, apply=self._make_renewal().apply, alarms=self._alarms)
                keep_running(stack, "lesson file", reload.run)
            if self._lesson.server.announce:
                keep_running(stack, "announcement", self._announcement().run)
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
        self._studio.start()
        try:
            yield
        finally:
            await asyncio.to_thread(self._studio.stop)

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
        return self._site.port

    @property
    def statistics(self) -> dict[str, Any]:
        """What the mixers and encoders measure of themselves; see ``media.program``."""
        return self._program.statistics

    def student_addresses(self) -> list[str]:
        """Where students find the lesson, the best address first."""
        return self._site.addresses("/")

    def teacher_address(self) -> str:
        """Where the teacher at this machine finds the lesson; the token is in the fragment, which no server sees."""
        return f"{self._site.addresses('/teach')[-1]}#token={self._token}"

    def secure_teacher_addresses(self) -> list[str]:
        """The same with https, for other computers too, the best address first; none without ``server.tls``."""
        return [f"{address}#token={self._token}" for address in self._site.secure_addresses("/teach")]

    @property
    def signaling_server(self) -> str | None:
        """Somebody else's signaling server where the lesson is met; None where it is met here."""
        return self._place.elsewhere.server if self._place.elsewhere is not None else None

    def trust_address(self) -> str | None:
        """Where it is explained whom to trust for https; None where nobody needs to."""
        return self._site.addresses(TRUST_PATH)[0] if self.authority() is not None else None

    def authority(self) -> Authority | None:
        """Whom to trust for https; None where there is no https, or where files were given for it."""
        return self._certificates.authority if self._certificates is not None else None

    def report_sources(self) -> list[SourceLine]:
        """One line for each source and audio input: live, or why not."""
        lines = []
        for kind, statuses in (("source", self._studio.pictures()), ("audio", self._studio.sounds())):
            for name, status in statuses.items():
                detail = f" {status.size[0]}x{status.size[1]}" if status.size else ""
                why = f": {status.why}" if status.why else ""
                text = f"{kind} {name} ({status.kind}){detail} is {status.state}{why}"
                lines.append(SourceLine(text, status.state == "live"))
        return lines

    # The teachers' commands

    @property
    def board(self) -> StateBoard:
        """The state that all teachers see."""
        return self._board

    def state(self) -> dict[str, object]:
        """The whole state as of now."""
        self._refresh()
        return {**self._board.whole(), **self._prompter.describe(), "lesson": self._lesson_section()}

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
        self._studio.go_to(source, page, step)
        self._refresh()
        self._prompter.hold()

    def set_audio(self, input_name: str, gain: float | None, muted: bool | None, delay: float | None) -> None:
        """Change gain, mute or delay of an input."""
        self._program.set_audio(input_name, gain, muted, delay)
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
        browser_source(self._studio.sources(), source)
        key = self._invitations.invite(source).key
        return invitation(source, key, self._site.secure_addresses(SEND_PATH))

    def revoke_invitation(self, source: str) -> None:
        """Take an invitation back."""
        browser_source(self._studio.sources(), source)
        self._invitations.revoke(source)

    def welcome_guest(self, source: str) -> dict[str, object]:
        """What a device hears that was invited to send a source."""
        lesson = self._lesson.lesson
        secure = self._site.secure_addresses(SEND_PATH)
        return {"source": source, "title": lesson.title, "language": lesson.language, "secure_addresses": secure}

    def begin_call(self, role: Role, source: str | None, sdp: str | None, tell: Tell) -> Call:
        """Begin a WebRTC connection with a teacher's client."""
        return self._teachers.begin(role, source, sdp, tell)

    def end(self) -> None:
        """End the lesson for everyone and stop."""
        self._over = True
        self._stopping.set()

    def restart_source(self, source: str) -> None:
        """Close a source and open it anew."""
        self._studio.restart(source)

    # Building

    def _make_program(self) -> Program:
        lesson = self._lesson
        size = (lesson.program.size.width, lesson.program.size.height)
        overlays, faults = build_overlays(lesson.overlays, size)
        tell_of_overlays(faults, self._alarms)
        return Program(
            director=self._direction.director,
            size=size,
            fps=lesson.program.fps,
            slots=self._studio.slots,
            live=self._studio.live,
            fallback=lesson.program.fallback,
            overlays=overlays,
            fallback_card=fallback_card(lesson.lesson.language, size),
            inputs=self._studio.inputs(),
            video_bit_rate=lesson.video.bitrate,
            video_codecs=lesson.video.codecs,
            tiers=lesson.video.tiers,
            clock=self._clock,
            loop=self._loop,
        )

    def _make_health(self) -> Health:
        return Health(sources=self._studio, program=self._program, alarms=self._alarms, clock=self._clock)

    def _make_audience(self) -> Audience:
        lesson = self._lesson
        codecs = lesson.video.codecs
        return Audience(
            program=Watchable(
                pictures={codec: self._program.renditions(codec) for codec in codecs},
                sound=self._program.fanout("opus"),
                sound_demand=self._program.demand("opus"),
                transmitter=transmitter_or_alarm(self._clock, self._alarms),
            ),
            title=lesson.lesson.title,
            language=lesson.lesson.language,
            admit=lesson.access.admit,
            most=lesson.access.max_students,
            ice_servers=self._ice_servers,
            student_faults=StudentFaults(self._alarms),
            # A delay that cannot be sent is none; the log says why.
            playout_delay=lesson.video.playout_delay if install_playout_delay() else "off",
            send=self._member.send,
            sign_out=self._place.sign_out,
            changed=self._changed.set,
            absence=self._place.absence,
        )

    def _make_app(self) -> web.Application:
        app = web.Application()
        if self._place.switchboard is not None:
            banned = self._audience.address_banned
            self._guard = AccessGuard(passcode=self._lesson.access.passcode, banned=banned, clock=self._clock)
            add_routes(app, self._place.switchboard, guard=self._guard, limits=limits_of(self._lesson))
        add_pages(
            app,
            health=self._health,
            metrics=make_registry(self._figures),
            metrics_token=self._token,
            signaling=self._place.elsewhere,
        )
        add_join(app, address=lambda: self.student_addresses()[0])
        language = self._lesson.lesson.language
        add_trust(app, authority=self.authority, tls_port=lambda: self._site.tls_port, language=language)
        return app

    def _make_renewal(self) -> Renewal:
        return Renewal(
            self._lesson,
            studio=self._studio,
            program=self._program,
            direction=self._direction,
            prompter=self._prompter,
            audience=self._audience,
            guard=self._guard,
            alarms=self._alarms,
            changed=self._renewed,
        )

    def _announcement(self) -> Announcement:
        return Announcement(
            title=self._lesson.lesson.title,
            port=self._site.port,
            tls_port=self._site.tls_port,
            addresses=lambda: listened_addresses(self._host),
        )

    async def _sign_in(self, stack: contextlib.AsyncExitStack) -> None:
        peers = await self._member.sign_in(self._lesson.lesson.title)
        stack.push_async_callback(self._member.sign_out)
        for peer in peers:
            self._audience.joined(peer.id, peer.display_name, peer.address)
        keep_running(stack, "signaling", self._listen)

    # Running

    async def _listen(self) -> None:
        async for event in self._member.events():
            match event:
                case Joined(peer):
                    self._audience.joined(peer.id, peer.display_name, peer.address)
                case Left(peer):
                    await self._audience.left(peer.id)
                case Lost(peer):
                    await self._audience.lost(peer.id)
                case Message(peer_id, body):
                    await self._audience.message(peer_id, body)
                case _:
                    assert_never(event)

    async def _publish(self) -> None:
        """Show what changed; changes that come together, as a class that joins at once, are shown together."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            self._refresh()
            await asyncio.sleep(0.1)

    def _tell(self, changed: dict[str, object]) -> None:
        self._board.update(changed)

    def _renewed(self, lesson: Lesson) -> None:
        self._lesson = lesson
        self._board.update({"lesson": self._lesson_section()})
        self._refresh()

    def _turn_page(self, source: str, page: int) -> None:
        self._studio.go_to(source, page, None)
        self._refresh()

    def _refresh(self) -> None:
        self._board.update(self._moving_sections())

    def _sources_changed(self) -> None:
        self._changed.set()
        if self._studio.settled():
            self._settled.set()

    def _from_any_thread(self, call: Callable[[], None]) -> Callable[[], None]:
        def hand_over() -> None:
            # A source may still speak while the loop is being closed; nobody listens any more then.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(call)

        return hand_over

    def _levels(self) -> dict[str, tuple[float, float]]:
        return {name: (level.peak_db, level.rms_db) for name, level in self._program.levels().items()}

    async def _thumbnails(self) -> Iterable[Thumbnail]:
        return await asyncio.to_thread(self._draw_thumbnails)

    def _draw_thumbnails(self) -> list[Thumbnail]:
        drawn = []
        for source, frame in self._program.snapshots().items():
            width = min(320, frame.width)
            try:
                small = jpeg(frame, width=width)
            except UnusablePicture as fault:
                logger.debug("no thumbnail of %s: %s", source, fault)
                continue
            drawn.append(Thumbnail(source, small, width, width * frame.height // frame.width))
        return drawn

    # Describing

    def _sections(self) -> dict[str, object]:
        return {
            "lesson": self._lesson_section(),
            **self._direction.describe(),
            **self._prompter.describe(),
            "chat": [],
            "recording": recording_section(),
            **self._moving_sections(),
        }

    def _moving_sections(self) -> dict[str, object]:
        """The sections that change without a command."""
        pictures, sounds = self._studio.pictures(), self._studio.sounds()
        return {
            "sources": sources_section(pictures, self._studio.pages()),
            "audio": audio_section(self._program.inputs, sounds),
            "students": self._audience.describe(),
            "alarms": alarms_section({**sounds, **pictures}, self._alarms.raised()),
        }

    def _lesson_section(self) -> dict[str, object]:
        elapsed = self._clock.now() - self._started
        authority = self.authority()
        return lesson_section(
            self._lesson,
            self._began,
            elapsed,
            addresses=self.student_addresses(),
            secure_addresses=self._site.secure_addresses(),
            fingerprint=None if authority is None else fingerprint(authority.certificate),
        )

    def _health(self) -> dict[str, object]:
        return {"status": "ok", "version": __version__, "elapsed": round(self._clock.now() - self._started, 1)}

    def _figures(self) -> Figures:
        students = self._audience.count()
        statistics = self._program.statistics
        sources = self._studio.pictures()
        return Figures(
            elapsed=self._clock.now() - self._started,
            students=students.present,
            watching=students.watching,
            ticks=statistics["ticks"],
            ticks_missed=statistics["missed"],
            sources_live=len(self._studio.live()),
            sources=len(sources),
        )
