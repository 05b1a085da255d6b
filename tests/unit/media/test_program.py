"""The whole media plane by the clock: sources in, packets out, decoded and looked at."""

from __future__ import annotations

import asyncio
import math
import random
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import av
import numpy as np
import pytest

from classroom.common.clock import SystemClock
from classroom.common.errors import CommandError
from classroom.director import Director, Scene
from classroom.media.fanout import Subscription, SubscriptionClosed
from classroom.media.frames import SAMPLE_RATE, Codec, Encoded, Picture, PictureSlot
from classroom.media.program import Program
from classroom.media.program_settings import ProgramSettings
from classroom.media.sound import SoundInput
from classroom.media.sound_buffer import SoundBuffer
from classroom.media.thumbnail import jpeg
from classroom.media.ticker import Supplies
from tests.support.machine import Machine
from tests.support.pictures import BLACK, BLUE, GREEN, RED, WHITE, near, plain, slot, to_rgb

SIZE = (320, 180)
FPS = 30
CLOCK = SystemClock()
COLOURS = {"red": RED, "green": GREEN, "white": WHITE}


class Rig:
    """A program with sources of one colour each, and one scene for each of them."""

    def __init__(self, slots: dict[str, PictureSlot], inputs: dict[str, SoundInput] | None = None) -> None:
        self.slots = slots
        self.live: Callable[[], frozenset[str]] = lambda: frozenset(slots)
        scenes = {name: Scene(name, "full", (name,)) for name in slots}
        self.director = Director(scenes=scenes, start=next(iter(slots)), size=SIZE, now=CLOCK.now())
        self.program = Program(
            ProgramSettings(size=SIZE, fps=FPS, bit_rate=500_000),
            director=self.director,
            supplies=Supplies(slots, None, plain(BLUE, *SIZE)),
            live=lambda: self.live(),
            inputs=inputs or {},
            clock=CLOCK,
            loop=asyncio.get_running_loop(),
        )


def colours() -> dict[str, PictureSlot]:
    return {name: slot(plain(colour, *SIZE)) for name, colour in COLOURS.items()}


@asynccontextmanager
async def on_air(rig: Rig) -> AsyncIterator[Program]:
    await rig.program.start()
    try:
        yield rig.program
    finally:
        await rig.program.stop()


async def take(subscription: Subscription, count: int) -> list[Encoded]:
    async with asyncio.timeout(15):
        return [await subscription.get() for _ in range(count)]


async def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        await asyncio.sleep(0.005)


class Decoder:
    """Decodes packets one by one."""

    def __init__(self, codec: Codec) -> None:
        made: Any = av.CodecContext.create("libopus" if codec == "opus" else codec, "r")
        made.thread_count = 1
        if codec == "opus":
            made.sample_rate, made.layout = SAMPLE_RATE, "stereo"
        self._context = made

    def frames(self, encoded: Encoded) -> list[Any]:
        return list(self._context.decode(av.Packet(bytes(encoded.packet))))


def middle(frame: av.VideoFrame) -> Any:
    return to_rgb(frame)[90, 160]


@pytest.mark.parametrize("codec", ["h264", "vp8"])
async def test_pictures_come_by_the_clock_from_a_key_frame_on(codec: Codec) -> None:
    async with on_air(Rig(colours())) as program:
        packets = await take(program.fanout(codec).subscribe(), 30)
    assert packets[0].key
    stamps = [encoded.packet.pts for encoded in packets]
    assert all(stamp is not None and stamp % 3000 == 0 for stamp in stamps)
    assert stamps == sorted(set(stamps))  # type: ignore[type-var]
    for encoded in packets:
        assert encoded.captured == pytest.approx(program.zero + encoded.packet.pts / 90_000, abs=1e-6)  # type: ignore[operator]
    decoder = Decoder(codec)
    pictures = [frame for encoded in packets for frame in decoder.frames(encoded)]
    assert near(middle(pictures[-1]), RED, 12)


async def test_twenty_random_switches_are_seen_by_who_watches() -> None:
    rig, chance, decoder = Rig(colours()), random.Random(11), Decoder("h264")
    async with on_air(rig) as program:
        subscription = program.fanout("h264").subscribe(limit=100)
        shown = rig.director.program.scene.name
        for _ in range(20):
            shown = chance.choice([name for name in COLOURS if name != shown])
            assert rig.director.switch(shown, now=CLOCK.now())
            switched = CLOCK.now()  # no sooner: a tick in between has read what was on air before
            while True:
                (encoded,) = await take(subscription, 1)
                frames = decoder.frames(encoded)
                if encoded.captured > switched:
                    break
            # The first tick after the switch shows the new scene: no key frame, no gap, nothing in between.
            assert near(middle(frames[-1]), COLOURS[shown], 40)
        assert subscription.dropped == 0


