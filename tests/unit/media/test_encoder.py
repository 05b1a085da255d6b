"""The encoders, by decoding what they make."""

from __future__ import annotations

import logging
import math
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any, Literal

import av
import numpy as np
import pytest

from classroom.common.clock import ManualClock
from classroom.media import encoder as encoder_module
from classroom.media.codecs import VideoSettings, h264_level, open_video
from classroom.media.encoder import VideoEncoder
from classroom.media.frames import SAMPLE_RATE, Encoded, PictureSlot
from classroom.media.picture import PictureMixer, ProgramPicture
from classroom.media.sound_encoder import SoundEncoder
from tests.support.pictures import BLUE, GREEN, GREY, RED, WHITE, full, near, plain, rgb_frame, slot, to_rgb
from tests.support.waiting import wait_for

SIZE = (320, 180)
SETTINGS = VideoSettings(SIZE, 30, 500_000)
VideoCodec = Literal["h264", "vp8"]
both = pytest.mark.parametrize("codec", ["h264", "vp8"])


def picture(colour: tuple[int, int, int] = GREY) -> ProgramPicture:
    return compose({"a": slot(plain(colour, *SIZE))})


def noise(seed: int) -> ProgramPicture:
    pixels = np.random.default_rng(seed).integers(0, 256, (SIZE[1], SIZE[0], 3), dtype=np.uint8)
    return compose({"a": slot(rgb_frame(pixels))})


def compose(slots: dict[str, PictureSlot]) -> ProgramPicture:
    mixer = PictureMixer(size=SIZE, slots=slots, fallback=None, fallback_card=plain(BLUE, 16, 16))
    return mixer.compose(full("a", *SIZE), frozenset(slots))


class Run:
    """A running encoder, fed one picture after the other."""

    def __init__(self, codec: VideoCodec, clock: ManualClock) -> None:
        self.packets: list[Encoded] = []
        self.clock = clock
        self.encoder = VideoEncoder(codec=codec, settings=SETTINGS, clock=clock, publish=self.packets.append)

    def encode(self, shown: ProgramPicture, tick: int) -> Encoded:
        """Offer the picture of a tick (30 a second) and wait for its packet."""
        before = len(self.packets)
        self.encoder.offer(shown, tick * 3000, tick / 30)
        wait_for(lambda: len(self.packets) > before, what="a packet")
        return self.packets[-1]


@contextmanager
def running(codec: VideoCodec, clock: ManualClock | None = None) -> Iterator[Run]:
    run = Run(codec, clock or ManualClock())
    run.encoder.start()
    run.encoder.activate()
    try:
        yield run
    finally:
        assert run.encoder.stop()


def decode(codec: VideoCodec, packets: list[Encoded]) -> list[av.VideoFrame]:
    decoder: Any = av.CodecContext.create(codec, "r")
    decoder.thread_count = 1
    frames: list[av.VideoFrame] = []
    for encoded in packets:
        frames += decoder.decode(av.Packet(bytes(encoded.packet)))
    return frames + list(decoder.decode(None))


