"""What our pages and the broadcaster say to each other: every message of both directions, and how it is read.

This is the one place where a message is declared. ``FromPage`` are those of a page, ``ToPage`` those to a student's
page, ``ToTeacher`` those to a teacher's page about a connection of its own; ``classroom schema --pages`` makes the
pages' types of the same classes. A message is a JSON object. The fields that cannot be given are the same in each
message of a class, such as ``type``. A field that has a default may be left out.

What a peer says is JSON text, except ``BYE``, the original's hang-up. Anything else is a WireError: logged, never
fatal.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Literal, NotRequired, TypedDict

from classroom.common.errors import WireError
from classroom.common.sentences import Wording
from classroom.webrtc.can_send import CanSend, read_can_send
from classroom.webrtc.candidates import read_candidate
from classroom.webrtc.class_messages import ChatNews, ChatSaid, ClassNews, Hand, read_chat, read_hand
from classroom.webrtc.description import Candidate, check_size
from classroom.webrtc.reception_report import Latency, Shows, read_latency, read_shows

__all__ = [
    "LONGEST_BODY",
    "OVER",
    "UNUSABLE",
    "Accepted",
    "Answer",
    "Bye",
    "Candidate",
    "ClassNews",
    "ClockLine",
    "CloseReason",
    "Closed",
    "Ended",
    "FromPage",
    "Hand",
    "Hello",
    "IceFault",
    "IceServerEntry",
    "IceServersRenewed",
    "KeyFrameWanted",
    "Offer",
    "PictureSize",
    "RefusalReason",
    "Refused",
    "RestartWanted",
    "StandInEntry",
    "StandIns",
    "Statistics",
    "Tell",
    "TimeLines",
    "ToPage",
    "ToTeacher",
    "Waiting",
    "Welcome",
    "encode",
    "parse",
    "read",
    "to_json",
]

LONGEST_BODY = 65_536
"""Bytes of a message; JSON of 300 kB takes so long to read that everybody notices."""

_LONGEST_DESCRIPTION = 65_536

_LARGEST_SIDE = 32_768
"""Pixels of the largest side that a page may say it shows."""

OVER = Wording("peer.over", "This connection has ended. Begin another with peer.offer.")
UNUSABLE = Wording("peer.unusable", "This cannot be used: {fault}.")

RefusalReason = Literal["full", "closed", "teacher", "removed", "banned", "replaced"]
"""Why a student's page is sent away: there is no place left, or memory; nobody new comes in; the teacher did not let it
in, or removed it; it may not come back; somebody signed in with the same ticket."""

CloseReason = Literal["replaced", "removed", "unusable", "failed", "ended"]
"""Why a connection was closed: somebody else sends, the source is gone, the offer cannot be read, no way was found."""


class IceServerEntry(TypedDict):
    """A STUN or TURN server, as `RTCConfiguration.iceServers` of browsers has it."""

    urls: list[str]
    username: NotRequired[str]
    credential: NotRequired[str]


class StandInEntry(TypedDict):
    """A source on air that has no picture now."""

    source: str
    """The source that is meant."""
    stand_in: str | None
    """The source that is shown instead; null is a card that says that it will be back."""


# From a page


@dataclass(frozen=True, slots=True)
class Answer:
    """An offer is accepted (RFC 3264): the broadcaster's by who watches, and by the broadcaster one of who sends."""

    type: Literal["answer"] = field(default="answer", init=False)
    sdp: str


@dataclass(frozen=True, slots=True)
class Bye:
    """The peer hung up and stays signed in. It is no JSON object but the text ``BYE``."""


@dataclass(frozen=True, slots=True)
class Hello:
    """The peer is our own page and understands our own messages; it may say more, which is not read."""

    type: Literal["hello"] = field(default="hello", init=False)
    app: Literal["classroom"] = field(default="classroom", init=False)
    version: Literal[1] = field(default=1, init=False)
    ticket: str = ""
    """The one it was given when it was here before."""
    device: str = ""
    """A mark that its browser keeps."""
    can_send: CanSend | None = None
    """What it could send if the teacher asked; null where it does not say."""