async def test_an_encoder_works_only_while_somebody_subscribes() -> None:
    rig = Rig(colours())
    async with on_air(rig) as program:
        await until(lambda: program.snapshot() is not None)
        assert not any(encoder["active"] for encoder in program.statistics["encode"].values())
        subscription = program.fanout("vp8").subscribe()
        await take(subscription, 3)
        encode = program.statistics["encode"]
        assert encode["vp8"]["pictures"] >= 3
        assert (encode["h264"]["pictures"], encode["h264"]["active"], encode["opus"]["active"]) == (0, False, False)
        subscription.close()
        await until(lambda: not program.statistics["encode"]["vp8"]["active"])
        ended = program.statistics["encode"]["vp8"]["pictures"]
        ticks = program.statistics["ticks"]
        await until(lambda: program.statistics["ticks"] > ticks + 10)
        assert program.statistics["encode"]["vp8"]["pictures"] <= ended + 1


async def test_without_viewers_snapshots_are_still_made() -> None:
    rig = Rig(colours())
    async with on_air(rig) as program:
        await until(lambda: program.snapshot() is not None)
        assert near(middle(program.snapshot()), RED)  # type: ignore[arg-type]
        rig.director.switch("green", now=CLOCK.now())
        await until(lambda: near(middle(program.snapshot()), GREEN), 3)  # type: ignore[arg-type]
        source = program.snapshot("white")
        assert source is rig.slots["white"].newest().frame  # type: ignore[union-attr]
        assert jpeg(source).startswith(b"\xff\xd8")
        rig.slots["white"].clear()
        assert program.snapshot("white") is None
        with pytest.raises(KeyError):
            program.snapshot("stranger")


async def test_many_joins_in_a_second_share_one_key_frame() -> None:
    async with on_air(Rig(colours())) as program:
        watching = program.fanout("h264").subscribe(limit=200)
        first = await take(watching, 1)
        joined = [program.fanout("h264").subscribe(limit=200) for _ in range(10)]
        starts = [await take(one, 1) for one in joined]
        assert len({start[0].packet.pts for start in starts}) == 1
        assert starts[0][0].captured - first[0].captured >= 1.0
        while (encoded := (await take(watching, 1))[0]).captured < starts[0][0].captured:
            assert not encoded.key


async def test_a_source_that_blocks_or_dies_delays_no_tick(machine: Machine) -> None:
    """One hangs in its thread for ever, one delivers what cannot be shown, one is lost: the picture goes on."""
    slots = colours()
    hanging = threading.Event()
    live = {"red", "green", "white"}

    def hang() -> None:
        slots["red"].put(Picture(plain(RED, *SIZE), CLOCK.now(), 2))
        hanging.wait(30)

    thread = threading.Thread(target=hang)
    thread.start()
    rig = Rig(slots)
    rig.live = lambda: frozenset(live)
    try:
        async with on_air(rig) as program:
            subscription, decoder = program.fanout("h264").subscribe(limit=200), Decoder("h264")
            seen = []
            for event in (
                lambda: None,
                lambda: rig.director.switch("green", now=CLOCK.now()),
                lambda: slots["green"].put(Picture(av.VideoFrame(64, 64, "yaf32le"), CLOCK.now(), 2)),
                lambda: rig.director.switch("white", now=CLOCK.now()),
                lambda: live.discard("white"),
                lambda: rig.director.switch("red", now=CLOCK.now()),
            ):
                event()
                now = CLOCK.now()
                while True:
                    (encoded,) = await take(subscription, 1)
                    frames = decoder.frames(encoded)
                    if encoded.captured > now + 0.1:
                        break
                assert encoded.captured < now + 1.0
                seen.append(middle(frames[-1]))
            statistics = program.statistics
    finally:
        hanging.set()
        thread.join()
    for pixel, colour in zip(seen, (RED, GREEN, BLUE, WHITE, BLUE, RED), strict=True):
        assert near(pixel, colour, 25), seen
    assert statistics["failed"] == 0
    assert program.longest_miss / 30 <= machine.allows(0.2)  # what the machine was held up, and no more


