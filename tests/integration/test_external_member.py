"""The broadcaster as a member of somebody else's server: against the model of the original, and against worse."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classroom.cli.signal import signal_site
from classroom.common.alarms import Alarms
from classroom.common.errors import AddressError, WireError
from classroom.server.authority import Authority
from classroom.signaling import client
from classroom.signaling.client import ServerAddress, ask
from classroom.signaling.external_member import AWAY, ExternalMember, listed_name
from classroom.signaling.member import Joined, Left, Lost, Message, Peer, PeerEvent
from tests.support.broadcast import eventually
from tests.support.free_port import free_port
from tests.support.native_client import NativeClient
from tests.support.original_server import OriginalServer

pytestmark = pytest.mark.timeout(90)

TITLE = "Lineare Algebra, 线性 <3>"


class Broadcaster:
    """A member and all that it was told."""

    def __init__(self, port: int, *, renew_every: float = 25.0) -> None:
        self.alarms = Alarms(lambda: None)
        address = ServerAddress.parse(f"http://127.0.0.1:{port}")
        self.member = ExternalMember(address, alarms=self.alarms, renew_every=renew_every)
        self.seen: list[PeerEvent] = []

    @property
    def away(self) -> bool:
        return any(alarm.code == AWAY for alarm in self.alarms.raised())

    async def read(self) -> None:
        async for event in self.member.events():
            self.seen.append(event)

    async def sees(self, kind: type[PeerEvent], count: int = 1) -> list[PeerEvent]:
        """All events of a kind, once there are as many."""

        def found() -> list[PeerEvent]:
            return [event for event in self.seen if isinstance(event, kind)]

        await eventually(lambda: len(found()) >= count, what=f"{count} {kind.__name__} in {self.seen}")
        return found()

    async def peer(self, name: bytes) -> Peer:
        """The newest peer of a name."""
        await eventually(
            lambda: any(isinstance(event, Joined) and event.peer.name == name for event in self.seen),
            what=f"{name!r} joins",
        )
        return [event.peer for event in self.seen if isinstance(event, Joined) and event.peer.name == name][-1]


@contextlib.asynccontextmanager
async def broadcaster(port: int, *, renew_every: float = 25.0) -> AsyncIterator[Broadcaster]:
    each = Broadcaster(port, renew_every=renew_every)
    assert await each.member.sign_in(TITLE) == []
    reading = asyncio.create_task(each.read())
    try:
        yield each
    finally:
        await each.member.sign_out()
        await asyncio.wait_for(reading, 5)


@contextlib.asynccontextmanager
async def native(port: int, name: bytes = b"student@pc") -> AsyncIterator[NativeClient]:
    async with NativeClient("127.0.0.1", port, name=name) as client:
        await client.sign_in()
        yield client


async def test_it_hears_of_those_before_and_after_it_and_of_what_they_say() -> None:
    async with OriginalServer() as server, native(server.port, b"early") as early:
        async with broadcaster(server.port) as lesson:
            first = await lesson.peer(b"early")
            await eventually(lambda: any(TITLE_LISTED in name for name in server.names))
            async with native(server.port, b"late\xff") as late:
                second = await lesson.peer(b"late\xff")
                assert second.display_name == "late�"
                await lesson.member.send(first.id, '{"type": "offer", "sdp": "é"}')
                message = await early.next_message(10)
                assert message.body == '{"type": "offer", "sdp": "é"}'.encode()
                for body in (b"one", b"BYE", b"\xff\x00three"):
                    await late.send_message(message.peer_id, body)
                said = await lesson.sees(Message, 3)
                assert said == [Message(second.id, body) for body in (b"one", b"BYE", b"\xff\x00three")]
                await late.sign_out()
            assert await lesson.sees(Left) == [Left(second)]
            with pytest.raises(WireError, match="gone"):
                await lesson.member.send(second.id, b"still there?")
        await eventually(lambda: server.names == [b"early"], what="it signs out")


TITLE_LISTED = listed_name(TITLE).encode()


async def test_messages_for_one_peer_keep_their_order() -> None:
    async with OriginalServer() as server, native(server.port) as student, broadcaster(server.port) as lesson:
        peer = await lesson.peer(b"student@pc")
        await asyncio.gather(*(lesson.member.send(peer.id, b"%d" % number) for number in range(40)))
        assert [(await student.next_message(10)).body for _ in range(40)] == [b"%d" % number for number in range(40)]


async def test_too_many_messages_for_one_peer_are_refused() -> None:
    async with OriginalServer() as server, native(server.port), broadcaster(server.port) as lesson:
        peer = await lesson.peer(b"student@pc")
        await server.stop()
        sending = [asyncio.create_task(lesson.member.send(peer.id, b"x")) for _ in range(100)]
        await asyncio.wait(sending, return_when=asyncio.FIRST_COMPLETED)
        refused = [each for each in sending if each.done()]
        assert len(refused) >= 36
        assert all(isinstance(each.exception(), WireError) for each in refused)
        outcomes = await asyncio.gather(*sending, return_exceptions=True)
        assert all(isinstance(outcome, WireError) for outcome in outcomes)


async def test_while_the_server_is_away_nothing_waits_for_it() -> None:
    async with OriginalServer() as server, native(server.port), broadcaster(server.port) as lesson:
        peer = await lesson.peer(b"student@pc")
        await server.stop()
        await eventually(lambda: lesson.away)
        async with asyncio.timeout(2):
            with pytest.raises(WireError, match="away"):
                await lesson.member.send(peer.id, b"x")
            await lesson.member.sign_out()


async def test_a_server_that_was_started_again_is_joined_again() -> None:
    async with OriginalServer() as server, broadcaster(server.port) as lesson:
        async with native(server.port, b"a"), native(server.port, b"b"):
            before = [await lesson.peer(b"a"), await lesson.peer(b"b")]
            await server.stop()
            await eventually(lambda: lesson.away, what="the alarm")
            # Nobody is gone while the server is away: who watches goes on watching.
            assert not any(isinstance(event, Left | Lost) for event in lesson.seen)
        await server.start()
        # The new process gives the same numbers to others, and they are not taken for the former ones.
        async with native(server.port, b"c") as late:
            peer = await lesson.peer(b"c")
            lost = await lesson.sees(Lost, 2)
            assert lost == [Lost(each) for each in before]
            assert peer.id not in {each.id for each in before}
            assert not lesson.away
            await lesson.member.send(peer.id, b"welcome")
            assert (await late.next_message(10)).body == b"welcome"
            with pytest.raises(WireError):
                await lesson.member.send(before[0].id, b"hello?")


async def test_a_server_that_was_told_to_quit_is_waited_for() -> None:
    async with OriginalServer() as server, native(server.port), broadcaster(server.port) as lesson:
        first = await lesson.peer(b"student@pc")
        await ask(ServerAddress.parse(f"http://127.0.0.1:{server.port}"), "/quit")  # anybody may
        await eventually(lambda: lesson.away)
        assert not any(isinstance(event, Left | Lost | Message) for event in lesson.seen)
        await server.stop()
        await server.start()
        assert await lesson.sees(Lost) == [Lost(first)]
        await eventually(lambda: len(server.names) == 1 and not lesson.away)


async def test_a_server_that_forgets_us_is_joined_again() -> None:
    async with OriginalServer() as server, native(server.port) as student:
        async with broadcaster(server.port, renew_every=0.5) as lesson:
            first = await lesson.peer(b"student@pc")
            address = ServerAddress.parse(f"http://127.0.0.1:{server.port}")
            await ask(address, f"/sign_out?peer_id={await _lesson_id(student)}")  # anybody may
            assert await lesson.sees(Lost) == [Lost(first)]
            assert len(await lesson.sees(Joined, 2)) == 2
            second = await lesson.peer(b"student@pc")
            await lesson.member.send(second.id, b"again")
            assert (await student.next_message(10)).body == b"again"


async def _lesson_id(student: NativeClient) -> int:
    await eventually(lambda: bool(student.peers))
    return next(iter(student.peers))


async def test_it_starts_before_the_server_does() -> None:
    port = free_port()
    async with broadcaster(port) as lesson:
        await eventually(lambda: lesson.away)
        [alarm] = lesson.alarms.raised()
        assert f"http://127.0.0.1:{port} cannot be used: nothing listens there." in alarm.sentence
        async with OriginalServer(port), native(port):
            await lesson.peer(b"student@pc")
            assert not lesson.away


async def test_it_is_never_long_without_a_wait() -> None:
    async with OriginalServer(patience=1.0, tick=0.1) as server, broadcaster(server.port, renew_every=0.3) as lesson:
        await eventually(lambda: server.waiting == 1)
        address = ServerAddress.parse(f"http://127.0.0.1:{server.port}")
        loop = asyncio.get_running_loop()
        begun = loop.time()
        while loop.time() - begun < 3:  # three times the server's patience
            await ask(address, "/healthz")
            assert len(server.names) == 1
            await asyncio.sleep(0.1)
        assert not lesson.seen


async def test_a_stranger_who_asks_in_our_place_silences_us_only_until_the_next_wait() -> None:
    async with OriginalServer() as server, native(server.port) as student:
        async with broadcaster(server.port, renew_every=0.5) as lesson:
            await lesson.peer(b"student@pc")
            own = await _lesson_id(student)
            address = ServerAddress.parse(f"http://127.0.0.1:{server.port}")
            stray = asyncio.create_task(ask(address, f"/wait?peer_id={own}", reply_within=None))
            await eventually(lambda: server.waiting == 2)
            async with native(server.port, b"x"):
                await student.send_message(own, b"after the stranger")
                await student.send_message(own, b"and once more")
                await eventually(lambda: any(isinstance(event, Message) for event in lesson.seen), what="heard again")
            stray.cancel()
            await asyncio.gather(stray, return_exceptions=True)


async def test_classroom_signal_is_such_a_server() -> None:
    async with signal_site(host="127.0.0.1", port=0) as site, native(site.port, b"early") as early:
        async with broadcaster(site.port, renew_every=0.3) as lesson:
            peer = await lesson.peer(b"early")
            loop = asyncio.get_running_loop()
            begun = loop.time()
            for number in itertools.count():
                await lesson.member.send(peer.id, b"%d" % number)
                message = await early.next_message(10)
                await early.send_message(message.peer_id, message.body)
                if loop.time() - begun > 4:  # while the wait is replaced time and again
                    break
            said = await lesson.sees(Message, number + 1)
            assert said == [Message(peer.id, b"%d" % each) for each in range(number + 1)]
            assert not [event for event in lesson.seen if isinstance(event, Left | Lost)]
        await eventually(lambda: not early.peers, what="it signs out")


async def test_a_server_behind_https_is_joined_when_its_certificate_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC)
    authority = Authority.make("a computer", now)
    (tmp_path / "leaf.pem").write_bytes(authority.certify(["127.0.0.1"], now).pem())
    (tmp_path / "authority.pem").write_bytes(authority.public_pem())
    secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    secure.load_cert_chain(tmp_path / "leaf.pem")
    answered = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            answered.set()
            writer.write(reply(b"me,7,1\n", 7))
            await reader.read()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=secure)
    address = ServerAddress.parse(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    try:
        client._secure.cache_clear()
        with pytest.raises(AddressError, match="its certificate is not trusted"):
            await client.reach(address)
        assert not answered.is_set()
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
        client._secure.cache_clear()
        assert (await ask(address, "/sign_in?x")).pragma == 7
    finally:
        client._secure.cache_clear()
        server.close()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://host:8888", ("host", 8888, False, "http://host:8888")),
        ("http://Host/", ("host", 80, False, "http://host")),
        ("https://host", ("host", 443, True, "https://host")),
        ("http://[::1]:8888", ("::1", 8888, False, "http://[::1]:8888")),
    ],
)
def test_an_address_is_read(text: str, expected: tuple[object, ...]) -> None:
    address = ServerAddress.parse(text)
    assert (address.host, address.port, address.tls, address.text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "host:8888", "ftp://host", "http://", "http://a b", "http://me@host", "http://host/path", "http://host?x",
     "http://host:99999", "http://host;script-src", "http://[::1"],
)  # fmt: skip
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"address|Port|IPv6"):
        ServerAddress.parse(text)


# Servers that the model is not

Answer = Callable[[str], Awaitable[bytes | None]]


@contextlib.asynccontextmanager
async def server_of(
    answer: Answer, *, slices: int = 1 << 20, close: bool = False
) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server whose bytes a test says; None hangs. Gives its port and the requests it got."""
    requests: list[bytes] = []
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"\r\nContent-Length: (\d+)\r\n", head)
            body = await reader.readexactly(int(length[1])) if length else b""
            requests.append(head + body)
            reply = await answer(head.split(b" ")[1].decode())
            if reply is None:
                await reader.read()
                return
            for start in range(0, len(reply), slices):
                writer.write(reply[start : start + slices])
                await writer.drain()
                await asyncio.sleep(0)
            if close:
                writer.close()
            await reader.read()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], requests
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()


