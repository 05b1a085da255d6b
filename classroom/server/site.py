"""The one port: starts and stops the listener with aiohttp and websockets behind it, and the same again with TLS.

Order matters at the end: first nobody new comes in and the control sockets close, then aiohttp ends its requests, then
one waits for the connections (from Python 3.12 on waiting includes aiohttp's, so its cleanup must come in between).
"""

from __future__ import annotations

import asyncio
import errno
import functools
import http
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
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
from classroom.server.port_sharing import ConnectionPolicy, SharedPort, SharedPortConnection
from classroom.server.tls import TlsConnection, TlsPort
from classroom.server.web_protocol import web_protocols

__all__ = ["CONTROL_SUBPROTOCOL", "ControlHandler", "Site"]

logger = logging.getLogger(__name__)

CONTROL_SUBPROTOCOL: Final = Subprotocol("classroom.control.v1")

_SHUTDOWN_SECONDS: Final = 3.0
_LINGERING_SECONDS: Final = 2.0
"""How long the rest of a refused body is read and thrown away, so that its sender gets to read why."""

_IDLE_SECONDS: Final = 75.0
"""How long a connection stays open on which no further request comes, or not all of its head."""

_CODED: Final = 4
"""How many times as long as it was sent a head may be when port sharing has made it valid: it may percent-code all."""

_BACKLOG: Final = 1024
"""Connections that may wait to be accepted: a class that comes all at once must not have to knock again."""

ControlHandler = Callable[[ControlConnection], Awaitable[None]]