async def test_an_overrun_skips_to_the_present_and_is_counted() -> None:
    rig, once = Rig(colours()), threading.Event()

    def live() -> frozenset[str]:
        if not once.is_set() and rig.program.statistics["encode"]["h264"]["pictures"] > 5:
            once.set()
            time.sleep(0.4)
        return frozenset(rig.slots)

    rig.live = live
    async with on_air(rig) as program:
        subscription = program.fanout("h264").subscribe(limit=200)
        received: list[tuple[Encoded, float]] = []
        while not (once.is_set() and program.statistics["missed"] >= 10 and len(received) > 40):
            (encoded,) = await take(subscription, 1)
            received.append((encoded, CLOCK.now()))
    stamps = [encoded.packet.pts or 0 for encoded, _ in received]
    assert program.longest_miss >= 10  # in one step: it composes no picture whose time is over
    assert max(np.diff(stamps)) >= 10 * 3000
    for encoded, at in received[-5:]:
        assert at - encoded.captured < 0.3  # what was missed was not made up for later


async def test_a_fault_in_a_tick_is_survived_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    rig = Rig(colours())

    def live() -> frozenset[str]:
        if 5 <= rig.program.statistics["ticks"] < 10:
            raise RuntimeError("a fault")
        return frozenset(rig.slots)

    rig.live = live
    async with on_air(rig) as program:
        subscription = program.fanout("h264").subscribe(limit=200)
        await until(lambda: program.statistics["ticks"] > 20)
        assert 1 <= program.statistics["failed"] <= 5
        assert program.statistics["encode"]["h264"]["pictures"] > 5
        subscription.close()
    assert len([record for record in caplog.records if record.exc_info]) == 1


async def test_stop_ends_threads_and_subscriptions_soon() -> None:
    before = set(threading.enumerate())
    rig = Rig(colours())
    await rig.program.start()
    subscription = rig.program.fanout("h264").subscribe(limit=200)
    await take(subscription, 2)
    mine = set(threading.enumerate()) - before
    assert len(mine) >= 4
    began = time.monotonic()
    await rig.program.stop()
    assert time.monotonic() - began < 3
    assert not [thread for thread in mine if thread.is_alive() and not thread.name.startswith("asyncio")]
    with pytest.raises(SubscriptionClosed):
        await subscription.get()
    await rig.program.stop()


async def test_sound_is_set_and_measured_by_name() -> None:
    buffer = SoundBuffer()
    rig = Rig(colours(), {"mic": SoundInput(buffer, gain=-6.0)})
    program = rig.program
    with pytest.raises(CommandError):
        program.set_audio("mike", gain=1.0)
    program.set_audio("mic", gain=0.0)
    program.set_audio("mic", muted=True)
    assert (program.inputs["mic"].gain, program.inputs["mic"].muted) == (0.0, True)
    async with on_air(rig):
        buffer.write(np.full((SAMPLE_RATE, 2), 0.5, np.float32), CLOCK.now() + 0.1)
        await until(lambda: program.levels()["mic"].peak_db > -6.1)
        await until(lambda: program.levels()["mic"].peak_db > -6.1 and program.levels()["program"].peak_db < -60, 0.8)
        program.set_audio("mic", muted=False)
        await until(lambda: program.levels()["program"].peak_db > -6.1)
    with pytest.raises(KeyError):
        program.fanout("vp9")  # type: ignore[arg-type]


async def test_the_sound_of_a_source_is_heard_while_it_is_on_air() -> None:
    buffer = SoundBuffer()
    rig = Rig(colours(), {"film": SoundInput(buffer, source="green", heard="on-air")})
    program = rig.program
    async with on_air(rig):
        filling = threading.Event()

        def fill() -> None:
            first = CLOCK.now()
            for number in range(1000):
                buffer.write(np.full((4800, 2), 0.5, np.float32), first + number * 0.1)
                if filling.wait(max(0.0, first + number * 0.1 - CLOCK.now())):
                    return

        thread = threading.Thread(target=fill)
        thread.start()
        try:
            await until(lambda: program.levels()["film"].peak_db > -6.1)
            assert program.levels()["program"].peak_db < -60
            rig.director.switch("green", now=CLOCK.now(), transition="fade", duration=0.3)
            await until(lambda: -40 < program.levels()["program"].peak_db < -8)
            await until(lambda: program.levels()["program"].peak_db > -6.1)
            rig.director.switch("red", now=CLOCK.now())
            await until(lambda: program.levels()["program"].peak_db < -60)
            assert program.levels()["film"].peak_db > -6.1
        finally:
            filling.set()
            thread.join()