def reply(body: bytes, pragma: int | None = None, status: bytes = b"200 OK") -> bytes:
    head = b"HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: %d\r\n" % (status, len(body))
    return head + (b"Pragma: %d\r\n" % pragma if pragma is not None else b"") + b"\r\n" + body


def script(*waits: bytes | None, sign_in: bytes = reply(b"me,7,1\nx,8,1\n", 7)) -> Answer:
    """Sign in, then one answer for each wait; then waits hang."""
    left = iter(waits)

    async def answer(target: str) -> bytes | None:
        if target.startswith("/wait"):
            return next(left, None)
        return sign_in if target.startswith("/sign_in") else reply(b"")

    return answer


@pytest.mark.parametrize("slices", [1, 7, 1 << 20])
async def test_a_reply_may_come_in_pieces_and_the_connection_stay_open(slices: int) -> None:
    told = script(reply(b"\xff name,9,1\n", 7), reply(b"hi", 9), reply(b"\xff name,9,0\n", 7))
    async with server_of(told, slices=slices) as (port, _), broadcaster(port) as lesson:
        await lesson.sees(Left)
        new = Peer(2, b"\xff name")
        assert lesson.seen == [Joined(Peer(1, b"x")), Joined(new), Message(2, b"hi"), Left(new)]


async def test_requests_are_written_as_the_native_client_does() -> None:
    async with server_of(script()) as (port, requests), broadcaster(port) as lesson:
        await lesson.peer(b"x")
        await lesson.member.send(1, "hé")
        await eventually(lambda: len(requests) == 3)
        host = b"Host: 127.0.0.1:%d\r\n" % port
        assert requests[0] == b"GET /sign_in?%s HTTP/1.0\r\n%s\r\n" % (TITLE_LISTED, host)
        assert requests[1] == b"GET /wait?peer_id=7 HTTP/1.0\r\n" + host + b"\r\n"
        assert requests[2] == (
            b"POST /message?peer_id=7&to=8 HTTP/1.0\r\n" + host +
            b"Content-Length: 3\r\nContent-Type: text/plain\r\n\r\nh\xc3\xa9"
        )  # fmt: skip


