"""What is missing of the pictures that a page sends: it is asked for again until it comes or is given up.

aiortc asks once, and where that or the repetition is lost as well it shows nothing until 512 packets have piled up,
which takes seconds. These two stand in the places of its list of what is missing and of its jitter buffer.
"""

from __future__ import annotations

from typing import Final

from aiortc.jitterbuffer import JitterBuffer, JitterFrame
from aiortc.rtp import RtpPacket

from classroom.common.clock import Clock

__all__ = ["NackGenerator", "PictureJitterBuffer"]

_AGAIN: Final = 0.1
"""Seconds after which what has not come is asked for again."""

_PATIENCE: Final = 0.6
"""Seconds after which it is given up."""

_MOST: Final = 128
"""Packets missing at once; after more, as after an outage, a key frame comes sooner than all of them."""

_JUMP: Final = 2000
"""Sequence numbers; whatever is farther away than this begins a new count."""

_CAPACITY: Final = 512


class NackGenerator:
    """The sequence numbers that are missing of one stream, and since when."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since: dict[int, float] = {}
        self._asked = 0.0
        self._source: int | None = None
        self._newest = 0
        self.broken = False  # something will never come; whoever mends that sets it back
        self.awaited = True  # whether the last packet was new or missing, neither too late nor there already

    @property
    def missing(self) -> set[int]:
        """What is to be asked for."""
        return set(self._since)

    def add(self, packet: RtpPacket) -> bool:
        """Take a packet as it comes; whether what is missing is to be asked for now."""
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
    """Puts packets together to pictures; goes on with the newest packet and a key frame where others never came.

    ``missing`` takes each packet first.
    """

    def __init__(self, missing: NackGenerator) -> None:
        self._missing = missing
        self._buffer = JitterBuffer(_CAPACITY, is_video=True)

    def add(self, packet: RtpPacket) -> tuple[bool, JitterFrame | None]:
        """Take a packet; whether to ask for a key frame, and the next picture that is complete."""
        if not self._missing.awaited:
            return False, None
        anew = self._missing.broken
        if anew:
            self._missing.broken = False
            self._buffer = JitterBuffer(_CAPACITY, is_video=True)
        needed, frame = self._buffer.add(packet)
        return needed or anew, frame
