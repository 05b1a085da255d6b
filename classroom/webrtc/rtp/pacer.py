"""When the packets of a picture are sent: usually all at once, a large picture in portions that no link must queue.

Pure: a number of packets and an interval in, portions with their times out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["BURST", "SPREAD", "Portion", "portions"]

BURST: Final = 30
"""Packets that are sent at once: 36 kB, the size that the encoder's buffer allows for an ordinary picture."""

SPREAD: Final = 0.025
"""Seconds over which a larger picture is spread at most."""

_SHARE: Final = 0.75
"""The share of the interval between two pictures over which one is spread: it must be sent before the next comes."""

_PORTION: Final = 12
"""Packets in a portion of a large picture. Fewer would load the link more evenly and cost more system calls."""


@dataclass(frozen=True, slots=True)
class Portion:
    """Packets ``first`` up to but without ``end``, ``after`` seconds from the beginning of the picture."""

    first: int
    end: int
    after: float


def portions(packets: int, interval: float = 0.0) -> tuple[Portion, ...]:
    """The portions of a picture of this many packets; ``interval`` is seconds since the last picture, 0 if unknown."""
    if packets <= BURST:
        return (Portion(0, packets, 0.0),)
    count = -(-packets // _PORTION)
    spread = min(SPREAD, _SHARE * interval) if interval > 0 else SPREAD
    return tuple(
        Portion(at * packets // count, (at + 1) * packets // count, spread * at / count) for at in range(count)
    )
