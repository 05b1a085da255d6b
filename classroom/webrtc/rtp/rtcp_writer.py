"""RTCP that a sender writes (RFC 3550, section 6): sender reports, source descriptions and BYE.

A sender report says which RTP time belongs to which NTP time, and browsers align sound and picture by that. Both are
derived from when pictures and sound were captured, never from when packets were sent, so they do not jitter with the
load of the machine.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

__all__ = [
    "RtpClock",
    "SenderCounters",
    "TimeLine",
    "bye",
    "ntp_time",
    "round_trip",
    "sender_report",
    "source_description",
]

_SR: Final = 200
_SDES: Final = 202
_BYE: Final = 203
_CNAME: Final = 1

_NTP_EPOCH: Final = 2_208_988_800
"""Seconds from 1900 to 1970."""

_ALL: Final = (1 << 64) - 1
_MIDDLE: Final = 0xFFFF_FFFF
_LONGEST_ROUND_TRIP: Final = 60.0

_REPORT: Final = struct.Struct("!BBHIQIII")


@dataclass(slots=True)
class SenderCounters:
    """Packets of a stream and the octets of their payloads, since its beginning."""

    packets: int = 0
    octets: int = 0


class TimeLine(NamedTuple):
    """When the time stamps of a stream were: ``rtp`` was at clock second ``at``, and they count ``rate`` a second."""

    ssrc: int
    rtp: int
    at: float
    rate: int


class RtpClock:
    """Converts clock seconds to the RTP time of a stream: time stamp ``origin`` was at second ``zero``.

    ``rate`` is units a second; ``lag`` is by how many seconds a moment is reported later than its time stamp.
    """

    def __init__(self, *, origin: int, rate: int, zero: float, lag: float) -> None:
        self.origin = origin
        self._rate = rate
        self._zero = zero
        self._lag = lag

    def at(self, now: float) -> int:
        """The RTP time of a clock second."""
        return (self.origin + round((now - self._lag - self._zero) * self._rate)) & 0xFFFF_FFFF

    def line(self, ssrc: int) -> TimeLine:
        """The time line of the stream with this SSRC, without the lag."""
        return TimeLine(ssrc, self.origin, self._zero, self._rate)


def ntp_time(wall: float) -> int:
    """Seconds since 1970 as an NTP time of 64 bits (RFC 3550, section 4), which restarts in 2036."""
    return int((wall + _NTP_EPOCH) * (1 << 32)) & _ALL


def sender_report(ssrc: int, *, ntp: int, rtp: int, counters: SenderCounters) -> bytes:
    """A sender report without reception reports (RFC 3550, section 6.4.1)."""
    return _REPORT.pack(0x80, _SR, 6, ssrc, ntp, rtp, counters.packets & 0xFFFF_FFFF, counters.octets & 0xFFFF_FFFF)


def source_description(ssrc: int, name: str) -> bytes:
    """A source description with the canonical name that says which streams belong together (section 6.5).

    One for each stream: some receivers, aiortc among them, misread a packet with two chunks.
    """
    item = bytes([_CNAME, len(name.encode())]) + name.encode()
    return _packet(_SDES, 1, _padded(ssrc.to_bytes(4, "big") + item))


def bye(ssrcs: Iterable[int]) -> bytes:
    """BYE: these streams have ended (section 6.6)."""
    sources = [ssrc.to_bytes(4, "big") for ssrc in ssrcs]
    return _packet(_BYE, len(sources), b"".join(sources))


def round_trip(ntp: int, *, last_report: int, delay: int) -> float | None:
    """Seconds there and back (section 6.4.1, A - LSR - DLSR); None where the receiver had no report yet or errs."""
    if not last_report:
        return None
    units = ((ntp >> 16 & _MIDDLE) - last_report - delay) & _MIDDLE
    seconds = units / 65536
    if seconds > _LONGEST_ROUND_TRIP:
        # A delay rounded up on a fast network makes a little less than nothing.
        return 0.0 if (1 << 32) - units < 655 else None
    return seconds


def _padded(chunk: bytes) -> bytes:
    """A chunk ends with at least one zero and at four bytes."""
    return chunk + bytes(4 - len(chunk) % 4)


def _packet(kind: int, count: int, body: bytes) -> bytes:
    return struct.pack("!BBH", 0x80 | count, kind, len(body) // 4) + body
