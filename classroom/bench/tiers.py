"""The cost of a lesson's tiers beside its full size. One thread does the work for all sizes, on the same pictures."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Final

from classroom.media.codecs import VideoSettings, open_video
from classroom.media.downscaler import Downscaler
from classroom.media.picture import ProgramPicture

__all__ = ["beside"]

_LEAST: Final = 10


def beside(
    pictures: Iterator[ProgramPicture], full: VideoSettings, tiers: Sequence[VideoSettings], *, seconds: float
) -> dict[str, float]:
    """Medians of processor time in ms for a picture, with H.264: at least ten pictures, for ``seconds``.

    ``encode`` is for the full size, ``downscale`` for all tiers, ``encode 360`` and so on for the tier with this number
    of lines. ``tiers`` is the sum of the costs of the tiers. ``share`` is that sum as a share of ``encode``.
    """
    downscale, sizes = Downscaler(tier.size for tier in tiers), {tier.size for tier in tiers}
    encoders = {settings.size: open_video("h264", settings) for settings in (full, *tiers)}
    spent: dict[str, list[float]] = {}
    end, number = time.perf_counter() + seconds, 0
    while number < _LEAST or time.perf_counter() < end:
        picture, pts = next(pictures), number * 90_000 // full.fps
        began = time.thread_time()
        shown = {full.size: picture, **downscale(picture, sizes)}
        laps = {"downscale": time.thread_time() - began}
        for size, small in shown.items():
            began = time.thread_time()
            encoders[size].encode(small.frame(pts))
            laps["encode" if size == full.size else f"encode {size[1]}"] = time.thread_time() - began
        for stage, lap in laps.items():
            spent.setdefault(stage, []).append(lap)
        number += 1
    taken = {stage: round(1000 * median(laps), 3) for stage, laps in spent.items()}
    cost = sum(lap for stage, lap in taken.items() if stage != "encode")
    return {**taken, "tiers": round(cost, 3), "share": round(cost / max(1e-9, taken["encode"]), 3)}
