"""One teacher's websocket: hello first, then commands in order, and news as it comes.

What is sent goes through a bounded outbox with a writer of its own, so a teacher on a slow line delays nobody:
meters and thumbnails are left out for it, and when even the state does not fit it is disconnected and may return.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import Mapping
from typing import Final

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from classroom.clock import Clock
from classroom.control import messages
from classroom.control.calls import Call, Calls, Role, Tell
from classroom.control.commands import COMMANDS, Desk
from classroom.control.invitations import Invitation, Invitations
from classroom.errors import CommandError
from classroom.sparing import SparingLog
from classroom.throttle import Throttle
from classroom.upkeep import end

__all__ = ["HELLO_WITHIN", "Session"]

logger = logging.getLogger(__name__)
sparing = SparingLog(logger)

HELLO_WITHIN: Final = 5.0
"""Seconds a connection has for its hello."""

WRONG_TOKEN_CLOSE: Final = 4401
_GUEST_METHODS: Final = frozenset({"hello", "peer.offer", "peer.candidate", "peer.close"})
"""What somebody may do who has the key of an invitation and not the token."""

_OUTBOX = 256
_NEWS_OUTBOX = 16
"""Meters and thumbnails are left out while more than this many messages wait."""


class Session:
    """Serves one connection from its hello to its end; ``welcome`` once that had the right token, or a key."""

    def __init__(
        self,
        connection: ServerConnection,
        *,
        desk: Desk,
        token: str,
        invitations: Invitations,
        throttle: Throttle,
        clock: Clock,
    ) -> None:
        self._connection = connection
        self._desk = desk
        self._token = token
        self._invitations = invitations
        self._invitation: Invitation | None = None
        self._throttle = throttle
        self._clock = clock
        self._outbox: asyncio.Queue[str] = asyncio.Queue(_OUTBOX)
        self._held: list[str] | None = None
        self.welcome = False
        self._calls = Calls(begin=self._begin_call, notify=lambda said: self._send(messages.notification("peer", said)))
        self.meters = False
        self.thumbnails = False

    @property
    def desk(self) -> Desk:
        """The lesson it is connected to."""
        return self._desk

    @property
    def calls(self) -> Calls:
        """Its WebRTC connections."""
        return self._calls

    @property
    def address(self) -> str:
        """The address of the teacher's machine."""
        remote = self._connection.remote_address
        return str(remote[0]) if remote else "unknown"

    def greeting(self) -> Mapping[str, object]:
        """The state for a teacher; for a guest only what its page needs."""
        if self._invitation is not None:
            return self._desk.welcome_guest(self._invitation.source)
        return {"state": self._desk.state()}

    def watch(self, *, meters: bool | None, thumbnails: bool | None) -> Mapping[str, object]:
        """Start or stop meters and thumbnails for this teacher."""
        self.meters = self.meters if meters is None else meters
        self.thumbnails = self.thumbnails if thumbnails is None else thumbnails
        return {"meters": self.meters, "thumbnails": self.thumbnails}

    async def run(self) -> None:
        """Serve until the connection ends; never raises for what a client does."""
        writer = asyncio.create_task(self._write(), name=f"control writer {self.address}")
        forget = self._desk.board.listen(self._state_changed)
        try:
            if await self._greet():
                async for frame in self._connection:
                    self._answer(frame)
        except ConnectionClosed:
            pass
        finally:
            forget()
            if self._invitation is not None:
                self._invitation.leave(self.dismiss)
            await self._calls.close()
            await self._flush(writer)

    def tell(self, message: str) -> None:
        """Send news that may be left out when the line is slow."""
        if self.welcome and self._outbox.qsize() < _NEWS_OUTBOX:
            self._outbox.put_nowait(message)

    def dismiss(self) -> None:
        """Cut it off without a word, as when its invitation was revoked; the page comes back, and is told so then."""
        self._connection.transport.abort()

    async def _greet(self) -> bool:
        """Wait for a hello with the right token; answer whatever else comes before it with an error."""
        try:
            async with asyncio.timeout(HELLO_WITHIN):
                hello = await self._hello()
        except TimeoutError:
            await self._connection.close(WRONG_TOKEN_CLOSE, "no hello")
            return False
        if self._right_token(hello):
            self._throttle.succeeded(self.address)
            self.welcome = True
            self._run_command(hello)
        elif (invitation := self._invited(hello)) is None:
            await self._refuse(hello)
        elif invitation.enter(self.dismiss):
            self._invitation = invitation
            self.welcome = True
            self._run_command(hello)
        else:
            why = "Too many devices use this link. Close the others, or ask for a new link."
            self._send(messages.error(hello.id, CommandError.NOT_POSSIBLE, why, {"why": why}))
        return self.welcome

    async def _hello(self) -> messages.Request:
        while True:
            request = self._parse(await self._connection.recv())
            if request is None:
                continue
            if request.method == "hello":
                return request
            self._send(messages.error(request.id, CommandError.WRONG_TOKEN, "Say hello with the token first."))

    def _right_token(self, hello: messages.Request) -> bool:
        token = hello.params.get("token") if isinstance(hello.params, Mapping) else next(iter(hello.params), None)
        return isinstance(token, str) and hmac.compare_digest(token.encode("utf-8", "replace"), self._token.encode())

    def _invited(self, hello: messages.Request) -> Invitation | None:
        key = hello.params.get("key") if isinstance(hello.params, Mapping) else None
        return self._invitations.find(key) if isinstance(key, str) else None

    def _begin_call(self, role: Role, source: str | None, sdp: str | None, tell: Tell) -> Call:
        if self._invitation is not None and (role, source) != ("publish", self._invitation.source):
            raise CommandError.not_possible(f"This link is for sending the source '{self._invitation.source}' only.")
        return self._desk.begin_call(role, source, sdp, tell)

    async def _refuse(self, hello: messages.Request) -> None:
        sparing.warn("wrong token from %s", self.address)
        wait = self._throttle.failed(self.address, self._clock.now())
        try:
            await asyncio.wait_for(self._connection.wait_closed(), wait)
        except TimeoutError:
            self._send(messages.error(hello.id, CommandError.WRONG_TOKEN, "The token is wrong."))
            await self._drained()
            await self._connection.close(WRONG_TOKEN_CLOSE, "wrong token")

    def _answer(self, frame: str | bytes) -> None:
        request = self._parse(frame)
        if request is not None:
            self._run_command(request)

    def _parse(self, frame: str | bytes) -> messages.Request | None:
        if isinstance(frame, bytes):
            self._send(messages.error(None, messages.PARSE_ERROR, "Send text frames."))
            return None
        try:
            return messages.parse(frame)
        except CommandError as fault:
            identity = fault.data.get("id")
            assert isinstance(identity, str | int | float | None)
            self._send(messages.error(identity, fault.code, fault.message))
            return None

    def _run_command(self, request: messages.Request) -> None:
        # A change that the command itself makes is announced after its reply.
        self._held = []
        try:
            reply = self._reply(request)
            if request.wants_reply:
                self._send(reply, held=False)
        finally:
            held, self._held = self._held, None
            for message in held:
                self._send(message)

    def _reply(self, request: messages.Request) -> str:
        command = COMMANDS.get(request.method)
        if command is None:
            known = {"known": list(COMMANDS)}
            return messages.error(
                request.id, messages.METHOD_NOT_FOUND, f"There is no method '{request.method[:64]}'.", known
            )
        if self._invitation is not None and request.method not in _GUEST_METHODS:
            why = f"This link is for sending the source '{self._invitation.source}' only."
            return messages.error(request.id, CommandError.NOT_POSSIBLE, why, {"why": why})
        try:
            answer = dict(command.call(self, request.params))
        except CommandError as fault:
            return messages.error(request.id, fault.code, fault.message, fault.data)
        return messages.result(request.id, {"revision": self._desk.board.revision, **answer})

    def _state_changed(self, revision: int, changed: Mapping[str, object]) -> None:
        if self.welcome and self._invitation is None:
            self._send(messages.notification("state", {"revision": revision, **changed}))

    def _send(self, message: str, *, held: bool = True) -> None:
        if held and self._held is not None:
            self._held.append(message)
            return
        try:
            self._outbox.put_nowait(message)
        except asyncio.QueueFull:
            logger.warning("the control connection of %s cannot follow and is closed", self.address)
            self._connection.transport.abort()

    async def _write(self) -> None:
        try:
            while True:
                await self._connection.send(await self._outbox.get())
                self._outbox.task_done()
        except ConnectionClosed:
            pass

    async def _drained(self) -> None:
        try:
            await asyncio.wait_for(self._outbox.join(), 1.0)
        except TimeoutError:
            logger.debug("the last words to %s did not go out", self.address)

    async def _flush(self, writer: asyncio.Task[None]) -> None:
        if not writer.done():
            await self._drained()
        await end(writer)
