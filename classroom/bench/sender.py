"""Two ways to send a program: classroom encodes its packets once, and stock aiortc has an encoder per viewer."""

from __future__ import annotations

import asyncio
from typing import Final, Literal

import av
import numpy as np
from aiortc import MediaStreamTrack, RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCRtpSender
from aiortc.mediastreams import MediaStreamError

from classroom.bench.stage import FPS, Stage
from classroom.media.frames import PICTURE_TIME_BASE, SAMPLE_RATE, SOUND_TIME_BASE
from classroom.media.sound import BLOCK, BLOCK_SECONDS, DELAY
from classroom.webrtc.aiortc_internals import offer_playout_delay
from classroom.webrtc.sending.capabilities import preferences
from classroom.webrtc.sending.playout_delay import AdaptivePlayoutDelay, PlayoutRule

__all__ = ["WAYS", "Codec", "Way", "connection"]

Codec = Literal["h264", "vp8"]
Way = Literal["classroom", "stock"]

WAYS: Final[tuple[tuple[Way, Codec], ...]] = (
    ("classroom", "h264"),
    ("stock", "h264"),
    ("classroom", "vp8"),
    ("stock", "vp8"),
)


class StockTrack(MediaStreamTrack):
    """The pictures of the program, composed as the program composes them. aiortc encodes them for one viewer.

    A tick that comes while aiortc still encodes is left out, as viewers of a live picture want it.
    """

    kind = "video"

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self._stage = stage
        self._mixer = stage.mixer()
        self._zero = stage.clock.now()
        self._tick = 0

    async def recv(self) -> av.VideoFrame:
        """The next program picture, at its tick."""
        if self.readyState != "live":
            raise MediaStreamError
        stage = self._stage
        self._tick = max(self._tick + 1, int((stage.clock.now() - self._zero) * FPS) + 1)
        await asyncio.sleep(self._zero + self._tick / FPS - stage.clock.now())
        picture = await asyncio.to_thread(self._mixer.compose, stage.director.program.placements, stage.live())
        frame = picture.frame(round(self._tick * 90_000 / FPS))
        frame.time_base = PICTURE_TIME_BASE
        return frame


class StockSound(MediaStreamTrack):
    """The tone of the stage. aiortc encodes it for one viewer."""

    kind = "audio"

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self._stage = stage
        self._zero = stage.clock.now()
        self._block = 0

    async def recv(self) -> av.AudioFrame:
        """The next 20 ms."""
        if self.readyState != "live":
            raise MediaStreamError
        self._block += 1
        start = self._zero + self._block * BLOCK_SECONDS
        await asyncio.sleep(max(0.0, start + DELAY - self._stage.clock.now()))
        samples = self._stage.sound.read(start, BLOCK)
        whole = (np.clip(samples, -1, 1) * 3276).astype(np.int16).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(whole, format="s16", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, self._block * BLOCK, SOUND_TIME_BASE
        return frame


def connection(stage: Stage, way: Way, codec: Codec, *, wait: float = 0.0) -> RTCPeerConnection:
    """A connection that will send the program in one of the two ways. It offers one picture codec and Opus.

    Classroom's pictures wait ``wait`` seconds for their sound.
    """
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
    if way == "classroom":
        rule = PlayoutRule("auto" if offer_playout_delay() else "off")
        rule.wait = wait
        feed = stage.watchable.feed(
            peer,
            picture=preferences([codec]),
            sound=[each for each in RTCRtpSender.getCapabilities("audio").codecs if each.mimeType == "audio/opus"],
            delay=AdaptivePlayoutDelay(rule).delay,
            reported=lambda _: None,
        )
        feed.choose(stage.program.renditions(codec)[0])
    else:
        peer.addTransceiver(StockTrack(stage), direction="sendonly").setCodecPreferences(preferences([codec]))
        peer.addTransceiver(StockSound(stage), direction="sendonly")
    return peer
