"""Signaling through real sockets, in the native client's way of speaking."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest

from classroom.common.clock import ManualClock
from classroom.signaling import Joined, Left, Message, Room
from classroom.signaling.wire import BODY_LIMIT, Refusal, SignIn
from tests.support.native_client import Dropped, NativeClient, NativeMessage, NativeNotice, NativeReply, parse_reply
from tests.support.port import OpenPort, RawConnection, ask, open_port, until

SEARCHED = (b"\r\nServer: ", b"\r\nCache-Control: no-cache\r\n", b"\r\nConnection: close\r\n", b"\r\nContent-Length: ")
CORS = b"\r\nAccess-Control-Allow-Origin: *\r\n"


def everybody() -> Room:
    """A room as ``classroom signal`` has it."""
    return Room(visibility="all", ids="sequential")


def read(data: bytes) -> NativeReply:
    reply = parse_reply(data)
    assert reply is not None, data
    assert reply.closes, data
    return reply


def post(sender: int, target: int, body: bytes) -> tuple[bytes, bytes]:
    head = b"POST /message?peer_id=%d&to=%d HTTP/1.0\r\nContent-Length: %d\r\nContent-Type: text/plain\r\n\r\n"
    return head % (sender, target, len(body)), body


def get(path: bytes) -> bytes:
    return b"GET " + path + b" HTTP/1.0\r\n\r\n"


async def wait_head(opened: OpenPort, member_id: int) -> RawConnection:
    """A hanging get that the server has taken."""
    before = opened.switchboard.waiting
    connection = await RawConnection.open(opened.port, get(b"/wait?peer_id=%d" % member_id))
    await until(lambda: opened.switchboard.waiting == before + 1)
    return connection


@pytest.mark.parametrize(
    "name", ["王芳 李@学校 pc".encode(), b"John Smith@pc", b'\xff\xfe"\\^`{|}\x7f\x01', b"100%", b"a#b?c"]
)
async def test_sign_in_with_a_raw_name(name: bytes) -> None:
    async with open_port(everybody()) as opened:
        data = await ask(opened.port, b"GET /sign_in?" + name + b" HTTP/1.0\r\n\r\n")
        assert data.startswith(b"HTTP/1.0 200 Added\r\n")
        positions = [data.find(line) for line in SEARCHED]
        assert positions == sorted(positions)
        assert min(positions) > 0
        assert b"\r\nPragma: 1\r\n" in data
        assert CORS in data
        assert read(data).body == name + b",1,1\n"


async def test_a_browsers_name_is_listed_as_it_was_coded() -> None:
    async with open_port(everybody()) as opened:
        data = await ask(opened.port, get(b"/sign_in?%e5%ad%a6%e7%94%9fa&pass=x"))
        assert read(data).body == b"%e5%ad%a6%e7%94%9fa,1,1\n"


async def test_names_cannot_forge_lines_or_markup() -> None:
    async with open_port(everybody()) as opened:
        data = await ask(opened.port, get(b"/sign_in?a,9,1<b>\rx"))
        assert read(data).body == b"a_9_1_b__x,1,1\n"
        data = await ask(opened.port, get(b"/sign_in?" + b"n" * 4000))
        assert read(data).body.splitlines()[0] == b"n" * 512 + b",2,1"


async def test_a_client_cannot_claim_another_target() -> None:
    async with open_port(everybody()) as opened:
        data = await ask(opened.port, b"GET /sign_in?real HTTP/1.0\r\nx-classroom-target: /sign_in?forged\r\n\r\n")
        assert read(data).body == b"real,1,1\n"


async def test_head_byte_by_byte_and_body_in_a_second_packet() -> None:
    async with open_port(everybody()) as opened:
        for name in (b"a", b"b"):
            await ask(opened.port, get(b"/sign_in?" + name))
        head, body = post(2, 1, "来自 B".encode())
        connection = await RawConnection.open(opened.port)
        for byte in head:
            await connection.send(bytes([byte]))
        await connection.send(body)
        assert read(await connection.read_all()) == NativeReply(200, -1, b"", True)
        assert read(await ask(opened.port, get(b"/wait?peer_id=1"))) == NativeReply(200, 1, b"b,2,1\n", True)
        assert read(await ask(opened.port, get(b"/wait?peer_id=1"))) == NativeReply(200, 2, body, True)


async def test_two_native_clients_talk() -> None:
    async with open_port(everybody()) as opened:
        async with (
            NativeClient("127.0.0.1", opened.port, "教师@host".encode()) as teacher,
            NativeClient("127.0.0.1", opened.port, b"student@pc") as student,
        ):
            assert await teacher.sign_in() == []
            assert await student.sign_in() == [NativeNotice("教师@host".encode(), 1, True)]
            assert await teacher.next_event() == NativeNotice(b"student@pc", 2, True)
            for number in range(20):
                await student.send_message(1, b'{"n": %d}' % number)
            for number in range(20):
                assert await teacher.next_event() == NativeMessage(2, b'{"n": %d}' % number)
            await student.hang_up(1)
            assert await teacher.next_event() == NativeMessage(2, b"BYE")
            await student.sign_out()
            assert await teacher.next_event() == NativeNotice(b"student@pc", 2, False)
            assert teacher.peers == {}
            with pytest.raises(Dropped, match="500"):
                await teacher.send_message(2, b"too late")


async def test_the_content_type_of_a_message_is_passed_on() -> None:
    async with open_port(everybody()) as opened:
        for name in (b"a", b"b"):
            await ask(opened.port, get(b"/sign_in?" + name))
        await ask(
            opened.port,
            b"POST /message?to=1&peer_id=2 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
            b"Content-Type: text/plain;charset=UTF-8\r\n\r\nhi",
        )
        await ask(opened.port, b"GET /message?to=1&peer_id=2 HTTP/1.0\r\n\r\n")
        await ask(opened.port, get(b"/wait?peer_id=1"))
        message = await ask(opened.port, get(b"/wait?peer_id=1"))
        assert b"\r\nContent-Type: text/plain;charset=UTF-8\r\n" in message
        empty = await ask(opened.port, get(b"/wait?peer_id=1"))
        assert read(empty) == NativeReply(200, 2, b"", True)
        assert b"\r\nContent-Type:" not in empty


async def test_a_message_to_oneself_comes_back_in_the_reply() -> None:
    async with open_port(everybody()) as opened:
        await ask(opened.port, get(b"/sign_in?a"))
        assert read(await ask(opened.port, *post(1, 1, b"echo"))) == NativeReply(200, 1, b"echo", True)


async def test_the_hub_sees_all_and_students_see_only_the_hub() -> None:
    async with open_port() as opened:
        async with (
            NativeClient("127.0.0.1", opened.port, b"early") as early,
            NativeClient("127.0.0.1", opened.port, b"late") as late,
        ):
            assert await early.sign_in() == []
            peers = await opened.member.sign_in("Linear algebra, week 3")
            hub = opened.member.id
            assert hub is not None
            assert [(peer.id, peer.name) for peer in peers] == [(early.id, b"early")]
            listed = NativeNotice(b"Linear algebra_ week 3", hub, True)
            assert await early.next_event() == listed
            assert await late.sign_in() == [listed]
            events = opened.member.events()
            joined = await asyncio.wait_for(anext(events), 10)
            assert isinstance(joined, Joined)
            assert joined.peer.id == late.id
            await late.send_message(hub, b"to the hub")
            assert await asyncio.wait_for(anext(events), 10) == Message(late.id, b"to the hub")
            await opened.member.send(early.id, '{"type": "offer"}')
            assert await early.next_event() == NativeMessage(hub, b'{"type": "offer"}')
            early_id = early.id
            await early.sign_out()
            left = await asyncio.wait_for(anext(events), 10)
            assert isinstance(left, Left)
            assert left.peer.id == early_id
            await opened.member.send(late.id, b"last")
            assert await late.next_event() == NativeMessage(hub, b"last"), "a student heard of another"
            assert late.peers == {hub: b"Linear algebra_ week 3"}


async def test_another_student_is_unknown_to_a_student() -> None:
    async with open_port() as opened:
        await opened.member.sign_in("x")
        a = read(await ask(opened.port, get(b"/sign_in?a"))).peer_id
        b = read(await ask(opened.port, get(b"/sign_in?b"))).peer_id
        data = await ask(opened.port, *post(a, b, b"psst"))
        assert data.startswith(b"HTTP/1.0 500 Error\r\n")
        assert read(data).body == b"Peer most likely gone."
        gone = await ask(opened.port, *post(a, 77, b"psst"))
        assert read(gone) == read(data), "a student can tell who is there"


@pytest.mark.parametrize(
    ("request_bytes", "status_line"),
    [
        (get(b"/wait?peer_id=99"), b"HTTP/1.0 500 Sorry\r\n"),
        (get(b"/wait"), b"HTTP/1.0 500 Sorry\r\n"),
        (get(b"/sign_out?peer_id=junk"), b"HTTP/1.0 500 Sorry\r\n"),
        (b"".join(post(5, 6, b"x")), b"HTTP/1.0 500 Error\r\n"),
        (b"POST /message?peer_id=5&to=6 HTTP/1.0\r\n\r\n", b"HTTP/1.0 400 Bad Request\r\n"),
        (b"OPTIONS /message?x HTTP/1.1\r\nHost: x\r\nOrigin: http://y\r\n\r\n", b"HTTP/1.1 200 OK\r\n"),
        (b"DELETE /wait HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.1 500 Sorry\r\n"),
        (
            b"POST /message?peer_id=5&to=6 HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (BODY_LIMIT + 1),
            b"HTTP/1.1 413 Too Large\r\n",
        ),
    ],
)
async def test_every_reply_closes_and_may_be_read_from_another_origin(request_bytes: bytes, status_line: bytes) -> None:
    async with open_port() as opened:
        data = await ask(opened.port, request_bytes)
        assert data.startswith(status_line)
        assert CORS in data
        assert read(data).peer_id == -1
        if request_bytes.startswith(b"OPTIONS"):
            assert b"Content-Type:" not in data
            assert b"\r\nContent-Length: 0\r\n" in data


async def test_a_body_over_the_limit_without_a_length_is_cut() -> None:
    async with open_port(everybody()) as opened:
        for name in (b"a", b"b"):
            await ask(opened.port, get(b"/sign_in?" + name))
        head = b"POST /message?peer_id=1&to=2 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        chunk = b"10000\r\n" + bytes(65536) + b"\r\n"
        data = await ask(opened.port, head + chunk * 5 + b"0\r\n\r\n")
        assert read(data).status == 200
        data = await ask(opened.port, head + chunk * 5 + b"1\r\nx\r\n0\r\n\r\n")
        assert read(data).status == 413


async def test_broken_chunks_are_refused_and_no_traceback_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async with open_port() as opened:
        head = b"POST /message HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        assert (await ask(opened.port, head + b"zz\r\n")).startswith(b"HTTP/1.0 400 ")
        connection = await RawConnection.open(opened.port, head + b"2\r\nab\r\n")
        await connection.send(b"zz\r\n")
        assert b" 400 Bad Request\r\n" in await connection.read_all()
        assert (await ask(opened.port, b"\x16\x03\x01 not http\r\n\r\n")).startswith(b"HTTP/1.0 400 ")
    assert not [record for record in caplog.records if record.exc_info]


async def test_http_1_1_without_host_and_keep_alive_is_answered_and_closed() -> None:
    async with open_port(everybody()) as opened:
        data = await ask(opened.port, b"GET /sign_in?a HTTP/1.1\r\nConnection: keep-alive\r\n\r\n")
        assert data.startswith(b"HTTP/1.1 200 Added\r\n")
        assert b"\r\nConnection: close\r\n" in data


async def test_an_idle_wait_is_never_ended() -> None:
    clock = ManualClock()
    async with open_port(everybody(), clock=clock, tick=0.005) as opened:
        await ask(opened.port, get(b"/sign_in?a"))
        await ask(opened.port, get(b"/sign_in?other"))
        await ask(opened.port, get(b"/wait?peer_id=1"))
        connection = await wait_head(opened, 1)
        clock.advance(29)
        assert opened.switchboard.size == 2
        clock.advance(100_000)
        assert read(await connection.read_all()).body == b"other,2,0\n"
        assert opened.switchboard.size == 1


async def test_a_dropped_wait_is_forgotten_and_nothing_is_lost() -> None:
    async with open_port(everybody()) as opened:
        for name in (b"a", b"b"):
            await ask(opened.port, get(b"/sign_in?" + name))
        await ask(opened.port, get(b"/wait?peer_id=1"))
        for abort in (True, False):
            connection = await wait_head(opened, 1)
            if abort:
                connection.writer.transport.abort()
            else:
                connection.close()
            await until(lambda: opened.switchboard.waiting == 0)
            assert read(await ask(opened.port, *post(2, 1, b"kept"))).status == 200
            assert read(await ask(opened.port, get(b"/wait?peer_id=1"))).body == b"kept"


async def test_a_wait_of_our_page_ends_in_its_time_and_is_repeated_until_the_next_turn() -> None:
    async with open_port(everybody()) as opened:
        for name in (b"a", b"b"):
            await ask(opened.port, get(b"/sign_in?" + name))
        first = get(b"/wait?peer_id=1&turn=40&within=60")
        for _ in range(2):
            assert read(await ask(opened.port, first)).body == b"b,2,1\n"
        nothing = read(await ask(opened.port, get(b"/wait?peer_id=1&turn=41&within=1")))
        assert (nothing.status, nothing.peer_id, nothing.body) == (200, 1, b"")
        assert read(await ask(opened.port, *post(2, 1, b"kept"))).status == 200
        for _ in range(2):
            assert read(await ask(opened.port, get(b"/wait?peer_id=1&turn=42&within=60"))).body == b"kept"
        assert read(await ask(opened.port, get(b"/wait?peer_id=1&turn=99"))).status == 500
        assert opened.switchboard.size == 2


async def test_a_member_that_lost_its_wait_is_announced_as_gone() -> None:
    clock = ManualClock()
    async with open_port(clock=clock, tick=0.005) as opened:
        await opened.member.sign_in("x")
        events = opened.member.events()
        async with NativeClient("127.0.0.1", opened.port) as client:
            await client.sign_in()
            await asyncio.wait_for(anext(events), 10)
            await until(lambda: opened.switchboard.waiting == 1)
            await client.vanish()
            await until(lambda: opened.switchboard.waiting == 0)
            clock.advance(31)
            left = await asyncio.wait_for(anext(events), 10)
            assert isinstance(left, Left)
            assert left.peer.id == client.id
            with pytest.raises(Dropped, match="500"):
                await client.send_message(opened.member.id or 0, b"I am back")


async def test_a_second_wait_takes_over_and_the_first_ends_without_harm() -> None:
    async with open_port() as opened:
        await opened.member.sign_in("lesson")
        hub = opened.member.id
        async with NativeClient("127.0.0.1", opened.port) as client:
            await client.sign_in()
            await until(lambda: opened.switchboard.waiting == 1)
            stray = await RawConnection.open(opened.port, get(b"/wait?peer_id=%d-stray" % client.id))
            # The client reads a notification of somebody it knows, asks again, and so takes its place back.
            assert await client.next_event() == NativeNotice(b"lesson", hub or 0, True)
            reply = read(await stray.read_all())
            assert (reply.status, reply.peer_id, reply.body) == (200, client.id, b"lesson,%d,1\n" % (hub or 0))
            await opened.member.send(client.id, b"for the client")
            assert await client.next_event() == NativeMessage(hub or 0, b"for the client")
            assert client.dropped is None


async def test_signing_out_ends_the_own_wait() -> None:
    async with open_port(everybody()) as opened:
        await ask(opened.port, get(b"/sign_in?a"))
        connection = await wait_head(opened, 1)
        assert read(await ask(opened.port, get(b"/sign_out?peer_id=1"))).status == 200
        assert read(await connection.read_all()).status == 500


async def test_three_hundred_hanging_waits_are_answered() -> None:
    async with open_port() as opened:
        await opened.member.sign_in("lesson")
        ids = [read(await ask(opened.port, get(b"/sign_in?s%d" % n))).peer_id for n in range(300)]
        assert len(set(ids)) == 300
        waits = await asyncio.gather(*(RawConnection.open(opened.port, get(b"/wait?peer_id=%d" % n)) for n in ids))
        await until(lambda: opened.switchboard.waiting == 300)
        for number in ids:
            await opened.member.send(number, json.dumps({"type": "offer", "sdp": str(number)}))
        for number, connection in zip(ids, waits, strict=True):
            reply = read(await connection.read_all())
            assert reply.peer_id == opened.member.id
            assert json.loads(reply.body)["sdp"] == str(number)
            connection.close()


async def test_stopping_answers_the_waits_and_is_quick() -> None:
    async with open_port() as opened:
        await opened.member.sign_in("lesson")
        member_id = read(await ask(opened.port, get(b"/sign_in?a"))).peer_id
        connection = await wait_head(opened, member_id)
        began = asyncio.get_running_loop().time()
        await opened.site.stop()
        assert asyncio.get_running_loop().time() - began < 2.5
        assert read(await connection.read_all()).status == 503


async def test_a_guard_refuses_and_slows() -> None:
    class Strict:
        def __init__(self) -> None:
            self.strangers: list[str] = []

        async def refuse(self, request: SignIn, address: str) -> Refusal | None:
            right = request.passcode == "geheim"
            return None if right else Refusal("Enter the passcode that the teacher gave you.", "passcode")

        async def recognise(self, address: str, member: int, is_known: Callable[[], bool]) -> bool:
            self.strangers.append(address)
            return is_known()

        async def unknown(self, address: str) -> None:
            raise AssertionError("nobody speaks to anybody")

    guard = Strict()
    async with open_port(guard=guard) as opened:
        data = await ask(opened.port, get(b"/sign_in?a"))
        assert data.startswith(b"HTTP/1.0 403 Refused\r\n")
        assert read(data).body == b"Enter the passcode that the teacher gave you."
        assert b"\r\nX-Classroom-Refused: passcode\r\n" in data
        assert b"\r\nAccess-Control-Expose-Headers: Content-Length, X-Classroom-Refused\r\n" in data
        assert CORS in data
        assert read(await ask(opened.port, get(b"/sign_in?a&pass=geheim"))).status == 200
        for path in (b"/wait?peer_id=1", b"/sign_out?peer_id=1", b"/message?peer_id=1&to=2"):
            await ask(opened.port, get(path))
        assert guard.strangers == ["127.0.0.1"] * 3


async def test_a_full_class_says_so() -> None:
    async with open_port(Room(visibility="hub", ids="random", max_members=1)) as opened:
        await opened.member.sign_in("lesson")
        assert read(await ask(opened.port, get(b"/sign_in?a"))).status == 200
        reply = read(await ask(opened.port, get(b"/sign_in?b")))
        assert reply.status == 403
        assert b"full" in reply.body


async def test_everything_else_gets_the_originals_reply_when_asked_for() -> None:
    async with open_port(everybody(), everything_else=True) as opened:
        for path in (b"/", b"/quit", b"/anything/else?x"):
            data = await ask(opened.port, get(path))
            assert data.startswith(b"HTTP/1.0 500 Sorry\r\n")
            assert CORS in data
        assert read(await ask(opened.port, get(b"/sign_in?a"))).status == 200
