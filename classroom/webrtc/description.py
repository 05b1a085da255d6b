"""Checks a peer's description (SDP, RFC 8866) before aiortc reads it, and takes the candidates out of it.

aiortc expects valid descriptions, and it uses them in tasks that run after it has accepted them, where no caller sees
an error. So a description that would fail there is refused here, with a reason. Candidates are taken out and added one
by one, as if they had come separately: so they are counted and checked, and a slow mDNS name delays nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from aiortc.exceptions import InvalidAccessError, InvalidStateError, OperationError
from aiortc.sdp import SessionDescription

from classroom.common.errors import WireError
from classroom.webrtc.candidates import MOST_CANDIDATES

__all__ = ["BAD_DESCRIPTION", "Candidate", "CheckedDescription", "check_description", "check_size"]

BAD_DESCRIPTION: Final = (
    ValueError,
    KeyError,
    IndexError,
    AttributeError,
    AssertionError,
    TypeError,
    InvalidAccessError,
    InvalidStateError,
    OperationError,
    RuntimeError,
)
"""What aiortc's parser raises for descriptions that no browser writes."""

_LONGEST: Final = 65_536
_MOST_LINES: Final = 1000
_LONGEST_LINE: Final = 2048
_MOST_OF: Final = {"m=": 8, "a=candidate:": 256, "a=rtpmap:": 128, "a=rtcp-fb:": 256}
"""A browser's description has 4 kB and 100 lines. aiortc may need 1.5 s for 250 kB, and all students wait."""

_MEDIA: Final = re.compile(r"m=(audio|video) (\d{1,5}) ([A-Z/]+) (\d{1,3}(?: \d{1,3}){0,63})")
_ICE_CHARACTERS: Final = r"[A-Za-z0-9+/=_#-]"
"""Those of RFC 8839, section 5.4, and others that older clients use."""

_LINES: Final = {
    # Each check that is sent contains it, and the peer chooses it; RFC 8839 allows 256.
    "ice-ufrag": re.compile(_ICE_CHARACTERS + r"{4,64}"),
    "ice-pwd": re.compile(_ICE_CHARACTERS + r"{22,256}"),
    "fingerprint": re.compile(r"[A-Za-z0-9-]{1,16} [0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){15,63}"),
    "mid": re.compile(r"[!-~]{1,32}"),
    "rtpmap": re.compile(r"\d{1,3} [!-~]{1,64}(?: *)"),
    "msid": re.compile(r"[!-~]{1,128}(?: [!-~]{1,128})?"),
    "setup": re.compile(r"active|passive|actpass"),
}
_FIRST_RTCP, _LAST_RTCP, _LARGEST_FORMAT = 64, 95, 127
"""Numbers of formats that would be taken for RTCP (RFC 5761, section 4)."""

_DIRECTION: Final = re.compile(r"a=(sendrecv|sendonly|recvonly|inactive)")
_RECEIVE_ONLY: Final = {"sendrecv": "recvonly", "sendonly": "inactive"}
_LEFT_OUT: Final = ("c=", "b=", "a=rtcp:", "a=end-of-candidates", "a=candidate:")
"""Lines that aiortc does not use, or that are read elsewhere."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One address of the peer (RFC 8839); an empty line means that there are no more.

    As a message it has the names that browsers give its fields.
    """

    line: str = field(metadata={"key": "candidate"})
    mid: str | None = field(metadata={"key": "sdpMid"})
    line_index: int | None = field(metadata={"key": "sdpMLineIndex"})


@dataclass(frozen=True, slots=True)
class CheckedDescription:
    """A description that aiortc can read, and the first of the candidates that it contained."""

    sdp: str
    candidates: Sequence[Candidate]


def check_size(sdp: str) -> None:
    """Raise WireError for a description that would take long to process."""
    if len(sdp) > _LONGEST:
        raise WireError("its description is too long")
    lines = sdp.splitlines()
    if len(lines) > _MOST_LINES or any(len(line) > _LONGEST_LINE for line in lines):
        raise WireError("its description is too long")
    if any(sum(line.startswith(start) for line in lines) > most for start, most in _MOST_OF.items()):
        raise WireError("its description has too many media or candidates")


