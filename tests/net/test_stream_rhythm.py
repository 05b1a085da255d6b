"""A lost stream is replaced soon where it came steadily, and no stream is taken for lost that its network holds up."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import sys
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from classroom.media.sources.live_latency import LiveLatency
from classroom.media.sources.rhythm import Rhythm
from classroom.media.stall_detector import StallDetector
from tests.net.inside import inside
from tests.net.network import Network, Wire, unavailable
from tests.net.wire import Direction, Quality
from tests.support.broadcast import eventually

RATE = 25.0
STEP = 0.005
PACKETS = 4

STEADY = Quality(delay=0.02, jitter=0.03)
RADIO = Quality(delay=0.02, jitter=0.3)
LOSSY = Quality(delay=0.02, jitter=0.01, loss=0.02)


def over_tcp(quality: Quality, seconds: float, seed: int) -> list[tuple[float, float]]:
    """The time of each picture of a stream, and when it arrives by TCP: a packet that is lost is sent again.

    Most are sent again after a round trip, as the packets after them tell; the others after 0.2 s, 0.4 s and so on.
    """
    wire, chance, latest = Direction(seed), random.Random(seed), 0.0
    pictures = []
    for number in range(round(seconds * RATE)):
        time = number / RATE
        for packet in range(PACKETS):
            now, pause = time + packet / 1000, 2 * quality.delay if chance.random() < 0.85 else 0.2
            while (arrival := wire.arrival(1300, now, quality)) is None:
                now, pause = now + pause, max(0.2, 2 * pause)
            latest = max(latest, arrival)
        pictures.append((time, latest))
    return pictures


def losses(pictures: list[tuple[float, float]], until: float) -> list[float]:
    """When the watch takes the stream for lost, seconds."""
    latency, rhythm, detector = LiveLatency(), Rhythm(1.0), StallDetector()
    rhythm.begin()
    detector.begin(None, "ignore", fresh=True, stall=1.0)
    coming, waiting = deque(pictures), deque[float]()
    found, well = [], True
    for step in range(round(until / STEP)):
        now = step * STEP
        while coming and coming[0][1] <= now:
            time, instant = coming.popleft()
            latency.arrived(time, instant)
            rhythm.came(instant)
            waiting.append(time)
        if waiting and latency.due(waiting[0]) <= now:
            while waiting and latency.due(waiting[0]) <= now:
                waiting.popleft()
            detector.promise(RATE, rhythm.patience)
            detector.delivered(now)
        before, well = well, detector.verdict(now) == "well"
        if before and not well:
            found.append(now)
    return found


@pytest.mark.parametrize("quality", [STEADY, RADIO, LOSSY], ids=["steady", "radio", "lossy"])
def test_no_network_that_only_holds_pictures_up_is_taken_for_a_loss(quality: Quality) -> None:
    for seed in range(4):
        assert losses(over_tcp(quality, 120.0, seed), 119.0) == []


def test_a_steady_stream_is_replaced_within_half_a_second_and_a_lossy_one_later() -> None:
    for seed in range(4):
        (lost,) = losses(over_tcp(STEADY, 30.0, seed), 40.0)
        assert 30.3 <= lost <= 30.5
        (lost,) = losses(over_tcp(LOSSY, 30.0, seed), 40.0)
        assert 30.6 <= lost <= 31.7


def test_a_connection_that_has_just_begun_has_not_shown_that_it_is_steady() -> None:
    (lost,) = losses(over_tcp(STEADY, 4.0, 1), 10.0)
    assert lost >= 4.9


def test_a_pause_is_remembered_for_minutes_and_by_the_next_connection_too() -> None:
    rhythm, now = Rhythm(1.0), 0.0

    def play(seconds: float) -> None:
        nonlocal now
        for _ in range(round(seconds * RATE)):
            now += 1 / RATE
            rhythm.came(now)

    play(20.0)
    assert rhythm.patience == pytest.approx(0.35)
    now += 0.25
    play(100.0)
    assert rhythm.patience == pytest.approx(3 * 0.29, abs=0.01)
    rhythm.begin()
    now += 5.0
    play(4.0)
    assert rhythm.patience == 1.0
    play(2.0)
    assert rhythm.patience == pytest.approx(3 * 0.29, abs=0.01), "the time without a connection is no pause"
    play(200.0)
    assert rhythm.patience == pytest.approx(0.35)


WATCH = """
import sys, json
from classroom.common.clock import SystemClock
from classroom.media.sources.stream import NetworkStream
from classroom.media.supervisor import SourceRunner
clock = SystemClock()
source = NetworkStream(name="board", clock=clock, url=sys.argv[1])
def tell():
    print(json.dumps([clock.now(), runner.status.state, source.stall]), flush=True)
runner = SourceRunner(source, clock, tell)
runner.start()
sys.stdin.read()
runner.stop()
"""


@dataclass
class Watching:
    """A stream that is watched in the teacher's namespace: clock second, state and patience of each change."""

    changes: list[tuple[float, str, float]]

    def losses(self) -> int:
        """How often it was lost after it had been live."""
        states = [state for _, state, _ in self.changes]
        return sum(state == "lost" for state in states[states.index("live") :])

    def live(self) -> bool:
        """Whether it is."""
        return bool(self.changes) and self.changes[-1][1] == "live"


@contextlib.asynccontextmanager
async def watched(network: Network, wire: Wire) -> AsyncIterator[Watching]:
    """A camera on the wire that sends H.264 over TCP, and who watches it."""
    address = wire.teacher.removesuffix("1") + "2"
    camera = await asyncio.create_subprocess_exec(
        *inside(wire.namespace), "ffmpeg", "-loglevel", "quiet", "-nostdin", "-re", "-f", "lavfi",
        "-i", "testsrc2=size=640x360:rate=25", "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency",
        "-b:v", "1M", "-g", "50", "-f", "mpegts", "-flush_packets", "1", "-listen", "1", "http://0.0.0.0:8000/live.ts",
    )  # fmt: skip
    watch = await asyncio.create_subprocess_exec(
        *inside(network.teacher), sys.executable, "-c", WATCH, f"http://{address}:8000/live.ts",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    watching = Watching([])

    async def listen() -> None:
        assert watch.stdout is not None
        while line := await watch.stdout.readline():
            watching.changes.append(tuple(json.loads(line)))

    listening = asyncio.create_task(listen())
    try:
        yield watching
    finally:
        assert watch.stdin is not None
        watch.stdin.close()
        camera.kill()
        await asyncio.gather(camera.wait(), watch.wait(), listening)


@pytest.mark.long
@pytest.mark.skipif(unavailable() is not None, reason=unavailable() or "")
async def test_a_real_camera_is_lost_when_its_wire_is_cut_and_not_before() -> None:
    clock = asyncio.get_running_loop().time
    async with Network() as network:
        for quality, within in (({"jitter": 0.02}, 0.6), ({"jitter": 0.2, "loss": 0.01}, 1.8)):
            wire = await network.plug_in(delay=0.01, **quality)
            async with watched(network, wire) as watching:
                await eventually(watching.live, within=60)
                await asyncio.sleep(30)
                assert watching.losses() == 0
                await wire.become(up=False)
                cut = clock()
                await eventually(lambda watching=watching: watching.losses() > 0, within=10)
                assert clock() - cut <= within
