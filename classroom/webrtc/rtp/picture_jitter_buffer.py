"""Receives the pictures that a page sends: asks for missing packets until they come or are given up.

aiortc sends each NACK once. Where the NACK or the retransmission is lost, it shows nothing until 512 packets have piled
up, which takes seconds. The two classes here replace its NACK generator and its jitter buffer.
"""

from __future__ import annotations

from typing import Final

from aiortc.jitterbuffer import JitterBuffer, JitterFrame
from aiortc.rtp import RtpPacket

from classroom.common.clock import Clock

__all__ = ["NackGenerator", "PictureJitterBuffer"]

_AGAIN: Final = 0.1
"""Seconds after which a missing packet is requested again."""

_PATIENCE: Final = 0.6
"""Seconds after which a missing packet is given up."""

_MOST: Final = 128
"""Packets missing at once; where there are more, such as after an outage, a key frame comes sooner than all of them."""

_JUMP: Final = 2000
"""Sequence numbers; a packet that is farther away than this starts a new count."""

_CAPACITY: Final = 512


class NackGenerator:
    """The sequence numbers that one stream lacks, and since when."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since: dict[int, float] = {}
        self._asked = 0.0
        self._source: int | None = None
        self._newest = 0
        self.broken = False  # a packet was given up; the jitter buffer resets this
        self.awaited = True  # whether the last packet was new or missing, not late or a duplicate

    @property
    def missing(self) -> set[int]:
        """The sequence numbers to name in a NACK."""
        return set(self._since)

    def add(self, packet: RtpPacket) -> bool:
        """Take a packet as it arrives; returns whether to send a NACK now."""
        now = self._clock.now()
        number = packet.sequence_number
        step = (number - self._newest + 0x8000 & 0xFFFF) - 0x8000
        if self._source is None or packet.ssrc != self._source or abs(step) > _JUMP:
            self.broken = self._source is not None
            self._since.clear()
            self._source, self._newest, self.awaited = packet.ssrc, number, True
            return False
        self.awaited = step > 0 or number in self._since
        self._since.pop(number, None)
        if step > 0:
            self._since |= {self._newest + ahead & 0xFFFF: now for ahead in range(1, step)}
            self._newest = number
            if len(self._since) > _MOST or now - min(self._since.values(), default=now) > _PATIENCE:
                self._since.clear()
                self.broken = True
        if not self._since or (step <= 1 and now - self._asked < _AGAIN):
            return False
        self._asked = now
        return True


class PictureJitterBuffer:
    """Assembles packets to pictures; restarts with the newest packet and a key frame where others never came.

    ``nacks`` takes each packet first.
    """

    def __init__(self, nacks: NackGenerator) -> None:
        self._nacks = nacks
        self._buffer = JitterBuffer(_CAPACITY, is_video=True)

    def add(self, packet: RtpPacket) -> tuple[bool, JitterFrame | None]:
        """Take a packet; returns whether to request a key frame, and the next picture that is complete."""
        if not self._nacks.awaited:
            return False, None
        restart = self._nacks.broken
        if restart:
            self._nacks.broken = False
            self._buffer = JitterBuffer(_CAPACITY, is_video=True)
        needed, frame = self._buffer.add(packet)
        return needed or restart, frame
