"""Holds back a few packets of sound, so that they are decoded in order and lost ones are concealed.

aiortc's own buffer waits for a lost packet until sixteen others have come, and the packets that piled up by then remain
a delay. This one has the same ``add`` and never holds more than it was configured to. Pure: it does not use the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Protocol

from classroom.webrtc.rtp.opus_packet import join, joinable, lost, samples, single

__all__ = ["SoundJitterBuffer", "TimedOpus"]

_JUMP: Final = 100
"""Sequence numbers; a packet that is farther away than this, two seconds, starts a new count."""

_ALL_CONCEALED: Final = 5
"""Up to this many packets lost in a row are all concealed."""

_SOME_CONCEALED: Final = 3
"""Of more packets, only this many are. The rest is silence, too long for a sound buffer to close it."""


class OpusRtpPacket(Protocol):
    """The parts of an RTP packet with Opus that are used here."""

    ssrc: int
    sequence_number: int
    timestamp: int
    payload: bytes


@dataclass(slots=True)
class TimedOpus:
    """Input for the decoder: an Opus packet, and the RTP time stamp of its first sample."""

    data: bytes
    timestamp: int


class SoundJitterBuffer:
    """Releases a packet when the one ``frames`` later in sequence has come, even where some in between are missing.

    All packets that are due are released at once, as one packet of several frames, so a loss delays nothing after it.
    """

    def __init__(self, frames: int) -> None:
        self._frames = frames
        self._waiting: dict[int, OpusRtpPacket] = {}  # by extended sequence number
        self._source: int | None = None
        self._newest = 0
        self._next = 0  # the first that was not released
        self._lost = 0  # how many in a row directly before it never came
        self._last: TimedOpus | None = None  # the one before it

    def __len__(self) -> int:
        """How many packets are waiting."""
        return len(self._waiting)

    def add(self, packet: OpusRtpPacket) -> tuple[bool, TimedOpus | None]:
        """Take a packet as it arrives; returns what to decode now. False: sound never needs a key frame."""
        if not packet.payload:
            return False, None
        step = (packet.sequence_number - self._newest + 0x8000 & 0xFFFF) - 0x8000
        if packet.ssrc != self._source or abs(step) > _JUMP:
            self._start(packet)
            step = 0
        number = self._newest + step
        if number >= self._next:
            self._waiting.setdefault(number, packet)
            self._newest = max(self._newest, number)
        return False, self._due()

    def _start(self, packet: OpusRtpPacket) -> None:
        self._waiting.clear()
        self._source = packet.ssrc
        self._newest = self._next = packet.sequence_number
        self._lost = 0
        self._last = None

    def _due(self) -> TimedOpus | None:
        """The packets that are due and can be joined to one, with concealment for those that were lost."""
        run: list[TimedOpus] = []
        received = False
        while self._next <= self._newest - self._frames:
            packet = self._waiting.get(self._next)
            held = self._concealment() if packet is None else TimedOpus(packet.payload, packet.timestamp)
            if held is not None and not _joinable([*run, held]):
                if received:
                    break
                run.clear()  # a packet that came must not wait for one that did not
            if held is not None:
                run.append(held)
                self._last = held
            if packet is None:
                self._lost += 1
            else:
                del self._waiting[self._next]
                self._lost, received = 0, True
            self._next += 1
        return TimedOpus(join([held.data for held in run]), run[0].timestamp) if run else None

    def _concealment(self) -> TimedOpus | None:
        """A packet that makes the decoder conceal the next one, which never came; None for silence."""
        if self._last is None or not single(self._last.data):
            return None
        in_a_row = self._lost + min(self._waiting) - self._next
        if in_a_row > _ALL_CONCEALED and self._lost >= _SOME_CONCEALED:
            return None
        return TimedOpus(lost(self._last.data), _end(self._last))


def _joinable(run: list[TimedOpus]) -> bool:
    """Whether these can be joined to one packet; a single one always can."""
    return len(run) == 1 or (
        joinable([held.data for held in run]) and all(_end(first) == then.timestamp for first, then in pairwise(run))
    )


def _end(held: TimedOpus) -> int:
    """The time stamp that follows one frame."""
    return held.timestamp + samples(held.data) & 0xFFFFFFFF
