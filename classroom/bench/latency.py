"""Glass to page: from the making of a picture to the moment at which a page in headless Chromium can read it.

The first four parts are classroom's packets and stock aiortc's encoder per viewer, each with H.264 and VP8. In the
fifth, classroom's pictures wait for their sound, as those of a speaking face do. All have the same pictures, mixer and
sound. They take turns, several rounds each, so a machine that is slow for a while is slow for all of them. A picture's
age includes its wait for the next tick, which is half a tick on average. The page also plays the sound where PulseAudio
can replace a sound card, because lip sync delays the picture until its sound is played.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from rich.table import Table

from classroom.bench.browser import Frame, Moment, browser
from classroom.bench.machine import StolenTime, describe_machine
from classroom.bench.pulse import MISSING
from classroom.bench.sender import WAYS, Codec, Way, connection
from classroom.bench.stage import FPS, HEIGHT, WIDTH, stage
from classroom.features.lip_sync import WAIT
from classroom.media.timing import percentile

__all__ = ["GOALS", "run", "settled", "sound_of", "table"]

_SECONDS: Final = 8.0
_ROUNDS: Final = 3
_SETTLING: Final = 4.0
"""Seconds at the start of a part that do not count, because browsers start with a guess of the network's jitter."""

_SAMPLES: Final = 48_000
"""Samples of sound per second, as Opus counts them."""

FIRST: Final = "classroom h264, first"
"""The first part in a browser. Its sound starts late, so it is separate and does not distort the other parts."""

FACE: Final = "classroom h264, a face"
"""The part in which pictures wait for their sound, as they do while a speaking face is on air."""

_PARTS: Final[tuple[tuple[str, Way, Codec, float], ...]] = (
    *((f"{way} {codec}", way, codec, 0.0) for way, codec in WAYS),
    (FACE, "classroom", "h264", WAIT),
)
"""Of each round: the name, the way to send, the codec, and the seconds for which pictures wait."""

GOALS: Final = {
    "p50": 25.0, "p95": 60.0, "of_stock_p95": 0.5, "sound": 150.0, "offset": 80.0,
    "face_p95": 140.0, "face_offset_least": -20.0, "face_offset": 45.0,
}  # fmt: skip
"""For H.264, with sound that is played, in milliseconds; ``of_stock_p95`` is a ratio."""


def run(seconds: float | None = None) -> dict[str, Any]:
    """Measure. ``seconds`` is how long each part is watched in each round."""
    return asyncio.run(_measure(_SECONDS if seconds is None else seconds))


async def _measure(seconds: float) -> dict[str, Any]:
    ages: dict[str, list[float]] = {}
    heard: dict[str, list[dict[str, float]]] = {}
    stolen = StolenTime()
    async with stage() as each, browser() as page:
        for name, way, codec, wait in [(FIRST, *WAYS[0], 0.0), *_PARTS * _ROUNDS]:
            seen = await page.watch(connection(each, way, codec, wait=wait), seconds + _SETTLING)
            ages.setdefault(name, []).extend(settled(seen.frames, _SETTLING))
            heard.setdefault(name, []).append(sound_of(seen.moments, _SETTLING))
        plays = page.plays
    parts = {name: {**_summary(values), **_middle(heard[name])} for name, values in ages.items()}
    return {
        "bench": "latency",
        "machine": describe_machine(stolen),
        "picture": f"{WIDTH}x{HEIGHT} at {FPS}",
        "unit": "ms",
        "sound": "played" if plays else MISSING,
        "parts": parts,
        "ratio_p95_to_stock": {
            codec: _ratio(parts[f"classroom {codec}"]["p95"], parts[f"stock {codec}"]["p95"])
            for codec in ("h264", "vp8")
        },
        "goals": GOALS,
    }


def settled(frames: list[Frame], settling: float) -> list[float]:
    """The ages of the frames after the first ``settling`` seconds."""
    if not frames:
        return []
    begin = frames[0].at + settling * 1000
    return [frame.age for frame in frames if frame.at >= begin]


def sound_of(moments: list[Moment], settling: float) -> dict[str, float]:
    """The sound after the first ``settling`` seconds, in ms.

    ``sound`` is the mean time for which the browser held it. ``offset`` is the median difference between picture and
    sound, with its sign: it is positive if the picture is ahead. ``offset_most`` is the largest difference, without
    sign. ``made_up`` is the share of the sound that the browser had to invent. The result is empty if too little is
    known.
    """
    known = [moment for moment in moments if moment.at >= moments[0].at + settling * 1000]
    if len(known) < 2 or known[-1].emitted <= known[0].emitted:
        return {}
    emitted = known[-1].emitted - known[0].emitted
    found = {
        "sound": 1000 * (known[-1].held - known[0].held) / emitted,
        "made_up": (known[-1].concealed - known[0].concealed) / emitted,
    }
    offsets = sorted(moment.offset for moment in known if moment.offset is not None)
    if offsets:
        found["offset"] = percentile(offsets, 0.5)
        found["offset_most"] = max(abs(offset) for offset in offsets)
    return found


def _middle(rounds: list[dict[str, float]]) -> dict[str, float | None]:
    """The median of several rounds. Of ``offset_most`` it is the largest value."""
    found: dict[str, float | None] = {}
    for name in ("sound", "offset", "offset_most", "made_up"):
        values = sorted(each[name] for each in rounds if name in each)
        value = (values[-1] if name == "offset_most" else percentile(values, 0.5)) if values else None
        found[name] = None if value is None else round(value, 4 if name == "made_up" else 1)
    return found


def _summary(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {"frames": len(ordered)} | {
        name: round(percentile(ordered, share), 1) for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
    }


def _ratio(ours: float | None, stock: float | None) -> float | None:
    return round(ours / stock, 3) if ours is not None and stock else None


def table(result: dict[str, Any]) -> Table:
    """The result for a person."""
    shown = Table(title=f"Glass to page, {result['picture']}, milliseconds")
    shown.add_column("part")
    columns = ("frames", "p50", "p95", "p99", "sound", "offset", "offset_most")
    for column in columns:
        shown.add_column(column.replace("_", ", "), justify="right")
    for name, part in result["parts"].items():
        shown.add_row(name, *("" if part[column] is None else f"{part[column]:g}" for column in columns))
    ratios = ", ".join(f"{codec} {ratio}" for codec, ratio in result["ratio_p95_to_stock"].items())
    stolen = f"The host took {result['machine']['stolen']:.0%} of the time away."
    shown.caption = (
        "sound: how long the browser held it; offset: by how much the picture was ahead of it. "
        f"p95 as a share of stock aiortc's: {ratios}. "
        + ("" if result["sound"] == "played" else f"Beware: {result['sound']}. ")
        + stolen
    )
    return shown
