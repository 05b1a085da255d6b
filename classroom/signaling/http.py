"""The four addresses of the signaling protocol as aiohttp handlers, around a switchboard."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, Protocol

from aiohttp import HttpVersion11, web
from aiohttp.typedefs import Handler

from classroom.common.limited_log import LimitedLog
from classroom.common.limits import Limits
from classroom.common.throttle import TooManyGuesses
from classroom.signaling import wire
from classroom.signaling.rate_limits import MessageRates, SignInRates
from classroom.signaling.room import Occupied, Replaced, RoomFull, UnknownMember
from classroom.signaling.switchboard import NothingNew, Switchboard, SwitchboardClosed
from classroom.signaling.unknown_ids import CutOff

__all__ = ["Guard", "OpenAccess", "add_routes"]

logger = logging.getLogger(__name__)

_TOO_FAST: Final = "These are too many messages at once. Wait a moment."

_BODY_SECONDS: Final = 15.0
_REPLACED_SECONDS: Final = 1.0
_TURNS: Final = 4

_Handler = Callable[[web.Request, bytes], Awaitable[wire.Reply]]


class Guard(Protocol):
    """Who may sign in, and how long a request with an unknown id waits for its answer."""

    async def refuse(self, request: wire.SignIn, address: str) -> wire.Refusal | None:
        """Why this sign-in is refused, or None to let it in; may take its time.

        Raises TooManyGuesses when it cannot be looked at now.
        """
        ...

    async def recognise(self, address: str, member: int, is_known: Callable[[], bool]) -> bool:
        """Whether an id is known, asked where it does not come from its owner's address; may take its time.

        Raises CutOff to have it not answered at all.
        """
        ...

    async def unknown(self, address: str) -> None:
        """Called before an unknown id is answered; may take its time. Raises CutOff to have it not answered at all."""
        ...


class OpenAccess:
    """Admits all clients and answers at once."""

    async def refuse(self, request: wire.SignIn, address: str) -> wire.Refusal | None:
        """Nobody is refused."""
        return None

    async def recognise(self, address: str, member: int, is_known: Callable[[], bool]) -> bool:
        """Nobody waits."""
        return is_known()

    async def unknown(self, address: str) -> None:
        """Nobody is slowed."""


def add_routes(
    app: web.Application,
    switchboard: Switchboard,
    *,
    guard: Guard | None = None,
    limits: Limits | None = None,
    own_address: Callable[[web.Request], str] = lambda request: request.remote or "",
    over_limit: Callable[[str], None] = lambda address: None,
    everything_else: bool = False,
    on_quit: Callable[[], None] | None = None,
) -> None:
    """Serve signaling from an application, which then also starts and stops the switchboard.

    With ``everything_else`` it is the original server to all who ask: each other address gets its ``500 Sorry`` instead
    of a 404, and a name continues after an ``&``. Such an application must add its own routes before.
    ``own_address`` returns the address of a client's own computer, and nothing where a proxy does not name its client.
    ``over_limit`` gets the address of each client that exceeds one of the limits.
    The hub's id is unknown here: everybody knows it, and only who holds the hub in this process may act for it.
    There is a ``/quit`` only with ``on_quit``, which is called when anybody asks for it and should end the program.
    The application's runner must be made with ``handler_cancellation=True``, or a message may go to a dead socket.
    """
    _Handlers(
        switchboard,
        guard or OpenAccess(),
        limits or Limits(),
        own_address=own_address,
        over_limit=over_limit,
        whole_names=everything_else,
        on_quit=on_quit,
    ).add_to(app, everything_else)

    async def run(_: web.Application) -> AsyncIterator[None]:
        async with switchboard:
            yield

    async def end_waits(_: web.Application) -> None:
        switchboard.close()  # or the server would wait for the hanging ones until it cuts them

    app.cleanup_ctx.append(run)
    app.on_shutdown.append(end_waits)


class _Handlers:
    def __init__(
        self,
        switchboard: Switchboard,
        guard: Guard,
        limits: Limits,
        *,
        own_address: Callable[[web.Request], str],
        over_limit: Callable[[str], None],
        whole_names: bool,
        on_quit: Callable[[], None] | None,
    ) -> None:
        self._switchboard = switchboard
        self._guard = guard
        self._limits = limits
        self._own_address = own_address
        self._over_limit = over_limit
        self._paces = MessageRates(rate=limits.messages, arriving=limits.queue_bytes, known=switchboard.is_guest)
        self._sign_ins = SignInRates(rate=limits.sign_ins, places=lambda: switchboard.places)
        self._log = LimitedLog(logger)
        self._whole_names = whole_names
        self._on_quit = on_quit
        self._quitting = False

    def add_to(self, app: web.Application, everything_else: bool) -> None:
        handlers = (self.sign_in, self.wait, self.message, self.sign_out)
        for path, handler in zip(wire.PATHS, handlers, strict=True):
            app.router.add_route("*", path, _route(handler), expect_handler=_expect)
        if self._on_quit is not None:
            app.router.add_route("*", "/quit", self.quit, expect_handler=_expect)
        if everything_else:
            app.router.add_route("*", "/{anything:.*}", _route(self.unknown_address), expect_handler=_expect)
            app.middlewares.append(_sorry)

    async def sign_in(self, request: web.Request, arguments: bytes) -> wire.Reply:
        sign_in = wire.SignIn(arguments) if self._whole_names else wire.read_sign_in(arguments)
        try:
            why = await self._guard.refuse(sign_in, request.remote or "")
        except TooManyGuesses:
            return wire.too_many("Too many wrong passcodes come from this address. Wait a moment, then sign in again.")
        if why is not None:
            return wire.refused(why)
        if not self._switchboard.full:  # a client that is not admitted costs no more than an answer
            delay = self._sign_ins.take(request.remote or "", asyncio.get_running_loop().time())
            if delay is None:
                self._log.warn("%s signs in more than %g times a second", request.remote, self._limits.sign_ins)
                self._over_limit(request.remote or "")
                return wire.too_many("Too many sign in from this address at once. Wait a moment, then sign in again.")
            await asyncio.sleep(delay)
        if not await _stays(request):
            return wire.sorry()  # which nobody reads
        try:
            admission = self._switchboard.sign_in(sign_in.name, address=self._own_address(request))
        except RoomFull:
            self._log.warn("there are %d members, which is all there may be", self._switchboard.size)
            return wire.refused(wire.Refusal("The class is full. Ask the teacher to let more students in.", "full"))
        logger.info("%r signed in from %s", sign_in.name[:80], request.remote)
        return wire.added(admission)

    async def wait(self, request: web.Request, arguments: bytes) -> wire.Reply:
        member_id = wire.peer_id(arguments)
        if not await self._knows(request, member_id):
            return wire.sorry()
        loop = asyncio.get_running_loop()
        asked = loop.time()
        try:
            event = await self._switchboard.wait(
                member_id,
                lambda: _is_open(request),
                address=request.remote or "",
                turn=wire.turn(arguments),
                within=wire.time_limit(arguments),
            )
        except NothingNew:
            return wire.quiet(member_id)
        except Occupied:
            self._log.warn("%s asks for the news of a member that waits for them elsewhere", request.remote)
            return await self._unknown(request, wire.sorry())
        except UnknownMember:
            return wire.sorry()  # it was known when it asked, so the answer need not be slow
        except ConnectionResetError:
            return wire.sorry()  # which nobody reads
        except SwitchboardClosed:
            return wire.shutting_down() if self._quitting else wire.closing()
        except Replaced:
            # A page signs out when its wait fails, and reads nothing but a notification without harm. A client
            # that reads one asks again and replaces in turn; the pause keeps two such clients from racing each other.
            await asyncio.sleep(max(0.0, asked + _REPLACED_SECONDS - loop.time()))
            try:
                event = self._switchboard.reannouncement(member_id)
            except UnknownMember:
                return wire.sorry()
        return wire.delivered(event, member_id)

    async def message(self, request: web.Request, arguments: bytes) -> wire.Reply:
        sender, target = wire.peer_id(arguments), wire.target_id(arguments)
        refusal = self._unacceptable(request) if request.method == "POST" else None
        if refusal is not None:
            return refusal
        if not await self._knows(request, sender):  # nothing from an unknown client is kept
            return wire.gone()
        delay = self._paces.take(sender, asyncio.get_running_loop().time())
        if delay is None:
            self._log.warn(
                "a member from %s sends more than %g messages a second", request.remote, self._limits.messages
            )
            self._over_limit(request.remote or "")
            return wire.too_many(_TOO_FAST)
        await asyncio.sleep(delay)
        body, content_type = b"", None
        if request.method == "POST":
            read = await self._read_body(request, sender)
            if isinstance(read, wire.Reply):
                return read
            body, content_type = read, wire.content_type(request.headers.get("Content-Type"))
        try:
            to_self = self._switchboard.post(sender, target, body, content_type)
        except UnknownMember:
            return await self._unknown(request, wire.gone())
        return wire.ok() if to_self is None else wire.delivered(to_self, sender)

    async def sign_out(self, request: web.Request, arguments: bytes) -> wire.Reply:
        member_id = wire.peer_id(arguments)
        if not await self._knows(request, member_id):
            return wire.sorry()
        try:
            self._switchboard.sign_out(member_id)
        except UnknownMember:
            return wire.sorry()
        logger.info("a member signed out from %s", request.remote)
        return wire.ok()

    async def quit(self, request: web.Request) -> web.Response:
        """As in the original by any method; all pending waits get the news."""
        logger.warning("%s asked for /quit", request.remote)
        self._quitting = True
        self._switchboard.close()
        if self._on_quit is not None:
            self._on_quit()
        return _respond(wire.quitting())

    async def unknown_address(self, request: web.Request, arguments: bytes) -> wire.Reply:
        return wire.sorry()

    async def _knows(self, request: web.Request, member_id: int) -> bool:
        """Whether there is a member with this id. Its owner never waits; other clients may have to."""
        asker = request.remote or ""

        def is_known() -> bool:
            return self._switchboard.is_guest(member_id)

        if is_known() and self._switchboard.address(member_id) in ("", asker):
            return True
        try:
            return await self._guard.recognise(asker, member_id, is_known)
        except CutOff:
            if request.transport is not None:
                request.transport.abort()
            return False

    async def _unknown(self, request: web.Request, reply: wire.Reply) -> wire.Reply:
        try:
            await self._guard.unknown(request.remote or "")
        except CutOff:
            if request.transport is not None:
                request.transport.abort()
        return reply

    def _unacceptable(self, request: web.Request) -> wire.Reply | None:
        """The reply to a message whose head says already that it cannot be taken."""
        length = request.content_length
        if request.headers.get("Content-Encoding", "identity").lower() != "identity":
            return wire.bad_request("A message must be sent as it is, not compressed.")
        if length is not None and length > self._limits.body:
            return self._too_large(request)
        if length == 0 or (length is None and "Transfer-Encoding" not in request.headers):
            return wire.bad_request("A message needs a body and its Content-Length.")
        return None

    def _too_large(self, request: web.Request) -> wire.Reply:
        self._log.warn("%s sends a message of more than %d bytes", request.remote, self._limits.body)
        self._over_limit(request.remote or "")
        return wire.too_large(self._limits.body)

    async def _read_body(self, request: web.Request, sender: int) -> bytes | wire.Reply:
        """The body, or the reply that says why there is none; in at most 15 s."""
        body = bytearray()
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                async for chunk in request.content.iter_any():
                    body += chunk
                    fits = self._paces.arrive(sender, len(chunk))
                    if len(body) > self._limits.body:
                        return self._too_large(request)
                    if not fits:
                        self._log.warn("a member from %s sends too many long messages at once", request.remote)
                        self._over_limit(request.remote or "")
                        return wire.too_many(_TOO_FAST)
        except TimeoutError:
            return wire.bad_request("The message did not arrive in time. Send it again.")
        except web.RequestPayloadError as error:
            logger.debug("a message from %s is broken: %s", request.remote, error)
            return wire.bad_request("The message is broken. Send it again.")
        finally:
            self._paces.arrive(sender, -len(body))
        if not body:
            return wire.bad_request("A message needs a body and its Content-Length.")
        return bytes(body)


def _route(handler: _Handler) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        if request.method == "OPTIONS":
            return _respond(wire.ok(content_type=None))
        if request.method not in ("GET", "POST"):
            return _respond(wire.sorry())
        return _respond(await handler(request, wire.split_target(_raw_target(request))[1]))

    return handle


@web.middleware
async def _sorry(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer requests without a path, such as ``CONNECT host`` and ``OPTIONS *``, like every other address."""
    try:
        return await handler(request)
    except web.HTTPNotFound:
        return _respond(wire.ok(content_type=None) if request.method == "OPTIONS" else wire.sorry())