@dataclass(frozen=True, slots=True)
class KeyFrameWanted:
    """The page has no picture or a broken one."""

    type: Literal["key-frame"] = field(default="key-frame", init=False)


@dataclass(frozen=True, slots=True)
class RestartWanted:
    """The page's connection failed; it wants a new offer."""

    type: Literal["restart"] = field(default="restart", init=False)


@dataclass(frozen=True, slots=True)
class IceFault:
    """The page got nothing from any TURN server."""

    type: Literal["ice-fault"] = field(default="ice-fault", init=False)
    code: int | None
    """The server's error (RFC 8656, section 18), 701 where none answered, null when all is well again."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """What the page measures; it may say more, which is not read."""

    type: Literal["statistics"] = field(default="statistics", init=False)
    latency: Latency | None
    """Null where the page does not know."""
    shows: Shows | None


@dataclass(frozen=True, slots=True)
class PictureSize:
    """How large the page shows the picture."""

    type: Literal["size"] = field(default="size", init=False)
    width: int
    """Pixels of the screen."""
    height: int
    """Pixels of the screen."""


FromPage = (
    Answer | Candidate | Hello | KeyFrameWanted | PictureSize | RestartWanted | IceFault | Statistics | Hand | ChatSaid
)
"""What a page says as a JSON object."""


# From the broadcaster


@dataclass(frozen=True, slots=True)
class Offer:
    """The program, to be answered over a new connection that replaces the one before."""

    sdp: str
    type: Literal["offer"] = field(default="offer", init=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome:
    """The answer to hello: the page may watch."""

    type: Literal["welcome"] = field(default="welcome", init=False)
    version: Literal[1] = field(default=1, init=False)
    title: str
    """The lesson's."""
    language: str | None
    """The lesson's, such as `en`; null for that of each browser."""
    ticket: str | None = None
    """With it in its next hello the page keeps its place."""
    ice_servers: list[IceServerEntry]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """The answer to hello where the teacher has to let the page in; a welcome follows then."""

    type: Literal["waiting"] = field(default="waiting", init=False)
    version: Literal[1] = field(default=1, init=False)
    title: str
    """The lesson's."""
    language: str | None
    """The lesson's, such as `en`; null for that of each browser."""
    ticket: str | None = None
    """With it in its next hello the page keeps its place."""


@dataclass(frozen=True, slots=True)
class IceServersRenewed:
    """New passwords for the same servers, before the old ones expire."""

    type: Literal["ice_servers"] = field(default="ice_servers", init=False)
    ice_servers: list[IceServerEntry]


class ClockLine(TypedDict):
    """When the time stamps of one stream were: `rtp` was at `at`, and they count `rate` a second."""

    ssrc: int
    rtp: int
    """A time stamp of the stream, 32 bits."""
    at: float
    """When what has it was made, in the seconds that `/clock` tells."""
    rate: int


@dataclass(frozen=True, slots=True)
class TimeLines:
    """By it a page measures how late it shows and plays the connection that its last offer began."""

    type: Literal["clock"] = field(default="clock", init=False)
    picture: ClockLine | None
    """Null before the first picture was sent."""
    sound: ClockLine | None
    """Null before the first sound was sent."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The teacher has ended the lesson."""

    type: Literal["ended"] = field(default="ended", init=False)


@dataclass(frozen=True, slots=True)
class Refused:
    """The page is not to come back by itself."""

    type: Literal["refused"] = field(default="refused", init=False)
    why: RefusalReason


@dataclass(frozen=True, slots=True)
class StandIns:
    """What is missing in the picture, and what is shown instead; an empty list when nothing is missing any more."""

    type: Literal["stand-ins"] = field(default="stand-ins", init=False)
    sources: list[StandInEntry]


@dataclass(frozen=True, slots=True)
class Accepted:
    """A teacher's page may make the connection that it asked for."""

    type: Literal["welcome"] = field(default="welcome", init=False)
    ice_servers: list[IceServerEntry]


