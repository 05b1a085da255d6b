"""``classroom bench mix``: the cost of a tick, stage by stage, and of the whole media plane while somebody watches.

The encoders of aiortc run on the same pictures in the same run. They show what each student costs if every student has
an encoder.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any, Final, Literal

import av
import numpy as np
from aiortc.codecs.h264 import H264Encoder
from aiortc.codecs.vpx import Vp8Encoder
from rich.table import Table

from classroom.bench.content import CameraClip, ScreenClip
from classroom.bench.machine import StolenTime, describe_machine
from classroom.bench.statistics import Usage, cost
from classroom.bench.tiers import beside
from classroom.common.clock import SystemClock
from classroom.director import Director, Layout, Scene, place
from classroom.media.codecs import VideoSettings, open_video
from classroom.media.crossfade import Crossfade
from classroom.media.fanout import SubscriptionClosed
from classroom.media.frames import Picture, PictureSlot
from classroom.media.picture import PictureMixer, ProgramPicture
from classroom.media.program import Program
from classroom.media.program_settings import ProgramSettings
from classroom.media.sound import SoundInput
from classroom.media.sound_buffer import SoundBuffer
from classroom.media.ticker import Supplies

__all__ = ["run", "table"]

SIZE: Final = (1280, 720)
FPS: Final = 30
BIT_RATE: Final = 1_500_000
TIERS: Final = ((360, 500_000), (180, 150_000))
SCREEN_FPS: Final = 15
GOAL: Final = 0.35
LARGE: Final = (1920, 1080)
LARGE_BIT_RATE: Final = 3_000_000
LARGE_GOAL: Final = 1.0
_SECONDS: Final = 2.0
_LENGTH: Final = 90
_TIER_SCENES: Final[tuple[tuple[str, Layout, tuple[str, ...]], ...]] = (
    ("a camera in the corner of pages", "picture-in-picture", ("screen", "camera")),
    ("a camera alone", "full", ("camera",)),
)


def run(seconds: float | None = None) -> dict[str, Any]:
    """All measurements. ``seconds`` (default 2) is how long each stage is measured; the pipeline takes five times that.

    ``stages`` has ``cpu`` (mean processor time in ms) and wall times in ms of each stage. ``tiers`` has their cost
    beside the full size. ``pipeline`` has the fraction of a core that the whole process used. ``stock`` and ``ratios``
    have the cost of aiortc's own encoders on the same pictures.
    """
    seconds = _SECONDS if seconds is None else seconds
    stolen = StolenTime()
    screen, camera = ScreenClip(), CameraClip()
    stages = _compose_stages(screen, camera, seconds)
    lesson = _live(screen, camera, Scene("bench", "picture-in-picture", ("screen", "camera")))
    pictures = list(itertools.islice(lesson, _LENGTH))
    stages |= {f"encode {codec}": cost(_encode(codec, pictures), seconds=seconds) for codec in ("h264", "vp8")}
    tiers = {
        name: beside(
            _live(screen, camera, Scene("bench", layout, sources)),
            VideoSettings(SIZE, FPS, BIT_RATE),
            [VideoSettings((height * SIZE[0] // SIZE[1], height), FPS, rate) for height, rate in TIERS],
            seconds=2 * seconds,
        )
        for name, layout, sources in _TIER_SCENES
    }
    stock = {
        "h264": cost(_stock(H264Encoder(), pictures), seconds=seconds),
        "vp8": cost(_stock(Vp8Encoder(), pictures), seconds=seconds),
    }
    tick = cost(_tick(screen, camera), seconds=2 * seconds)
    core = round(tick["cpu"] * FPS / 1000, 4)
    grid = cost(_grid(screen, camera), seconds=2 * seconds)
    grid_core = round(grid["cpu"] * FPS / 1000, 4)
    pipeline = asyncio.run(_pipeline(screen, camera, 5 * seconds))
    return {
        "bench": "mix",
        "program": {"size": list(SIZE), "fps": FPS, "bit_rate": BIT_RATE},
        "stages": stages,
        "stock": stock,
        "tiers": tiers,
        "tick": {**tick, "core": core, "goal": GOAL, "reached": core <= GOAL},
        "grid": {**grid, "core": grid_core, "goal": LARGE_GOAL, "reached": grid_core <= LARGE_GOAL},
        "pipeline": pipeline,
        "machine": describe_machine(stolen),
        "ratios": {
            codec: round(stock[codec]["cpu"] / max(1e-9, stages[f"encode {codec}"]["cpu"]), 2) for codec in stock
        },
    }


def table(result: dict[str, Any]) -> Table:
    """The result as a table for people."""
    shown = Table(title="What a tick of 1280×720 costs, in milliseconds", title_justify="left")
    shown.add_column("stage")
    for column in ("CPU", "p50", "p95", "core at 30/s"):
        shown.add_column(column, justify="right")

    def add(name: str, row: dict[str, float]) -> None:
        core = row["cpu"] * FPS / 1000
        shown.add_row(name, f"{row['cpu']:.2f}", f"{row['p50']:.2f}", f"{row['p95']:.2f}", f"{core:.3f}")

    for name, row in result["stages"].items():
        add(name, row)
    shown.add_section()
    for codec, row in result["stock"].items():
        add(f"aiortc's own {codec}, for each viewer (×{result['ratios'][codec]:.1f})", row)
    shown.add_section()
    add("a tick of a lesson: picture in picture, composed and encoded with H.264", result["tick"])
    add("a tick of 1920×1080: three sources in a grid, composed and encoded with H.264", result["grid"])
    shown.add_section()
    for name, row in result["tiers"].items():
        shown.add_row(
            f"both tiers of {name}: {row['share']:.0%} of the {row['encode']:.2f} of the full size",
            f"{row['tiers']:.2f}",
            "",
            "",
            f"{row['tiers'] * FPS / 1000:.3f}",
        )
    shown.add_section()
    pipeline = result["pipeline"]
    encode = pipeline["statistics"]["encode"]["h264"]
    shown.add_row(
        "whole program, picture in picture, H.264 and Opus",
        "",
        f"{encode['p50']:.2f}",
        f"{encode['p95']:.2f}",
        f"{pipeline['core']:.3f}",
    )
    shown.caption = (
        f"The goal of {GOAL} core for a tick is {'reached' if result['tick']['reached'] else 'missed'}, that of "
        f"{LARGE_GOAL:g} core for the grid {'reached' if result['grid']['reached'] else 'missed'}. p50 and p95 "
        f"are by the wall clock; of the whole program, those of its encoder: {pipeline['pictures']} pictures in "
        f"{pipeline['seconds']} s, {pipeline['statistics']['missed']} ticks missed. The host took "
        f"{result['machine']['stolen']:.0%} of the time away."
    )
    return shown


def _compose_stages(screen: ScreenClip, camera: CameraClip, seconds: float) -> dict[str, dict[str, float]]:
    stages = {"grab stand-in: compare and copy 1080p": cost(_grab(screen), seconds=seconds)}
    for name, layout, moving in (
        ("compose full, screen scrolling", "full", "screen"),
        ("compose picture in picture, both moving", "picture-in-picture", "both"),
        ("compose picture in picture, screen still", "picture-in-picture", "camera"),
        ("compose side by side, both moving", "side-by-side", "both"),
        ("compose, nothing moving", "picture-in-picture", "none"),
    ):
        stages[name] = cost(_compose(screen, camera, layout, moving), seconds=seconds)  # type: ignore[arg-type]
    stages["fade between two scenes that move"] = cost(_fade(screen, camera), seconds=seconds)
    return stages


def _grab(screen: ScreenClip) -> Callable[[int], object]:
    """The work of a screen source on a grab that did not change: make a new copy, and compare it with the last."""
    before = bytearray(screen.pixels(0).tobytes())

    def grab(number: int) -> None:
        taken = bytearray(screen.pixels(0).data)
        if taken != before:
            raise AssertionError("the stand-in must not change")

    return grab


def _compose(
    screen: ScreenClip, camera: CameraClip, layout: Layout, moving: Literal["screen", "camera", "both", "none"]
) -> Callable[[int], ProgramPicture]:
    slots = {"screen": PictureSlot(), "camera": PictureSlot()}
    mixer = _mixer(slots)
    scene = Scene("bench", layout, ("screen",) if layout == "full" else ("screen", "camera"))
    placements, live = place(scene, *SIZE), frozenset(slots)

    def compose(number: int) -> ProgramPicture:
        for name, frame in (("screen", screen.scrolled), ("camera", camera.frame)):
            if number == 0 or moving in (name, "both"):
                slots[name].put(Picture(frame(number), 0.0, number))
        return mixer.compose(placements, live)

    return compose


def _live(screen: ScreenClip, camera: CameraClip, scene: Scene) -> Iterator[ProgramPicture]:
    """The composed pictures of a lesson that never ends: pages of text, and a camera."""
    slots = {"screen": PictureSlot(), "camera": PictureSlot()}
    mixer, placements = _mixer(slots), place(scene, *SIZE)
    for number in itertools.count():
        page, frame = screen.page(number / FPS)
        slots["screen"].put(Picture(frame, 0.0, page))
        slots["camera"].put(Picture(camera.frame(number), 0.0, number))
        yield mixer.compose(placements, frozenset(slots))


def _fade(screen: ScreenClip, camera: CameraClip) -> Callable[[int], ProgramPicture]:
    """The middle of a fade that never ends: both scenes are composed, and blended."""
    slots = {"screen": PictureSlot(), "camera": PictureSlot()}
    director = Director(
        scenes={name: Scene(name, "full", (name,)) for name in slots}, start="screen", size=SIZE, now=-1.0
    )
    mixer, live = Crossfade(lambda: _mixer(slots)), frozenset(slots)

    def compose(number: int) -> ProgramPicture:
        slots["screen"].put(Picture(screen.scrolled(number), 0.0, number))
        slots["camera"].put(Picture(camera.frame(number), 0.0, number))
        if number == 1:
            director.switch("camera", now=0.0, transition="fade", duration=2.0)
        return mixer.compose(director.program, live, 1.0)

    return compose


def _mixer(slots: dict[str, PictureSlot], size: tuple[int, int] = SIZE) -> PictureMixer:
    return PictureMixer(size=size, slots=slots, fallback=None, fallback_card=av.VideoFrame(*size, "yuv420p"))


def _encode(codec: Literal["h264", "vp8"], pictures: list[ProgramPicture]) -> Callable[[int], object]:
    context = open_video(codec, VideoSettings(SIZE, FPS, BIT_RATE))

    def encode(number: int) -> object:
        return context.encode(pictures[number % len(pictures)].frame(number * 90_000 // FPS))

    return encode


def _tick(screen: ScreenClip, camera: CameraClip) -> Callable[[int], object]:
    """The work of mixer and encoder in a tick of a lesson: a moving camera over pages that change now and then."""
    slots = {"screen": PictureSlot(), "camera": PictureSlot()}
    mixer, live = _mixer(slots), frozenset(slots)
    placements = place(Scene("bench", "picture-in-picture", ("screen", "camera")), *SIZE)
    context = open_video("h264", VideoSettings(SIZE, FPS, BIT_RATE))

    def tick(number: int) -> object:
        page, frame = screen.page(number / FPS)
        slots["screen"].put(Picture(frame, 0.0, page))
        slots["camera"].put(Picture(camera.frame(number), 0.0, number))
        return context.encode(mixer.compose(placements, live).frame(number * 90_000 // FPS))

    return tick


def _grid(screen: ScreenClip, camera: CameraClip) -> Callable[[int], object]:
    """The same work for a large program: pages that change now and then, and two cameras, in a grid."""
    slots = {name: PictureSlot() for name in ("screen", "camera", "other camera")}
    mixer, live = _mixer(slots, LARGE), frozenset(slots)
    placements = place(Scene("bench", "grid", tuple(slots)), *LARGE)
    context = open_video("h264", VideoSettings(LARGE, FPS, LARGE_BIT_RATE))

    def tick(number: int) -> object:
        page, frame = screen.page(number / FPS)
        slots["screen"].put(Picture(frame, 0.0, page))
        for name, ahead in (("camera", 0), ("other camera", 7)):
            slots[name].put(Picture(camera.frame(number + ahead), 0.0, number))
        return context.encode(mixer.compose(placements, live).frame(number * 90_000 // FPS))

    return tick


def _stock(encoder: H264Encoder | Vp8Encoder, pictures: list[ProgramPicture]) -> Callable[[int], object]:
    """An encoder of aiortc at the same bit rate. It gets pictures as aiortc's senders give them."""
    encoder.target_bitrate = BIT_RATE

    def encode(number: int) -> object:
        frame = pictures[number % len(pictures)].frame(number * 90_000 // FPS)
        frame.time_base = Fraction(1, 90_000)
        return encoder.encode(frame)

    return encode


async def _pipeline(screen: ScreenClip, camera: CameraClip, seconds: float) -> dict[str, Any]:
    """The program with a viewer of H.264 and Opus: pages 15 times and a camera 30 times a second, and a microphone."""
    clock = SystemClock()
    slots, sound = {"screen": PictureSlot(), "camera": PictureSlot()}, SoundBuffer()
    scenes = {"bench": Scene("bench", "picture-in-picture", ("screen", "camera"))}
    program = Program(
        ProgramSettings(size=SIZE, fps=FPS, bit_rate=BIT_RATE),
        director=Director(scenes=scenes, start="bench", size=SIZE, now=clock.now()),
        supplies=Supplies(slots, None, av.VideoFrame(*SIZE, "yuv420p")),
        live=lambda: frozenset(slots),
        inputs={"microphone": SoundInput(sound)},
        clock=clock,
        loop=asyncio.get_running_loop(),
    )
    stop = threading.Event()
    feeder = threading.Thread(target=_feed, args=(screen, camera, slots, sound, stop), daemon=True)
    feeder.start()
    counts, tasks = {"h264": 0, "opus": 0}, []
    sizes = {"h264": 0, "opus": 0}

    async def watch(codec: Literal["h264", "opus"]) -> None:
        subscription = program.fanout(codec).subscribe(limit=1000)
        try:
            while True:
                encoded = await subscription.get()
                counts[codec] += 1
                sizes[codec] += encoded.packet.size
        except SubscriptionClosed:
            return

    await program.start()
    try:
        tasks = [asyncio.ensure_future(watch("h264")), asyncio.ensure_future(watch("opus"))]
        await asyncio.sleep(1.0)  # the codecs open, and the first key frame comes
        before, bits, usage = dict(counts), dict(sizes), Usage()
        await asyncio.sleep(seconds)
        core, wall = usage.core, usage.wall
        pictures, blocks = counts["h264"] - before["h264"], counts["opus"] - before["opus"]
        statistics = program.statistics
    finally:
        await program.stop()
        stop.set()
        await asyncio.to_thread(feeder.join)
        await asyncio.gather(*tasks)
    return {
        "core": round(core, 4),
        "seconds": round(wall, 2),
        "pictures": pictures,
        "blocks": blocks,
        "kbit_per_second": round((sizes["h264"] - bits["h264"]) * 8 / wall / 1000),
        "statistics": statistics,
    }


def _feed(
    screen: ScreenClip,
    camera: CameraClip,
    slots: dict[str, PictureSlot],
    sound: SoundBuffer,
    stop: threading.Event,
) -> None:
    """Replace the threads of a screen, a camera and a microphone. The result includes this work: about 0.02 core."""
    clock = SystemClock()
    noise = np.random.default_rng(3).normal(0, 0.05, (480, 2)).astype(np.float32)
    start, number = clock.now(), 0
    while not stop.wait(max(0.0, start + number / 100 - clock.now())):
        now = clock.now()
        sound.write(noise, start + (number - 1) / 100)
        if number % (100 // SCREEN_FPS) == 0:
            page, frame = screen.page(now - start)
            slots["screen"].put(Picture(frame, now, page))
        if int(number * FPS / 100) != int((number - 1) * FPS / 100):
            tick = int(number * FPS / 100)
            slots["camera"].put(Picture(camera.frame(tick), now, tick))
        number += 1
