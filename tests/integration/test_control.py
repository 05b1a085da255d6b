"""The control websocket of a running lesson, spoken to by a real client."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.typing import Subprotocol

from classroom.broadcaster import Broadcaster
from classroom.common.errors import AddressError, CommandError
from classroom.common.limited_log import LimitedLog
from classroom.common.paths import web_folder
from classroom.control import connection as connection_module
from classroom.control import json_rpc as messages
from classroom.control import session as session_module
from classroom.control.client import call
from tests.support.broadcast import TOKEN, broadcasting

PROTOCOL = Subprotocol("classroom.control.v1")


@pytest.fixture
async def lesson() -> AsyncIterator[Broadcaster]:
    async with broadcasting() as running:
        yield running


class Teacher:
    """A client that keeps what it is told beside the replies."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.told: list[dict[str, Any]] = []
        self._next = 0

    async def ask(self, method: str, **params: object) -> dict[str, Any]:
        self._next += 1
        await self.connection.send(json.dumps({"jsonrpc": "2.0", "id": self._next, "method": method, "params": params}))
        while True:
            message = await self.receive()
            if message.get("id") == self._next:
                return message
            self.told.append(message)

    async def receive(self) -> dict[str, Any]:
        message = json.loads(await asyncio.wait_for(self.connection.recv(), 30))
        assert isinstance(message, dict)
        return message

    async def news(self, method: str) -> dict[str, Any]:
        while True:
            message = self.told.pop(0) if self.told else await self.receive()
            if message.get("method") == method:
                params = message["params"]
                assert isinstance(params, dict)
                return params


