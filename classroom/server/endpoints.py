"""Where a lesson is reached: its listeners for http and https, its addresses, and its announcement in the network."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from aiohttp import web

from classroom.common.alarms import Alarm, Alarms
from classroom.common.errors import SetupError
from classroom.common.sentences import Wording
from classroom.common.tasks import run_supervised
from classroom.lesson import Lesson
from classroom.lesson.sections import AccessModel
from classroom.server.accepting import FileShortage
from classroom.server.addresses import certified_names
from classroom.server.advertised_addresses import AdvertisedAddresses, public_address
from classroom.server.announce import Announcement, listened_addresses
from classroom.server.authority import Authority
from classroom.server.certificates import Certificates, certificates_for
from classroom.server.checkpoint import Checkpoint
from classroom.server.client_address import Proxies
from classroom.server.host_names import HostNames, host_in
from classroom.server.join_code import add_join_code
from classroom.server.limit_alarms import LimitAlarms
from classroom.server.origins import rule_of
from classroom.server.own_relay import OwnRelay
from classroom.server.site import ControlHandler, Site, SiteSettings
from classroom.server.trust import TRUST_PATH, add_trust
from classroom.signaling.backend import limits_of

__all__ = ["Endpoints", "ListenAddress"]

logger = logging.getLogger(__name__)

_LOOK_EVERY: Final = 15.0
"""Seconds between two looks at the addresses of this computer."""

_PATIENCE: Final = 2.0
"""Seconds in which the names of a certificate should resolve."""

_FEW_FILES: Final = Wording(
    "limits.files",
    "This computer lets the lesson open too few files, so new students have to wait. Before the next "
    "start, allow more, for example with 'ulimit -n 8192'.",
)


class ListenAddress(NamedTuple):
    """Where a lesson listens for http, which may differ from its file; port 0 takes any free one."""

    host: str
    port: int


class Endpoints:
    """The listeners of a lesson, the checks of each request, and the pages that tell where the lesson is.

    Args:
        lesson: the lesson; ``listen`` counts instead of its host and port.
        listen: where to listen.
        control_handler: runs one control connection until it is closed.
        app: serves everything else.
        alarms: where alarms about certificates and open files are raised.
        access: returns the section ``access`` of the lesson as it is now.
        limit_alarms: counts the clients that exceed a limit.
        moved: called when the addresses of the lesson have changed.
    """

    def __init__(
        self,
        lesson: Lesson,
        listen: ListenAddress,
        *,
        control_handler: ControlHandler,
        app: web.Application,
        alarms: Alarms,
        access: Callable[[], AccessModel],
        limit_alarms: LimitAlarms,
        moved: Callable[[], object],
    ) -> None:
        self._lesson = lesson
        self._host = listen.host
        self._alarms = alarms
        self._limit_alarms = limit_alarms
        self._certificates = certificates_for(lesson.server, host=listen.host, alarms=alarms)
        self._names = HostNames(self._known_names)
        self._moved = moved
        self._advertised = AdvertisedAddresses(
            listen.host, public=public_address(lesson.server.address, lesson.server.path), names=self._given_names
        )
        checkpoint = Checkpoint(
            Proxies(lesson.server.proxies),
            names=self._names,
            address=lesson.server.address,
            rule=lambda: rule_of(access()),
            per_address=lesson.limits.connections_per_address,
        )
        self._add_to(app, checkpoint)
        self._site = Site(
            self._site_settings(listen),
            app=app,
            control_handler=control_handler,
            checkpoint=checkpoint,
            shortage=FileShortage(self._short_of_files),
            over_limit=limit_alarms.count,
        )

    def _add_to(self, app: web.Application, checkpoint: Checkpoint) -> None:
        app.middlewares.insert(0, checkpoint.middleware)
        add_join_code(app, address=lambda: self.addresses()[0])
        add_trust(
            app,
            authority=self.authority,
            tls_port=lambda: self.tls_port,
            language=self._lesson.lesson.language or "en",
        )

    def _site_settings(self, listen: ListenAddress) -> SiteSettings:
        certificates, server = self._certificates, self._lesson.server
        any_tls_port = not server.asks_for_tls_port
        return SiteSettings(
            host=listen.host,
            port=listen.port,
            tls=None if certificates is None else lambda: certificates.context,
            tls_port=0 if any_tls_port and listen.port == 0 else server.tls_port,
            any_tls_port=any_tls_port,
            path=server.path,
            limits=limits_of(self._lesson),
            students=self._lesson.access.max_students,
        )

    async def open(self, stack: contextlib.AsyncExitStack, relay: OwnRelay | None = None) -> None:
        """Listen until the stack unwinds, and run the relay beside it. Raises AddressError and SetupError."""
        if self._certificates is not None:
            self._prepare(self._certificates)
        if self._certificates is not None:
            run_supervised(stack, "certificates", self._certificates.keep_current)
        self._names.refresh()
        run_supervised(stack, "names of this computer", self._names.keep_current)
        stack.callback(self._limit_alarms.close)
        await stack.enter_async_context(self._site)
        if relay is not None:
            await relay.open(stack)
        self._advertised.port, self._advertised.tls_port = self._site.port, self._site.tls_port
        self._advertised.refresh()
        if self._advertised.public is None and self._given_names():
            # Names that do not resolve must not delay the lesson.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.to_thread(self._advertised.resolve), _PATIENCE)
        run_supervised(stack, "addresses of this computer", self._follow)

    def _prepare(self, certificates: Certificates) -> None:
        """Get a certificate; where nobody asked for https, the lesson goes without it before it fails."""
        try:
            certificates.prepare()
        except SetupError as fault:
            if self._lesson.server.asks_for_tls:
                raise
            logger.warning("this lesson is without https: %s", fault)
            self._certificates = None
            self._site.give_up_tls()

    def _short_of_files(self, short: bool) -> None:
        if short:
            self._alarms.put(Alarm("limits.files", _FEW_FILES()))
        else:
            self._alarms.clear("limits.files")

    def announce(self, stack: contextlib.AsyncExitStack) -> None:
        """Announce the lesson in the network until the stack unwinds, unless its file says not to."""
        if not self._lesson.server.announce:
            return
        announcement = Announcement(
            title=self._lesson.lesson.title,
            port=self._site.port,
            tls_port=self._site.tls_port,
            addresses=lambda: listened_addresses(self._host),
        )
        run_supervised(stack, "announcement", announcement.run)

    @property
    def port(self) -> int:
        """The port of http."""
        return self._site.port

    @property
    def tls_port(self) -> int | None:
        """The port of https; None without."""
        return self._site.tls_port

    def addresses(self, path: str = "/") -> list[str]:
        """The advertised addresses of a path, the best one first; see ``AdvertisedAddresses``."""
        return self._advertised.plain(path)

    def secure_addresses(self, path: str = "/") -> list[str]:
        """The same with https; empty without https."""
        return self._advertised.secure(path)

    def teacher_addresses(self, path: str) -> list[str]:
        """Where teachers at other computers find a path: at the public address, or at those with https."""
        return self._advertised.plain(path) if self._advertised.public is not None else self._advertised.secure(path)

    def address_here(self, path: str = "/") -> str:
        """Where a browser of this computer finds a path."""
        return self._advertised.here(path)

    def trust_address(self) -> str | None:
        """The page that explains how to trust the certificate; None where that is not needed."""
        return self._advertised.plain(TRUST_PATH)[0] if self.authority() is not None else None

    def _known_names(self) -> list[str]:
        public = host_in((self._lesson.server.address or "").partition("://")[2].partition("/")[0])
        return [*certified_names(self._host), *self._given_names(), *([public] if public else [])]

    def _given_names(self) -> Sequence[str]:
        """The names of a certificate that was given."""
        return self._certificates.names if self._certificates is not None else ()

    async def _follow(self) -> None:
        """Follow the computer to another network: listen there, and advertise its addresses. Runs until cancelled."""
        before = self._reached()
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            await self._site.widen()
            await asyncio.to_thread(self._advertised.resolve)
            if (now := self._reached()) != before:
                logger.info("the lesson is reached at %s now", ", ".join(self.addresses()))
                before = now
                await asyncio.to_thread(self._names.refresh)
                self._moved()

    def _reached(self) -> tuple[object, ...]:
        authority = self.authority()
        return (self.addresses(), self.secure_addresses(), authority and authority.certificate.serial_number)

    def authority(self) -> Authority | None:
        """The authority to trust for https; None without https, or with a certificate from files."""
        return self._certificates.authority if self._certificates is not None else None
