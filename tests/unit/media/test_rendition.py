"""The program in several sizes: what they look like, who runs when, and whose request counts."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import av
import numpy as np
import pytest

from classroom.common.clock import SystemClock
from classroom.director import Director, Scene
from classroom.lesson.sections import TierModel
from classroom.media.fanout import Subscription
from classroom.media.frames import Encoded, Picture, PictureSlot
from classroom.media.program import Program
from classroom.media.program_settings import ProgramSettings
from classroom.media.rendition import tier_sizes
from classroom.media.ticker import Supplies
from tests.support.broadcast import eventually
from tests.support.pictures import BLUE, GREEN, RED, WHITE, near, plain, rgb_frame, slot, to_rgb

SIZE = (320, 180)
TIERS = (
    TierModel(height=120, bitrate=300_000),
    TierModel(height=90, bitrate=100_000),
    TierModel(height=360, bitrate=800_000),
)
WHOLE = Scene("a", "full", ("halves",))
both = pytest.mark.parametrize("codec", ["h264", "vp8"])


def halves() -> Any:
    """Red on the left, green on the right."""
    picture = np.full((SIZE[1], SIZE[0], 3), RED, np.uint8)
    picture[:, SIZE[0] // 2 :] = GREEN
    return rgb_frame(picture)


@asynccontextmanager
async def on_air(
    tiers: tuple[TierModel, ...] = TIERS,
    slots: dict[str, PictureSlot] | None = None,
    scene: Scene = WHOLE,
) -> AsyncIterator[Program]:
    clock = SystemClock()
    slots = slots or {"halves": slot(halves())}
    program = Program(
        ProgramSettings(size=SIZE, fps=30, bit_rate=500_000, tiers=tiers),
        director=Director(scenes={"a": scene}, start="a", size=SIZE, now=clock.now()),
        supplies=Supplies(slots, None, plain(BLUE, *SIZE)),
        live=lambda: frozenset(slots),
        inputs={},
        clock=clock,
        loop=asyncio.get_running_loop(),
    )
    await program.start()
    try:
        yield program
    finally:
        await program.stop()


async def take(subscription: Subscription, count: int) -> list[Encoded]:
    async with asyncio.timeout(30):
        return [await subscription.get() for _ in range(count)]


def decode(packets: list[Encoded]) -> list[av.VideoFrame]:
    decoder: Any = av.CodecContext.create(packets[0].codec, "r")
    decoder.thread_count = 1
    frames = [frame for one in packets for frame in decoder.decode(av.Packet(bytes(one.packet)))]
    return [*frames, *decoder.decode(None)]


def encoder_threads() -> set[str]:
    return {thread.name for thread in threading.enumerate() if thread.name.endswith(" encoder")}


@both
async def test_each_size_shows_the_whole_program(codec: Any) -> None:
    async with on_air() as program:
        renditions = program.renditions(codec)
        packets = [await take(rendition.fanout.subscribe(), 6) for rendition in renditions]
    assert [(rendition.name, rendition.size, rendition.bit_rate) for rendition in renditions] == [
        ("180p", (320, 180), 500_000),
        ("120p", (214, 120), 300_000),
        ("90p", (160, 90), 100_000),
    ]
    for rendition, some in zip(renditions, packets, strict=True):
        width, height = rendition.size
        shown = decode(some)[-1]
        assert (shown.width, shown.height) == (width, height)
        pixels = to_rgb(shown)
        assert near(pixels[height // 2, width // 8], RED, 14)
        assert near(pixels[height // 8, width * 7 // 8], GREEN, 14)


async def test_all_sizes_have_the_same_clock() -> None:
    """So that a student can be moved from one to another without a jump."""
    async with on_air() as program:
        subscriptions = [rendition.fanout.subscribe(200) for rendition in program.renditions("h264")]
        packets = [await take(subscription, 40) for subscription in subscriptions]
    stamps = [{(one.packet.pts, one.captured) for one in some} for some in packets]
    assert len(stamps[0] & stamps[1] & stamps[2]) > 10


async def test_an_encoder_of_a_tier_that_nobody_watches_does_not_run() -> None:
    async with on_air() as program:
        _, middle, small = program.renditions("h264")
        watching = small.fanout.subscribe()
        await take(watching, 5)
        assert not program.statistics["encode"]["h264"]["active"]
        assert program.statistics["tiers"]["h264 90p"]["active"]
        assert not program.statistics["tiers"]["h264 120p"]["active"]
        assert program.statistics["tiers"]["h264 120p"]["pictures"] == 0
        assert program.statistics["subscribers"]["h264"] == 1
        assert (await take(middle.fanout.subscribe(), 1))[0].key
        watching.close()
        await eventually(lambda: not program.statistics["tiers"]["h264 90p"]["active"], within=30)
        assert program.statistics["tiers"]["h264 120p"]["active"]


async def test_a_key_frame_of_one_size_costs_the_others_nothing() -> None:
    async with on_air() as program:
        full_size, middle, _ = program.renditions("h264")
        watching, other = full_size.fanout.subscribe(500), middle.fanout.subscribe(500)
        await take(watching, 1)
        await take(other, 1)
        middle.demand.key_frame()
        async with asyncio.timeout(30):
            while not (encoded := await other.get()).key:
                pass
        until = encoded.captured + 0.2
        async with asyncio.timeout(30):
            while (seen := await watching.get()).captured < until:
                assert not seen.key


async def test_a_picture_that_stands_still_answers_a_demand() -> None:
    async with on_air() as program:
        for rendition in program.renditions("vp8") + program.renditions("h264"):
            subscription = rendition.fanout.subscribe(500)
            first = (await take(subscription, 1))[0]
            rendition.demand.key_frame()
            async with asyncio.timeout(30):
                while not (second := await subscription.get()).key:
                    pass
            assert 1.0 <= second.captured - first.captured < 1.5


async def test_all_threads_end_with_the_program() -> None:
    before = encoder_threads()
    async with on_air() as program:
        await take(program.renditions("vp8")[1].fanout.subscribe(), 2)
        assert {"h264 encoder", "h264 90p encoder", "vp8 120p encoder"} <= encoder_threads()
    assert encoder_threads() == before


async def test_wishes_of_all_reach_the_encoder_and_one_who_wants_all_gets_it() -> None:
    async with on_air() as program:
        rendition = program.renditions("h264")[0]
        assert rendition.attainable == 300_000
        one, other = rendition.fanout.subscribe(500), rendition.fanout.subscribe(500)
        await take(one, 2)
        one.requested_bit_rate = 350_000
        await take(one, 5)
        assert rendition.rate == rendition.attainable == 500_000
        other.requested_bit_rate = 320_000
        await eventually(lambda: rendition.rate == 350_000, within=30)
        other.close()
        one.requested_bit_rate = 10_000
        await eventually(lambda: rendition.rate == 300_000, within=30)
        third = rendition.fanout.subscribe(500)
        await eventually(lambda: rendition.rate == 500_000, within=30)
        third.close()
        vp8 = program.renditions("vp8")[0]
        assert vp8.attainable == 500_000


async def test_a_lesson_without_tiers_has_the_full_picture_only() -> None:
    async with on_air(()) as program:
        assert [rendition.name for rendition in program.renditions("vp8")] == ["180p"]
        with pytest.raises(KeyError):
            program.renditions("opus")


def test_tiers_are_even_in_proportion_and_smaller_than_the_program() -> None:
    assert tier_sizes((1280, 720), TIERS) == [((640, 360), 800_000), ((214, 120), 300_000), ((160, 90), 100_000)]
    assert tier_sizes((640, 480), [TierModel(height=360, bitrate=10_000)]) == [((480, 360), 10_000)]
    assert tier_sizes((1280, 360), [TierModel(height=360, bitrate=10_000)]) == []


@both
async def test_what_moves_in_a_corner_moves_in_every_size(codec: Any) -> None:
    """Nothing else is made smaller anew."""
    slots = {"halves": slot(halves()), "camera": slot(plain(BLUE, 64, 36))}
    scene = Scene("a", "picture-in-picture", ("halves", "camera"), "bottom-right", 0.3)
    async with on_air(slots=slots, scene=scene) as program:
        viewers = [rendition.fanout.subscribe(500) for rendition in program.renditions(codec)]
        packets = [await take(viewer, 5) for viewer in viewers]
        slots["camera"].put(Picture(plain(WHITE, 64, 36), 0.0, 2))
        for some, viewer in zip(packets, viewers, strict=True):
            some.extend(await take(viewer, 15))
    for some in packets:
        frames = decode(some)
        for frame, corner in ((frames[1], BLUE), (frames[-1], WHITE)):
            pixels = to_rgb(frame)
            height, width = pixels.shape[:2]
            assert near(pixels[height * 4 // 5, width * 4 // 5], corner, 20)
            assert near(pixels[height // 2, width // 8], RED, 14)
            assert near(pixels[height // 8, width * 7 // 8], GREEN, 14)
