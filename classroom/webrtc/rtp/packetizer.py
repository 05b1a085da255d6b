"""Cuts encoded pictures and sound into the payloads of RTP packets, once for all students.

The payloads of one picture have the same length, except the last, so that the kernel can cut one large datagram into
packets (UDP GSO). The formats are those of RFC 6184 (H.264, packetization-mode 1), RFC 7741 (VP8), RFC 7587 (Opus).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, assert_never

from classroom.media.frames import Codec

__all__ = ["LONGEST", "packetize"]

LONGEST: Final = 1152
"""Bytes in a payload at most: with headers and SRTP's tag a packet stays below 1200 bytes, as browsers' do."""

_STAP_A: Final = 24
_FU_A: Final = 28
_START: Final = 0x80
_END: Final = 0x40
_VP8_BEGINNING: Final = b"\x10"
_VP8_CONTINUATION: Final = b"\x00"


def packetize(codec: Codec, data: bytes, longest: int = LONGEST) -> list[bytes]:
    """The payloads of one encoded picture or block of sound; empty where ``data`` holds nothing."""
    match codec:
        case "h264":
            return _h264(data, longest)
        case "vp8":
            return _vp8(data, longest)
        case "opus":
            return [data] if data else []
        case _:
            assert_never(codec)


def _h264(data: bytes, longest: int) -> list[bytes]:
    payloads: list[bytes] = []
    small: list[bytes] = []
    for unit in _units(data):
        if len(unit) > longest:
            payloads += _aggregated(small)
            payloads += _fragments(unit, longest)
            small = []
            continue
        if small and 1 + sum(2 + len(each) for each in (*small, unit)) > longest:
            payloads += _aggregated(small)
            small = []
        small.append(unit)
    return payloads + _aggregated(small)


def _units(data: bytes) -> Iterator[bytes]:
    """The NAL units between the start codes (H.264, annex B); zeros after a unit belong to the next start code."""
    start = data.find(b"\0\0\1")
    while start >= 0:
        start += 3
        following = data.find(b"\0\0\1", start)
        unit = data[start : following if following >= 0 else len(data)].rstrip(b"\0")
        if unit:
            yield unit
        start = following


def _aggregated(units: list[bytes]) -> list[bytes]:
    """One packet for all units (STAP-A, RFC 6184 section 5.7.1), or the unit itself where there is one."""
    if len(units) < 2:
        return units
    importance = max(unit[0] & 0x60 for unit in units)
    forbidden = max(unit[0] & 0x80 for unit in units)
    head = bytes([forbidden | importance | _STAP_A])
    return [head + b"".join(len(unit).to_bytes(2, "big") + unit for unit in units)]


def _fragments(unit: bytes, longest: int) -> list[bytes]:
    """The packets of a unit too long for one (FU-A, RFC 6184 section 5.8)."""
    indicator, kind = unit[0] & 0xE0 | _FU_A, unit[0] & 0x1F
    pieces = _equal(unit[1:], longest - 2)
    heads = [bytes([indicator, kind])] * len(pieces)
    heads[0], heads[-1] = bytes([indicator, kind | _START]), bytes([indicator, kind | _END])
    return [head + piece for head, piece in zip(heads, pieces, strict=True)]


def _vp8(data: bytes, longest: int) -> list[bytes]:
    """VP8 with the shortest descriptor (RFC 7741 section 4.2).

    It has no picture id: the id would have to keep counting when a student moves to another rendition, so packets could
    not be shared. Receivers follow the sequence numbers instead.
    """
    pieces = _equal(data, longest - 1)
    return [(_VP8_CONTINUATION if at else _VP8_BEGINNING) + piece for at, piece in enumerate(pieces)]


def _equal(data: bytes, longest: int) -> list[bytes]:
    """As few pieces as possible, of the same length, except the last, which may be shorter."""
    if not data:
        return []
    count = -(-len(data) // longest)
    length = -(-len(data) // count)
    return [data[at : at + length] for at in range(0, len(data), length)]