async def _expect(request: web.Request) -> None:
    """Answer ``Expect: 100-continue``, and pass over all else that is expected as the original does."""
    if request.headers["Expect"].lower() == "100-continue" and request.version >= HttpVersion11:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # nothing of the reply itself is sent yet


def _respond(reply: wire.Reply) -> web.Response:
    response = web.Response(status=reply.status, reason=reply.reason, headers=reply.headers(), body=reply.body)
    response.force_close()  # the head only promises it
    return response


def _raw_target(request: web.Request) -> bytes:
    raw = getattr(request.protocol, "raw_target", None)  # a signaling request is the last one of its connection
    # The path under which a proxy shows the lesson has been taken away by now.
    if isinstance(raw, wire.RawTarget) and raw.coded.endswith(request.raw_path):
        return raw.sent
    return request.raw_path.encode("utf-8", "surrogateescape")


async def _stays(request: web.Request) -> bool:
    """Whether the client is still there to read an answer, also after this program was blocked for long.

    Then the end of a connection comes right behind its request: a page that got no answer has tried several times, and
    only the last try counts. It takes some turns of the loop to be read.
    """
    for _ in range(_TURNS):
        await asyncio.sleep(0)
    return _is_open(request)


def _is_open(request: web.Request) -> bool:
    return request.transport is not None and not request.transport.is_closing()
