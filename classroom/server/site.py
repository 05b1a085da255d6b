"""The one port: starts and stops the listener with aiohttp and websockets behind it, and the same again with TLS.

The order at the end matters: first the listeners and the control sockets close, then aiohttp ends its requests, then
the site waits for the connections (from Python 3.12 on waiting includes aiohttp's, so its cleanup must come in
between).
"""

from __future__ import annotations

import asyncio
import errno
import functools
import http
import logging
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Final, Self, cast

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from classroom.common.errors import AddressError
from classroom.common.limits import Limits
from classroom.control.connection import FRAME_LIMIT, ControlConnection
from classroom.server.accepting import Acceptor, FileShortage
from classroom.server.addresses import listened_hosts, reachable_hosts
from classroom.server.base_path import without_base_path
from classroom.server.checkpoint import Checkpoint
from classroom.server.client_address import Client
from classroom.server.connection_limit import ConnectionLimit
from classroom.server.descriptors import connections_that_fit
from classroom.server.listeners import listen_on, port_of
from classroom.server.port_sharing import ConnectionPolicy, SharedPort, SharedPortConnection, WebFactory
from classroom.server.tls import TlsConnection, TlsContexts, TlsPort
from classroom.server.web_protocol import web_protocols

__all__ = ["CONTROL_SUBPROTOCOL", "ControlHandler", "Site", "SiteSettings"]

logger = logging.getLogger(__name__)

CONTROL_SUBPROTOCOL: Final = Subprotocol("classroom.control.v1")

_SHUTDOWN_SECONDS: Final = 3.0
_LINGERING_SECONDS: Final = 2.0
"""How long the rest of a refused body is read and thrown away, so that its sender can read why."""

_IDLE_SECONDS: Final = 75.0
"""How long a connection stays open on which no further request comes, or not all of its head."""

_CODED: Final = 4
"""How many times longer a head may become when port sharing makes it valid: it may percent-encode every byte."""

_BACKLOG: Final = 1024
"""Connections that may wait to be accepted: a class that comes all at once must not have to connect again."""

