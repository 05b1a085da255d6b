"""Renditions: the program in several sizes, so that each student gets one that their network can carry.

The first is the program's own picture; the others, the tiers, are made from it. Each is encoded once for all its
subscribers, and only while it has any.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from classroom.common.clock import Clock
from classroom.lesson.sections import TierModel
from classroom.media.codecs import VideoSettings
from classroom.media.encoder import LEAST_SHARE, VideoEncoder
from classroom.media.fanout import Fanout
from classroom.media.frames import Codec, Demand, Encoded
from classroom.media.program_settings import ProgramSettings, VideoCodec

__all__ = ["Rendition", "build_renditions", "tier_sizes"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Rendition:
    """The program in one codec and size (width, height), planned with ``bit_rate`` bits a second.

    ``fanout`` has its packets. ``demand`` takes requests for a key frame: at most one a second is made.
    """

    codec: VideoCodec
    name: str
    size: tuple[int, int]
    bit_rate: int
    fanout: Fanout
    demand: Demand
    encoder: VideoEncoder

    @property
    def rate(self) -> int:
        """Bits a second its encoder aims at now; fewer than planned while all subscribers ask for less."""
        return self.encoder.bit_rate if self.encoder.active else self.bit_rate

    @property
    def least_share(self) -> float:
        """The share of its bit rate down to which subscribers may lower it."""
        return LEAST_SHARE if self.codec == "h264" else 1.0

    @property
    def attainable(self) -> float:
        """The fewest bits a second at which one more student could have it, given its present subscribers."""
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


def build_renditions(
    settings: ProgramSettings, clock: Clock, loop: asyncio.AbstractEventLoop
) -> dict[Codec, tuple[Rendition, ...]]:
    """The renditions of a program in each of its codecs, the full size first; their encoders are not started yet."""
    left_out = [f"{tier.height}p" for tier in settings.tiers if tier.height >= settings.size[1]]
    if left_out:
        _log.info("Left out, because they are not smaller than the program: %s.", ", ".join(left_out))
    sizes = ((settings.size, settings.bit_rate), *tier_sizes(settings.size, settings.tiers))
    return {
        codec: tuple(
            _rendition(codec, VideoSettings(size, settings.fps, rate), clock, loop, full=size == settings.size)
            for size, rate in sizes
        )
        for codec in dict.fromkeys(settings.codecs)
    }


def _rendition(
    codec: VideoCodec, settings: VideoSettings, clock: Clock, loop: asyncio.AbstractEventLoop, *, full: bool
) -> Rendition:
    def publish(encoded: Encoded) -> None:
        fanout.publish(encoded)

    name = f"{settings.size[1]}p"
    encoder = VideoEncoder(
        codec=codec, settings=settings, clock=clock, publish=publish, name=codec if full else f"{codec} {name}"
    )
    fanout = Fanout(
        codec=codec,
        demand=encoder,
        loop=loop,
        on_first=encoder.activate,
        on_last=encoder.deactivate,
        on_bit_rate_request=encoder.request_bit_rate,
    )
    return Rendition(codec, name, settings.size, settings.bit_rate, fanout, encoder, encoder)
