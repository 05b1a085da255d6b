"""What a program is like for as long as it runs: its picture, its codecs, and the smaller sizes it comes in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from classroom.lesson.sections import TierModel

__all__ = ["ProgramSettings", "VideoCodec"]

VideoCodec = Literal["h264", "vp8"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramSettings:
    """What a program is like for as long as it runs.

    ``size`` is (width, height) in pixels, both even. ``fps`` is pictures a second, at least 1. Each of the ``codecs``
    is encoded at ``bit_rate`` bits a second, and in the sizes of those ``tiers`` that are smaller than the program.
    """

    size: tuple[int, int]
    fps: int
    codecs: Sequence[VideoCodec] = ("h264", "vp8")
    bit_rate: int = 1_500_000
    tiers: Sequence[TierModel] = ()

    def __post_init__(self) -> None:
        if self.fps < 1:
            raise ValueError("a program has at least one picture a second")
