"""What a student's browser says about what arrives: losses, delays, and how much its link carries.

Pure: reports in, values out; nothing here sends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["Estimate", "Feedback", "KeyFrameRequest", "Loss", "Reception", "Repetitions"]

_SMOOTHING: Final = 0.15
"""How much of a new round trip enters into the mean (as TCP and aiortc do)."""

_BURST: Final = 0.5
"""Seconds of a rendition that may be repeated at once."""

_SHARE: Final = 0.5
"""Share of a rendition's rate that may be repeated in the long run."""


@dataclass(frozen=True, slots=True)
class Reception:
    """A report block on one stream (RFC 3550, section 6.4.1); ``fraction`` 0…1, ``jitter`` in RTP units."""

    ssrc: int
    fraction: float
    lost: int
    jitter: int
    last_report: int
    delay: int


@dataclass(frozen=True, slots=True)
class Loss:
    """Sequence numbers that a receiver misses (generic NACK, RFC 4585, section 6.2.1)."""

    ssrc: int
    sequence: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class KeyFrameRequest:
    """A receiver cannot go on without a key frame (PLI, RFC 4585 section 6.3.1; FIR, RFC 5104 section 4.3.1)."""

    ssrcs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Estimate:
    """How many bits a second a receiver thinks its link carries (REMB)."""

    bit_rate: int


@dataclass(slots=True)
class Feedback:
    """The newest that is known of one stream: loss 0…1, round trip and jitter in seconds, ``estimate`` in bit/s."""

    loss: float | None = None
    lost: int = 0
    jitter: float = 0.0
    round_trip: float | None = None
    estimate: int | None = None
    reports: int = 0
    key_frames_wanted: int = 0
    repeated: int = 0
    refused: int = 0

    def received(self, report: Reception, *, rate: int, round_trip: float | None) -> int:
        """Take a report on a stream of ``rate`` RTP units a second; returns how many packets are newly lost."""
        newly, self.lost = report.lost - self.lost, report.lost
        self.loss = report.fraction
        self.jitter = report.jitter / rate
        if round_trip is not None:
            before = self.round_trip
            self.round_trip = round_trip if before is None else before + _SMOOTHING * (round_trip - before)
        self.reports += 1
        return max(0, newly)


class Repetitions:
    """How many bytes may be repeated for one student, so that asking for everything again multiplies nothing."""

    def __init__(self, *, now: float) -> None:
        self._spent = 0.0
        self._at = now

    def allow(self, octets: int, *, bit_rate: float, now: float) -> bool:
        """Whether so many bytes of a rendition of ``bit_rate`` may be repeated now; they count as spent if so."""
        refill = _SHARE * bit_rate / 8 * (now - self._at)
        self._spent, self._at = max(0.0, self._spent - refill), now
        if self._spent + octets > _BURST * bit_rate / 8:
            return False
        self._spent += octets
        return True