ControlHandler = Callable[[ControlConnection], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSettings:
    """Where a site listens, and what its connections may take.

    ``host`` is the address to listen on, ``0.0.0.0`` or ``::`` for all of this computer; see ``listened_hosts``. A port
    of 0 takes any free one. With ``tls``, what handshakes are made with, there is a second port: ``tls_port``, or with
    ``any_tls_port`` any free one where that is taken.
    """

    host: str
    port: int
    tls: TlsContexts | None = None
    tls_port: int = 0
    any_tls_port: bool = False
    path: str = "/"
    """The path under which all addresses exist as well as at the root, for a proxy that passes it on."""
    limits: Limits = field(default_factory=Limits)
    """How many connections there may be, of both ports together, and how large a request head may be."""
    students: int = 0
    """How many clients get picture and sound, for which they need open files too."""


class Site:
    """One port that serves an aiohttp application and the control websocket, and a second one that does so with TLS.

    Args:
        settings: where it listens, and its limits.
        app: serves everything but control. The caller adds the middleware of ``checkpoint`` to it.
        control_handler: runs one control websocket until it is closed; without one there is no such address.
        connection_limit: limits the connections instead of the settings.
        checkpoint: who may open a control connection, and which proxies there are.
        shortage: is notified when there are too few open files for connections.
        over_limit: gets the address of each client that exceeds one of the limits.
    """

    def __init__(
        self,
        settings: SiteSettings,
        *,
        app: web.Application,
        control_handler: ControlHandler | None = None,
        connection_limit: ConnectionPolicy | None = None,
        checkpoint: Checkpoint | None = None,
        shortage: FileShortage | None = None,
        over_limit: Callable[[str], None] = lambda address: None,
    ) -> None:
        self._settings = settings
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=_SHUTDOWN_SECONDS)
        self._control_handler = control_handler
        self._connection_limit = connection_limit
        self._checkpoint = checkpoint or Checkpoint()
        self._shared_ports: list[SharedPort] = []
        self._over_limit = over_limit
        self._shortage = shortage or FileShortage()
        self._acceptors: list[Acceptor] = []
        self._tls_ports: list[TlsPort] = []
        self._complained = False
        self._servers: dict[str, Server] = {}
        self._tls_servers: dict[str, Server] = {}

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen. Raises AddressError with a sentence that says what to do."""
        if not 0 <= self._settings.port <= 65535:
            raise AddressError(f"{self._settings.port} is not a port. Choose one from 1 to 65535 with --port.")
        if self._connection_limit is None:
            self._connection_limit = ConnectionLimit(
                connections=connections_that_fit(self._settings.limits.connections, self._settings.students),
                per_address=self._settings.limits.connections_per_address,
                crowd=self._checkpoint.proxies.trusts,
                over_limit=self._over_limit,
            )
        await self._runner.setup()
        assert self._runner.server is not None  # set by setup()
        without_base_path(self._runner.server, self._settings.path)
        port, option = self._settings.port, "--port"
        try:
            hosts = listened_hosts(self._settings.host)
            self._servers = await self._listen(hosts, port, None)
            if self._settings.tls is not None:
                port, option = self._settings.tls_port, "server.tls_port in the lesson file"
                self._tls_servers = await self._listen_with_tls(hosts, self._settings.tls)
        except (OSError, UnicodeError) as error:
            await self._close()
            raise AddressError(_sentence(error, self._settings.host, port, option)) from error
        except BaseException:
            await self._close()
            raise
        logger.info("listening on %s port %d", ", ".join(self._servers), self.port)
        if self._tls_servers:
            logger.info("listening on %s port %d with TLS", ", ".join(self._tls_servers), self.tls_port)

    async def widen(self) -> None:
        """Listen also where ``host`` has come to mean more, as after a change to a network that has only IPv6."""
        wanted = listened_hosts(self._settings.host)
        for servers, tls in ((self._servers, None), (self._tls_servers, self._settings.tls)):
            port, hosts = port_of(servers), [each for each in wanted if each not in servers]
            if port is None or not hosts:
                continue
            try:
                servers |= await self._listen(hosts, port, tls)
            except OSError as error:
                if not self._complained:
                    self._complained = True
                    logger.warning("cannot listen on %s as well: %s", ", ".join(hosts), error.strerror or error)
            else:
                logger.info("listening on %s port %d as well", ", ".join(hosts), port)

    async def stop(self) -> None:
        """Close the listeners and every connection; a site that never started is closed already."""
        if self._servers:
            await self._close()

    async def _close(self) -> None:
        for acceptor in self._acceptors:
            acceptor.close()
        self._acceptors.clear()
        self._shortage.close()
        servers = [*self._servers.values(), *self._tls_servers.values()]
        self._servers, self._tls_servers = {}, {}
        for server in servers:
            server.close()
        for tls_port in self._tls_ports:
            tls_port.close()
        for shared_port in self._shared_ports:
            shared_port.close()
        await self._runner.cleanup()
        for tls_port in self._tls_ports:
            await tls_port.wait_closed()
        for server in servers:
            await server.wait_closed()

    @property
    def port(self) -> int:
        """The port listened on."""
        return port_of(self._servers) or self._settings.port

    @property
    def tls_port(self) -> int | None:
        """The port of https; None where there is none."""
        return port_of(self._tls_servers)

    @property
    def connections(self) -> int:
        """How many connections are open, of any kind."""
        return sum(len(tls_port.handshakes) for tls_port in self._tls_ports) + sum(
            len(shared_port.inside) for shared_port in self._shared_ports
        )

    def addresses(self, path: str = "/") -> list[str]:
        """The ``http://`` addresses under which others, and last this machine, reach a path; best first."""
        return [f"http://{host}:{self.port}{path}" for host in reachable_hosts(self._settings.host)]

    def secure_addresses(self, path: str = "/") -> list[str]:
        """The same with ``https://``; empty without https."""
        if not self._tls_servers:
            return []
        return [f"https://{host}:{self.tls_port}{path}" for host in reachable_hosts(self._settings.host)]

    async def _listen_with_tls(self, hosts: Sequence[str], tls: TlsContexts) -> dict[str, Server]:
        try:
            return await self._listen(hosts, self._settings.tls_port, tls)
        except OSError as error:
            if not self._settings.any_tls_port:
                raise
            logger.info("port %d cannot be used for https: %s", self._settings.tls_port, error.strerror or error)
        return await self._listen(hosts, 0, tls)

    def give_up_tls(self) -> None:
        """Listen without TLS; before ``start``."""
        self._settings = replace(self._settings, tls=None)

    async def _listen(self, hosts: Sequence[str], port: int, tls: TlsContexts | None) -> dict[str, Server]:
        tls_port = None if tls is None else TlsPort(tls, self._connection_limit)
        shared_port = SharedPort(
            self._web_factory(),
            self._connection_limit if tls_port is None else None,
            limits=self._settings.limits,
            path=self._settings.path,
            over_limit=self._over_limit,
        )
        self._shared_ports.append(shared_port)
        if tls_port is not None:
            self._tls_ports.append(tls_port)
        serving = self._serving(shared_port, tls_port)

        async def serve_at(host: str, port: int) -> Server:
            return await serving(await _one_address(host) if port == 0 else host, port)

        try:
            servers = await listen_on(hosts, port, serve_at)
        except BaseException:
            self._shared_ports.remove(shared_port)
            shared_port.close()
            if tls_port is not None:
                self._tls_ports.remove(tls_port)
                tls_port.close()
            raise
        self._acceptors += [Acceptor(each.server, self._shortage) for each in servers.values()]
        return servers

    def _web_factory(self) -> WebFactory:
        assert self._runner.server is not None  # set by setup()
        return web_protocols(
            self._runner.server,
            lingering_time=_LINGERING_SECONDS,
            keepalive_timeout=_IDLE_SECONDS,
            line_size=_CODED * self._settings.limits.head,
            head_size=self._settings.limits.head,
            logger=_web_logger(),
        )

    def _serving(self, shared_port: SharedPort, tls_port: TlsPort | None) -> Callable[[str, int], Awaitable[Server]]:
        """What listens at a host and a port, with both servers behind the shared port."""

        def create_connection(protocol: ServerProtocol, server: Server, **options: object) -> asyncio.Protocol:
            control = functools.partial(_ClientConnection, protocol, server, **options)
            handler = control if self._control_handler is not None else None
            shared = functools.partial(SharedPortConnection, shared_port, handler)
            return shared() if tls_port is None else TlsConnection(tls_port, shared)

        return functools.partial(
            serve,
            # It is given what create_connection makes.
            cast("Callable[[ServerConnection], Awaitable[None]]", self._control_handler or _nobody),
            # The hook is documented as a factory and annotated as a class.
            create_connection=cast("type[ServerConnection]", create_connection),
            process_request=self._refuse_strangers,
            process_response=_choose_subprotocol,
            compression=None,
            max_size=FRAME_LIMIT,
            close_timeout=_SHUTDOWN_SECONDS,
            server_header=None,
            backlog=_BACKLOG,
        )

    def _refuse_strangers(self, connection: ServerConnection, request: Request) -> Response | None:
        assert isinstance(connection, _ClientConnection)
        peer = connection.remote_address
        headers = request.headers.get_all
        if len(headers("Host")) > 1:  # as aiohttp does: it is not known which of them a proxy in front has checked
            return connection.respond(http.HTTPStatus.BAD_REQUEST, "A request has one Host.\n")
        connection.client = self._checkpoint.client(str(peer[0]) if peer else "", headers)
        refusal = self._checkpoint.refuse_control(connection.client, headers("Origin"))
        return None if refusal is None else connection.respond(refusal.status, refusal.sentence)


