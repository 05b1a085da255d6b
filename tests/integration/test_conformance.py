"""What every signaling server answers, byte for byte: the same tests for the original's model and for ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.support.port import RawConnection
from tests.support.signaling_servers import KINDS, Served, get, post, served

CORS = [
    b"Access-Control-Allow-Origin: *",
    b"Access-Control-Allow-Credentials: true",
    b"Access-Control-Allow-Methods: POST, GET, OPTIONS",
    b"Access-Control-Allow-Headers: Content-Type, Content-Length, Connection, Cache-Control",
    b"Access-Control-Expose-Headers: Content-Length",
]
SORRY = b"<html><body>Sorry, not yet implemented</body></html>"
GONE = b"Peer most likely gone."
UNKNOWN = 1_234_567_890


@pytest.fixture(params=KINDS)
async def server(request: pytest.FixtureRequest) -> AsyncIterator[Served]:
    async with served(request.param) as each:
        yield each


def head(
    server: Served,
    status: bytes,
    length: int,
    content_type: bytes | None = b"text/plain",
    pragma: int | None = None,
    version: bytes = b"1.0",
) -> list[bytes]:
    """The head that an answer must have, line by line."""
    lines = [
        b"HTTP/%s %s" % (version if server.echoes_version else b"1.1", status),
        b"Server: PeerConnectionTestServer/0.1",
        b"Cache-Control: no-cache",
        b"Connection: close",
    ]
    if content_type is not None:
        lines.append(b"Content-Type: " + content_type)
    lines.append(b"Content-Length: %d" % length)
    if pragma is not None:
        lines.append(b"Pragma: %d" % pragma)
    return lines + CORS


async def test_sign_in(server: Served) -> None:
    guest = await server.guest(b"student@pc")
    line = b"student@pc,%d,1\n" % guest.id
    assert guest.answer.body == line
    assert guest.answer.head == head(server, b"200 Added", len(line), pragma=guest.id)
    assert 0 < guest.id < 2**31


async def test_wait_for_a_notification(server: Served) -> None:
    guest = await server.guest(b"a")
    other = await server.other()
    answer = await guest.wait()
    line = b"%s,%d,1\n" % (other.name, other.id)
    assert answer.body == line
    assert answer.head == head(server, b"200 OK", len(line), pragma=guest.id)


@pytest.mark.parametrize("content_type", ["text/plain", "text/plain;charset=UTF-8", "application/json"])
async def test_wait_for_a_message(server: Served, content_type: str) -> None:
    other = await server.other()
    guest = await server.guest(b"a")
    await other.send(guest.id, b'{"type": "offer"}\n', content_type)
    answer = await guest.wait()
    assert answer.body == b'{"type": "offer"}\n'
    assert answer.head == head(server, b"200 OK", 18, content_type.encode(), pragma=other.id)


async def test_message(server: Served) -> None:
    other = await server.other()
    guest = await server.guest(b"a")
    answer = await server.ask(*post(guest.id, other.id, b"hello"))
    assert answer.data.endswith(b"\r\n\r\n")
    assert answer.head == head(server, b"200 OK", 0)


async def test_sign_out(server: Served) -> None:
    guest = await server.guest(b"a")
    answer = await server.ask(get(b"/sign_out?peer_id=%d" % guest.id))
    assert answer.body == b""
    assert answer.head == head(server, b"200 OK", 0)


@pytest.mark.parametrize("target", [b"/wait?peer_id=%d" % UNKNOWN, b"/wait", b"/wait?peer_id=", b"/sign_out?peer_id=x"])
async def test_wait_and_sign_out_of_somebody_unknown(server: Served, target: bytes) -> None:
    answer = await server.ask(get(target))
    assert answer.body == SORRY
    assert answer.head == head(server, b"500 Sorry", len(SORRY), b"text/html")


@pytest.mark.parametrize("unknown", ["sender", "target", "both", "no target"])
async def test_message_from_or_to_somebody_unknown(server: Served, unknown: str) -> None:
    other = await server.other()
    guest = await server.guest(b"a")
    sender = guest.id if unknown in ("target", "no target") else UNKNOWN
    target = other.id if unknown == "sender" else UNKNOWN
    first, body = post(sender, target, b"hello")
    if unknown == "no target":
        first = first.replace(b"&to=%d" % target, b"")
    answer = await server.ask(first, body)
    assert answer.body == GONE
    assert answer.head == head(server, b"500 Error", len(GONE))


@pytest.mark.parametrize("path", [b"/sign_in?x", b"/wait?peer_id=1", b"/message?peer_id=1&to=2", b"/sign_out"])
async def test_options(server: Served, path: bytes) -> None:
    request = b"OPTIONS " + path + b" HTTP/1.1\r\nHost: x\r\nOrigin: http://page\r\n\r\n"
    answer = await server.ask(request)
    assert answer.body == b""
    assert answer.head == head(server, b"200 OK", 0, None, version=b"1.1")
    assert server.waiting() == 0


@pytest.mark.parametrize(
    "target", [b"/", b"/index.html", b"/sign_in/", b"/Sign_In?x", b"/waiting?peer_id=1", b"/quit?x"]
)
async def test_every_other_address(server: Served, target: bytes) -> None:
    if server.pages_elsewhere:
        pytest.skip("a lesson has its pages there")
    answer = await server.ask(get(target))
    assert answer.body == SORRY
    assert answer.head == head(server, b"500 Sorry", len(SORRY), b"text/html")


async def test_who_closes_the_connection(server: Served) -> None:
    connection = await RawConnection.open(server.port, get(b"/sign_in?a"))
    if server.closes_first:
        assert b"\r\nConnection: close\r\n" in await connection.read_all(10)
    else:
        with pytest.raises(TimeoutError):
            await connection.read_all(0.3)
    connection.close()


@pytest.mark.parametrize(
    ("rest", "version"),
    [
        (b" HTTP/1.0", b"1.0"),
        (b" HTTP/1.1\r\nHost: x", b"1.1"),
        (b" HTTP/1.1", b"1.1"),
        (b" HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\nAccept: */*", b"1.1"),
    ],
)
async def test_versions_and_fields_of_requests(server: Served, rest: bytes, version: bytes) -> None:
    answer = await server.ask(b"GET /sign_in?a" + rest + b"\r\n\r\n")
    assert answer.head == head(server, b"200 Added", len(answer.body), pragma=answer.pragma, version=version)


async def test_a_request_in_single_bytes(server: Served) -> None:
    other = await server.other()
    guest = await server.guest(b"a")
    request = b"".join(post(guest.id, other.id, "来自 A".encode()))
    answer = await server.ask(*(request[n : n + 1] for n in range(len(request))))
    assert answer.status == b"200 OK"
    while (event := await other.hears())[0] == other.id:
        pass
    assert event == (guest.id, "来自 A".encode())


async def test_bytes_after_a_finished_get_are_passed_over(server: Served) -> None:
    answer = await server.ask(get(b"/sign_in?a") + get(b"/sign_in?b") + b"\x00\xff")
    assert answer.body.startswith(b"a,")
    assert not (await server.guest(b"c")).answer.body.count(b"b,")


async def test_empty_lines_before_a_request(server: Served) -> None:
    if not server.answers_all:
        pytest.skip("the original takes the empty line for the request")
    assert (await server.ask(b"\r\n", b"\r\n\r\n" + get(b"/sign_in?a"))).status == b"200 Added"


@pytest.mark.parametrize(
    "arguments",
    [
        b"peer_id=%d&to=%d",
        b"xpeer_id=%d&to=%d",
        b"x=1&peer_id=%d&y&to=%d&z",
        b"peer_id=%dabc&to=%d-1",
        b"peer_id=+%d&to=000%d",
        b"peer_id=%d&xto=7&to=%d",
        b"peer_id=%d,peer_id=7&to=%d&to=7",
        b"?peer_id=%d&to=%d",
    ],
)
async def test_how_ids_are_read(server: Served, arguments: bytes) -> None:
    other = await server.other()
    guest = await server.guest(b"a")
    request = b"POST /message?%s HTTP/1.0\r\nContent-Length: 1\r\nContent-Type: text/plain\r\n\r\nx"
    assert (await server.ask(request % (arguments % (guest.id, other.id)))).status == b"200 OK"


async def test_the_order_of_arguments_is_free(server: Served) -> None:
    other = await server.other()
    guest = await server.guest(b"a")
    request = b"POST /message?to=%d&peer_id=%d HTTP/1.0\r\nContent-Length: 1\r\nContent-Type: text/plain\r\n\r\nx"
    assert (await server.ask(request % (other.id, guest.id))).status == b"200 OK"


@pytest.mark.parametrize(
    "arguments",
    [b"peer_id=%d&xto=%d", b"PEER_ID=%d&to=%d", b"peer_id=x%d&to=%d", b"peer_id=%d&to=x%d", b"peer_id=-%d&to=%d"],
)
async def test_what_is_no_id(server: Served, arguments: bytes) -> None:
    other = await server.other()
    guest = await server.guest(b"a")
    request = b"POST /message?%s HTTP/1.0\r\nContent-Length: 1\r\nContent-Type: text/plain\r\n\r\nx"
    assert (await server.ask(request % (arguments % (guest.id, other.id)))).status == b"500 Error"


@pytest.mark.parametrize(
    ("sent", "listed"),
    [
        (b"student@pc", b"student@pc"),
        ("王芳@学校".encode(), "王芳@学校".encode()),
        (b"%e5%ad%a6%20%2C", b"%e5%ad%a6%20%2C"),
        (b'\xff\xfe"\\^`{|}\x7f\x01', b'\xff\xfe"\\^`{|}\x7f\x01'),
        (b"a,9,1", b"a_9_1"),
        (b"a?b=c#d", b"a?b=c#d"),
        (b"n" * 600, b"n" * 512),
        (b"peer_id=1", b"peer_id=1"),
    ],
)
async def test_names_are_listed_as_they_come(server: Served, sent: bytes, listed: bytes) -> None:
    guest = await server.guest(sent)
    assert guest.answer.body == b"%s,%d,1\n" % (listed, guest.id)


async def test_names_on_which_the_servers_differ(server: Served) -> None:
    async def listed(name: bytes) -> bytes:
        return (await server.guest(name)).answer.body.partition(b",")[0]

    assert await listed(b"John Smith") == (b"John Smith" if server.blanks_in_names else b"John")
    assert await listed(b"Tom&Jerry") == (b"Tom" if server.keys_after_names else b"Tom&Jerry")
    assert await listed(b"<b>") == (b"_b_" if server.harmless_names else b"<b>")


@pytest.mark.parametrize("target", [b"/sign_in", b"/sign_in?"])
async def test_without_a_name(server: Served, target: bytes) -> None:
    answer = await server.ask(get(target))
    assert answer.body == b"peer_%d,%d,1\n" % (answer.pragma or 0, answer.pragma or 0)


async def test_signing_in_by_post(server: Served) -> None:
    request = b"POST /sign_in?a HTTP/1.0\r\nContent-Length: 1\r\nContent-Type: text/plain\r\n\r\nx"
    answer = await server.ask(request)
    assert answer.status == b"200 Added"
    assert answer.body == b"a,%d,1\n" % (answer.pragma or 0)


async def test_ids(server: Served) -> None:
    ids = [(await server.guest(b"same name")).id for _ in range(5)]
    assert len(set(ids)) == 5
    assert (ids == [1, 2, 3, 4, 5]) is server.sequential


async def test_the_list_has_the_own_line_first_and_the_others_as_they_came(server: Served) -> None:
    other = await server.other()
    guests = [await server.guest(b"guest%d" % number) for number in range(3)]
    first, *rest = guests[-1].answer.body.splitlines(keepends=True)
    assert first == b"guest2,%d,1\n" % guests[-1].id
    seen = [other, *guests[:-1]] if server.everybody_sees_everybody else [other]
    assert rest == [b"%s,%d,1\n" % (each.name, each.id) for each in seen]


async def test_get_message_sends_an_empty_one_without_a_type(server: Served) -> None:
    other = await server.other()
    guest = await server.guest(b"a")
    if server.everybody_sees_everybody:
        answer = await server.ask(get(b"/message?peer_id=%d&to=%d" % (other.id, guest.id)))
        assert answer.head == head(server, b"200 OK", 0)
        assert (await guest.wait()).head == head(server, b"200 OK", 0, None, pragma=other.id)
    else:
        answer = await server.ask(get(b"/message?peer_id=%d&to=%d" % (guest.id, other.id)))
        assert answer.head == head(server, b"200 OK", 0)
        assert [await other.hears(), await other.hears()][1] == (guest.id, b"")


async def test_a_message_to_oneself_comes_back_in_the_answer(server: Served) -> None:
    guest = await server.guest(b"a")
    answer = await server.ask(*post(guest.id, guest.id, b"echo", b"text/x"))
    assert answer.body == b"echo"
    assert answer.head == head(server, b"200 OK", 4, b"text/x", pragma=guest.id)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        (b"", b"400 Bad Request"),
        (b"Content-Type: text/plain\r\n", b"400 Bad Request"),
        (b"Content-Length: 0\r\nContent-Type: text/plain\r\n", b"400 Bad Request"),
        (b"content-length: 5\r\nContent-Type: text/plain\r\n", b"200 OK"),
        (b"Content-Length: 5\r\ncontent-type: text/plain\r\n", b"200 OK"),
        (b"Content-Length: 5\r\n", b"200 OK"),
    ],
)
async def test_posts_that_the_original_never_answers(server: Served, fields: bytes, status: bytes) -> None:
    other = await server.other()
    guest = await server.guest(b"a")
    request = b"POST /message?peer_id=%d&to=%d HTTP/1.0\r\n%s\r\nhello" % (guest.id, other.id, fields)
    if server.answers_all:
        answer = await server.ask(request)
        assert answer.status == status
        assert answer.head[-5:] == CORS
        return
    connection = await RawConnection.open(server.port, request)
    with pytest.raises(TimeoutError):
        await connection.read_all(0.3)
    connection.close()


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"HELO there\r\n\r\n",
        b"\x16\x03\x01\x02\x00\r\n\r\n",
        b"get /wait HTTP/1.0\r\n\r\n",
        b"GET\r\n\r\n",
        b"DELETE /wait HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /wait HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n",
        b"POST /message HTTP/1.1\r\nContent-Length: x\r\n\r\n",
    ],
)
async def test_what_is_no_request_is_answered_readably_or_not_at_all(server: Served, request_bytes: bytes) -> None:
    """The original takes no notice of fields that are none and of the version, so it understands some of these."""
    connection = await RawConnection.open(server.port, request_bytes)
    if server.answers_all:
        data = await connection.read_all(20)
        if data:  # an answer is not owed to what cannot have been meant as HTTP, but each must be readable by a page
            assert b"\r\nAccess-Control-Allow-Origin: *\r\n" in data
            assert b"\r\nConnection: close\r\n" in data
            assert b"\r\nContent-Length: " in data
            assert data[9:12] in (b"400", b"500", b"408")
    else:
        try:
            data = await connection.read_all(0.2)
        except TimeoutError:
            data = b""
        assert data == b""
    connection.close()
    assert (await asyncio.wait_for(server.guest(b"a"), 10)).id