async def test_what_is_not_for_it_is_left_out() -> None:
    noise = [
        reply(b"forged", 99),  # nobody that we know
        reply(b"", 8),
        reply(b"no list at all", 7),
        reply(b"me again,7,1\nx,8,1\n", 7),
        reply(b"never seen,55,0\n", 7),
        reply(b"BYE", 8),
    ]
    async with server_of(script(*noise)) as (port, _), broadcaster(port) as lesson:
        assert await lesson.sees(Message) == [Message(1, b"BYE")]
        assert lesson.seen == [Joined(Peer(1, b"x")), Message(1, b"BYE")]


async def test_without_pragma_the_id_is_in_the_first_line() -> None:
    async with server_of(script(sign_in=reply(b"me,7,1\nx,8,1\n"))) as (port, requests), broadcaster(port) as lesson:
        await lesson.peer(b"x")
        await eventually(lambda: any(b"/wait?peer_id=7 " in request for request in requests))


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "does not answer in HTTP"),
        (reply(b"no", status=b"403 Forbidden"), "answers the sign-in with 403"),
        (reply(b"<html>a web server</html>"), "not a peerconnection_server"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", "too large"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 5000 + b"\r\n", "head of its reply does not end"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "encoded"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: x-zip\r\n\r\n", "encoded"),
    ],
)
async def test_a_server_that_is_none_is_an_alarm_with_a_reason(bad: bytes, why: str) -> None:
    async with server_of(script(sign_in=bad)) as (port, _), broadcaster(port) as lesson:
        await eventually(lambda: lesson.away)
        assert why in lesson.alarms.raised()[0].sentence
        assert lesson.seen == []


