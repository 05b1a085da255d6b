"""A peer's description (SDP, RFC 8866) before aiortc sees it: what it may say, and what is taken out of it.

aiortc takes much for granted, and what it does with a description goes on after it has been taken, in tasks that nobody
waits for. So whatever would fail there is refused here, with a sentence. Candidates are taken out and added one by one,
as if they had come by themselves: so they are counted and looked at, and a name that mDNS must find holds up nobody.
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
"""What aiortc's parser is seen to raise for descriptions that no browser writes."""

_LONGEST: Final = 65_536
_MOST_LINES: Final = 1000
_LONGEST_LINE: Final = 2048
_MOST_OF: Final = {"m=": 8, "a=candidate:": 256, "a=rtpmap:": 128, "a=rtcp-fb:": 256}
"""A browser's description has 4 kB and 100 lines. aiortc takes 1.5 s to read 250 kB of some, and all wait meanwhile."""

_MEDIA: Final = re.compile(r"m=(audio|video) (\d{1,5}) ([A-Z/]+) (\d{1,3}(?: \d{1,3}){0,63})")
_ICE_CHARACTERS: Final = r"[A-Za-z0-9+/=_#-]"
"""Those of RFC 8839, section 5.4, and what older clients use besides."""

_LINES: Final = {
    # It stands in every check that is sent, and is the peer's choice; RFC 8839 has 256.
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
_LISTENING: Final = {"sendrecv": "recvonly", "sendonly": "inactive"}
_LEFT_OUT: Final = ("c=", "b=", "a=rtcp:", "a=end-of-candidates", "a=candidate:")
"""Lines that say nothing to aiortc, or that are looked at elsewhere."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to reach the peer (RFC 8839); an empty line means that there are no more.

    As a message it has the names that browsers give its fields.
    """

    line: str = field(metadata={"key": "candidate"})
    mid: str | None = field(metadata={"key": "sdpMid"})
    line_index: int | None = field(metadata={"key": "sdpMLineIndex"})


@dataclass(frozen=True, slots=True)
class CheckedDescription:
    """A description that aiortc can take, and the first of the candidates that stood in it."""

    sdp: str
    candidates: Sequence[Candidate]


def check_size(sdp: str) -> None:
    """Raise WireError for a description that would take long to read or to act on."""
    if len(sdp) > _LONGEST:
        raise WireError("its description is too long")
    lines = sdp.splitlines()
    if len(lines) > _MOST_LINES or any(len(line) > _LONGEST_LINE for line in lines):
        raise WireError("its description is too long")
    if any(sum(line.startswith(start) for line in lines) > most for start, most in _MOST_OF.items()):
        raise WireError("its description has too many media or candidates")


def check_description(sdp: str, kind: Literal["offer", "answer"]) -> CheckedDescription:
    """A description as it may be given to aiortc; WireError says why another cannot be used."""
    check_size(sdp)
    head, *sections = _sections(sdp)
    if not sections:
        raise WireError("its description has neither picture nor sound")
    for line in head:
        _check(line)
    mids: list[str] = []
    candidates: list[Candidate] = []
    # All that we offer has one transport; an answer that bundles it in another order would have aiortc end it.
    kept = [line for line in head if _is_kept(line) and not (kind == "answer" and line.startswith("a=group:"))]
    for index, section in enumerate(sections):
        refused = _check_section(head, section, kind)
        mids.append(_value(section, "mid") or "")
        if not refused:
            candidates += [Candidate(line, mids[-1], index) for line in section if line.startswith("a=candidate:")]
        kept += _listening(section) if kind == "answer" else [line for line in section if _is_kept(line)]
    if len(set(mids)) != len(mids):
        raise WireError("its description names two media alike")
    if kind == "offer":
        _check_bundle(head, mids)
    text = "\r\n".join(kept) + "\r\n"
    _try_to_read(text)
    return CheckedDescription(text, candidates[:MOST_CANDIDATES])


def _sections(sdp: str) -> list[list[str]]:
    """The lines of the session, and then those of each medium."""
    found: list[list[str]] = [[]]
    for line in sdp.splitlines():
        if line.startswith("m="):
            found.append([])
        found[-1].append(line.rstrip())
    return found


def _check_section(head: Sequence[str], section: Sequence[str], kind: str) -> bool:
    """Raise WireError for a medium that cannot be taken; whether the peer refuses it."""
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
    """What the last line of that name says, which is the one that counts for aiortc."""
    start = f"a={name}:"
    return next((line[len(start) :] for line in reversed(lines) if line.startswith(start)), None)


def _check_bundle(head: Sequence[str], mids: Sequence[str]) -> None:
    for line in head:
        if line.startswith("a=group:BUNDLE"):
            bundled = line.split()[1:]
            if len(set(bundled)) != len(bundled) or not set(bundled) <= set(mids):
                raise WireError("its description bundles media that it does not have")


def _listening(section: Sequence[str]) -> Iterator[str]:
    """A section of an answer, as one of somebody who sends nothing: what would come is not to be decoded here."""
    directed = False
    for line in section:
        if (direction := _DIRECTION.fullmatch(line)) is not None:
            directed = True
            yield f"a={_LISTENING.get(direction[1], direction[1])}"
        elif _is_kept(line):
            yield line
    if not directed:
        yield "a=recvonly"


def _is_kept(line: str) -> bool:
    return not line.startswith(_LEFT_OUT)


def _try_to_read(sdp: str) -> None:
    try:
        SessionDescription.parse(sdp)
    except Exception as fault:  # whatever the parser did not expect
        raise WireError(f"its description cannot be read ({type(fault).__name__})") from fault
