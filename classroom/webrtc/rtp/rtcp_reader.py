"""Reads RTCP from receivers, directly from the bytes: hundreds of students send a thousand packets a second."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from classroom.webrtc.rtp.feedback import KeyFrameRequest, Nack, ReceiverReport, Remb

__all__ = ["RtcpMessage", "read_rtcp"]

RtcpMessage = ReceiverReport | Nack | KeyFrameRequest | Remb

_HEAD: Final = struct.Struct("!BBH")
_BLOCK: Final = struct.Struct("!IB3sIIII")
_SSRC: Final = struct.Struct("!I")
_PAIR: Final = struct.Struct("!HH")

_SENDER_REPORT, _RECEIVER_REPORT, _TRANSPORT_FEEDBACK, _PAYLOAD_FEEDBACK = 200, 201, 205, 206
_NACK, _PLI, _FIR, _APPLICATION = 1, 1, 4, 15

_PADDED: Final = 0x20

_MOST_MISSING: Final = 1000
"""Packets that one NACK may name, about; a browser that misses more requests a key frame instead."""


def read_rtcp(data: bytes) -> Iterator[RtcpMessage]:
    """The messages of a compound packet (RFC 3550, section 6.1) that concern a sender; others are skipped.

    Raises ValueError where a packet in it is malformed; the messages before it have been yielded.
    """
    at = 0
    while at < len(data):
        if len(data) - at < 4:
            raise ValueError("a packet of RTCP is cut off")
        first, kind, words = _HEAD.unpack_from(data, at)
        end = at + 4 + 4 * words
        if first >> 6 != 2 or end > len(data):
            raise ValueError("this is not an RTCP packet")
        count, following = first & 0x1F, end
        if first & _PADDED:
            padding = data[end - 1]
            if not 0 < padding <= 4 * words:
                raise ValueError("the padding of a packet of RTCP is wrong")
            end -= padding
        if kind == _RECEIVER_REPORT:
            yield from _report_blocks(data, at + 8, end, count)
        elif kind == _SENDER_REPORT:
            yield from _report_blocks(data, at + 28, end, count)
        elif kind == _TRANSPORT_FEEDBACK and count == _NACK and end - at >= 12:
            yield _nack(data, at + 8, end)
        elif kind == _PAYLOAD_FEEDBACK and end - at >= 12:
            yield from _payload_feedback(data, at + 8, end, count)
        at = following


def _report_blocks(data: bytes, at: int, end: int, count: int) -> Iterator[ReceiverReport]:
    for place in range(at, min(end - _BLOCK.size + 1, at + count * _BLOCK.size), _BLOCK.size):
        ssrc, fraction, lost, highest, jitter, last, delay = _BLOCK.unpack_from(data, place)
        yield ReceiverReport(
            ssrc, fraction / 256, int.from_bytes(lost, "big", signed=True), jitter, last, delay, highest
        )


def _nack(data: bytes, at: int, end: int) -> Nack:
    """A generic NACK: a sequence number, and a bit for each of the sixteen after it (RFC 4585, section 6.2.1)."""
    missing: list[int] = []
    for place in range(at + 4, end - 3, 4):
        if len(missing) >= _MOST_MISSING:
            break
        first, following = _PAIR.unpack_from(data, place)
        missing.append(first)
        missing += [(first + 1 + bit) & 0xFFFF for bit in range(16) if following >> bit & 1]
    (ssrc,) = _SSRC.unpack_from(data, at)
    return Nack(ssrc, tuple(missing))


def _payload_feedback(data: bytes, at: int, end: int, form: int) -> Iterator[RtcpMessage]:
    (ssrc,) = _SSRC.unpack_from(data, at)
    if form == _PLI:
        yield KeyFrameRequest((ssrc,))
    elif form == _FIR:
        # The streams are named inside (RFC 5104, section 4.3.1.1).
        named = [_SSRC.unpack_from(data, place)[0] for place in range(at + 4, end - 7, 8)]
        yield KeyFrameRequest((*named, ssrc) if ssrc else tuple(named))
    elif form == _APPLICATION and data[at + 4 : at + 8] == b"REMB" and end - at >= 12:
        # draft-alvestrand-rmcat-remb-03, section 2.2: six bits of exponent, eighteen of mantissa.
        figure = int.from_bytes(data[at + 9 : at + 12], "big")
        named = [_SSRC.unpack_from(data, place)[0] for place in range(at + 12, end - 3, 4)][: data[at + 8]]
        yield Remb((figure & 0x3FFFF) << (figure >> 18), tuple(named))