class Messages:
    """What is said until the connection ends, however it ends."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def __aiter__(self) -> AsyncIterator[str | bytes]:
        with contextlib.suppress(ConnectionClosed):
            while True:
                yield await asyncio.wait_for(self._connection.recv(), 30)


def hello(token: str = TOKEN) -> str:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": "hello", "params": {"token": token}})


def url(lesson: Broadcaster) -> str:
    return f"ws://127.0.0.1:{lesson.port}/control"


async def test_hello_answers_with_the_whole_state(lesson: Broadcaster) -> None:
    async with connect(url(lesson), subprotocols=[PROTOCOL]) as connection:
        assert connection.subprotocol == PROTOCOL
        reply = await Teacher(connection).ask("hello", token=TOKEN)
        state = reply["result"]["state"]
        assert set(state) == {
            "lesson", "program", "preview", "scenes", "cues", "sources", "audio", "students", "chat", "recording",
            "alarms", "stand_ins", "room",
        }  # fmt: skip
        assert reply["result"]["revision"] >= 0
        assert state["program"]["scene"] == "talk"
        assert state["scenes"]["both"] == {
            "layout": "picture-in-picture", "show": ["bars", "red"], "corner": "bottom-right", "size": 0.25,
        }  # fmt: skip
        assert state["sources"]["bars"]["state"] == "live"
        assert state["sources"]["bars"]["size"] == [640, 360]
        assert state["audio"]["tone"] == {
            "kind": "tone",
            "source": None,
            "gain": -12.0,
            "muted": True,
            "delay": 0.0,
            "duck": 0.0,
            "heard": "always",
            "state": "live",
            "why": None,
            "reason": None,
        }
        clap = state["audio"]["clap"]
        assert (clap["kind"], clap["source"], clap["heard"]) == ("source", "bars", "on-air")


async def test_a_switch_is_answered_and_told_to_everyone(lesson: Broadcaster) -> None:
    async with connect(url(lesson)) as one, connect(url(lesson)) as two:
        first, second = Teacher(one), Teacher(two)
        await first.ask("hello", token=TOKEN)
        await second.ask("hello", token=TOKEN)
        reply = await first.ask("program.switch", scene="away")
        news = await first.news("state")
        while "program" not in news:
            news = await first.news("state")
        assert news["revision"] == reply["result"]["revision"]
        assert news["program"]["scene"] == "away"
        heard = await second.news("state")
        while "program" not in heard:
            heard = await second.news("state")
        assert heard == news


async def test_a_fade_is_told_while_it_lasts_and_when_it_is_over(lesson: Broadcaster) -> None:
    async with connect(url(lesson)) as connection:
        teacher = Teacher(connection)
        await teacher.ask("hello", token=TOKEN)
        await teacher.ask("program.switch", scene="away", transition="fade", duration=0.3)
        told: list[dict[str, object]] = []
        while not told or told[-1]["transition"] is not None:
            news = await teacher.news("state")
            told += [news["program"]] if "program" in news else []
        assert [each["scene"] for each in told] == ["away", "away"]
        assert told[0]["transition"] == {"kind": "fade", "from": "talk", "duration": 0.3}


async def test_the_preview_is_taken_and_the_old_program_prepared(lesson: Broadcaster) -> None:
    async with connect(url(lesson)) as connection:
        teacher = Teacher(connection)
        await teacher.ask("hello", token=TOKEN)
        await teacher.ask("preview.set", scene="both")
        assert lesson.state()["preview"] == "both"
        await teacher.ask("program.take")
        state = lesson.state()
        assert (state["program"]["scene"], state["preview"]) == ("both", "talk")  # type: ignore[index]
        await teacher.ask("preview.set", scene=None)
        assert lesson.state()["preview"] is None


async def test_audio_and_watch(lesson: Broadcaster) -> None:
    async with connect(url(lesson)) as connection:
        teacher = Teacher(connection)
        await teacher.ask("hello", token=TOKEN)
        await teacher.ask("audio.set", input="tone", muted=False, gain=-6, delay=40)
        news = await teacher.news("state")
        wanted = {"gain": -6.0, "muted": False, "delay": 40.0, "duck": 0.0, "heard": "always", "state": "live"}
        while news.get("audio", {}).get("tone") != wanted | {
            "kind": "tone",
            "source": None,
            "why": None,
            "reason": None,
        }:
            news = await teacher.news("state")
        await teacher.ask("audio.set", input="clap", duck=9, heard="always")
        while news["audio"]["clap"] | {"duck": 9.0, "heard": "always"} != news["audio"]["clap"]:
            news = await teacher.news("state")
        reply = await teacher.ask("watch", meters=True, thumbnails=True)
        assert reply["result"] | {"meters": True, "thumbnails": True} == reply["result"]
        levels = (await teacher.news("meters"))["levels"]
        while levels["tone"]["peak"] < -60:
            levels = (await teacher.news("meters"))["levels"]
        assert set(levels) == {"clap", "tone", "program"}
        seen: set[str | None] = set()
        while seen != {None, "bars", "red", "pause"}:
            picture = await teacher.news("thumbnail")
            assert picture["jpeg"].startswith("/9j/")
            seen.add(picture["source"])


@pytest.mark.parametrize(
    ("method", "params", "code", "data"),
    [
        ("program.switch", {"scene": "nowhere"}, -32002, {"known": ["away", "both", "talk"]}),
        ("source.restart", {"source": "nothing"}, -32002, {"known": ["bars", "pause", "red", "tone"]}),
        ("audio.set", {"input": "nothing", "gain": 0}, -32002, {"known": ["clap", "tone"]}),
        (
            "audio.set",
            {"input": "tone", "heard": "on-air"},
            -32003,
            {"why": "Only the sound of a source can be heard while that is on air."},
        ),
        ("preview.set", {"scene": "nowhere"}, -32002, {"known": ["away", "both", "talk"]}),
        (
            "program.take",
            {},
            -32003,
            {"why": "No scene is in the preview. Choose one with preview.set first."},
        ),
        ("program.switch", {}, -32602, None),
        ("chat.sing", {"text": "hi"}, -32601, None),
        ("peer.offer", {}, -32602, None),
    ],
)
async def test_what_cannot_be_done_is_said_and_changes_nothing(
    lesson: Broadcaster, method: str, params: dict[str, object], code: int, data: dict[str, object] | None
) -> None:
    async with connect(url(lesson)) as connection:
        teacher = Teacher(connection)
        await teacher.ask("hello", token=TOKEN)
        before = lesson.state()["program"]
        error = (await teacher.ask(method, **params))["error"]
        assert error["code"] == code
        assert error["data"]["reason"]["code"] in (web_folder() / "locales" / "reasons.zh.json").read_text("utf-8")
        if data is not None:
            assert data == {key: value for key, value in error["data"].items() if key != "reason"}
        assert lesson.state()["program"] == before


async def test_a_malformed_frame_gets_an_error_and_the_lesson_goes_on(lesson: Broadcaster) -> None:
    async with connect(url(lesson)) as connection:
        teacher = Teacher(connection)
        await teacher.ask("hello", token=TOKEN)
        for frame, code in (("{", -32700), (b"\x00\x01", -32700), ("[]", -32600), ('{"id":7}', -32600)):
            await connection.send(frame)
            while "error" not in (reply := await teacher.receive()):
                pass
            assert reply["error"]["code"] == code
        assert "result" in await teacher.ask("methods")


async def test_a_wrong_token_is_answered_then_closed(lesson: Broadcaster) -> None:
    async with connect(url(lesson)) as connection:
        teacher = Teacher(connection)
        reply = await teacher.ask("hello", token="guess")
        assert reply["error"]["code"] == -32001
        with pytest.raises(ConnectionClosed) as closed:
            await teacher.receive()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401


async def test_a_wrong_token_is_answered_late_and_a_right_one_forgives(lesson: Broadcaster) -> None:
    loop = asyncio.get_running_loop()
    throttle = lesson._sessions._guesses._throttle
    for least in (0.5, 1.0):
        began = loop.time()
        async with connect(url(lesson)) as connection:
            assert (await Teacher(connection).ask("hello", token="guess"))["error"]["code"] == -32001
        assert loop.time() - began >= least
    async with connect(url(lesson)) as connection:
        assert "result" in await Teacher(connection).ask("hello", token=TOKEN)
    assert throttle.failed("127.0.0.1", loop.time()) == 0.5


@pytest.mark.parametrize("name", ["token", "key"])
async def test_hanging_up_does_not_help_to_guess(
    lesson: Broadcaster, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = 0

    def look(session: session_module.Session, hello: messages.Request) -> bool:
        nonlocal looked
        looked += 1
        return is_right(session, hello)

    is_right = session_module.Session._is_right
    monkeypatch.setattr(session_module.Session, "_is_right", look)
    loop = asyncio.get_running_loop()
    began = loop.time()
    for number in range(150):
        async with connect(url(lesson), close_timeout=0.1) as connection:
            params = {name: f"guess {number}"}
            await connection.send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "hello", "params": params}))
            await asyncio.sleep(0.01)
            connection.transport.abort()
    assert looked <= 2 * (1 + int((loop.time() - began) / 0.5))
    # Its owner gets in all the same, when one of the two is over.
    async with connect(url(lesson)) as connection:
        assert "result" in await Teacher(connection).ask("hello", token=TOKEN)


async def test_who_guesses_on_many_connections_is_asked_to_come_again(lesson: Broadcaster) -> None:
    async with contextlib.AsyncExitStack() as stack:
        for number in range(8):
            connection = await stack.enter_async_context(connect(url(lesson), close_timeout=0.1))
            params = {"token": f"guess {number}"}
            await connection.send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "hello", "params": params}))
            if number >= 6:
                await asyncio.wait_for(connection.wait_closed(), 30)
                assert connection.close_code == 1013, "it was told that its token is wrong"
                return


async def test_who_sends_many_strangers_pushes_out_his_own(lesson: Broadcaster) -> None:
    async with contextlib.AsyncExitStack() as stack:
        polite = [await stack.enter_async_context(connect(url(lesson))) for _ in range(3)]
        rude = []
        for _ in range(63):
            try:
                rude.append(await stack.enter_async_context(connect(url(lesson), local_addr=("127.0.0.2", 0))))
            except OSError:
                pytest.skip("this system has no address 127.0.0.2")
        await asyncio.wait_for(rude[1].wait_closed(), 30)
        for connection in polite:
            assert "result" in await Teacher(connection).ask("hello", token=TOKEN)


async def test_strangers_who_say_nothing_do_not_keep_a_teacher_out(lesson: Broadcaster) -> None:
    async with contextlib.AsyncExitStack() as stack:
        strangers = [await stack.enter_async_context(connect(url(lesson))) for _ in range(66)]
        teacher = Teacher(await stack.enter_async_context(connect(url(lesson))))
        assert "result" in await teacher.ask("hello", token=TOKEN)
        for pushed_out in strangers[:3]:
            with pytest.raises(ConnectionClosed):
                await asyncio.wait_for(pushed_out.recv(), 30)
        late = Teacher(strangers[-1])
        assert "result" in await late.ask("hello", token=TOKEN)


async def test_there_is_room_for_64_teachers(lesson: Broadcaster) -> None:
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(64):
            teacher = Teacher(await stack.enter_async_context(connect(url(lesson))))
            assert "result" in await teacher.ask("hello", token=TOKEN)
        one_more = await stack.enter_async_context(connect(url(lesson)))
        with pytest.raises(ConnectionClosed) as closed:
            await Teacher(one_more).receive()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1013


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ('{"jsonrpc": "2.0", "id": 1, "method": "program.switch", "params": {"scene": "away"}}', -32001),
        ('{"jsonrpc": "2.0", "method": "program.switch", "params": {"scene": "away"}}', -32001),
        ('{"jsonrpc": "2.0", "id": 1, "method": "methods"}', -32001),
        ("[1,1,1]", -32600),
        ("not JSON", -32700),
        (b"\0", -32700),
    ],
)
async def test_nothing_is_done_or_told_before_hello(lesson: Broadcaster, frame: str | bytes, code: int) -> None:
    async with connect(url(lesson)) as connection:
        await connection.send(frame)
        await connection.send(hello())
        said = [json.loads(message) async for message in Messages(connection)]
        assert [message["error"]["code"] for message in said] == [code]
        assert connection.close_code == 4401
    state: Any = lesson.state()
    assert state["program"]["scene"] == "talk"


async def test_a_stranger_can_make_the_lesson_read_one_frame_only(
    lesson: Broadcaster, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(session_module, "limited_log", LimitedLog(session_module.logger))
    read: list[str] = []

    def parse(text: str) -> messages.Request:
        read.append(text)
        return parse_message(text)

    parse_message = messages.parse
    monkeypatch.setattr(messages, "parse", parse)
    for _ in range(20):
        with contextlib.suppress(ConnectionClosed):
            async with connect(url(lesson), close_timeout=5) as connection:
                assert not connection.protocol.extensions, "a kilobyte that is sent may be a megabyte to read"
                for _ in range(250):
                    await connection.send("[" + "1," * 1000 + "1]")
    assert len(read) <= 20
    assert 1 <= len([record for record in caplog.records if "127.0.0.1" in record.getMessage()]) <= 4


@pytest.mark.parametrize(
    "frames",
    [
        [Frame(Opcode.PING, b"")] * 1000,
        [Frame(Opcode.TEXT, b"[", fin=False), *[Frame(Opcode.CONT, b"1,", fin=False)] * 1000],
        [Frame(Opcode.TEXT, b"x" * 100_000)],
    ],
    ids=["pings", "fragments", "a long one"],
)
async def test_who_says_much_before_hello_is_cut_off(
    lesson: Broadcaster, frames: list[Frame], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "limited_log", LimitedLog(connection_module.logger))
    async with connect(url(lesson), ping_interval=None) as connection:
        connection.transport.write(b"".join(frame.serialize(mask=True) for frame in frames))
        await asyncio.wait_for(connection.wait_closed(), 30)
    assert "127.0.0.1 says much before hello and is cut off" in caplog.text
    async with connect(url(lesson)) as connection:
        assert "result" in await Teacher(connection).ask("hello", token=TOKEN)


async def test_what_comes_with_hello_is_answered_after_it(lesson: Broadcaster) -> None:
    async with contextlib.AsyncExitStack() as stack:
        for guess in ("a", "b"):  # so that hello has to wait
            guesser = await stack.enter_async_context(connect(url(lesson)))
            await guesser.send(hello(guess))
            await asyncio.sleep(0.1)
        connection = await stack.enter_async_context(connect(url(lesson)))
        await connection.send(hello())
        for number in range(2, 40):
            await connection.send(json.dumps({"jsonrpc": "2.0", "id": number, "method": "x" * 1000}))
        answered: list[int] = []
        while len(answered) < 39:
            message = await Teacher(connection).receive()
            answered += [message["id"]] if "id" in message else []
        assert answered == list(range(1, 40))


async def test_who_does_not_take_the_answers_is_asked_to_wait(
    lesson: Broadcaster, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked = 0

    def parse(text: str) -> messages.Request:
        nonlocal asked
        asked += 1
        return parse_message(text)

    parse_message = messages.parse
    monkeypatch.setattr(messages, "parse", parse)
    async with connect(url(lesson), max_queue=1, ping_interval=None) as connection:
        await Teacher(connection).ask("hello", token=TOKEN)
        request = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "methods"}).encode()
        flood = Frame(Opcode.TEXT, request).serialize(mask=True) * 60_000
        connection.transport.write(flood)
        async with connect(url(lesson)) as other:
            teacher = Teacher(other)
            await teacher.ask("hello", token=TOKEN)
            for _ in range(100):
                assert "result" in await teacher.ask("program.switch", scene="away")
        before = -1
        async with asyncio.timeout(60):
            while asked != before:
                before = asked
                await asyncio.sleep(1)
        assert asked < 2000, "requests are worked off whose answers nobody takes"
        assert "cannot follow" not in caplog.text, "it was given more than it can take"
        connection.transport.abort()
    before = asked
    async with connect(url(lesson)) as connection:
        for _ in range(20):
            assert "result" in await Teacher(connection).ask("hello", token=TOKEN)
    assert asked - before < 100, "what was left is worked off after the end"
    assert len(caplog.records) < 10


async def test_what_is_left_when_somebody_is_cut_off_is_thrown_away(
    lesson: Broadcaster, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0

    def parse(text: str) -> messages.Request:
        nonlocal asked
        asked += 1
        if asked == 4:
            for session in list(lesson._sessions._sessions):
                session.dismiss()
        return parse_message(text)

    parse_message = messages.parse
    monkeypatch.setattr(messages, "parse", parse)
    async with connect(url(lesson)) as connection:
        await Teacher(connection).ask("hello", token=TOKEN)
        request = Frame(Opcode.TEXT, b'{"jsonrpc": "2.0", "method": "methods"}').serialize(mask=True)
        connection.transport.write(request * 12)
        await asyncio.wait_for(connection.wait_closed(), 30)
    async with connect(url(lesson)) as connection:
        await Teacher(connection).ask("hello", token=TOKEN)
    assert asked == 4 + 1


async def test_requests_are_taken_at_a_pace(lesson: Broadcaster, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0

    def parse(text: str) -> messages.Request:
        nonlocal asked
        asked += 1
        return parse_message(text)

    parse_message = messages.parse
    monkeypatch.setattr(messages, "parse", parse)
    loop = asyncio.get_running_loop()
    async with connect(url(lesson), ping_interval=None) as connection:
        await Teacher(connection).ask("hello", token=TOKEN)
        began = loop.time()
        notice = json.dumps({"jsonrpc": "2.0", "method": "watch", "params": {"meters": False}}).encode()
        connection.transport.write(Frame(Opcode.TEXT, notice).serialize(mask=True) * 30_000)
        async with asyncio.timeout(60):
            while asked < 1500:  # noqa: ASYNC110 - it is the lesson that counts
                await asyncio.sleep(0.05)
        assert asked <= 1300 + 260 * (loop.time() - began)


async def test_a_frame_over_a_mebibyte_closes_with_1009(lesson: Broadcaster) -> None:
    async with connect(url(lesson)) as connection:
        teacher = Teacher(connection)
        await teacher.ask("hello", token=TOKEN)
        await connection.send("x" * (1024 * 1024 + 1))
        with pytest.raises(ConnectionClosed) as closed:
            await teacher.news("nothing ever")
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009


async def test_another_sites_page_is_refused(lesson: Broadcaster) -> None:
    with pytest.raises(Exception, match="403"):
        await connect(url(lesson), origin="http://elsewhere.test")  # type: ignore[arg-type]


async def test_remote_calls_and_says_what_is_wrong(lesson: Broadcaster) -> None:
    address = f"http://127.0.0.1:{lesson.port}"
    assert (await call(address, TOKEN, "program.switch", {"scene": "both"}))["revision"] >= 1
    with pytest.raises(CommandError) as unknown:
        await call(address, TOKEN, "program.switch", {"scene": "nowhere"})
    assert unknown.value.code == -32002
    with pytest.raises(CommandError) as wrong:
        await call(address, "guess", "methods", {})
    assert wrong.value.code == -32001
    with pytest.raises(AddressError):
        await call("http://127.0.0.1:1", TOKEN, "methods", {})


async def test_the_lesson_ends_by_command(lesson: Broadcaster) -> None:
    await call(f"127.0.0.1:{lesson.port}", TOKEN, "lesson.end", {})
    await asyncio.wait_for(lesson.stopped(), 30)
