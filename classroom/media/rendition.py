"""Renditions: the program in several sizes, so that each student gets one that its network carries.

The first is the program's own picture; the others, the tiers, are made from it. Each is encoded once for all who
subscribe to it, and only while somebody does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from classroom.lesson.sections import TierModel
from classroom.media.encoder import LEAST_SHARE, VideoEncoder
from classroom.media.fanout import Fanout
from classroom.media.frames import Demand

__all__ = ["Rendition", "tier_sizes"]


@dataclass(frozen=True, slots=True, eq=False)
class Rendition:
    """The program in one codec and size (width, height), planned with ``bit_rate`` bits a second.

    ``fanout`` has its packets and ``demand`` takes the wish for a key frame: at most one a second is made.
    """

    codec: Literal["h264", "vp8"]
    name: str
    size: tuple[int, int]
    bit_rate: int
    fanout: Fanout
    demand: Demand
    encoder: VideoEncoder

    @property
    def rate(self) -> int:
        """Bits a second its encoder aims at now; fewer than planned while all who watch wish for less."""
        return self.encoder.bit_rate if self.encoder.active else self.bit_rate

    @property
    def least_share(self) -> float:
        """The share of its bit rate down to which wishes may take it."""
        return LEAST_SHARE if self.codec == "h264" else 1.0

    @property
    def attainable(self) -> float:
        """The fewest bits a second at which one more student could have it: what those who watch it let it be."""
        return self.rate if self.fanout.subscribers else self.least_share * self.bit_rate


def tier_sizes(program: tuple[int, int], tiers: Iterable[TierModel]) -> Sequence[tuple[tuple[int, int], int]]:
    """(width, height) and bits a second of a lesson's tiers, the largest first; only those smaller than the program.

    Both sides are even and in the program's proportions, to the nearest two pixels.
    """
    width, height = program
    smaller = {tier.height: tier.bitrate for tier in tiers if tier.height < height}
    return [
        ((max(2, 2 * round(wanted * width / height / 2)), wanted), rate)
        for wanted, rate in sorted(smaller.items(), reverse=True)
    ]
