"""When the packets of a picture leave: most at once, those of a large one in portions that no link has to queue.

Pure: a number of packets and an interval in, portions with their times out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["BURST", "SPREAD", "Portion", "portions"]

BURST: Final = 30
"""Packets that leave at once: 36 kB, which is what the encoder's buffer lets an ordinary picture be."""

SPREAD: Final = 0.025
"""Seconds over which a larger picture is spread at most."""

_SHARE: Final = 0.75
"""The share of the interval between two pictures over which one is spread: it has to be out before the next comes."""

_PORTION: Final = 12
"""Packets in a portion of a large picture. Fewer would be gentler to the link and cost more system calls."""


@dataclass(frozen=True, slots=True)
class Portion:
    """Packets ``first`` up to but without ``end``, ``after`` seconds from the beginning of the picture."""

    first: int
    end: int
    after: float


def portions(packets: int, interval: float = 0.0) -> tuple[Portion, ...]:
    """In what portions a picture of so many packets leaves, so many seconds after the one before; 0 is not known."""
    if packets <= BURST:
        return (Portion(0, packets, 0.0),)
    count = -(-packets // _PORTION)
    spread = min(SPREAD, _SHARE * interval) if interval > 0 else SPREAD
    return tuple(
        Portion(at * packets // count, (at + 1) * packets // count, spread * at / count) for at in range(count)
    )
