"""RTCP feedback of a student's browser: losses, delays, and how much its link carries; and the limits on its requests.

Pure: reports in, values out; nothing here sends.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

__all__ = [
    "Feedback",
    "KeyFrameLimit",
    "KeyFrameRequest",
    "LossStatistics",
    "Nack",
    "ReceiverReport",
    "Remb",
    "RetransmissionBudget",
]

_SMOOTHING: Final = 0.15
"""The weight of a new round trip in the mean (as in TCP and aiortc)."""

_SHARE: Final = 0.5
"""Share of a rendition's bit rate that retransmissions may take in the long run, and of one second of it at once."""

_FULL_SHARE: Final = 0.15
"""The same where the network is full, and retransmissions displace packets that would arrive."""

_LOOKUPS: Final = 2000
"""Missing packets that are looked up in a second at most: more than a browser names, and 15 ms of work."""

_KEY_FRAMES: Final = 10
_KEY_FRAMES_BACK: Final = 1 / 3
"""Key frames that one student may request in a row, and how many more with each second that passes."""

_SAME_REQUEST: Final = 1.0
"""Seconds in which another request is the same one; browsers repeat it until the key frame has come."""

_WINDOWS: Final = ((0.5, 80), (0.2, 24))
"""Seconds, and packets, over which losses are counted at least. Over few packets, a loss says little."""

_REMEMBERED: Final = 15.0
"""Seconds of reports that are remembered."""


@dataclass(frozen=True, slots=True)
class ReceiverReport:
    """A report block about one stream (RFC 3550, section 6.4.1); ``fraction`` 0…1, ``jitter`` in RTP units.

    ``highest`` is the extended highest sequence number.
    """

    ssrc: int
    fraction: float
    lost: int
    jitter: int
    last_report: int
    delay: int
    highest: int = 0


@dataclass(frozen=True, slots=True)
class Nack:
    """Sequence numbers of packets that a receiver misses (generic NACK, RFC 4585, section 6.2.1)."""

    ssrc: int
    sequence: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class KeyFrameRequest:
    """A receiver cannot decode without a key frame (PLI, RFC 4585 section 6.3.1; FIR, RFC 5104 section 4.3.1)."""

    ssrcs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Remb:
    """Bits a second that a receiver estimates its link to carry for some streams (REMB)."""

    bit_rate: int
    ssrcs: tuple[int, ...] = ()


class LossStatistics:
    """The share of packets that were lost recently, from the counters of receiver reports.

    Browsers report with each NACK, so a single report covers a handful of packets.
    """

    def __init__(self) -> None:
        self._counts: deque[tuple[float, int, int]] = deque()  # when, packets there were, packets lost

    def add(self, now: float, *, highest: int, lost: int) -> None:
        """Add the counters of a report."""
        if self._counts and highest < self._counts[-1][1]:
            self._counts.clear()
        self._counts.append((now, highest, lost))
        while self._counts[0][0] < now - _REMEMBERED:
            self._counts.popleft()

    @property
    def share(self) -> float | None:
        """The share lost (0…1) in the last half second or longer; None where too little is known.

        Where the newest packets came through it is their share: the losses before are over, such as after an outage.
        """
        shares = [share for seconds, packets in _WINDOWS if (share := self._over(seconds, packets)) is not None]
        return min(shares) if len(shares) == len(_WINDOWS) else None

    @property
    def newest(self) -> float:
        """The share of the newest packets that was lost; 0 where too little is known."""
        return self._over(*_WINDOWS[-1]) or 0.0

    def _over(self, seconds: float, packets: int) -> float | None:
        if not self._counts:
            return None
        now, highest, lost = self._counts[-1]
        if highest - self._counts[0][1] < packets:
            return None  # too few packets, so the loop below is not needed
        for then, number, before in reversed(self._counts):
            if now - then >= seconds and highest - number >= packets:
                return min(1.0, max(0.0, (lost - before) / (highest - number)))
        return None


@dataclass(slots=True)
class Feedback:
    """The newest reports on one stream: loss 0…1, round trip and jitter in seconds, ``estimate`` in bit/s.

    ``round_trip`` is a mean, ``last_round_trip`` the newest value. ``refused`` counts retransmissions that were not
    sent, because they were too many or too old.
    """

    loss: float | None = field(default=None, init=False)
    lost: int = field(default=0, init=False)
    jitter: float = field(default=0.0, init=False)
    round_trip: float | None = field(default=None, init=False)
    last_round_trip: float | None = field(default=None, init=False)
    estimate: int | None = field(default=None, init=False)
    reports: int = field(default=0, init=False)
    refused: int = field(default=0, init=False)
    losses: LossStatistics = field(default_factory=LossStatistics, init=False)

    def received(self, report: ReceiverReport, *, rate: int, round_trip: float | None, now: float) -> int:
        """Read a report on a stream of ``rate`` RTP units a second; returns how many packets are newly lost."""
        newly, self.lost = report.lost - self.lost, report.lost
        self.losses.add(now, highest=report.highest, lost=report.lost)
        share = self.losses.share
        if share is not None:
            self.loss = share
        elif self.loss is None or not report.highest:
            self.loss = report.fraction
        self.jitter = report.jitter / rate
        if round_trip is not None:
            before = self.round_trip
            self.last_round_trip = round_trip
            self.round_trip = round_trip if before is None else before + _SMOOTHING * (round_trip - before)
        self.reports += 1
        return max(0, newly)


class RetransmissionBudget:
    """How much may be sent again for one student, so that requests for everything do not multiply the traffic."""

    def __init__(self, *, now: float) -> None:
        self._spent = 0.0
        self._at = now
        self._looked_up = 0.0
        self._looked_up_at = now

    def lookups(self, packets: int, *, now: float) -> int:
        """How many of the packets that are requested may be looked up now."""
        self._looked_up = max(0.0, self._looked_up - _LOOKUPS * (now - self._looked_up_at))
        self._looked_up_at = now
        taken = min(packets, int(_LOOKUPS - self._looked_up))
        self._looked_up += taken
        return taken

    def allow(self, octets: int, *, bit_rate: float, full: bool = False, now: float) -> bool:
        """Whether this many bytes may be sent again now, beside ``bit_rate``; they count as spent if so.

        ``full`` says that the network carries no more than ``bit_rate``.
        """
        rate = (_FULL_SHARE if full else _SHARE) * bit_rate / 8
        self._spent, self._at = max(0.0, self._spent - rate * (now - self._at)), now
        if self._spent + octets > rate:
            return False
        self._spent += octets
        return True


class KeyFrameLimit:
    """How many key frames one student may request: all students get them, and see a slightly less sharp picture."""

    def __init__(self, *, now: float) -> None:
        self._spent = 0.0
        self._at = now
        self._last = float("-inf")

    def allow(self, *, now: float) -> bool:
        """Whether a request is passed on now."""
        if now - self._last < _SAME_REQUEST:
            return True
        self._spent, self._at = max(0.0, self._spent - _KEY_FRAMES_BACK * (now - self._at)), now
        if self._spent + 1 > _KEY_FRAMES:
            return False
        self._spent += 1
        self._last = now
        return True