class Site:
    """One port that serves an aiohttp application and the control websocket, and a second one that does so with TLS.

    Args:
        host: the address to listen on, ``0.0.0.0`` or ``::`` for all of this machine; see ``listened_hosts``.
        port: 0 takes any free one; ``port`` then tells which.
        control_handler: runs one control websocket until it is closed; without one there is no such address.
        app: everything else.
        limits: how many connections, of both ports together, and what heads may come; None is the defaults.
        students: how many of those who connect get picture and sound, for which they need open files too.
        connection_limit: bounds the connections instead, for a caller with one of its own.
        checkpoint: who may open a control connection, and which proxies there are. Its middleware is for the maker of
            the application to put in.
        tls: what handshakes of the second port are made with; there is none when None.
        tls_port: 0 takes any free one; ``tls_port`` then tells which.
        path: under which all addresses stand as well as at the root, as a proxy may pass it on.
        over_limit: is told the address of who goes over one of the limits.
        shortage: is told when there are too few open files for connections.
    """

    def __init__(
        self,
        *,
        host: str,
        port: int,
        control_handler: ControlHandler | None = None,
        app: web.Application,
        limits: Limits | None = None,
        students: int = 0,
        connection_limit: ConnectionPolicy | None = None,
        checkpoint: Checkpoint | None = None,
        tls: ssl.SSLContext | None = None,
        tls_port: int = 0,
        path: str = "/",
        shortage: FileShortage | None = None,
        over_limit: Callable[[str], None] = lambda address: None,
    ) -> None:
        self._host = host
        self._port = port
        self._tls = tls
        self._tls_port = tls_port
        self._path = path
        self._control_handler = control_handler
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=_SHUTDOWN_SECONDS)
        self._limits = limits or Limits()
        self._students = students
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
        if not 0 <= self._port <= 65535:
            raise AddressError(f"{self._port} is not a port. Choose one from 1 to 65535 with --port.")
        if self._connection_limit is None:
            self._connection_limit = ConnectionLimit(
                connections=connections_that_fit(self._limits.connections, self._students),
                per_address=self._limits.connections_per_address,
                crowd=self._checkpoint.proxies.trusts,
                over_limit=self._over_limit,
            )
        await self._runner.setup()
        assert self._runner.server is not None  # set by setup()
        without_base_path(self._runner.server, self._path)
        port, option = self._port, "--port"
        try:
            hosts = listened_hosts(self._host)
            self._servers = await self._listen(hosts, port, None)
            if self._tls is not None:
                port, option = self._tls_port, "server.tls_port in the lesson file"
                self._tls_servers = await self._listen(hosts, port, self._tls)
        except (OSError, UnicodeError) as error:
            await self._close()
            raise AddressError(_sentence(error, self._host, port, option)) from error
        except BaseException:
            await self._close()
            raise
        logger.info("listening on %s port %d", ", ".join(self._servers), self.port)
        if self._tls_servers:
            logger.info("listening on %s port %d with TLS", ", ".join(self._tls_servers), self.tls_port)

    async def widen(self) -> None:
        """Listen also where ``host`` has come to mean more, as after a change to a network that has only IPv6."""
        wanted = listened_hosts(self._host)
        for servers, tls in ((self._servers, None), (self._tls_servers, self._tls)):
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
        for secure_port in self._tls_ports:
            secure_port.close()
        for shared_port in self._shared_ports:
            shared_port.close()
        await self._runner.cleanup()
        for secure_port in self._tls_ports:
            await secure_port.wait_closed()
        for server in servers:
            await server.wait_closed()

    @property
    def port(self) -> int:
        """The port listened on."""
        return port_of(self._servers) or self._port

    @property
    def tls_port(self) -> int | None:
        """The port of https; None where there is none."""
        return port_of(self._tls_servers)

    @property
    def connections(self) -> int:
        """How many connections are open, of any kind."""
        return sum(len(secure_port.handshakes) for secure_port in self._tls_ports) + sum(
            len(shared_port.inside) for shared_port in self._shared_ports
        )

    def addresses(self, path: str = "/") -> list[str]:
        """The ``http://`` addresses under which others, and last this machine, reach a path; best first."""
        return [f"http://{host}:{self.port}{path}" for host in reachable_hosts(self._host)]

    def secure_addresses(self, path: str = "/") -> list[str]:
        """The same with ``https://``; none where there is no https."""
        if not self._tls_servers:
            return []
        return [f"https://{host}:{self.tls_port}{path}" for host in reachable_hosts(self._host)]

    async def _listen(self, hosts: Sequence[str], port: int, tls: ssl.SSLContext | None) -> dict[str, Server]:
        assert self._runner.server is not None  # set by setup()
        web_factory = web_protocols(
            self._runner.server,
            lingering_time=_LINGERING_SECONDS,
            keepalive_timeout=_IDLE_SECONDS,
            line_size=_CODED * self._limits.head,
            head_size=self._limits.head,
            logger=_web_logger(),
        )
        secure_port = None if tls is None else TlsPort(tls, self._connection_limit)
        shared_port = SharedPort(
            web_factory,
            self._connection_limit if secure_port is None else None,
            limits=self._limits,
            path=self._path,
            over_limit=self._over_limit,
        )
        self._shared_ports.append(shared_port)
        if secure_port is not None:
            self._tls_ports.append(secure_port)

        def create_connection(protocol: ServerProtocol, server: Server, **options: object) -> asyncio.Protocol:
            control = functools.partial(_NamedConnection, protocol, server, **options)
            handler = control if self._control_handler is not None else None
            shared = functools.partial(SharedPortConnection, shared_port, handler)
            return shared() if secure_port is None else TlsConnection(secure_port, shared)

        serving = functools.partial(
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

        async def serve_at(host: str, port: int) -> Server:
            return await serving(await _one_address(host) if port == 0 else host, port)

        try:
            servers = await listen_on(hosts, port, serve_at)
        except BaseException:
            self._shared_ports.remove(shared_port)
            shared_port.close()
            if secure_port is not None:
                self._tls_ports.remove(secure_port)
                secure_port.close()
            raise
        self._acceptors += [Acceptor(each.server, self._shortage) for each in servers.values()]
        return servers

    def _refuse_strangers(self, connection: ServerConnection, request: Request) -> Response | None:
        assert isinstance(connection, _NamedConnection)
        peer = connection.remote_address
        headers = request.headers.get_all
        if len(headers("Host")) > 1:  # as aiohttp does: nobody knows which of them a proxy in front has looked at
            return connection.respond(http.HTTPStatus.BAD_REQUEST, "A request has one Host.\n")
        connection.client = self._checkpoint.client(str(peer[0]) if peer else "", headers)
        refusal = self._checkpoint.refuse_control(connection.client, headers("Origin"))
        return None if refusal is None else connection.respond(refusal.status, refusal.sentence)


class _NamedConnection(ControlConnection):
    """A control connection, which knows who is at its other end also where a proxy stands in between."""

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
    """A logger for aiohttp that keeps quiet about what is no HTTP: on a school's network that is daily noise."""
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
