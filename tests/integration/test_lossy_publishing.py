"""A page that sends over a network that loses packets: aiortc stands for the page, and what arrives is looked at."""

from __future__ import annotations

import asyncio
import contextlib
import fractions
from collections.abc import AsyncIterator, Callable
from itertools import pairwise

import numpy as np
import pytest
from aiortc import (
    AudioStreamTrack,
    MediaStreamTrack,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
    VideoStreamTrack,
)
from aiortc.rtp import is_rtcp
from av import AudioFrame, VideoFrame

from classroom.common.clock import SystemClock
from classroom.media.frames import SAMPLE_RATE, Samples
from classroom.media.sources.browser import Browser
from classroom.webrtc.messages import Answer, ToTeacher
from classroom.webrtc.receiving.publisher import Publisher
from tests.support.broadcast import eventually

pytestmark = pytest.mark.timeout(60)


class Hum(AudioStreamTrack):
    """A steady tone of 440 Hz."""

    async def recv(self) -> AudioFrame:
        timed = await super().recv()
        assert isinstance(timed, AudioFrame)
        assert timed.pts is not None
        first = timed.pts * SAMPLE_RATE // timed.sample_rate
        samples = 0.5 * np.sin(2 * np.pi * 440 * (first + np.arange(960)) / SAMPLE_RATE)
        frame = AudioFrame.from_ndarray((samples * 32767).astype(np.int16).reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, first, fractions.Fraction(1, SAMPLE_RATE)
        return frame


class Noise(VideoStreamTrack):
    """Pictures of several packets each."""

    async def recv(self) -> VideoFrame:
        pts, time_base = await self.next_timestamp()
        pixels = np.random.default_rng(pts).integers(0, 255, (30, 40, 3), np.uint8).repeat(8, 0).repeat(8, 1)
        frame = VideoFrame.from_ndarray(pixels, format="rgb24")
        frame.pts, frame.time_base = pts, time_base
        return frame


class Noted(Browser):
    """A source that notes what is put in."""

    def __init__(self) -> None:
        super().__init__(name="phone", clock=SystemClock())
        self.blocks: list[tuple[Samples, float]] = []
        self.pictures = 0

    def put_sound(self, samples: Samples, captured: float) -> None:
        self.blocks.append((samples, captured))
        super().put_sound(samples, captured)

    def put_picture(self, frame: VideoFrame, captured: float) -> None:
        self.pictures += 1
        super().put_picture(frame, captured)

    @property
    def heard(self) -> int:
        """How many samples were put in."""
        return sum(len(samples) for samples, _ in self.blocks)


Lossy = Callable[[int, bool], bool]
"""Whether the first, second ... packet is lost; the second argument tells of the same among the repetitions."""


class Way:
    """What a sender's packets take: it loses some, tells how many came, and can be cut off."""

    def __init__(self, sender: RTCRtpSender, lossy: Lossy) -> None:
        self.sent = 0
        self.repeated = 0
        self.over = False
        self._lossy = lossy
        self._ssrc = sender._ssrc.to_bytes(4, "big")
        self._send = sender.transport._send_rtp
        sender.transport._send_rtp = self._pass  # type: ignore[method-assign]

    async def _pass(self, data: bytes) -> None:
        if not is_rtcp(data):
            repetition = data[8:12] != self._ssrc
            self.sent += not repetition and not self.over
            self.repeated += repetition
            if self.over or self._lossy(self.repeated if repetition else self.sent, repetition):
                return
        await self._send(data)


@contextlib.asynccontextmanager
async def sending(track: MediaStreamTrack, lossy: Lossy) -> AsyncIterator[tuple[Noted, Way]]:
    """A page that sends a track to a publisher."""
    page = RTCPeerConnection()
    sender = page.addTransceiver(track, direction="sendonly").sender
    way = Way(sender, lossy)
    await page.setLocalDescription(await page.createOffer())
    source = Noted()
    told: asyncio.Queue[ToTeacher] = asyncio.Queue()
    publisher = Publisher(
        name="phone",
        sdp=page.localDescription.sdp,
        source=lambda: source,
        ice_servers=[],
        tell=told.put_nowait,
        gone=lambda _: None,
        clock=source.clock,
    )
    try:
        answer = await asyncio.wait_for(told.get(), 20)
        assert isinstance(answer, Answer)
        await page.setRemoteDescription(RTCSessionDescription(answer.sdp, "answer"))
        yield source, way
    finally:
        await publisher.close()
        await page.close()


@pytest.mark.parametrize("lost", [(), (40,), (40, 41, 42), (40, 44, 60), tuple(range(40, 46))])
async def test_lost_sound_is_made_up_for_and_no_delay_is_left(lost: tuple[int, ...]) -> None:
    async with sending(Hum(), lambda number, _: number in lost) as (source, way):
        await eventually(lambda: way.sent >= 90, what="packets sent")
        way.over = True
        held = 3 if len(lost) < 6 else 6
        await eventually(lambda: source.heard == (way.sent - held) * 960, what="all sound but what is held")
    steps = [then - first - len(samples) / SAMPLE_RATE for (samples, first), (_, then) in pairwise(source.blocks[20:])]
    gaps = [step for step in steps if step > 0.015]
    assert gaps == pytest.approx([] if held == 3 else [0.06], abs=0.005)
    loudness = [float(np.sqrt(np.mean(samples**2))) for samples, _ in source.blocks[5:]]
    assert min(loudness) > 0.1


@pytest.mark.parametrize("repetitions_lost", [0, 1, 1000])
async def test_pictures_go_on_soon_after_a_lost_packet(repetitions_lost: int) -> None:
    """Also where the repetition is lost, or never comes."""

    def lossy(number: int, repetition: bool) -> bool:
        return number <= repetitions_lost if repetition else number == 60

    async with sending(Noise(), lossy) as (source, way):
        await eventually(lambda: way.sent > 60, what="a loss")
        shown = source.pictures
        await eventually(lambda: source.pictures > shown + 10, what="more pictures")
        assert way.sent < 260
        assert way.repeated > min(repetitions_lost, 1)
