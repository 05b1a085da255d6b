"""What a session does with a teacher whose line takes nothing any more."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from websockets.exceptions import ConnectionClosedOK

from classroom.common.errors import CommandError
from classroom.common.limited_log import LimitedLog
from classroom.common.sentences import Wording
from classroom.common.throttle import GuessLimiter, Throttle
from classroom.control import session as session_module
from classroom.control.calls import Role
from classroom.control.connection import ControlConnection
from classroom.control.invitations import Invitations
from classroom.control.registry import bound, command, commands_of
from classroom.control.session import Served, Session
from classroom.control.state import State, StateBoard


class StuckConnection:
    """A connection on which nothing is sent."""

    address = "192.0.2.7"

    def __init__(self) -> None:
        self.cuts = 0

    def cut(self) -> None:
        self.cuts += 1


def test_who_takes_nothing_is_left_without_meters_and_cut_off_when_the_state_does_not_fit(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(session_module, "limited_log", LimitedLog(session_module.logger))
    connection = StuckConnection()
    session = Session(
        cast(ControlConnection, connection),
        served=cast(Served, None),
        token="t",
        invitations=cast(Invitations, None),
        guesses=GuessLimiter(Throttle(), forgives=True),
    )
    session.welcome = True
    for _ in range(1000):
        session.tell("meters")
    for revision in range(200):
        session._state_changed(revision, {"preview": None})
    assert connection.cuts == 0, "there is room for it, because the meters were left out"
    for revision in range(200, 400):
        session._state_changed(revision, {"preview": None})
    assert connection.cuts == 1
    assert [record.getMessage() for record in caplog.records] == [
        "the control connection of 192.0.2.7 cannot follow and is closed"
    ]


class Line:
    """A connection in memory: what a teacher's client sends, and what it gets."""

    address = "192.0.2.7"

    def __init__(self) -> None:
        self.sent: asyncio.Queue[str | bytes | None] = asyncio.Queue()
        self.got: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.closed = asyncio.Event()
        self.code: int | None = None
        self.trusted = False

    async def recv(self) -> str | bytes:
        frame = await self.sent.get()
        if frame is None:
            raise ConnectionClosedOK(None, None)
        return frame

    def __aiter__(self) -> AsyncIterator[str | bytes]:
        return self._frames()

    async def _frames(self) -> AsyncIterator[str | bytes]:
        with contextlib.suppress(ConnectionClosedOK):
            while True:
                yield await self.recv()

    async def send(self, message: str) -> None:
        self.got.put_nowait(json.loads(message))

    async def close(self, code: int, reason: str) -> None:
        self.code = code
        self.cut()

    def cut(self) -> None:
        self.closed.set()
        self.sent.put_nowait(None)

    async def wait_closed(self) -> None:
        await self.closed.wait()

    def trust(self) -> None:
        self.trusted = True

    def say(self, method: str, identity: int | None = 1, **params: object) -> None:
        known = {} if identity is None else {"id": identity}
        self.sent.put_nowait(json.dumps({"jsonrpc": "2.0", "method": method, "params": params, **known}))

    async def hears(self) -> dict[str, Any]:
        return await asyncio.wait_for(self.got.get(), 20)


_BURNT_OUT = Wording("lamp.burnt_out", "It is burnt out.")


class Lamp:
    """What a teacher may switch on."""

    def __init__(self, board: StateBoard) -> None:
        self._board = board

    @command("lamp.on")
    def on(self, burnt_out: bool = False) -> None:
        """Switch it on."""
        if burnt_out:
            raise CommandError.not_possible(_BURNT_OUT())
        self._board.update({"lamp": "on"})


@contextlib.asynccontextmanager
async def lesson() -> AsyncIterator[tuple[Line, StateBoard]]:
    """A session of a lesson with a lamp and the token ``right``."""
    board, line = StateBoard({"lamp": "off"}), Line()
    served = Served(
        board=board,
        commands=bound(commands_of((Session, Lamp)), [Lamp(board)]),
        state=lambda: cast(State, board.whole()),
        welcome_guest=cast(Any, None),
        guest_news=cast(Any, None),
        begin_call=cast(Any, None),
    )
    session = Session(
        cast(ControlConnection, line),
        served=served,
        token="right",
        invitations=Invitations(),
        guesses=GuessLimiter(Throttle(first=0.01, longest=0.01), forgives=True),
    )
    running = asyncio.create_task(session.run())
    try:
        yield line, board
    finally:
        line.cut()
        await asyncio.wait_for(running, 20)


async def test_a_command_is_answered_before_the_change_that_it_makes_is_told() -> None:
    async with lesson() as (line, board):
        line.say("hello", token="right")
        assert (await line.hears())["result"]["state"] == {"lamp": "off"}
        assert line.trusted
        line.say("lamp.on", 2)
        assert [(await line.hears()).get("id"), (await line.hears()).get("method")] == [2, "state"]
        board.update({"lamp": "broken"})
        assert (await line.hears())["params"] == {"revision": 2, "lamp": "broken"}


async def test_what_cannot_be_done_is_an_error_and_the_conversation_goes_on() -> None:
    async with lesson() as (line, board):
        line.say("hello", token="right")
        await line.hears()
        line.say("lamp.on", 2, burnt_out=True)
        line.say("off" * 100, 3)
        line.say("lamp.on", 4)
        burnt_out, unknown, done = [await line.hears() for _ in range(3)]
        assert (burnt_out["id"], burnt_out["error"]["message"]) == (2, "It is burnt out.")
        assert (unknown["id"], unknown["error"]["code"]) == (3, -32601)
        assert f"'{('off' * 100)[:64]}'" in unknown["error"]["message"], "no more of it is said"
        assert (done["id"], board.whole()) == (4, {"lamp": "on"})


@pytest.mark.parametrize("method", ["lamp.on", "watch", "methods", "zzz"])
async def test_whoever_does_not_say_hello_first_is_told_so_and_closed(method: str) -> None:
    async with lesson() as (line, board):
        line.say(method)
        line.say("hello", 2, token="right")
        error = (await line.hears())["error"]
        assert (error["code"], error["message"]) == (-32001, "Say hello with the token first.")
        await asyncio.wait_for(line.closed.wait(), 20)
        assert (line.code, line.trusted, board.whole()) == (4401, False, {"lamp": "off"})
    assert line.got.empty()


async def test_a_wrong_token_is_told_so_and_closed() -> None:
    async with lesson() as (line, _):
        line.say("hello", token="wrong")
        assert (await line.hears())["error"]["message"] == "The token is wrong."
        await asyncio.wait_for(line.closed.wait(), 20)
        assert (line.code, line.trusted) == (4401, False)


@pytest.mark.parametrize(
    ("role", "source", "may"), [("publish", "phone", True), ("publish", "camera", False), ("monitor", None, False)]
)
def test_an_invited_device_sends_its_source_and_nothing_else(role: Role, source: str | None, may: bool) -> None:
    begun: list[object] = []
    served = SimpleNamespace(begin_call=lambda *call: begun.append(call[:2]))
    session = Session(
        cast(ControlConnection, StuckConnection()),
        served=cast(Served, served),
        token="right",
        invitations=Invitations(),
        guesses=GuessLimiter(Throttle(), forgives=True),
    )
    session._invitation = Invitations().invite("phone")
    if may:
        session._begin_call(role, source, "v=0", lambda _: None)
    else:
        with pytest.raises(CommandError):
            session._begin_call(role, source, "v=0", lambda _: None)
    assert begun == ([(role, source)] if may else [])
