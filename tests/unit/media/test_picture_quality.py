"""What the encoders make of a slide change, of key frames for those who join, and of a request for fewer bits.

Measured on what a decoder shows, in pictures and not in seconds, so a slow machine changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial
from typing import Any, Literal

import av
import numpy as np
import pytest

from classroom.bench.content import CameraClip, SlideClip
from classroom.common.clock import ManualClock
from classroom.media.codecs import VideoSettings
from classroom.media.encoder import VideoEncoder
from classroom.media.frames import Encoded, Picture, PictureSlot
from classroom.media.picture import PictureMixer, ProgramPicture
from tests.support.pictures import full, plain
from tests.support.waiting import wait_for

SIZE = (1280, 720)
FPS = 30
BIT_RATE = 1_500_000


@cache
def pictures() -> tuple[ProgramPicture, ...]:
    """Three slides and a camera's second as they leave the mixer."""
    slides, camera = SlideClip(), CameraClip()
    slots = {"a": PictureSlot()}
    mixer = PictureMixer(size=SIZE, slots=slots, fallback=None, fallback_card=plain((0, 0, 0), *SIZE))
    made = []
    for number, frame in enumerate([slides.frame(0), slides.frame(1), slides.frame(2), *map(camera.frame, range(30))]):
        slots["a"].put(Picture(frame, 0.0, number))
        made.append(mixer.compose(full("a", *SIZE), frozenset(slots)))
    return tuple(made)


class Encoding:
    """An encoder that is given a row of pictures, and what a decoder shows of them."""

    def __init__(self, codec: Literal["h264", "vp8"] = "h264") -> None:
        self.packets: list[Encoded] = []
        settings = VideoSettings(SIZE, FPS, BIT_RATE)
        self.encoder = VideoEncoder(codec=codec, settings=settings, clock=ManualClock(), publish=self.packets.append)
        self._decoder: Any = av.CodecContext.create(codec, "r")
        self._decoder.thread_count = 1
        self.quality: list[float] = []

    def __enter__(self) -> Encoding:
        self.encoder.start()
        self.encoder.activate()
        return self

    def __exit__(self, *_: object) -> None:
        assert self.encoder.stop()

    def show(self, row: Sequence[ProgramPicture]) -> None:
        """Encode the pictures, one a tick, and decode what comes of each."""
        for picture in row:
            tick = len(self.packets)
            self.encoder.offer(picture, tick * 90_000 // FPS, tick / FPS)
            wait_for(partial(self._has, tick), what="a packet")
            for frame in self._decoder.decode(av.Packet(bytes(self.packets[tick].packet))):
                self.quality.append(_psnr(frame, picture))

    def _has(self, tick: int) -> bool:
        return len(self.packets) > tick

    @property
    def sizes(self) -> list[int]:
        """Bytes of each packet."""
        return [one.packet.size for one in self.packets]


def _psnr(frame: av.VideoFrame, picture: ProgramPicture) -> float:
    """Of the brightness, in dB; the decoder gives each picture at once, for it looks at no future one."""
    plane = frame.planes[0]
    luma = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: frame.height, : frame.width]
    error = np.mean((luma.astype(np.float32) - picture.pixels[: frame.height]) ** 2)
    return float(10 * np.log10(255**2 / max(error, 1e-4)))


def test_another_slide_is_a_small_burst_and_sharp_again_soon() -> None:
    with Encoding() as encoding:
        for slide in pictures()[:3]:
            encoding.show([slide] * 60)
    for change in (60, 120):
        assert max(encoding.sizes[change : change + 60]) <= 40_000
        sharp = next(number for number in range(change, change + 60) if encoding.quality[number] >= 40)
        assert sharp - change <= 2
        assert min(encoding.quality[sharp : change + 60]) >= 40
    assert max(encoding.sizes) <= 40_000
    assert [one.key for one in encoding.packets] == [True] + [False] * 179


@pytest.mark.parametrize("slide", [0, 1, 2])
def test_a_class_that_joins_does_not_blur_a_slide_for_those_who_watch(slide: int) -> None:
    with Encoding() as encoding:
        encoding.show([pictures()[slide]] * 90)
        encoding.encoder.key_frame()
        encoding.show([pictures()[slide]] * 60)
    assert [number for number, one in enumerate(encoding.packets) if one.key] == [0, 90]
    before = encoding.quality[89]
    assert before >= 43.5
    assert min(encoding.quality[90:]) >= before - 3.5


def test_a_class_that_joins_all_the_time_does_not_blur_it_either() -> None:
    """Three seconds with a key frame each: the buffer is not full again when the next one comes."""
    with Encoding() as encoding:
        encoding.show([pictures()[0]] * 90)
        for _ in range(90):
            encoding.encoder.key_frame()
            encoding.show([pictures()[0]])
    keys = [number for number, one in enumerate(encoding.packets) if one.key]
    assert keys == [0, 90, 120, 150]
    assert min(encoding.quality[90:]) >= encoding.quality[89] - 3.5
    assert max(encoding.sizes[90:]) <= 56_000


def test_a_slide_that_stands_still_costs_next_to_nothing() -> None:
    with Encoding() as encoding:
        encoding.show([pictures()[0]] * 90)
    assert sum(encoding.sizes[60:]) * 8 < 50_000
    assert encoding.quality[-1] >= 43.5


@pytest.mark.parametrize("wanted", [1_000_000, 1_200_000])
def test_the_bit_rate_follows_a_request_without_a_key_frame(wanted: int) -> None:
    chance = np.random.default_rng(1)
    clip = []
    for number in range(30):  # a picture so busy that every bit is used
        base = pictures()[3 + number]
        pixels = base.pixels.copy()
        noise = chance.integers(0, 60, (SIZE[1], SIZE[0]), dtype=np.uint8)
        pixels[: SIZE[1]] = np.minimum(235, pixels[: SIZE[1]] // 2 + noise)
        clip.append(ProgramPicture(*SIZE, pixels))
    with Encoding() as encoding:
        encoding.show(clip * 3)
        before = sum(encoding.sizes[30:90]) * 8 / 2
        encoding.encoder.request_bit_rate(wanted)
        encoding.show(clip * 3)
        assert encoding.encoder.bit_rate == wanted
        lowered = sum(encoding.sizes[120:180]) * 8 / 2
        encoding.encoder.request_bit_rate(None)
        encoding.show(clip)
        assert wanted < encoding.encoder.bit_rate < BIT_RATE or wanted >= 0.9 * BIT_RATE
        encoding.show(clip * 3)
        assert encoding.encoder.bit_rate == BIT_RATE
    assert 0.8 * BIT_RATE < before < 1.15 * BIT_RATE
    assert lowered < 1.15 * wanted
    assert sum(one.key for one in encoding.packets) == 1


def test_a_wish_has_a_floor_and_vp8_heeds_none() -> None:
    for codec, rate in (("h264", 900_000), ("vp8", 1_500_000)):
        with Encoding(codec) as encoding:  # type: ignore[arg-type]
            encoding.encoder.request_bit_rate(1_000)
            encoding.show([pictures()[0]] * 2)
            assert encoding.encoder.bit_rate == rate
