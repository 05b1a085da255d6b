"""The packets of the last seconds of one rendition, kept once for all students, for retransmission."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from classroom.webrtc.rtp.pacer import Portion, portions

__all__ = ["CachedPacket", "PacketCache", "RtpFrame"]

_KEPT: Final = 2.0
"""Seconds of packets that are kept: more than any round trip at which a retransmission still comes in time."""

_LEAST_RATE: Final = 64_000
"""Bits a second that a rendition counts as having at least, for the retransmission budget."""


@dataclass(frozen=True, slots=True, eq=False)
class RtpFrame:
    """One picture or block of sound as payloads of packets; its first packet is number ``index`` of the rendition.

    ``captured`` is in clock seconds.
    """

    index: int
    pts: int
    captured: float
    key: bool
    payloads: Sequence[bytes]
    octets: int
    portions: tuple[Portion, ...]


@dataclass(frozen=True, slots=True)
class CachedPacket:
    """The payload of one packet, and whether it is the last of its frame."""

    frame: RtpFrame
    payload: bytes
    last: bool


class PacketCache:
    """Numbers the packets of a rendition in sequence, and finds those of the last two seconds by number."""

    def __init__(self) -> None:
        self._frames: deque[RtpFrame] = deque()
        self._octets = 0
        self._next = 0

    def add(self, *, payloads: Sequence[bytes], pts: int, captured: float, key: bool) -> RtpFrame:
        """Keep the payloads of a frame (``captured`` in clock seconds), and drop those that are too old."""
        octets = sum(map(len, payloads))
        interval = captured - self._frames[-1].captured if self._frames else 0.0
        frame = RtpFrame(self._next, pts, captured, key, payloads, octets, portions(len(payloads), interval))
        self._next += len(payloads)
        self._frames.append(frame)
        self._octets += octets
        while self._frames[0].captured < captured - _KEPT:
            self._octets -= self._frames.popleft().octets
        return frame

    def find(self, index: int) -> CachedPacket | None:
        """The packet of this number; None where it is too old or does not exist yet."""
        at = bisect_right(self._frames, index, key=lambda frame: frame.index) - 1
        if at < 0:
            return None
        frame = self._frames[at]
        place = index - frame.index
        if place >= len(frame.payloads):
            return None
        return CachedPacket(frame, frame.payloads[place], place == len(frame.payloads) - 1)

    def since_key_frame(self) -> list[RtpFrame]:
        """The newest key frame that is kept and all frames after it, oldest first; empty without one."""
        frames: list[RtpFrame] = []
        for frame in reversed(self._frames):
            frames.append(frame)
            if frame.key:
                return frames[::-1]
        return []

    @property
    def bit_rate(self) -> float:
        """Bits a second of the last seconds."""
        if not self._frames:
            return _LEAST_RATE
        seconds = max(1.0, self._frames[-1].captured - self._frames[0].captured)
        return max(_LEAST_RATE, 8 * self._octets / seconds)