@dataclass(frozen=True, slots=True)
class Closed:
    """A connection over which a teacher's page was a source has ended."""

    type: Literal["closed"] = field(default="closed", init=False)
    why: CloseReason


ToPage = Offer | Welcome | Waiting | IceServersRenewed | TimeLines | StandIns | ClassNews | ChatNews | Ended | Refused
"""What a student's page is told through the signaling."""

ToTeacher = Accepted | Offer | Answer | IceServersRenewed | Ended | Closed
"""What a teacher's page is told about a connection of its own, in the notification ``peer``."""

Tell = Callable[[ToTeacher], None]
"""Gives a teacher's page a message."""


def to_json(message: FromPage | ToPage | ToTeacher) -> dict[str, object]:
    """The message as a JSON object; what is at its default is left out where it may be."""
    return {
        each.metadata.get("key", each.name): getattr(message, each.name)
        for each in fields(message)
        if not each.init or getattr(message, each.name) != each.default
    }


def encode(message: FromPage | ToPage | ToTeacher) -> str:
    """The message as it is sent."""
    return json.dumps(to_json(message))


def parse(body: bytes) -> FromPage | Bye:
    """Read the body of a message from a peer; WireError says what is wrong with it."""
    if body.strip() == b"BYE":
        return Bye()
    if len(body) > LONGEST_BODY:
        raise WireError("it is too long")
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as fault:
        raise WireError("it is neither JSON nor BYE") from fault
    if not isinstance(value, dict):
        raise WireError("it is not a JSON object")
    return read(value)


def read(value: Mapping[str, object]) -> FromPage:
    """Read a message from a peer; WireError says what is wrong with it."""
    match value.get("type"):
        case None | "":
            return _candidate(value)
        case "answer" | "pranswer":
            sdp = _text(value, "sdp", _LONGEST_DESCRIPTION)
            check_size(sdp)
            return Answer(sdp)
        case "hello" if value.get("app") == "classroom":
            return Hello(_mark(value, "ticket"), _mark(value, "device"), read_can_send(value.get("can_send")))
        case "key-frame":
            return KeyFrameWanted()
        case "restart":
            return RestartWanted()
        case "ice-fault":
            return IceFault(_error_code(value))
        case "statistics":
            return Statistics(read_latency(value.get("latency")), read_shows(value.get("shows")))
        case "chat":
            return read_chat(value)
        case "size":
            return PictureSize(_pixels(value, "width"), _pixels(value, "height"))
        case "hand":
            return read_hand(value)
        case kind:
            raise WireError(f"its type is unknown: {str(kind)[:32]!r}")


def _candidate(value: Mapping[str, object]) -> Candidate:
    line = _text(value, "candidate", 1024)
    if line:
        read_candidate(line)
    mid, index = value.get("sdpMid"), value.get("sdpMLineIndex")
    if mid is not None and not isinstance(mid, str):
        raise WireError("its sdpMid is not text")
    if index is not None and (isinstance(index, bool) or not isinstance(index, int)):
        raise WireError("its sdpMLineIndex is not a number")
    if mid is None and index is None:
        raise WireError("its candidate belongs to no media line")
    return Candidate(line, mid, index)


def _text(value: Mapping[str, object], key: str, longest: int) -> str:
    text = value.get(key)
    if not isinstance(text, str) or len(text) > longest:
        raise WireError(f"its {key} is missing or too long")
    return text


def _mark(value: Mapping[str, object], key: str) -> str:
    text = value.get(key)
    return text if isinstance(text, str) and len(text) <= 64 else ""


def _pixels(value: Mapping[str, object], key: str) -> int:
    number = value.get(key)
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= _LARGEST_SIDE:
        raise WireError(f"its {key} is not a number of pixels")
    return number


def _error_code(value: Mapping[str, object]) -> int | None:
    code = value.get("code")
    if code is not None and (isinstance(code, bool) or not isinstance(code, int) or not 300 <= code <= 799):
        raise WireError("its code is not an error of a server")
    return code