@both
def test_colours_survive_encoding_and_decoding(codec: VideoCodec) -> None:
    colours = [RED, GREEN, WHITE, GREY, BLUE]
    with running(codec) as run:
        for tick in range(40):
            run.encode(picture(colours[tick // 8]), tick)
    frames = decode(codec, run.packets)
    assert len(frames) == 40
    for number, colour in enumerate(colours):
        assert near(to_rgb(frames[number * 8 + 7])[90, 160], colour, 10), colour
    if codec == "h264":
        assert (frames[0].colorspace, frames[0].color_range) == (6, 1)


@both
def test_the_first_is_a_key_and_then_only_demands_make_keys(codec: VideoCodec) -> None:
    with running(codec) as run:
        keys = [run.encode(noise(tick) if tick % 10 == 0 else picture(), tick).key for tick in range(75)]
    assert keys == [True] + [False] * 74


@both
def test_demands_are_answered_once_a_second(codec: VideoCodec) -> None:
    shown = picture()
    with running(codec) as run:
        keys = []
        for tick in range(125):
            if tick % 3 == 0 and tick < 80:
                run.encoder.key_frame()
            if run.encode(shown, tick).key:
                keys.append(tick)
    assert keys == [0, 30, 60, 90]


@both
def test_a_demand_after_a_quiet_second_is_answered_at_once(codec: VideoCodec) -> None:
    shown = picture()
    with running(codec) as run:
        run.encode(shown, 0)
        run.encode(shown, 45)
        run.encoder.key_frame()
        assert run.encode(shown, 46).key
        assert not run.encode(shown, 47).key


def test_every_key_frame_of_h264_carries_its_parameters() -> None:
    shown = picture(RED)
    with running("h264") as run:
        for tick in range(35):
            run.encoder.key_frame()
            run.encode(shown, tick)
    for encoded in run.packets:
        data = bytes(encoded.packet)
        units = data.split(b"\x00\x00\x01")[1:]
        kinds = [unit[0] & 31 for unit in units]
        if not encoded.key:
            assert 5 not in kinds
            continue
        assert kinds[:2] == [7, 8]
        assert 5 in kinds
        parameters = next(unit for unit in units if unit[0] & 31 == 7)
        assert (parameters[1], parameters[2] & 0xC0, parameters[3]) == (0x42, 0xC0, 31)  # what 42e01f allows
        late_joiner = decode("h264", [encoded])
        assert near(to_rgb(late_joiner[0])[90, 160], RED, 10)
    assert [encoded.key for encoded in run.packets].count(True) == 2


def test_a_demand_to_one_encoder_is_no_demand_to_another() -> None:
    with running("h264") as one, running("vp8") as other:
        for tick in range(50):
            shown = noise(tick // 10)
            if tick == 40:
                one.encoder.key_frame()
            one.encode(shown, tick)
            other.encode(shown, tick)
    assert [encoded.key for encoded in one.packets] == [tick in (0, 40) for tick in range(50)]
    assert [encoded.key for encoded in other.packets] == [tick == 0 for tick in range(50)]


@both
def test_time_stamps_are_those_of_the_ticks(codec: VideoCodec) -> None:
    with running(codec) as run:
        for tick in (0, 1, 2, 7, 8):
            run.encode(picture(), tick)
    assert [encoded.packet.pts for encoded in run.packets] == [0, 3000, 6000, 21000, 24000]
    assert {encoded.packet.time_base for encoded in run.packets} == {Fraction(1, 90_000)}
    assert [encoded.captured for encoded in run.packets] == [tick / 30 for tick in (0, 1, 2, 7, 8)]
    assert {encoded.codec for encoded in run.packets} == {codec}


def test_a_late_encoder_takes_the_newest_and_skips_the_rest() -> None:
    entered, release = threading.Event(), threading.Event()
    packets: list[Encoded] = []

    def publish(encoded: Encoded) -> None:
        packets.append(encoded)
        entered.set()
        assert release.wait(10)

    encoder = VideoEncoder(codec="h264", settings=SETTINGS, clock=ManualClock(), publish=publish)
    encoder.start()
    encoder.activate()
    try:
        encoder.offer(picture(), 0, 0.0)
        assert entered.wait(10)
        for tick in range(1, 10):
            encoder.offer(picture(RED), tick * 3000, tick / 30)  # returns although the encoder is held up
        release.set()
        wait_for(lambda: len(packets) == 2)
    finally:
        release.set()
        assert encoder.stop()
    assert [encoded.packet.pts for encoded in packets] == [0, 27000]
    assert encoder.skipped == 8


def test_it_encodes_only_while_active_and_starts_with_a_key() -> None:
    with running("h264") as run:
        run.encode(picture(), 0)
        run.encode(picture(), 1)
        run.encoder.deactivate()
        for tick in range(2, 20):
            run.encoder.offer(picture(), tick * 3000, tick / 30)
        assert run.encoder.encoded == 2
        run.encoder.activate()
        assert run.encode(picture(), 20).key
        run.encoder.deactivate()
        run.encoder.activate()  # so quickly that the thread may not have seen it
        assert run.encode(picture(), 21).key
        assert run.encoder.encoded == 4
    assert not run.encoder.active


def test_an_encoder_that_fails_is_tried_again_later_and_starts_with_a_key(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    attempts: list[float] = []
    clock = ManualClock()

    def unreliable(codec: VideoCodec, settings: VideoSettings) -> av.VideoCodecContext:
        attempts.append(clock.now())
        if len(attempts) <= 2:
            raise av.error.ExternalError(-542398533, "no encoder today")
        return open_video(codec, settings)

    monkeypatch.setattr(encoder_module, "open_video", unreliable)
    with running("h264", clock) as run, caplog.at_level(logging.WARNING):

        def offered() -> bool:
            clock.advance(0.1)
            run.encoder.offer(picture(), round(clock.now() * 90_000), clock.now())
            return len(run.packets) >= 2

        wait_for(offered)
        assert [encoded.key for encoded in run.packets[:2]] == [True, False]
    assert len(attempts) == 3
    assert attempts[1] - attempts[0] >= 0.24
    assert attempts[2] - attempts[1] >= 0.49
    assert len(caplog.records) == 2
    assert "h264" in caplog.text


def test_the_level_fits_the_size() -> None:
    def level(width: int, height: int, fps: int) -> int:
        return h264_level(VideoSettings((width, height), fps, 1))

    assert [level(640, 360, 30), level(1280, 720, 30), level(1280, 720, 60)] == [31, 31, 32]
    assert [level(1920, 1080, 30), level(1920, 1080, 60), level(3840, 2160, 30), level(7680, 4320, 60)] == [
        40,
        42,
        51,
        52,
    ]


@both
@pytest.mark.parametrize("size", [(2, 2), (64, 18), (1920, 1080)])
def test_any_even_size_can_be_encoded(codec: VideoCodec, size: tuple[int, int]) -> None:
    context = open_video(codec, VideoSettings(size, 30, 1_000_000))
    mixer = PictureMixer(size=size, slots={}, fallback=None, fallback_card=plain(RED, *size))
    packets = [
        Encoded(codec, packet, packet.is_keyframe, 0.0)
        for packet in context.encode(mixer.compose(full("a", *size), frozenset()).frame(0))
    ]
    decoded = decode(codec, packets)
    assert (decoded[0].width, decoded[0].height) == size
    assert near(to_rgb(decoded[0])[0, 0], RED, 12)


def test_opus_is_heard_as_it_was_played() -> None:
    packets: list[Encoded] = []
    encoder = SoundEncoder(bit_rate=96_000, clock=ManualClock(), publish=packets.append)
    wave = (0.5 * np.sin(np.arange(50 * 960) * (2 * math.pi * 440 / SAMPLE_RATE))).astype(np.float32)
    sound = np.stack([wave, np.zeros_like(wave)], 1)
    encoder.encode(sound[:960], 0, 1.0)
    assert not packets  # nobody listens
    encoder.activate()
    for number in range(50):
        encoder.encode(sound[number * 960 : (number + 1) * 960], number * 960, 1.0 + number * 0.02)
    encoder.deactivate()
    encoder.encode(sound[:960], 50 * 960, 2.0)
    assert len(packets) in (49, 50)
    assert all(encoded.key and encoded.codec == "opus" for encoded in packets)
    stamps = [encoded.packet.pts for encoded in packets]
    assert stamps[0] is not None
    assert -960 < stamps[0] <= 0
    assert set(np.diff(np.array(stamps, int))) == {960}
    decoder: Any = av.CodecContext.create("libopus", "r")
    decoder.sample_rate, decoder.layout = SAMPLE_RATE, "stereo"
    heard = np.concatenate(
        [frame.to_ndarray().reshape(-1, 2) for one in packets for frame in decoder.decode(one.packet)]
    )
    heard = heard.astype(np.float64) / (1 if heard.dtype == np.float32 else 32768)
    left, right = heard[4800:43200].T
    assert np.sqrt(np.mean(left**2)) == pytest.approx(0.5 * math.sqrt(0.5), rel=0.05)
    assert np.sqrt(np.mean(right**2)) < 0.02
    assert np.argmax(np.abs(np.fft.rfft(left))) * SAMPLE_RATE / len(left) == pytest.approx(440, abs=2)


def test_a_packet_of_sound_is_dated_by_what_is_heard_in_it() -> None:
    """A click of the clock second 5.25 is found there in what is decoded, to the quarter of a millisecond."""
    packets: list[Encoded] = []
    encoder = SoundEncoder(bit_rate=96_000, clock=ManualClock(), publish=packets.append)
    encoder.activate()
    sound = np.zeros((30 * 960, 2), np.float32)
    sound[12_000:12_024] = 0.7
    for number in range(30):
        encoder.encode(sound[number * 960 : (number + 1) * 960], number * 960, 5.0 + number * 0.02)
    decoder: Any = av.CodecContext.create("libopus", "r")
    decoder.sample_rate, decoder.layout = SAMPLE_RATE, "stereo"
    # A decoder of its own takes every sample that comes; ffmpeg would cut those off that libopus says to leave out.
    heard = [np.concatenate([f.to_ndarray().reshape(-1, 2) for f in decoder.decode(one.packet)]) for one in packets]
    loudest = max(range(len(heard)), key=lambda number: np.abs(heard[number]).max())
    at = packets[loudest].captured + np.abs(heard[loudest][:, 0]).argmax() / SAMPLE_RATE
    assert at == pytest.approx(5.25 + 12 / SAMPLE_RATE, abs=0.0005)
    # So the sender reports, which count from here, name the instant at which time stamp 0 was heard.
    zeros = [encoded.captured - (encoded.packet.pts or 0) / SAMPLE_RATE for encoded in packets]
    assert zeros == pytest.approx([5.0] * len(packets), abs=1e-6)


@pytest.mark.skipif(sys.platform != "linux", reason="only there a thread's priority can be read")
def test_the_encoder_of_pictures_makes_room_for_sound() -> None:
    if os.getpriority(os.PRIO_PROCESS, 0) >= 19:
        pytest.skip("nothing is lower than this process already")
    with running("h264"):
        [thread] = [each for each in threading.enumerate() if each.name == "h264 encoder"]
        wait_for(
            lambda: os.getpriority(os.PRIO_PROCESS, thread.native_id or 0) > os.getpriority(os.PRIO_PROCESS, 0),
            what="a lower priority",
        )


def test_packets_of_speech_carry_the_one_before() -> None:
    """Forward error correction, as told by the flags of the voice coder (RFC 6716, sections 3.1 and 4.2.4)."""
    packets: list[Encoded] = []
    encoder = SoundEncoder(bit_rate=96_000, clock=ManualClock(), publish=packets.append)
    encoder.activate()
    times = np.arange(100 * 960) / SAMPLE_RATE
    voice = sum(np.sin(2 * math.pi * 120 * number * times) / number for number in range(1, 30))
    sound = (0.2 * voice * (np.sin(2 * math.pi * 3 * times) > -0.3)).astype(np.float32)
    for number in range(100):
        block = sound[number * 960 : (number + 1) * 960]
        encoder.encode(np.stack([block, block], 1), number * 960, number * 0.02)
    carrying = 0
    for encoded in packets:
        kind, flags = bytes(encoded.packet)[:2]
        assert kind >> 3 < 16, "the voice coder"
        carrying += flags >> 6 & 1
    assert carrying > 0.5 * len(packets)


def test_sound_of_a_thread_that_was_replaced_meanwhile_goes_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    packets: list[Encoded] = []
    clock, silence = ManualClock(), np.zeros((960, 2), np.float32)
    encoder = SoundEncoder(bit_rate=96_000, clock=clock, publish=packets.append)
    encoder.activate()
    opens = SoundEncoder._open

    def hang(self: SoundEncoder) -> object:
        context = opens(self)
        self.change_hands()
        return context

    with monkeypatch.context() as hanging:
        hanging.setattr(SoundEncoder, "_open", hang)
        for number in range(5):
            encoder.encode(silence, number * 960, number / 50)
    assert packets == []
    for number in range(5, 10):
        encoder.encode(silence, number * 960, number / 50)
    assert packets


def test_an_opus_encoder_that_fails_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    packets: list[Encoded] = []
    clock = ManualClock()
    encoder = SoundEncoder(bit_rate=96_000, clock=clock, publish=packets.append)
    encoder.activate()
    with monkeypatch.context() as broken, caplog.at_level(logging.WARNING):
        broken.setattr(SoundEncoder, "_open", lambda _: (_ for _ in ()).throw(OSError("no opus today")))
        encoder.encode(np.zeros((960, 2), np.float32), 0, 0.0)
        encoder.encode(np.zeros((960, 2), np.float32), 960, 0.02)
    assert len(caplog.records) == 1
    encoder.encode(np.zeros((960, 2), np.float32), 1920, 0.04)
    assert not packets
    clock.advance(1.1)
    encoder.encode(np.zeros((960, 2), np.float32), 2880, 1.1)
    encoder.encode(np.zeros((960, 2), np.float32), 3840, 1.12)
    assert packets


@both
@pytest.mark.parametrize("error", [ValueError, TypeError, MemoryError, ZeroDivisionError])
def test_whatever_encoding_raises_the_encoder_is_opened_again_and_its_thread_goes_on(
    codec: VideoCodec, error: type[Exception], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    faulty, opened, clock = [True], [0], ManualClock()

    class Context:
        """An encoder that raises while the fault lasts."""

        def __init__(self) -> None:
            opened[0] += 1
            self._real = open_video(codec, SETTINGS)
            self.time_base = self._real.time_base

        def encode(self, frame: av.VideoFrame) -> list[Any]:
            if faulty[0]:
                raise error("no encoding today")
            return self._real.encode(frame)

    monkeypatch.setattr(encoder_module, "open_video", lambda *_: Context())
    with running(codec, clock) as run, caplog.at_level(logging.WARNING):

        def offered() -> None:
            clock.advance(0.1)
            run.encoder.offer(picture(), round(clock.now() * 90_000), clock.now())

        def opened_often() -> bool:
            offered()
            return opened[0] >= 4

        def encoded() -> bool:
            offered()
            return bool(run.packets)

        wait_for(opened_often)
        assert not run.packets
        faulty[0] = False
        over = clock.now()
        wait_for(encoded)
        assert run.packets[0].key
        assert run.packets[0].captured - over <= 2.5, "it is tried again every two seconds"
    assert len(caplog.records) <= 10, "the log says it a few times"
    assert error.__name__ in caplog.text


def test_an_encoder_that_hangs_is_replaced_and_what_comes_of_it_later_goes_nowhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hang, hanging = threading.Event(), threading.Semaphore(0)
    real, first = open_video, [True]

    class Hanging:
        """An encoder that hangs until it is let go, and then makes a packet after all."""

        def __init__(self) -> None:
            self._real = real("h264", SETTINGS)
            self.time_base = self._real.time_base

        def encode(self, frame: av.VideoFrame) -> list[Any]:
            hanging.release()
            assert hang.wait(60)
            return self._real.encode(frame)

    def opened(codec: VideoCodec, settings: VideoSettings) -> Any:
        if first.pop() if first else False:
            return Hanging()
        return real(codec, settings)

    monkeypatch.setattr(encoder_module, "open_video", opened)
    with running("h264") as run:
        before = set(threading.enumerate())
        run.encoder.offer(picture(), 0, 0.0)
        assert hanging.acquire(timeout=30)
        for _ in range(25):
            run.encoder.worker.look()
        replaced = set(threading.enumerate()) - before
        assert len(replaced) == 1
        assert run.encode(picture(), 90).key
        assert not run.encode(picture(), 91).key
        hang.set()
        wait_for(lambda: not any(thread.is_alive() for thread in before if thread.name == "h264 encoder"))
        assert [encoded.packet.pts for encoded in run.packets] == [270_000, 273_000]