def check_description(sdp: str, kind: Literal["offer", "answer"]) -> CheckedDescription:
    """Check a description and return it as aiortc may read it. Raises WireError, which says what is wrong."""
    check_size(sdp)
    head, *sections = _sections(sdp)
    if not sections:
        raise WireError("its description has neither picture nor sound")
    for line in head:
        _check(line)
    mids: list[str] = []
    candidates: list[Candidate] = []
    # All offered sections share one transport; an answer that bundles them in another order makes aiortc end it.
    kept = [line for line in head if _is_kept(line) and not (kind == "answer" and line.startswith("a=group:"))]
    for index, section in enumerate(sections):
        rejected = _check_section(head, section, kind)
        mids.append(_value(section, "mid") or "")
        if not rejected:
            candidates += [Candidate(line, mids[-1], index) for line in section if line.startswith("a=candidate:")]
        kept += _receive_only(section) if kind == "answer" else [line for line in section if _is_kept(line)]
    if len(set(mids)) != len(mids):
        raise WireError("its description names two media alike")
    if kind == "offer":
        _check_bundle(head, mids)
    text = "\r\n".join(kept) + "\r\n"
    _try_to_read(text)
    return CheckedDescription(text, candidates[:MOST_CANDIDATES])


def _sections(sdp: str) -> list[list[str]]:
    """The lines of the session, and then those of each media section."""
    found: list[list[str]] = [[]]
    for line in sdp.splitlines():
        if line.startswith("m="):
            found.append([])
        found[-1].append(line.rstrip())
    return found


def _check_section(head: Sequence[str], section: Sequence[str], kind: str) -> bool:
    """Raise WireError for a media section that cannot be used; returns whether the peer rejects it."""
    media = _MEDIA.fullmatch(section[0])
    if media is None or int(media[2]) > 65_535:
        raise WireError("its description has media that are neither picture nor sound, or cannot be read")
    formats = [int(each) for each in media[4].split()]
    for line in section[1:]:
        _check(line)
        if line.startswith("a=rtpmap:"):
            formats.append(int(line[9:].split(" ")[0]))
    if any(_FIRST_RTCP <= each <= _LAST_RTCP or each > _LARGEST_FORMAT for each in formats):
        raise WireError("its description numbers a format as none can be")
    if _value(section, "mid") is None:
        raise WireError("its description has a medium without a name (mid)")
    if kind == "answer" and int(media[2]) == 0:
        return True
    for name in ("ice-ufrag", "ice-pwd", "fingerprint", "setup"):
        if _value(section, name) is None and _value(head, name) is None:
            raise WireError(f"its description says no {name}")
    return False


def _check(line: str) -> None:
    name, _, value = line.removeprefix("a=").partition(":")
    form = _LINES.get(name) if line.startswith("a=") else None
    if form is not None and not form.fullmatch(value):
        raise WireError(f"its description has a line {name} that cannot be read")


def _value(lines: Sequence[str], name: str) -> str | None:
    """The value of the last line with this name, which is the one that aiortc uses."""
    start = f"a={name}:"
    return next((line[len(start) :] for line in reversed(lines) if line.startswith(start)), None)


def _check_bundle(head: Sequence[str], mids: Sequence[str]) -> None:
    for line in head:
        if line.startswith("a=group:BUNDLE"):
            bundled = line.split()[1:]
            if len(set(bundled)) != len(bundled) or not set(bundled) <= set(mids):
                raise WireError("its description bundles media that it does not have")


def _receive_only(section: Sequence[str]) -> Iterator[str]:
    """A section of an answer, changed to one that sends nothing, so that nothing is decoded here."""
    directed = False
    for line in section:
        if (direction := _DIRECTION.fullmatch(line)) is not None:
            directed = True
            yield f"a={_RECEIVE_ONLY.get(direction[1], direction[1])}"
        elif _is_kept(line):
            yield line
    if not directed:
        yield "a=recvonly"


def _is_kept(line: str) -> bool:
    return not line.startswith(_LEFT_OUT)


def _try_to_read(sdp: str) -> None:
    try:
        SessionDescription.parse(sdp)
    except Exception as fault:  # any exception of the parser
        raise WireError(f"its description cannot be read ({type(fault).__name__})") from fault
