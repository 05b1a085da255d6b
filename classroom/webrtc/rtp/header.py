"""The part of an RTP header that differs between students, and templates of packets that lack only this part.

The packets of a frame are laid out once, one behind the other, with room for each header and for SRTP's tag. A
student's copy only needs its headers written in. See RFC 3550, section 5.1, and RFC 8285 for the extensions.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from classroom.webrtc.rtp.datagram import LARGEST_RUN, Run

__all__ = [
    "ABSOLUTE_SEND_TIME",
    "MID",
    "PLAYOUT_DELAY",
    "HeaderExtensions",
    "PacketTemplate",
    "PacketTemplates",
    "PlayoutDelay",
    "send_time",
]

MID: Final = "urn:ietf:params:rtp-hdrext:sdes:mid"
ABSOLUTE_SEND_TIME: Final = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
PLAYOUT_DELAY: Final = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"

_FIXED: Final = 12
_ONE_BYTE_HEADERS: Final = 0xBEDE
_LONGEST_ID: Final = 14
_LONGEST_VALUE: Final = 16
_UNIT: Final = 10
"""Milliseconds in a unit of the extension playout-delay."""

_LONGEST_DELAY: Final = 0xFFF


class PlayoutDelay:
    """How long one student's browser holds pictures back, in milliseconds; may change at any time.

    0 and 0 means that each picture is shown as soon as it is decoded.
    """

    def __init__(self, least: int, most: int) -> None:
        self.payload = b""
        self.set(least, most)

    def set(self, least: int, most: int) -> None:
        """Change it from the next packet on."""
        low = min(_LONGEST_DELAY, round(least / _UNIT))
        high = max(low, min(_LONGEST_DELAY, round(most / _UNIT)))
        self.least, self.most = low * _UNIT, high * _UNIT
        self.payload = (low << 12 | high).to_bytes(3, "big")


def send_time(seconds: float) -> bytes:
    """A time in the format of abs-send-time, 24 bits for 64 s; receivers use it to estimate what a link carries."""
    return (int(seconds * 262_144) & 0xFF_FFFF).to_bytes(3, "big")


class HeaderExtensions:
    """The header extensions of one stream; they have the same length in every packet, as GSO requires.

    ``ids`` are the negotiated ids, by URI.
    """

    def __init__(self, ids: Mapping[str, int], *, mid: str, delay: PlayoutDelay | None) -> None:
        ids = {uri: number for uri, number in ids.items() if 0 < number <= _LONGEST_ID}
        head, name = b"", mid.encode()
        if MID in ids and 0 < len(name) <= _LONGEST_VALUE:
            head = bytes([ids[MID] << 4 | len(name) - 1]) + name
        self._delay = delay if PLAYOUT_DELAY in ids else None
        self._delay_head = bytes([ids[PLAYOUT_DELAY] << 4 | 2]) if self._delay is not None else b""
        self._timed = ABSOLUTE_SEND_TIME in ids
        if self._timed:
            head += bytes([ids[ABSOLUTE_SEND_TIME] << 4 | 2])
        length = len(head) + 3 * self._timed + (4 if self._delay is not None else 0)
        words = -(-length // 4)
        self._padding = bytes(4 * words - length)
        self._head = struct.pack("!HH", _ONE_BYTE_HEADERS, words) + head if words else b""
        self.size = 4 + 4 * words if words else 0

    def pack(self, sent: bytes) -> bytes:
        """The extensions of a packet that is sent at a time (``send_time``)."""
        value = self._head + sent if self._timed else self._head
        if self._delay is not None:
            value += self._delay_head + self._delay.payload
        return value + self._padding


@dataclass(frozen=True, slots=True)
class PacketTemplate:
    """A portion of a frame as packets without headers; ``packets`` are (offset, bytes, marker bit × 128)."""

    data: bytes
    packets: tuple[tuple[int, int, int], ...]
    runs: tuple[Run, ...]
    octets: int


class PacketTemplates:
    """The templates of some payloads, by the room that headers and tags need; most students need the same.

    ``ends`` says that the last payload is the last of its picture, whose packet has the marker bit.
    """

    def __init__(self, payloads: Sequence[bytes], *, ends: bool) -> None:
        self._payloads = payloads
        self._ends = ends
        self._made: dict[tuple[int, int], PacketTemplate] = {}

    def get(self, extensions: int, tag: int) -> PacketTemplate:
        """The template for this many bytes of extensions and of SRTP's tag."""
        template = self._made.get((extensions, tag))
        if template is None:
            template = self._made[extensions, tag] = self._make(_FIXED + extensions, tag)
        return template

    def _make(self, head: int, tag: int) -> PacketTemplate:
        room, rest = bytes(head), bytes(tag)
        data = b"".join(room + payload + rest for payload in self._payloads)
        packets: list[tuple[int, int, int]] = []
        runs: list[Run] = []
        at, stride, count = 0, 0, 0
        for place, payload in enumerate(self._payloads):
            size = head + len(payload) + tag
            marker = 0x80 if self._ends and place == len(self._payloads) - 1 else 0
            packets.append((at, head + len(payload), marker))
            # A run continues with packets of its stride and may end with a shorter one.
            first, end, _ = runs[-1] if runs else (0, 0, 0)
            if runs and size <= stride and (end - first) == count * stride and count < LARGEST_RUN:
                runs[-1] = (first, at + size, stride)
                count += 1
            else:
                runs.append((at, at + size, size))
                stride, count = size, 1
            at += size
        return PacketTemplate(data, tuple(packets), tuple(runs), sum(map(len, self._payloads)))
