"""The few packets of sound that a receiver holds back, so that they come in order and what was lost is made up for.

aiortc's own buffer waits for a lost packet until sixteen others have come, and what has piled up by then stays a delay.
This one has the same ``add`` and never holds more than it was told to. Pure: nothing here knows the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Protocol

from classroom.webrtc.rtp.opus_packet import join, joinable, lost, samples, single

__all__ = ["SoundJitterBuffer", "TimedOpus"]

_JUMP: Final = 100
"""Sequence numbers; whatever is farther away than this, two seconds, begins a new count."""

_ALL_CONCEALED: Final = 5
"""So many packets lost in a row are all made up for."""

_SOME_CONCEALED: Final = 3
"""Of more only so many are. What is left is silence, too long for a sound buffer to close it."""


class OpusRtpPacket(Protocol):
    """What is used of an RTP packet whose payload is Opus."""

    ssrc: int
    sequence_number: int
    timestamp: int
    payload: bytes


@dataclass(slots=True)
class TimedOpus:
    """What goes to the decoder: an Opus packet, and the RTP time stamp of its first sample."""

    data: bytes
    timestamp: int


class SoundJitterBuffer:
    """Gives a packet out when the one ``frames`` later in sequence has come, whatever is missing in between.

    All that is due comes out at once, as one packet of several frames, so that a loss delays nothing after it.
    """

    def __init__(self, frames: int) -> None:
        self._frames = frames
        self._waiting: dict[int, OpusRtpPacket] = {}  # by sequence number, counted on beyond 65535
        self._source: int | None = None
        self._newest = 0
        self._next = 0  # the first that was not given out
        self._lost = 0  # how many in a row before that one never came
        self._last: TimedOpus | None = None  # what was in the place before that one

    def __len__(self) -> int:
        """How many packets are held back."""
        return len(self._waiting)

    def add(self, packet: OpusRtpPacket) -> tuple[bool, TimedOpus | None]:
        """Take a packet as it comes; what is to be decoded now. A key frame is never asked for (the False)."""
        if not packet.payload:
            return False, None
        step = (packet.sequence_number - self._newest + 0x8000 & 0xFFFF) - 0x8000
        if packet.ssrc != self._source or abs(step) > _JUMP:
            self._begin(packet)
            step = 0
        number = self._newest + step
        if number >= self._next:
            self._waiting.setdefault(number, packet)
            self._newest = max(self._newest, number)
        return False, self._due()

    def _begin(self, packet: OpusRtpPacket) -> None:
        self._waiting.clear()
        self._source = packet.ssrc
        self._newest = self._next = packet.sequence_number
        self._lost = 0
        self._last = None

    def _due(self) -> TimedOpus | None:
        """As much of what is due as can be one packet, with something in the place of what was lost."""
        run: list[TimedOpus] = []
        heard = False
        while self._next <= self._newest - self._frames:
            packet = self._waiting.get(self._next)
            held = self._concealment() if packet is None else TimedOpus(packet.payload, packet.timestamp)
            if held is not None and not _joinable([*run, held]):
                if heard:
                    break
                run.clear()  # nothing that came waits for what did not
            if held is not None:
                run.append(held)
                self._last = held
            if packet is None:
                self._lost += 1
            else:
                del self._waiting[self._next]
                self._lost, heard = 0, True
            self._next += 1
        return TimedOpus(join([held.data for held in run]), run[0].timestamp) if run else None

    def _concealment(self) -> TimedOpus | None:
        """What makes the decoder make up for the next one, which never came; None for silence."""
        if self._last is None or not single(self._last.data):
            return None
        in_a_row = self._lost + min(self._waiting) - self._next
        if in_a_row > _ALL_CONCEALED and self._lost >= _SOME_CONCEALED:
            return None
        return TimedOpus(lost(self._last.data), _end(self._last))


def _joinable(run: list[TimedOpus]) -> bool:
    """Whether these can go out as one: a single one always can."""
    return len(run) == 1 or (
        joinable([held.data for held in run]) and all(_end(first) == then.timestamp for first, then in pairwise(run))
    )


def _end(held: TimedOpus) -> int:
    """The time stamp of what follows one frame."""
    return held.timestamp + samples(held.data) & 0xFFFFFFFF
