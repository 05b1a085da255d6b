"""Counts the packets of one stream by their headers alone, which SRTP leaves readable, and reports them in RTCP.

A receiver that decrypts and decodes would take processor time from the measured sender. The code is pure: headers and
time in, counts and reports out.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["Tally", "key_frame_request", "receiver_report", "sender_reports"]

_MISORDERED: Final = 0x8000
_LOST: Final = 0x7F_FFFF
_SR: Final = 200
_RR: Final = 201
_PAYLOAD_SPECIFIC: Final = 206
_APPLICATION: Final = 15
_PICTURE_LOSS: Final = 1
_MANTISSA: Final = 0x3_FFFF


@dataclass(slots=True)
class Tally:
    """What came of one SSRC. ``frames`` counts packets with the marker, the ends of pictures. Times are in seconds."""

    packets: int = 0
    octets: int = 0
    frames: int = 0
    base: int = -1
    """The first sequence number; -1 before the first packet."""

    highest: int = -1
    """The highest sequence number, extended by how often the 16 bits wrapped."""

    first_frame: float | None = None
    """When the end of a picture was first read with nothing missing before it.

    A packet that was read just before the socket was taken from asyncio may be counted late.
    """

    last_frame: float | None = None
    longest_gap: float = 0.0
    """The longest time between the ends of two pictures."""

    reported: tuple[int, int] = (0, 0)

    def count(self, sequence: int, marker: bool, octets: int, now: float) -> None:
        """Take a packet's header. ``octets`` is the length of the whole packet."""
        if self.base < 0:
            self.base = self.highest = sequence
        else:
            ahead = (sequence - self.highest) & 0xFFFF
            if ahead < _MISORDERED:
                self.highest += ahead
            else:
                # A late packet may be older than the one that seemed to be the first.
                self.base = min(self.base, max(0, self.highest + ahead - 0x10000))
        self.packets += 1
        self.octets += octets
        if marker:
            self.frames += 1
            if self.first_frame is None and self.lost <= 0:
                self.first_frame = now
            if self.last_frame is not None and now - self.last_frame > self.longest_gap:
                self.longest_gap = now - self.last_frame
            self.last_frame = now

    @property
    def expected(self) -> int:
        """Packets that were sent, according to the sequence numbers."""
        return self.highest - self.base + 1 if self.base >= 0 else 0

    @property
    def lost(self) -> int:
        """Packets that did not come. Repeated packets can make it negative."""
        return self.expected - self.packets

    def begin_again(self) -> None:
        """Count again from the next packet on. The missing packets no longer matter, because a key frame will come."""
        self.base = self.highest = -1
        self.packets = 0
        self.reported = (0, 0)

    def forget_gaps(self) -> None:
        """Start measuring the longest gap again."""
        self.longest_gap = 0.0

    def block(self, ssrc: int, *, last_report: int, delay: float) -> bytes:
        """A report block (RFC 3550, section 6.4.1).

        ``last_report`` is the middle of the NTP time of the newest sender report, ``delay`` the seconds since then. The
        reported jitter is 0, because packets are read too seldom to know it.
        """
        before, packets = self.reported
        self.reported = (self.expected, self.packets)
        expected = self.expected - before
        lost = expected - (self.packets - packets)
        fraction = min(255, 256 * lost // expected) if expected > 0 and lost > 0 else 0
        total = max(0, min(_LOST, self.lost))
        return struct.pack(
            "!IIIIII",
            ssrc,
            fraction << 24 | total,
            self.highest & 0xFFFF_FFFF,
            0,
            last_report,
            int(delay * 65_536) & 0xFFFF_FFFF if last_report else 0,
        )


def sender_reports(packet: bytes) -> Mapping[int, int]:
    """The middle 32 bits of the NTP time of each sender report in a compound packet, by SSRC."""
    found: dict[int, int] = {}
    at = 0
    while at + 4 <= len(packet):
        kind, words = packet[at + 1], int.from_bytes(packet[at + 2 : at + 4], "big")
        if kind == _SR and at + 16 <= len(packet):
            ssrc, middle = struct.unpack_from("!I2xI", packet, at + 4)
            found[ssrc] = middle
        at += 4 + 4 * words
    return found


def key_frame_request(own: int, ssrc: int) -> bytes:
    """A picture loss indication (RFC 4585, section 6.3.1)."""
    return struct.pack("!BBHII", 0x80 | _PICTURE_LOSS, _PAYLOAD_SPECIFIC, 2, own, ssrc)


def receiver_report(own: int, blocks: Sequence[bytes], *, estimate: int, ssrcs: Sequence[int]) -> bytes:
    """A receiver report with those blocks, and REMB: ``estimate`` bits per second for all ``ssrcs``.

    See RFC 3550, section 6.4.2, and draft-alvestrand-rmcat-remb-03, section 2.2.
    """
    report = struct.pack("!BBHI", 0x80 | len(blocks), _RR, 1 + 6 * len(blocks), own) + b"".join(blocks)
    exponent = max(0, estimate.bit_length() - _MANTISSA.bit_length())
    rate = len(ssrcs) << 24 | exponent << 18 | estimate >> exponent
    head = struct.pack("!BBHII", 0x80 | _APPLICATION, _PAYLOAD_SPECIFIC, 4 + len(ssrcs), own, 0)
    return report + head + b"REMB" + struct.pack(f"!I{len(ssrcs)}I", rate, *ssrcs)