class _ClientConnection(ControlConnection):
    """A control connection that knows its client, also behind a proxy."""

    client: Client | None = None

    @property
    def remote_address(self) -> Any:
        """Address and port of the client; its port behind a proxy is 0."""
        if self.client is not None and self.client.proxied:
            return self.client.address, 0
        return super().remote_address


async def _nobody(connection: ServerConnection) -> None:
    """The library wants a handler also where port sharing hands over no connection."""


def _web_logger() -> logging.Logger:
    """A logger for aiohttp without lines about what is not HTTP: in a school's network that is daily noise."""
    web_logger = logging.getLogger(f"{__name__}.web")
    web_logger.addFilter(_is_our_fault)  # adding the same one again changes nothing
    return web_logger


def _is_our_fault(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, HttpProcessingError | web.RequestPayloadError | ConnectionError):
        # Its message quotes the request, in which there may be a passcode or a token.
        logger.debug("not a request: %s", type(error).__name__)
        return False
    return True


def _choose_subprotocol(connection: ServerConnection, request: Request, response: Response) -> None:
    """Take our subprotocol where it is offered, and do without where it is not.

    The library's own list refuses a client that offers none, and its hook for choosing expects the connection that
    ``create_connection`` made to be its own kind.
    """
    offered = ",".join(request.headers.get_all("Sec-WebSocket-Protocol")).split(",")
    if response.status_code == http.HTTPStatus.SWITCHING_PROTOCOLS and CONTROL_SUBPROTOCOL in map(str.strip, offered):
        response.headers["Sec-WebSocket-Protocol"] = CONTROL_SUBPROTOCOL
        connection.protocol.subprotocol = CONTROL_SUBPROTOCOL


async def _one_address(host: str) -> str:
    """One address for a name: with port 0 each address of ``localhost`` would get a port of its own."""
    found = await asyncio.get_running_loop().getaddrinfo(host or "0.0.0.0", None, type=socket.SOCK_STREAM)
    return str(min(found, key=lambda info: info[0] != socket.AF_INET)[4][0])


def _sentence(error: OSError | UnicodeError, host: str, port: int, option: str) -> str:
    if isinstance(error, (UnicodeError, socket.gaierror)):
        return f"There is no host '{host}'. Check --host; 0.0.0.0 means every address of this machine."
    number = getattr(error, "winerror", None) or error.errno
    if number in (errno.EADDRINUSE, 10048):
        return f"Port {port} is already in use. Close the other program or choose another with {option}."
    if number in (errno.EACCES, errno.EPERM, 10013):
        return f"This user may not open port {port}. Choose one above 1023 with {option}."
    if number in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, 10049, 10047):
        return f"'{host}' is not an address of this machine. Check --host; 0.0.0.0 means every address it has."
    return f"Cannot listen on {host} port {port}: {error.strerror or error}. Choose others with --host and {option}."
