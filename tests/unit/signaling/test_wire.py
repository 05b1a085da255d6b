from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from classroom.signaling import wire
from classroom.signaling.queue import Notice, RelayedMessage
from classroom.signaling.room import Admission
from tests.support.native_client import parse_entry, parse_reply


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (b"12", 12),
        (b"12abc", 12),
        (b" \t12", 12),
        (b"+7", 7),
        (b"-7", -7),
        (b"junk", 0),
        (b"", 0),
        (b"2147483647", 2147483647),
        (b"2147483648", 0),
        (b"9" * 5000, 0),
        (b"0x10", 0),
    ],
)
def test_numbers_are_read_as_c_reads_them(text: bytes, number: int) -> None:
    assert wire.c_number(text) == number


@pytest.mark.parametrize(
    ("arguments", "sender", "target"),
    [
        (b"peer_id=1&to=2", 1, 2),
        (b"to=2&peer_id=1", 1, 2),
        (b"xpeer_id=1", 1, 0),
        (b"peer_id=1&goto=2", 1, 0),
        (b"peer_id=1to=2", 1, 0),
        (b"peer_id=3-anything&to=4,5", 3, 4),
        (b"peer_id=1&peer_id=2", 1, 0),
        (b"", 0, 0),
    ],
)
def test_ids_are_found_where_the_original_finds_them(arguments: bytes, sender: int, target: int) -> None:
    assert (wire.peer_id(arguments), wire.target_id(arguments)) == (sender, target)


@pytest.mark.parametrize(
    ("arguments", "turn", "within"),
    [
        (b"peer_id=5&turn=7&within=25", 7, 25.0),
        (b"peer_id=5&within=0", None, 1.0),
        (b"peer_id=5&turn=0", 0, None),
        (b"turn=7&peer_id=5", None, None),
        (b"peer_id=5&turn=7x&within=99999", None, None),
        (b"peer_id=5&turn=-1&within=1e9", None, None),
        (b"", None, None),
    ],
)
def test_what_our_own_page_says_of_its_wait_is_read(arguments: bytes, turn: int | None, within: float | None) -> None:
    assert wire.turn(arguments) == turn
    assert wire.time_limit(arguments) == within


def test_the_name_ends_at_the_first_ampersand() -> None:
    sign_in = wire.read_sign_in("王芳&pass=a%26b%20%C3%A9&pass=second&x".encode())
    assert sign_in.name == "王芳".encode()
    assert sign_in.passcode == "a&b é"
    assert sign_in.keys == {"pass": "a&b é", "x": ""}
    assert wire.read_sign_in(b"%E5%AD%A6").name == b"%E5%AD%A6"
    assert wire.read_sign_in(b"").passcode is None


@given(st.binary())
def test_any_bytes_can_be_arguments(arguments: bytes) -> None:
    assert -(2**31) < wire.peer_id(arguments) < 2**31
    assert -(2**31) < wire.target_id(arguments) < 2**31
    assert wire.read_sign_in(arguments).name == arguments.split(b"&")[0]
    assert wire.split_target(b"/p?" + arguments) == (b"/p", arguments)


@given(st.text(max_size=300))
@example("text/plain\r\nPragma: 7")
@example("text/\udcff")
@example("")
def test_a_content_type_cannot_break_the_head_it_goes_into(value: str) -> None:
    kept = wire.content_type(value)
    assert kept is not None
    assert kept.isascii()
    assert kept.isprintable()
    assert wire.content_type("text/plain;charset=UTF-8") == "text/plain;charset=UTF-8"
    assert wire.content_type(None) is None


def raw(reply: wire.Reply) -> bytes:
    head = f"HTTP/1.1 {reply.status} {reply.reason}\r\n" + "".join(f"{n}: {v}\r\n" for n, v in reply.headers())
    return head.encode() + b"\r\n" + reply.body


def test_a_reply_head_is_the_originals() -> None:
    admission = Admission(7, (Notice(7, b"me", True), Notice(1, b"other", True)))
    assert raw(wire.added(admission)) == (
        b"HTTP/1.1 200 Added\r\n"
        b"Server: PeerConnectionTestServer/0.1\r\n"
        b"Cache-Control: no-cache\r\n"
        b"Connection: close\r\n"
        b"Content-Type: text/plain\r\n"
        b"Content-Length: 17\r\n"
        b"Pragma: 7\r\n"
        b"Access-Control-Allow-Origin: *\r\n"
        b"Access-Control-Allow-Credentials: true\r\n"
        b"Access-Control-Allow-Methods: POST, GET, OPTIONS\r\n"
        b"Access-Control-Allow-Headers: Content-Type, Content-Length, Connection, Cache-Control\r\n"
        b"Access-Control-Expose-Headers: Content-Length\r\n"
        b"\r\nme,7,1\nother,1,1\n"
    )


@pytest.mark.parametrize(
    "reply",
    [
        wire.ok(),
        wire.ok(content_type=None),
        wire.gone(),
        wire.sorry(),
        wire.refused(wire.Refusal("Nein, schön", "passcode")),
        wire.closing(),
        wire.too_large(),
        wire.bad_request("why"),
        wire.quiet(9),
        wire.delivered(Notice(3, b"a", False), 9),
        wire.delivered(RelayedMessage(3, b"\x00\xff", None), 9),
    ],
)
def test_the_native_client_can_read_every_reply(reply: wire.Reply) -> None:
    data = raw(reply)
    for end in range(len(data)):
        assert parse_reply(data[:end]) is None
    read = parse_reply(data)
    assert read is not None
    assert (read.status, read.body, read.closes) == (reply.status, reply.body, True)
    assert read.peer_id == (-1 if reply.pragma is None else reply.pragma)
    assert (b"\r\nContent-Type: " in data) == (reply.content_type is not None)


@pytest.mark.parametrize(
    ("reply", "line"),
    [
        (wire.ok(), b"200 OK"),
        (wire.quiet(9), b"200 OK"),
        (wire.shutting_down(), b"200 OK"),
        (wire.quitting(), b"200 OK"),
        (wire.gone(), b"500 Error"),
        (wire.sorry(), b"500 Sorry"),
        (wire.refused(wire.Refusal("No.", "full")), b"403 Refused"),
        (wire.closing(), b"503 Closing"),
        (wire.too_large(), b"413 Too Large"),
        (wire.too_many("why"), b"429 Too Many Requests"),
        (wire.bad_request("why"), b"400 Bad Request"),
    ],
)
def test_each_reply_has_its_own_status(reply: wire.Reply, line: bytes) -> None:
    assert reply.encode().startswith(b"HTTP/1.1 " + line + b"\r\n")


def test_pragma_tells_notifications_from_messages() -> None:
    assert wire.delivered(Notice(3, b"a", True), 9) == wire.Reply(body=b"a,3,1\n", pragma=9)
    assert wire.delivered(RelayedMessage(3, b"x", "a/b"), 9) == wire.Reply(content_type="a/b", body=b"x", pragma=3)


@given(st.binary(max_size=30), st.integers(1, 2**31 - 1), st.booleans())
def test_a_list_line_is_read_back_by_the_native_client(raw_name: bytes, number: int, connected: bool) -> None:
    from classroom.signaling.room import clean_name

    name = clean_name(raw_name) or b"x"
    line = wire.list_line(Notice(number, name, connected))
    assert line.count(b"\n") == 1
    entry = parse_entry(line.rstrip(b"\n"))
    assert entry is not None
    assert (entry.name, entry.id, entry.connected) == (name, number, connected)