async def test_a_broken_wait_goes_on_with_the_same_membership() -> None:
    ids = itertools.count(7, 10)
    others = b"x,8,1\n"
    broken = False

    async def answer(target: str) -> bytes | None:
        nonlocal broken
        if target.startswith("/sign_in"):
            own = next(ids)
            former = b"%s,7,1\n" % TITLE_LISTED if own > 7 else b""
            return reply(b"%s,%d,1\n%s%s" % (TITLE_LISTED, own, former, others), own)
        if target.startswith("/wait"):
            if not broken:
                broken = True
                return b"HTTP/1.1 200"  # and then the connection ends
            return None
        return reply(b"")

    async with server_of(answer, close=True) as (port, requests), broadcaster(port) as lesson:
        await eventually(lambda: sum(b"/wait?peer_id=7 " in request for request in requests) == 2, what=f"{requests}")
        # The second membership is given back, and nobody is told of anything.
        assert any(b"/sign_out?peer_id=17 " in request for request in requests)
        assert lesson.seen == [Joined(Peer(1, b"x"))]
        await lesson.member.send(1, b"same number")
        assert any(b"POST /message?peer_id=7&to=8 " in request for request in requests)


@given(st.text(max_size=600))
def test_a_name_is_valid_in_a_request_line_and_fits(name: str) -> None:
    listed = listed_name(name)
    assert len(listed) <= 512
    assert re.fullmatch(r"[!-~]*", listed)
    assert not set(listed) & set(',<>&?#"')