class FlashAndBeep:
    """A source that is white and beeps in the first 100 ms of every half second of the clock, else black and still."""

    def __init__(self) -> None:
        self.slot, self.sound = PictureSlot(), SoundBuffer()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._white, self._black = plain(WHITE, *SIZE), plain(BLACK, *SIZE)

    def __enter__(self) -> FlashAndBeep:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        serial = 0
        heard = math.floor(CLOCK.now() * 100)
        while not self._stop.wait(0.004):
            now = CLOCK.now()
            serial += 1
            self.slot.put(Picture(self._white if now % 0.5 < 0.1 else self._black, now, serial))
            while (heard + 1) / 100 <= now:  # blocks of 10 ms, delivered when they are over, as a microphone does
                beep = 0.5 * np.sin(np.arange(480) * (2 * math.pi * 1000 / SAMPLE_RATE)).astype(np.float32)
                block = beep if heard % 50 < 10 else np.zeros(480, np.float32)
                self.sound.write(np.stack([block, block], 1), heard / 100)
                heard += 1


async def test_flash_and_beep_leave_together(machine: Machine) -> None:
    """What a receiver makes of time stamps and sending times: they must meet within 60 ms."""
    received: dict[str, list[tuple[Encoded, float]]] = {"h264": [], "opus": []}

    async def receive(codec: Codec, program: Program) -> None:
        async for encoded in program.fanout(codec).subscribe(limit=500):
            received[codec].append((encoded, CLOCK.now()))

    with FlashAndBeep() as source:
        rig = Rig({"bars": source.slot}, {"clap": SoundInput(source.sound)})
        async with on_air(rig) as program:
            tasks = [asyncio.ensure_future(receive(codec, program)) for codec in ("h264", "opus")]
            await until(lambda: len(received["h264"]) > 100 and len(received["opus"]) > 160, 60)
        await asyncio.gather(*tasks)

    flashes, beeps = flash_onsets(received["h264"]), beep_onsets(received["opus"])
    pairs = [(flash, min(beeps, key=lambda beep: abs(beep[0] - flash[0]))) for flash in flashes]
    assert len(pairs) >= 4
    by_stamp = np.array([beep[0] - flash[0] for flash, beep in pairs])
    assert np.abs(np.median(by_stamp)) < machine.allows(0.04), by_stamp  # the next tick is up to 33 ms after the flash
    delay = {
        codec: float(np.median([at - encoded.packet.pts / rate for encoded, at in received[codec]]))  # type: ignore[operator]
        for codec, rate in (("h264", 90_000), ("opus", SAMPLE_RATE))
    }
    apart = by_stamp + delay["opus"] - delay["h264"]
    assert np.abs(np.median(apart)) < machine.allows(0.06), apart


def flash_onsets(packets: list[tuple[Encoded, float]]) -> list[tuple[float, float]]:
    """Time stamps in seconds, and arrival, of each first white picture."""
    decoder, onsets, before = Decoder("h264"), [], True
    for encoded, at in packets:
        white = middle(decoder.frames(encoded)[-1])[1] > 128
        if white and not before:
            onsets.append((encoded.packet.pts / 90_000, at))  # type: ignore[operator]
        before = bool(white)
    return onsets


def beep_onsets(packets: list[tuple[Encoded, float]]) -> list[tuple[float, float]]:
    """Time stamps in seconds, and arrival, of each first loud sample after silence."""
    decoder, onsets, quiet = Decoder("opus"), [], 0
    for encoded, at in packets:
        for frame in decoder.frames(encoded):
            samples = frame.to_ndarray().astype(np.float64).reshape(-1, 2)[:, 0]
            loud = np.abs(samples) > (0.1 if frame.format.name.startswith("flt") else 3277)
            for index in np.nonzero(loud)[0]:
                if quiet + index > SAMPLE_RATE // 5 and not loud[:index].any():
                    onsets.append(((encoded.packet.pts + int(index)) / SAMPLE_RATE, at))  # type: ignore[operator]
                    break
            quiet = 0 if loud.any() else quiet + len(samples)
    return onsets
