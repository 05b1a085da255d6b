"""The bytes of the signaling protocol: how arguments are read and how replies look.

The native client searches replies literally and with case (``Content-Length: ``, ``Connection: close``, ``Pragma: ``,
each at a line's start), so names, order and blanks are as Chromium's sample server sends them (its data_socket.cc).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, Literal, assert_never
from urllib.parse import unquote

from classroom.signaling.queue import Event, Notice, RelayedMessage
from classroom.signaling.room import Admission

__all__ = [
    "BODY_LIMIT",
    "PATHS",
    "REFUSED_HEADER",
    "SIGN_IN",
    "RawTarget",
    "Refusal",
    "Reply",
    "SignIn",
    "added",
    "bad_request",
    "c_number",
    "closing",
    "content_type",
    "delivered",
    "gone",
    "list_line",
    "ok",
    "peer_id",
    "quiet",
    "quitting",
    "read_sign_in",
    "refused",
    "shutting_down",
    "sorry",
    "split_target",
    "target_id",
    "time_limit",
    "too_large",
    "too_many",
    "turn",
]

SIGN_IN: Final = "/sign_in"
PATHS: Final = (SIGN_IN, "/wait", "/message", "/sign_out")

BODY_LIMIT: Final = 320 * 1024
"""Bytes of a message body that are taken; an offer with many codecs and candidates is about 20 KiB."""

REFUSED_HEADER: Final = "X-Classroom-Refused"
"""Says in one word why a sign-in is refused; the body says it in a sentence."""

_NUMBER: Final = re.compile(rb"[ \t\n\v\f\r]*([+-]?)0*([0-9]+)")
_TO: Final = re.compile(rb"(?:^|&)to=")
_TURN: Final = re.compile(rb"&turn=([0-9]{1,15})(?:&|$)")
_WITHIN: Final = re.compile(rb"&within=([0-9]{1,4})(?:&|$)")
_PLAIN_HEADER: Final = re.compile(r"[\x20-\x7e]{1,255}")


def c_number(text: bytes) -> int:
    """Read a number as C's ``atoi`` does: ``12abc`` is 12, junk is 0, and what fits no int is 0 as well."""
    match = _NUMBER.match(text)
    if match is None or len(match[2]) > 10:
        return 0
    value = int(match[2])
    return 0 if value >= 2**31 else -value if match[1] == b"-" else value


def split_target(target: bytes) -> tuple[bytes, bytes]:
    """Split a request target into path and arguments; without a ``?`` the arguments are empty."""
    path, _, arguments = target.partition(b"?")
    return path, arguments


def peer_id(arguments: bytes) -> int:
    """The asker's id: what follows the first ``peer_id=``, at any place; 0 without one."""
    _, found, rest = arguments.partition(b"peer_id=")
    return c_number(rest) if found else 0


def target_id(arguments: bytes) -> int:
    """The addressee's id: what follows ``to=`` at the start or after an ``&``; 0 without one."""
    match = _TO.search(arguments)
    return c_number(arguments[match.end() :]) if match else 0


def turn(arguments: bytes) -> int | None:
    """Which of its waits this is, as our own page counts them in ``&turn=``; None for a client that does not."""
    match = _TURN.search(arguments)
    return int(match[1]) if match else None


def time_limit(arguments: bytes) -> float | None:
    """The seconds of ``&within=`` in which our own page wants an answer to its wait; None to wait for ever."""
    match = _WITHIN.search(arguments)
    return max(1.0, float(match[1])) if match else None


@dataclass(frozen=True, slots=True)
class RawTarget:
    """A request target that had to be ``coded`` to make it valid HTTP, and what was ``sent``."""

    coded: str
    sent: bytes


@dataclass(frozen=True, slots=True)
class SignIn:
    """The arguments of a sign-in: the name in raw bytes, never decoded, and the keys after it, decoded."""

    name: bytes
    keys: dict[str, str] = field(default_factory=dict)

    @property
    def passcode(self) -> str | None:
        """The lesson's passcode as the page sent it."""
        return self.keys.get("pass")


def read_sign_in(arguments: bytes) -> SignIn:
    """Read ``NAME&key=value…``: everything up to the first ``&`` is the name; the first of equal keys counts."""
    name, *pairs = arguments.split(b"&")
    keys: dict[str, str] = {}
    for pair in pairs:
        key, _, value = pair.decode("utf-8", "replace").partition("=")
        keys.setdefault(unquote(key), unquote(value))
    return SignIn(name, keys)


