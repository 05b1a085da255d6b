"""Each limit through raw sockets: who goes over it is told, the log says so, and a bystander notices nothing."""

from __future__ import annotations

import asyncio
import contextlib
import socket

import pytest

from classroom.common.limits import Limits
from classroom.server import port_sharing
from classroom.server import slow_readers as unread
from classroom.server.connection_limit import ConnectionLimit
from classroom.signaling import Room
from tests.support.broadcast import LESSON, broadcasting
from tests.support.bystander import bystander
from tests.support.native_client import NativeClient, NativeNotice, NativeReply, parse_reply
from tests.support.port import OpenPort, RawConnection, ask, open_port, until

CORS = b"\r\nAccess-Control-Allow-Origin: *\r\n"


def get(path: bytes) -> bytes:
    return b"GET " + path + b" HTTP/1.0\r\n\r\n"


def post(sender: int, target: int, body: bytes) -> bytes:
    head = b"POST /message?peer_id=%d&to=%d HTTP/1.0\r\nContent-Length: %d\r\nContent-Type: text/plain\r\n\r\n"
    return head % (sender, target, len(body)) + body


def read(data: bytes) -> NativeReply:
    reply = parse_reply(data)
    assert reply is not None, data
    assert reply.closes, data
    assert CORS in data, "a page of another origin could not read this"
    return reply


async def sign_in(opened: OpenPort, name: bytes = b"x") -> int:
    reply = read(await ask(opened.port, get(b"/sign_in?" + name)))
    assert reply.status == 200
    return reply.peer_id


async def lesson(opened: OpenPort) -> int:
    """Sign the hub in; its id."""
    await opened.member.sign_in("lesson")
    assert opened.member.id is not None
    return opened.member.id


async def still_open(connection: RawConnection) -> bool:
    try:
        await asyncio.wait_for(connection.reader.read(1), 0.05)
    except TimeoutError:
        return True
    return False


