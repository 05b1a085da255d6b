"""One teacher's websocket: hello first, then commands in order, and news as it comes.

What is sent goes through a bounded outbox with a writer of its own, so a teacher on a slow line delays nobody:
meters and thumbnails are left out for it, and when even the state does not fit it is disconnected and may return.
Who asks and does not take the answers is asked to wait: no further request is read meanwhile.
"""

from __future__ import annotations

import asyncio
import functools
import hmac
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Final, TypedDict

from pydantic import Field
from websockets.exceptions import ConnectionClosed

from classroom.common.errors import CommandError
from classroom.common.limited_log import LimitedLog
from classroom.common.sentences import Wording
from classroom.common.tasks import end
from classroom.common.throttle import GuessLimiter, TooManyGuesses, limit_key
from classroom.control import json_rpc as messages
from classroom.control.calls import Begin, Call, Calls, Role, Tell
from classroom.control.connection import ControlConnection
from classroom.control.invitations import Invitation, Invitations
from classroom.control.registry import Command, CommandReply, MethodEntry, command, describe
from classroom.control.state import State, StateBoard

__all__ = [
    "HELLO_WITHIN",
    "TRY_AGAIN_LATER",
    "GuestNews",
    "GuestWelcome",
    "Served",
    "Session",
    "TeacherWelcome",
    "WatchedNews",
]

logger = logging.getLogger(__name__)
limited_log = LimitedLog(logger)

HELLO_WITHIN: Final = 5.0
"""Seconds a connection has for its hello."""

WRONG_TOKEN_CLOSE: Final = 4401
TRY_AGAIN_LATER: Final = 1013
_GUEST_METHODS: Final = frozenset({"hello", "peer.offer", "peer.candidate", "peer.close"})
"""What somebody may do who has the key of an invitation and not the token."""

_OUTBOX = 256
_NEWS_OUTBOX = 16
"""Meters and thumbnails are left out while more than this many messages wait."""

_UNTAKEN: Final = 8
"""No further request is looked at while more than this many messages wait."""


_WRONG_TOKEN = Wording("hello.wrong_token", "The token is wrong.")
_NO_HELLO = Wording("hello.first", "Say hello with the token first.")
_CROWDED = Wording("hello.crowded", "Too many devices use this link. Close the others, or ask for a new link.")
_NO_METHOD = Wording("unknown.method", "There is no method '{method}'.")
_ONLY_SENDS = Wording("guest.only_sends", "This link is for sending the source '{source}' only.")


class TeacherWelcome(TypedDict):
    """The reply to a hello with the teacher's token."""

    state: State


class GuestNews(TypedDict):
    """The notification `guest`: what a device that sends a source has to know of the lesson now."""

    on_air: bool
    """Whether students can see the source now, or as soon as it sends."""
    sound: bool
    """Whether the lesson has an input for the sound of the source."""


class GuestWelcome(GuestNews):
    """The reply to a hello with the key of an invitation."""

    source: str
    """The source that the device may send."""
    title: str
    """The lesson's."""
    language: str | None
    """The lesson's, such as `en`; null for that of each browser."""
    secure_addresses: list[str]
    """Where the page of the device is found by https, the best first."""


class MethodList(TypedDict):
    """The reply to `methods`."""

    methods: list[MethodEntry]


class WatchedNews(TypedDict):
    """The reply to `watch`: which notifications the connection gets now."""

    meters: bool
    thumbnails: bool


@dataclass(frozen=True, slots=True)
class Served:
    """What a running lesson has for its control connections.

    ``commands`` are all methods by name. ``state`` returns the whole state as of now, ``welcome_guest`` the reply to an
    invited device, and ``guest_news`` what that is told with each change. ``begin_call`` begins a WebRTC
    connection with a teacher's client.
    """

    board: StateBoard
    commands: Mapping[str, Command]
    state: Callable[[], State]
    welcome_guest: Callable[[str], GuestWelcome]
    guest_news: Callable[[str], GuestNews]
    begin_call: Begin