def content_type(value: str | None) -> str | None:
    """A sender's Content-Type as it may be sent on; what could break the reader's reply becomes text/plain."""
    return value if value is None or _PLAIN_HEADER.fullmatch(value) else "text/plain"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a sign-in is refused: a sentence for people and a code for programs."""

    sentence: str
    code: Literal["passcode", "banned", "full", "origin"]


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply, complete; every one closes its connection."""

    status: int = 200
    reason: str = "OK"
    content_type: str | None = "text/plain"
    body: bytes = b""
    pragma: int | None = None
    refused: str | None = None

    def headers(self) -> tuple[tuple[str, str], ...]:
        """The head's lines in the order, case and spelling of the original."""
        head = [
            ("Server", "PeerConnectionTestServer/0.1"),
            ("Cache-Control", "no-cache"),
            ("Connection", "close"),
        ]
        if self.content_type is not None:
            head.append(("Content-Type", self.content_type))
        head.append(("Content-Length", str(len(self.body))))
        if self.pragma is not None:
            head.append(("Pragma", str(self.pragma)))
        head += [
            ("Access-Control-Allow-Origin", "*"),
            ("Access-Control-Allow-Credentials", "true"),
            ("Access-Control-Allow-Methods", "POST, GET, OPTIONS"),
            ("Access-Control-Allow-Headers", "Content-Type, Content-Length, Connection, Cache-Control"),
        ]
        exposed = "Content-Length"
        if self.refused is not None:
            head.append((REFUSED_HEADER, self.refused))
            exposed += f", {REFUSED_HEADER}"
        head.append(("Access-Control-Expose-Headers", exposed))
        return tuple(head)

    def encode(self) -> bytes:
        """The whole reply as bytes, for where no HTTP library writes it."""
        lines = [f"HTTP/1.1 {self.status} {self.reason}", *(f"{name}: {value}" for name, value in self.headers())]
        return "\r\n".join((*lines, "", "")).encode("latin-1") + self.body


def list_line(notice: Notice) -> bytes:
    """A line of the member list: ``name,id,1`` or ``name,id,0``, with its newline."""
    return b"%s,%d,%d\n" % (notice.name, notice.id, notice.connected)


def added(admission: Admission) -> Reply:
    """The reply to a sign-in; the id stands in Pragma (native client) and in the first line (pages)."""
    lines = b"".join(list_line(entry) for entry in admission.entries)
    return Reply(200, "Added", body=lines, pragma=admission.id)


def delivered(event: Event, own_id: int) -> Reply:
    """The reply to a wait: Pragma is the reader's own id for a notification, the sender's for a message."""
    match event:
        case Notice():
            return Reply(body=list_line(event), pragma=own_id)
        case RelayedMessage():
            return Reply(content_type=event.content_type, body=event.body, pragma=event.sender)
        case _:
            assert_never(event)


def quiet(own_id: int) -> Reply:
    """The reply to a wait with a time limit in which nothing happened: a notification without a line."""
    return Reply(pragma=own_id)


def ok(content_type: str | None = "text/plain") -> Reply:
    """Success without more to say."""
    return Reply(content_type=content_type)


def gone() -> Reply:
    """The reply to a message from or to an unknown member."""
    return Reply(500, "Error", body=b"Peer most likely gone.")


def sorry() -> Reply:
    """The reply to a wait or sign-out of an unknown member, and to everything that the original does not know."""
    return Reply(500, "Sorry", "text/html", b"<html><body>Sorry, not yet implemented</body></html>")


def refused(refusal: Refusal) -> Reply:
    """The reply to a sign-in that is refused: the sentence as its body, the code in a header that pages may read."""
    return Reply(403, "Refused", "text/plain; charset=utf-8", refusal.sentence.encode(), refused=refusal.code)


def closing() -> Reply:
    """The reply to a wait when the server stops."""
    return Reply(503, "Closing", body=b"The server is stopping. Sign in again when it is back.")


def shutting_down() -> Reply:
    """The reply to a wait when a client has made the server quit: the only event without Pragma."""
    return Reply(body=b"Server shutting down")


def quitting() -> Reply:
    """The reply to ``/quit`` where that is allowed."""
    return Reply(content_type="text/html", body=b"<html><body>Quitting...</body></html>")


def too_large(limit: int = BODY_LIMIT) -> Reply:
    """The reply to a body over the limit."""
    return Reply(413, "Too Large", body=b"A message may have %d bytes." % limit)


def too_many(why: str) -> Reply:
    """The reply to a client that sends or signs in too fast."""
    return Reply(429, "Too Many Requests", body=why.encode())


def bad_request(why: str) -> Reply:
    """The reply to a request that the original would never have answered."""
    return Reply(400, "Bad Request", body=why.encode())
