"""A program that was encoded beforehand, so that a measurement includes sending and not encoding.

The same packets go through classroom's fan-outs, and to other servers as plain RTP.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal

import av
import numpy as np

from classroom.bench.stage import FPS, HEIGHT, WIDTH, heads, yuv_frame
from classroom.common.clock import Clock
from classroom.media.codecs import VideoSettings, open_video
from classroom.media.encoder import VideoEncoder
from classroom.media.fanout import Fanout
from classroom.media.frames import Codec, Encoded
from classroom.media.rendition import Rendition
from classroom.media.sound import BLOCK, BLOCK_SECONDS
from classroom.media.sound_encoder import SoundEncoder

__all__ = ["BIT_RATE", "Broadcast", "Fanouts", "RecordedMedia", "record"]

BIT_RATE: Final = 1_500_000
SOUND_BIT_RATE: Final = 96_000
_KEY_EVERY: Final = 2.0
"""Seconds between key frames, because a program that was encoded beforehand cannot follow requests for one."""

_SECONDS: Final = 4
_SOUND_AFTER: Final = 0.03
"""Seconds after which a block of sound follows the picture of the same moment, as in a lesson."""

_NOISE: Final = 3.0
"""Standard deviation of the added noise of the sensor, in levels. The encoder needs all the bits for this noise."""

Publish = Callable[[Encoded], None]


class RecordedMedia:
    """Encoded pictures and blocks of sound of a few seconds, for playing repeatedly."""

    def __init__(self, pictures: Sequence[tuple[bytes, bool]], sound: Sequence[bytes]) -> None:
        self.pictures = pictures
        self.sound = sound

    @property
    def bit_rate(self) -> float:
        """Bits per second of picture and sound."""
        picture = sum(len(data) for data, _ in self.pictures) / len(self.pictures) * FPS
        sound = sum(map(len, self.sound)) / len(self.sound) / BLOCK_SECONDS
        return 8 * (picture + sound)


def record(clock: Clock) -> RecordedMedia:
    """Encode a talking head in bad light, with H.264 and the settings of a lesson, and a tone like a voice."""
    chance = np.random.default_rng(3)
    context = open_video("h264", VideoSettings((WIDTH, HEIGHT), FPS, BIT_RATE))
    clip = heads()
    pictures: list[tuple[bytes, bool]] = []
    for number in range(_SECONDS * FPS):
        luma, blue, red = clip[number % len(clip)]
        noisy = luma + chance.normal(0, _NOISE, luma.shape)
        frame = yuv_frame(np.clip(noisy, 16, 235).astype(np.uint8), blue, red)
        frame.pts, frame.time_base = round(number * 90_000 / FPS), context.time_base
        if number % round(_KEY_EVERY * FPS) == 0:
            frame.pict_type = av.video.frame.PictureType.I
        pictures += [(bytes(packet), bool(packet.is_keyframe)) for packet in context.encode(frame)]
    blocks: list[bytes] = []
    encoder = SoundEncoder(
        bit_rate=SOUND_BIT_RATE, clock=clock, publish=lambda encoded: blocks.append(bytes(encoded.packet))
    )
    encoder.activate()
    for number in range(round(_SECONDS / BLOCK_SECONDS)):
        moment = (number * BLOCK + np.arange(BLOCK)) / 48_000
        wave = 0.2 * np.sin(2 * np.pi * 180 * moment) * (1 + np.sin(2 * np.pi * 3 * moment))
        block = np.stack([wave, wave], axis=1) + chance.normal(0, 0.02, (BLOCK, 2))
        encoder.encode(block.astype(np.float32), number * BLOCK, 0.0)
    return RecordedMedia(pictures, blocks)


class Broadcast:
    """Plays a recording at its own pace in a thread, and passes it to the function ``publish``.

    ``lateness`` has the seconds by which each picture's tick started too late, measured as for the mixer's ticks.
    """

    def __init__(self, recording: RecordedMedia, *, clock: Clock, publish: Publish) -> None:
        self._recording = recording
        self._clock = clock
        self._publish = publish
        self._stop = threading.Event()
        self._playing = threading.Event()
        self._thread = threading.Thread(target=self._play, name="bench broadcast", daemon=True)
        self.lateness: list[float] = []
        self.played = 0

    def start(self) -> None:
        """Start playing."""
        self._playing.set()
        self._thread.start()

    def pause(self) -> None:
        """Stop sending, but keep the time."""
        self._playing.clear()

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        self._playing.set()
        self._thread.join(2.0)

    def _play(self) -> None:
        zero, picture, block = self._clock.now(), 0, 0
        while True:
            at_picture, at_block = picture / FPS, block * BLOCK_SECONDS
            due = zero + min(at_picture, at_block + _SOUND_AFTER)
            if self._stop.wait(max(0.0, due - self._clock.now())):
                return
            playing = self._playing.is_set()
            if at_picture <= at_block + _SOUND_AFTER:
                if playing:
                    self.lateness.append(self._clock.now() - due)
                    self.played += 1
                    data, key = self._recording.pictures[picture % len(self._recording.pictures)]
                    self._publish(_encoded("h264", data, key, round(at_picture * 90_000), zero + at_picture))
                picture += 1
            else:
                if playing:
                    data = self._recording.sound[block % len(self._recording.sound)]
                    self._publish(_encoded("opus", data, True, block * BLOCK, zero + at_block))
                block += 1


class Fanouts:
    """The fan-outs of a program that was encoded beforehand. They ignore requests for key frames."""

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Clock) -> None:
        self.picture = self._fanout("h264", loop)
        self.sound = self._fanout("opus", loop)
        size = (WIDTH, HEIGHT)
        unused = VideoEncoder(
            codec="h264", settings=VideoSettings(size, FPS, BIT_RATE), clock=clock, publish=lambda _: None
        )
        self.rendition = Rendition("h264", f"{HEIGHT}p", size, BIT_RATE, self.picture, self, unused)

    def key_frame(self) -> None:
        """Do nothing: the recording has one every two seconds."""

    def publish(self, encoded: Encoded) -> None:
        """Pass on what is played."""
        (self.sound if encoded.codec == "opus" else self.picture).publish(encoded)

    def _fanout(self, codec: Literal["h264", "opus"], loop: asyncio.AbstractEventLoop) -> Fanout:
        return Fanout(codec=codec, demand=self, loop=loop, on_first=lambda: None, on_last=lambda: None)


def _encoded(codec: Codec, data: bytes, key: bool, pts: int, captured: float) -> Encoded:
    packet: av.Packet[Any] = av.Packet(data)
    packet.pts = pts
    return Encoded(codec, packet, key, captured)