class Session:
    """Serves one connection from its hello to its end; ``welcome`` once that had the right token, or a key."""

    def __init__(
        self,
        connection: ControlConnection,
        *,
        served: Served,
        token: str,
        invitations: Invitations,
        guesses: GuessLimiter,
    ) -> None:
        self._connection = connection
        self._served = served
        self._token = token
        self._invitations = invitations
        self._invitation: Invitation | None = None
        self._guesses = guesses
        self._outbox: asyncio.Queue[str] = asyncio.Queue(_OUTBOX)
        self._taken = asyncio.Event()
        self._over = False
        self._gone = False
        self._held: list[str] | None = None
        self._told_guest: GuestNews | None = None
        self.welcome = False
        self._calls = Calls(begin=self._begin_call, notify=lambda said: self._send(messages.notification("peer", said)))
        self.meters = False
        self.thumbnails = False

    @property
    def calls(self) -> Calls:
        """Its WebRTC connections."""
        return self._calls

    @property
    def address(self) -> str:
        """The address of the teacher's machine."""
        return self._connection.address

    @command("hello")
    def hello(
        self,
        token: Annotated[str, Field(max_length=512)] = "",
        key: Annotated[str, Field(max_length=512)] | None = None,
    ) -> TeacherWelcome | GuestWelcome:
        """Say hello with the teacher's token; the first request of a connection. Answers with the whole state.

        With the `key` of an invitation instead, the connection may only share that source.
        """
        if self._invitation is not None:
            self._told_guest = self._served.guest_news(self._invitation.source)
            return self._served.welcome_guest(self._invitation.source)
        return {"state": self._served.state()}

    @command("methods")
    def methods(self) -> MethodList:
        """List all methods with their help and parameters."""
        return {"methods": describe(self._served.commands)}

    @command("watch")
    def watch(self, meters: bool | None = None, thumbnails: bool | None = None) -> WatchedNews:
        """Start or stop the notifications `meters` (ten per second) and `thumbnail` (one per second and source)."""
        self.meters = self.meters if meters is None else meters
        self.thumbnails = self.thumbnails if thumbnails is None else thumbnails
        return {"meters": self.meters, "thumbnails": self.thumbnails}

    async def run(self) -> None:
        """Serve until the connection ends; never raises for what a client does."""
        writer = asyncio.create_task(self._write(), name=f"control writer {self.address}")
        forget = self._served.board.listen(self._state_changed, self._news)
        try:
            if await self._greet():
                async for frame in self._connection:
                    if self._over:
                        break
                    self._answer(frame)
                    await self._room()
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
        self._over = True
        self._connection.cut()

    async def _greet(self) -> bool:
        """Wait for a hello with the right token or key. Whatever else comes is answered with an error, and the end."""
        try:
            async with asyncio.timeout(HELLO_WITHIN):
                hello = self._hello(await self._connection.recv())
        except TimeoutError:
            await self._connection.close(WRONG_TOKEN_CLOSE, "no hello")
            return False
        if hello is None:
            limited_log.warn(
                "%s says something else than hello and is closed", self.address, by=limit_key(self.address)
            )
            await self._farewell(WRONG_TOKEN_CLOSE, "no hello")
            return False
        try:
            known = await self._recognise(hello)
        except TooManyGuesses:
            await self._farewell(TRY_AGAIN_LATER, "too many wrong tokens")
            return False
        if not known:
            self._send(messages.error(hello.id, CommandError.WRONG_TOKEN, _WRONG_TOKEN()))
            await self._farewell(WRONG_TOKEN_CLOSE, "wrong token")
        elif (invitation := self._invited(hello)) is None or invitation.enter(self.dismiss):
            self._invitation = invitation
            self.welcome = True
            self._connection.trust()
            self._run_command(hello)
        else:
            self._send(messages.error(hello.id, CommandError.NOT_POSSIBLE, _CROWDED(), {"why": _CROWDED()}))
        return self.welcome

    def _hello(self, frame: str | bytes) -> messages.Request | None:
        request = self._parse(frame)
        if request is None or request.method == "hello":
            return request
        self._send(messages.error(request.id, CommandError.WRONG_TOKEN, _NO_HELLO()))
        return None

    async def _recognise(self, hello: messages.Request) -> bool:
        """Whether the token or the key is right; a wrong one takes its time, here or not. Raises TooManyGuesses."""
        given = repr((messages.token_of(hello), messages.key_of(hello)))
        check = functools.partial(self._is_right, hello)
        shared = messages.key_of(hello) is not None
        looking = asyncio.create_task(self._guesses.is_right(self.address, given, check, shared=shared))
        gone = asyncio.create_task(self._connection.wait_closed())
        try:
            await asyncio.wait((looking, gone), return_when=asyncio.FIRST_COMPLETED)
            return looking.done() and looking.result()
        finally:
            await end(looking)
            await end(gone)

    def _is_right(self, hello: messages.Request) -> bool:
        right = self._right_token(hello) or self._invited(hello) is not None
        if not right:
            limited_log.warn("wrong token from %s", self.address, by=limit_key(self.address))
        return right

    def _right_token(self, hello: messages.Request) -> bool:
        token = messages.token_of(hello)
        return isinstance(token, str) and hmac.compare_digest(token.encode("utf-8", "replace"), self._token.encode())

    def _invited(self, hello: messages.Request) -> Invitation | None:
        key = messages.key_of(hello)
        return self._invitations.find(key) if isinstance(key, str) and not self._right_token(hello) else None

    def _begin_call(self, role: Role, source: str | None, sdp: str | None, tell: Tell) -> Call:
        if self._invitation is not None and (role, source) != ("publish", self._invitation.source):
            raise CommandError.not_possible(_ONLY_SENDS(source=self._invitation.source))
        return self._served.begin_call(role, source, sdp, tell)

    def _answer(self, frame: str | bytes) -> None:
        request = self._parse(frame)
        if request is not None:
            self._run_command(request)

    def _parse(self, frame: str | bytes) -> messages.Request | None:
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
        method = self._served.commands.get(request.method)
        if method is None:
            known = {"known": list(self._served.commands)}
            unknown = _NO_METHOD(method=request.method[:64])
            return messages.error(request.id, messages.METHOD_NOT_FOUND, unknown, known)
        if self._invitation is not None and request.method not in _GUEST_METHODS:
            why = _ONLY_SENDS(source=self._invitation.source)
            return messages.error(request.id, CommandError.NOT_POSSIBLE, why, {"why": why})
        try:
            answer = dict(method.call(self, request.params))
        except CommandError as fault:
            return messages.error(request.id, fault.code, fault.message, fault.data)
        common: CommandReply = {"revision": self._served.board.revision}
        return messages.result(request.id, {**common, **answer})

    def _state_changed(self, revision: int, changed: Mapping[str, object]) -> None:
        if not self.welcome:
            return
        if self._invitation is None:
            self._send(messages.notification("state", {"revision": revision, **changed}))
        elif (news := self._served.guest_news(self._invitation.source)) != self._told_guest:
            self._told_guest = news
            self._send(messages.notification("guest", news))

    def _news(self, revision: int, section: str, news: Mapping[str, object]) -> None:
        if self.welcome and self._invitation is None:
            self._send(messages.notification(section, {"revision": revision, **news}))

    def _send(self, message: str, *, held: bool = True) -> None:
        if held and self._held is not None:
            self._held.append(message)
            return
        if self._over:
            return
        try:
            self._outbox.put_nowait(message)
        except asyncio.QueueFull:
            address = self.address
            limited_log.warn("the control connection of %s cannot follow and is closed", address, by=limit_key(address))
            self.dismiss()

    async def _room(self) -> None:
        """Return in another turn of the event loop, and when most answers are taken."""
        await asyncio.sleep(0)
        while self._outbox.qsize() > _UNTAKEN and not self._gone:
            self._taken.clear()
            await self._taken.wait()

    async def _write(self) -> None:
        try:
            while True:
                await self._connection.send(await self._outbox.get())
                self._outbox.task_done()
                self._taken.set()
        except ConnectionClosed:
            pass
        finally:
            self._gone = True
            self._taken.set()

    async def _farewell(self, code: int, reason: str) -> None:
        await self._drained()
        await self._connection.close(code, reason)

    async def _drained(self) -> None:
        try:
            await asyncio.wait_for(self._outbox.join(), 1.0)
        except TimeoutError:
            logger.debug("the last words to %s did not go out", self.address)

    async def _flush(self, writer: asyncio.Task[None]) -> None:
        if not writer.done():
            await self._drained()
        await end(writer)