@pytest.mark.parametrize("limits", [Limits(connections_per_address=20), Limits(connections=20)])
async def test_a_connection_too_many_is_told_so_and_those_inside_stay(
    limits: Limits, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_port(limits=limits) as opened:
        await lesson(opened)
        member = await sign_in(opened)
        waiting = await RawConnection.open(opened.port, get(b"/wait?peer_id=%d" % member))
        await until(lambda: opened.switchboard.waiting == 1)
        await opened.member.send(member, b"early")
        assert read(await waiting.read_all()).status == 200
        idle = [await RawConnection.open(opened.port, b"GET /") for _ in range(20)]
        await until(lambda: opened.site.connections == 20)
        refused = [read(await ask(opened.port, get(b"/wait?peer_id=%d" % member))) for _ in range(200)]
        assert {reply.status for reply in refused} == {503}
        assert b"too many connections" in refused[0].body
        assert opened.site.connections == 20
        assert await still_open(idle[0])
        for connection in idle:
            connection.close()
        await until(lambda: not opened.site_is_busy())
        assert b" 500 Sorry" in await ask(opened.port, get(b"/wait?peer_id=1"))
    lines = [record for record in caplog.records if "20 connections" in record.getMessage()]
    assert 1 <= len(lines) <= 4, "the flood was logged line by line"


async def test_a_crowd_at_the_door_is_cut_off_without_a_word() -> None:
    async with open_port(connection_limit=ConnectionLimit(connections=1, per_address=1)) as opened:
        inside = await RawConnection.open(opened.port, b"GET /")
        await until(lambda: opened.site.connections == 1)
        crowd = await asyncio.gather(*(RawConnection.open(opened.port) for _ in range(150)))
        told = 0
        for connection in crowd:  # none of them closes by itself before it has been looked at
            try:
                told += (await connection.read_all()).startswith(b"HTTP/1.1 503 ")
            except ConnectionResetError:
                pass
        assert 0 < told <= port_sharing._LEAVING
        assert await still_open(inside)
        for connection in (inside, *crowd):
            connection.close()


async def test_long_and_slow_heads(caplog: pytest.LogCaptureFixture) -> None:
    async with open_port(limits=Limits(head=2048, head_time=0.5)) as opened:
        await lesson(opened)
        async with bystander(opened):
            for _ in range(50):
                data = await ask(opened.port, b"GET /wait?peer_id=1 HTTP/1.0\r\nX: " + b"x" * 2100 + b"\r\n\r\n")
                assert read(data).status == 431
            slow = [await RawConnection.open(opened.port, b"GET /wait?peer_") for _ in range(50)]
            silent = await RawConnection.open(opened.port)
            assert {read(await each.read_all()).status for each in slow} == {408}
            assert await silent.read_all() == b""
            fits = b"GET /sign_in?" + b"n" * 400 + b" HTTP/1.0\r\nX: " + b"x" * 1500 + b"\r\n\r\n"
            assert read(await ask(opened.port, fits)).status == 200
    messages = [record.getMessage() for record in caplog.records]
    assert 1 <= sum("2048 bytes" in message for message in messages) <= 4
    assert 1 <= sum("too long to send" in message for message in messages) <= 4


async def test_a_head_may_be_longer_where_the_lesson_says_so() -> None:
    async with open_port(limits=Limits(head=60_000, name=4096)) as opened:
        name = b"\xe5" * 50_000
        reply = read(await ask(opened.port, get(b"/sign_in?" + name)))
        assert reply.status == 200


async def test_a_message_that_is_too_long(caplog: pytest.LogCaptureFixture) -> None:
    async with open_port(limits=Limits(body=16_384, messages=10_000)) as opened:
        hub = await lesson(opened)
        member = await sign_in(opened)
        async with bystander(opened):
            for _ in range(20):
                data = await ask(opened.port, post(member, hub, b"x" * 16_385))
                assert read(data).status == 413
                assert b"16384 bytes" in data
            chunked = b"POST /message?peer_id=%d&to=%d HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            data = await ask(opened.port, chunked % (member, hub) + b"8000\r\n" + bytes(0x8000) + b"\r\n0\r\n\r\n")
            assert read(data).status == 413
            assert read(await ask(opened.port, post(member, hub, b"x" * 16_384))).status == 200
    assert 1 <= sum("16384 bytes" in record.getMessage() for record in caplog.records) <= 4


async def test_long_names_are_cut() -> None:
    limits = Limits(name=16)
    async with open_port(Room(visibility="hub", ids="random", name_limit=limits.name), limits=limits) as opened:
        hub = await lesson(opened)
        reply = read(await ask(opened.port, get(b"/sign_in?" + b"n" * 100)))
        assert reply.body == b"%s,%d,1\nlesson,%d,1\n" % (b"n" * 16, reply.peer_id, hub)


async def test_who_does_not_fetch_its_messages_is_dropped_and_the_others_are_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    room = Room(visibility="all", ids="sequential", queue_limit=16)
    async with open_port(room, limits=Limits(messages=10_000)) as opened:
        async with NativeClient("127.0.0.1", opened.port, b"watches") as watches:
            await watches.sign_in()
            slow, talker = await sign_in(opened, b"slow"), await sign_in(opened, b"talker")
            for _ in range(2):
                await watches.next_event()
            for _ in range(16):
                assert read(await ask(opened.port, post(talker, slow, b"x"))).status == 200
            reply = read(await ask(opened.port, post(talker, slow, b"x")))
            assert (reply.status, reply.body) == (500, b"Peer most likely gone.")
            assert await watches.next_event() == NativeNotice(b"slow", slow, False)
            assert read(await ask(opened.port, get(b"/wait?peer_id=%d" % slow))).status == 500
            assert read(await ask(opened.port, post(talker, watches.id, b"x"))).status == 200
    assert "does not fetch its messages" in caplog.text


async def test_who_floods_a_lesson_that_does_not_read_is_dropped_alone(caplog: pytest.LogCaptureFixture) -> None:
    async with open_port(Room(visibility="hub", ids="random", queue_limit=16)) as opened:
        hub = await lesson(opened)
        async with bystander(opened):
            bad, good = await sign_in(opened, b"bad"), await sign_in(opened, b"good")
            for _ in range(16):
                assert read(await ask(opened.port, post(bad, hub, b"x"))).status == 200
            assert read(await ask(opened.port, post(bad, hub, b"x"))).status == 500
            assert read(await ask(opened.port, post(good, hub, b"x"))).status == 200
            assert opened.switchboard.is_guest(good)
            assert not opened.switchboard.is_guest(bad)
    assert "sends more than is read" in caplog.text


async def test_a_member_too_many(caplog: pytest.LogCaptureFixture) -> None:
    async with open_port(Room(visibility="hub", ids="random", max_members=2)) as opened:
        await lesson(opened)
        async with bystander(opened):
            await sign_in(opened)
            for _ in range(50):
                assert read(await ask(opened.port, get(b"/sign_in?x"))).status == 403
    assert 1 <= sum("all there may be" in record.getMessage() for record in caplog.records) <= 4


async def test_who_asks_a_full_class_again_and_again_is_in_as_soon_as_there_is_a_place() -> None:
    room = Room(visibility="hub", ids="random", max_members=2)
    async with open_port(room, limits=Limits(sign_ins=2)) as opened:
        await lesson(opened)
        inside = [await sign_in(opened) for _ in range(2)]
        for _ in range(30):
            assert read(await ask(opened.port, get(b"/sign_in?x"))).status == 403
        assert read(await ask(opened.port, get(b"/sign_out?peer_id=%d" % inside[0]))).status == 200
        assert await sign_in(opened)  # at the pace of all, and no later


async def test_messages_over_the_rate_come_late_then_are_refused_and_others_are_not(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with open_port(limits=Limits(messages=20)) as opened:
        hub = await lesson(opened)
        async with bystander(opened):
            bad, good = await sign_in(opened, b"bad"), await sign_in(opened, b"good")
            loop = asyncio.get_running_loop()
            began = loop.time()

            async def send(number: int) -> tuple[int, float]:
                reply = read(await ask(opened.port, post(bad, hub, b"%d" % number)))
                return reply.status, loop.time() - began

            flood = asyncio.gather(*(send(number) for number in range(300)))
            await asyncio.sleep(0.2)
            assert read(await ask(opened.port, post(good, hub, b"hello"))).status == 200
            assert not flood.done(), "another member had to wait for the flood"
            answers = await flood
            taken = [took for status, took in answers if status == 200]
            refused = [took for status, took in answers if status == 429]
            assert len(taken) + len(refused) == 300
            # 40 at once, and 20 a second for the two seconds that an answer may be held back
            assert 80 <= len(taken) <= 80 + 20 * max(took for _, took in answers)
            assert max(taken) > 1.0
            assert read(await ask(opened.port, post(good, hub, b"hello"))).status == 200
    assert 1 <= sum("messages a second" in record.getMessage() for record in caplog.records) <= 4


async def test_who_signs_in_and_out_at_full_speed_is_slowed_and_others_come_in(
    caplog: pytest.LogCaptureFixture,
) -> None:
    room = Room(visibility="hub", ids="random", max_members=30)
    async with open_port(room, limits=Limits(sign_ins=5)) as opened:
        await lesson(opened)
        async with bystander(opened):
            loop = asyncio.get_running_loop()
            began = loop.time()

            async def come_and_go() -> NativeReply:
                reply = read(await ask(opened.port, get(b"/sign_in?bad")))
                if reply.status == 200:
                    assert read(await ask(opened.port, get(b"/sign_out?peer_id=%d" % reply.peer_id))).status == 200
                return reply

            replies = [await come_and_go() for _ in range(20)]
            flood = asyncio.gather(*(come_and_go() for _ in range(300)))
            reader, writer = await asyncio.open_connection("127.0.0.1", opened.port, local_addr=("127.0.0.2", 0))
            writer.write(get(b"/sign_in?good"))
            assert read(await reader.read()).status == 200
            writer.close()
            replies += await flood
            took = loop.time() - began
            refused = [reply for reply in replies if reply.status == 429]
            assert {reply.status for reply in replies} <= {200, 403, 429}
            assert b"Too many sign in from this address" in refused[0].body
            # The bystander was the first of the thirty; two seconds' worth may wait for their turn.
            assert 29 <= len(replies) - len(refused) <= 29 + 5 * (took + 2.0) + 1
            await until(lambda: opened.switchboard.size == 3)
            async with asyncio.timeout(30):
                while (await come_and_go()).status != 200:
                    pass
    lines = [record for record in caplog.records if "signs in more than 5 times a second" in record.getMessage()]
    assert 1 <= len(lines) <= 4


async def test_unfinished_messages_of_a_member_are_bounded() -> None:
    async with open_port(limits=Limits(messages=10_000)) as opened:
        hub = await lesson(opened)
        async with bystander(opened):
            bad, good = await sign_in(opened, b"bad"), await sign_in(opened, b"good")
            head = b"POST /message?peer_id=%d&to=%d HTTP/1.0\r\nContent-Length: 300001\r\n\r\n"
            begun = [await RawConnection.open(opened.port, head % (bad, hub), bytes(300_000)) for _ in range(13)]
            last = await RawConnection.open(opened.port, head % (bad, hub), bytes(300_000))
            assert read(await last.read_all()).status == 429
            assert read(await ask(opened.port, post(good, hub, bytes(300_000)))).status == 200
            for connection in begun:
                await connection.send(b"x")
            assert {read(await each.read_all()).status for each in begun} == {200}


async def test_what_a_stranger_sends_is_not_kept() -> None:
    async with open_port() as opened:
        await lesson(opened)
        async with bystander(opened):
            head = b"POST /message?peer_id=77&to=1 HTTP/1.0\r\nContent-Length: 300000\r\n\r\n"
            data = await ask(opened.port, head)
            assert read(data).status == 500


async def test_a_body_that_dribbles_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("classroom.signaling.http._BODY_SECONDS", 0.5)
    async with open_port() as opened:
        hub = await lesson(opened)
        member = await sign_in(opened)
        async with bystander(opened):
            head = b"POST /message?peer_id=%d&to=%d HTTP/1.0\r\nContent-Length: 1000\r\n\r\n" % (member, hub)
            slow = await RawConnection.open(opened.port, head)
            for _ in range(20):
                await slow.send(b"x")
                await asyncio.sleep(0.05)
            assert read(await slow.read_all()).status == 400


async def test_who_reads_nothing_holds_one_answer_and_is_cut(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(unread, "_UNREAD_SECONDS", 0.5)
    limits = Limits(body=8 * 1024 * 1024)
    async with open_port(Room(visibility="hub", ids="random", queue_bytes=limits.queue_bytes), limits=limits) as opened:
        await lesson(opened)
        async with bystander(opened):
            member = await sign_in(opened)
            sock = socket.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.connect(("127.0.0.1", opened.port))
            sock.sendall(get(b"/wait?peer_id=%d" % member))
            await until(lambda: opened.switchboard.waiting == 1)
            before = opened.site.connections
            await opened.member.send(member, bytes(8 * 1024 * 1024))
            await until(lambda: opened.site.connections < before and opened.switchboard.waiting == 0, 10)
            sock.close()
    assert "does not read its answer" in caplog.text


async def test_fifty_slow_loris_and_five_hundred_waits_disturb_nobody() -> None:
    async with open_port(Room(visibility="hub", ids="random", max_members=600)) as opened:
        await lesson(opened)
        async with bystander(opened):
            members = [await sign_in(opened) for _ in range(100)]
            waits = await asyncio.gather(
                *(RawConnection.open(opened.port, get(b"/wait?peer_id=%d" % member)) for member in members)
            )
            loris = [await RawConnection.open(opened.port) for _ in range(50)]
            for byte in b"GET /wait?peer_id=1":
                for connection in loris:
                    await connection.send(bytes([byte]))
            new = await sign_in(opened)
            await opened.member.send(new, b"welcome")
            assert read(await ask(opened.port, get(b"/wait?peer_id=%d" % new))).body == b"welcome"
            for connection in (*waits, *loris):
                connection.close()


@pytest.mark.parametrize("path", [b"/sign_in?nc", b"/healthz", b"/wait?peer_id=1", b"/nothing"])
async def test_who_closes_its_own_side_after_the_request_still_gets_the_answer(path: bytes) -> None:
    async with open_port() as opened:
        await lesson(opened)
        connection = await RawConnection.open(opened.port, get(path))
        connection.writer.write_eof()
        assert (await connection.read_all()).startswith(b"HTTP/1.0 ")
        await until(lambda: not opened.site_is_busy())


async def test_a_message_from_who_closes_its_own_side_arrives_and_news_that_is_there_is_read() -> None:
    async with open_port() as opened:
        hub = await lesson(opened)
        member = await sign_in(opened)
        connection = await RawConnection.open(opened.port, post(member, hub, b"x" * 200_000))
        connection.writer.write_eof()
        assert read(await connection.read_all()).status == 200
        await opened.member.send(member, b"news")
        connection = await RawConnection.open(opened.port, get(b"/wait?peer_id=%d" % member))
        connection.writer.write_eof()
        assert read(await connection.read_all()).body == b"news"


async def test_a_wait_that_its_owner_closed_is_over_and_loses_nothing() -> None:
    async with open_port() as opened:
        await lesson(opened)
        member = await sign_in(opened)
        connection = await RawConnection.open(opened.port, get(b"/wait?peer_id=%d" % member))
        await until(lambda: opened.switchboard.waiting == 1)
        connection.writer.write_eof()
        await until(lambda: opened.switchboard.waiting == 0)
        await opened.member.send(member, b"kept")
        assert read(await ask(opened.port, get(b"/wait?peer_id=%d" % member))).body == b"kept"


async def test_half_a_message_from_who_closes_its_own_side_does_not_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(port_sharing, "_HALF_CLOSED_SECONDS", 0.3)
    async with open_port() as opened:
        hub = await lesson(opened)
        member = await sign_in(opened)
        connection = await RawConnection.open(opened.port, post(member, hub, b"x" * 100)[:-50])
        connection.writer.write_eof()
        await until(lambda: not opened.site_is_busy(), 5)
        connection.close()


LESSON_WITH_LIMITS = (
    LESSON
    + """
limits:
  connections: 16
  connections_per_address: 12
  members: 2
  head: 1024
  head_time: 1
  body: 16384
  name: 16
  queue: 16
  messages: 5
"""
)


async def test_the_limits_of_a_lesson_file_take_effect() -> None:
    async with broadcasting(LESSON_WITH_LIMITS) as running:
        port = running.port
        first = read(await ask(port, get(b"/sign_in?" + b"n" * 50)))
        own, hub = first.peer_id, int(first.body.splitlines()[1].split(b",")[1])
        assert first.body.splitlines()[0] == b"%s,%d,1" % (b"n" * 16, own)
        assert read(await ask(port, get(b"/sign_in?second"))).status == 200
        assert read(await ask(port, get(b"/sign_in?third"))).status == 403
        assert read(await ask(port, get(b"/healthz?" + b"x" * 1100))).status == 431
        assert read(await ask(port, b"GET /heal")).status == 408
        assert read(await ask(port, post(own, hub, b"x" * 16_385))).status == 413
        flood = [
            read(each).status for each in await asyncio.gather(*(ask(port, post(own, hub, b"x")) for _ in range(8)))
        ]
        assert set(flood) == {200}
        idle = [await RawConnection.open(port, b"GET /") for _ in range(12)]
        try:
            refused = parse_reply(await ask(port, get(b"/healthz")))
            assert refused is not None
            assert refused.status == 503
        finally:
            for connection in idle:
                connection.close()


async def test_a_flood_of_messages_in_a_running_lesson_is_refused() -> None:
    async with broadcasting(LESSON.replace("recording:", "limits: {messages: 2}\nrecording:")) as running:
        first = read(await ask(running.port, get(b"/sign_in?x")))
        hub = int(first.body.splitlines()[1].split(b",")[1])
        posts = (ask(running.port, post(first.peer_id, hub, b"x")) for _ in range(20))
        statuses = [read(each).status for each in await asyncio.gather(*posts)]
        assert 8 <= statuses.count(200) < 20
        assert statuses.count(200) + statuses.count(429) == 20


async def test_a_running_lesson_paces_sign_ins_as_its_file_says() -> None:
    async with broadcasting(LESSON.replace("recording:", "limits: {members: 20, sign_ins: 1}\nrecording:")) as running:
        for _ in range(20):
            reply = read(await ask(running.port, get(b"/sign_in?x")))
            assert reply.status == 200
            assert read(await ask(running.port, get(b"/sign_out?peer_id=%d" % reply.peer_id))).status == 200
        crowd = await asyncio.gather(*(ask(running.port, get(b"/sign_in?x")) for _ in range(30)))
        assert {read(each).status for each in crowd} == {200, 429}


async def test_a_connection_without_a_request_is_closed_and_a_wait_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("classroom.server.site._IDLE_SECONDS", 0.4)
    async with open_port() as opened:
        await lesson(opened)
        member = await sign_in(opened)
        kept = [await RawConnection.open(opened.port, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n") for _ in range(2)]
        waiting = await RawConnection.open(opened.port, get(b"/wait?peer_id=%d" % member))
        for connection in kept:
            await connection.reader.readuntil(b"}")
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(10):
                while not kept[1].reader.at_eof():  # a second request that does not end
                    await kept[1].send(b"G")
                    await asyncio.sleep(0.05)
        assert await kept[0].read_all() in (b"", b"\n")
        assert opened.switchboard.waiting == 1
        await opened.member.send(member, b"still here")
        assert read(await waiting.read_all()).body == b"still here"
