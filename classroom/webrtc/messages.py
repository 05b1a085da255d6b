"""What peers say to each other through the signaling: descriptions, candidates, and our own page's additions.

Bodies are JSON text, except ``BYE``, the original's hang-up. Anything else is a WireError: logged, never fatal.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from classroom.common.errors import WireError
from classroom.webrtc.candidates import read_candidate
from classroom.webrtc.description import Candidate, check_size

__all__ = [
    "LONGEST_BODY",
    "Answer",
    "Bye",
    "Candidate",
    "Hello",
    "IceFault",
    "KeyFrameWanted",
    "PictureSize",
    "RestartWanted",
    "Statistics",
    "Tell",
    "parse",
    "read",
]

Tell = Callable[[Mapping[str, object]], None]
"""Gives somebody a message."""

LONGEST_BODY = 65_536
"""Bytes of a message; JSON of 300 kB takes so long to read that everybody notices."""

_LONGEST_DESCRIPTION = 65_536

_LARGEST_SIDE = 32_768
"""Pixels of the largest side that a page may say it shows."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The peer accepts the offer (RFC 3264)."""

    sdp: str


@dataclass(frozen=True, slots=True)
class Bye:
    """The peer hung up and stays signed in."""


@dataclass(frozen=True, slots=True)
class Hello:
    """The peer is our own page and understands our own messages.

    ``ticket`` is the one it was given when it was here before, ``device`` a mark that its browser keeps; both may be
    empty.
    """

    ticket: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True)
class KeyFrameWanted:
    """The page has no picture or a broken one."""


@dataclass(frozen=True, slots=True)
class RestartWanted:
    """The page's connection failed; it wants a new offer."""


@dataclass(frozen=True, slots=True)
class IceFault:
    """The page got nothing from any TURN server.

    ``code`` is the server's error (RFC 8656, section 18), 701 where none answered, None when all is well again.
    """

    code: int | None


@dataclass(frozen=True, slots=True)
class Statistics:
    """What the page measures: the delay of the picture in seconds, None where it does not know."""

    latency: float | None


@dataclass(frozen=True, slots=True)
class PictureSize:
    """How large the page shows the picture, in pixels of its screen."""

    width: int
    height: int


Message = Answer | Candidate | Bye | Hello | KeyFrameWanted | PictureSize | RestartWanted | IceFault | Statistics


def parse(body: bytes) -> Message:
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


def read(value: Mapping[str, object]) -> Message:
    """Read a message from a peer; WireError says what is wrong with it."""
    match value.get("type"):
        case None | "":
            return _candidate(value)
        case "answer" | "pranswer":
            sdp = _text(value, "sdp", _LONGEST_DESCRIPTION)
            check_size(sdp)
            return Answer(sdp)
        case "hello" if value.get("app") == "classroom":
            return Hello(_mark(value, "ticket"), _mark(value, "device"))
        case "key-frame":
            return KeyFrameWanted()
        case "restart":
            return RestartWanted()
        case "ice-fault":
            return IceFault(_error_code(value))
        case "statistics":
            return Statistics(_number(value, "latency", 60.0))
        case "size":
            return PictureSize(_pixels(value, "width"), _pixels(value, "height"))
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
        raise WireError(f"its {key} is no number of pixels")
    return number


def _number(value: Mapping[str, object], key: str, largest: float) -> float | None:
    number = value.get(key)
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number <= largest:
        return None
    return float(number)


def _error_code(value: Mapping[str, object]) -> int | None:
    code = value.get("code")
    if code is not None and (isinstance(code, bool) or not isinstance(code, int) or not 300 <= code <= 799):
        raise WireError("its code is no error of a server")
    return code
