"""Files that really play: pictures and sound at their time, from the beginning on air, again and again or once."""

from __future__ import annotations

import itertools
import threading
import time
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from classroom.common.clock import SystemClock
from classroom.common.errors import DeviceError
from classroom.media.frames import Picture
from classroom.media.sources.decoding import Decoding, Item
from classroom.media.sources.file import MediaFile
from classroom.media.supervisor import SourceRunner
from tests.support.clips import brightness, clip
from tests.support.waiting import wait_for

CLOCK = SystemClock()


@contextmanager
def playing(path: Path, **keys: bool) -> Iterator[MediaFile]:
    media = MediaFile(name="film", clock=CLOCK, path=path, **keys)
    runner = SourceRunner(media, CLOCK, lambda: None)
    runner.start()
    wait_for(lambda: runner.status.state != "starting")
    assert runner.status.state == "live", runner.status
    try:
        yield media
    finally:
        runner.stop()


def newest(media: MediaFile) -> Picture:
    assert media.picture is not None
    picture = media.picture.newest()
    assert picture is not None
    return picture


def pictures(media: MediaFile, seconds: float) -> list[Picture]:
    """Every picture that is shown in the next seconds."""
    seen: list[Picture] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        picture = newest(media)
        if not seen or seen[-1].serial != picture.serial:
            seen.append(picture)
        time.sleep(0.002)
    return seen


def flashes(media: MediaFile, seconds: float) -> list[float]:
    """When flashes began, clock seconds."""
    seen = pictures(media, seconds)
    bright = [(brightness(picture.frame) > 180, picture.captured) for picture in seen]
    return [now for (before, _), (after, now) in itertools.pairwise(bright) if after and not before]


def beeps(media: MediaFile) -> list[float]:
    """When the beeps of the last second began, clock seconds."""
    assert media.sound is not None
    end = media.sound.end
    assert end is not None
    samples = np.abs(media.sound.read(end - 1.0, 48_000)[:, 0])
    loud = np.convolve(samples > 0.1, np.ones(240), "same") > 0
    starts = np.nonzero(loud[1:] & ~loud[:-1])[0]
    return [end - 1.0 + (start + 120) / 48_000 for start in starts]


@pytest.mark.alone
def test_picture_and_sound_are_together(tmp_path: Path) -> None:
    with playing(clip(tmp_path / "film.mp4", seconds=4.0)) as media:
        media.on_air_since = CLOCK.now()
        seen = flashes(media, 1.9)
        heard = beeps(media)
        pairs = [(flash, beep) for flash in seen for beep in heard if abs(flash - beep) < 0.25]
        assert pairs
        assert all(abs(flash - beep) < 0.06 for flash, beep in pairs)
        steps = [later - earlier for earlier, later in itertools.pairwise(seen)]
        assert steps == pytest.approx([0.5] * len(steps), abs=0.03)


def test_it_stands_at_its_first_picture_until_it_comes_on_air_and_begins_anew_each_time(tmp_path: Path) -> None:
    with playing(clip(tmp_path / "film.mp4", sound=False)) as media:
        assert len(pictures(media, 0.4)) == 1
        for _ in range(2):
            media.on_air_since = CLOCK.now()
            shown = pictures(media, 0.8)
            assert len(shown) > 8
            # It begins with the flash at its beginning, and the second one comes half a second later.
            assert brightness(shown[0].frame) > 180
            media.on_air_since = None
            wait_for(lambda: len(pictures(media, 0.4)) == 1)
            assert brightness(newest(media).frame) > 180


def test_at_its_end_it_keeps_its_last_picture(tmp_path: Path) -> None:
    with playing(clip(tmp_path / "film.mp4", seconds=0.4)) as media:
        media.on_air_since = CLOCK.now()
        pictures(media, 1.0)
        assert len(pictures(media, 0.4)) == 1
        assert brightness(newest(media).frame) < 60


def test_a_loop_goes_on(tmp_path: Path) -> None:
    with playing(clip(tmp_path / "film.mp4", seconds=0.4), loop=True) as media:
        media.on_air_since = CLOCK.now()
        assert len(flashes(media, 2.2)) >= 3


def test_without_restart_it_plays_on_off_air(tmp_path: Path) -> None:
    with playing(clip(tmp_path / "film.mp4"), restart=False) as media:
        assert len(pictures(media, 0.5)) > 5


def test_a_picture_file_is_a_still(tmp_path: Path) -> None:
    Image.new("RGB", (64, 48), (200, 200, 200)).save(tmp_path / "still.png")
    with playing(tmp_path / "still.png", loop=True) as media:
        media.on_air_since = CLOCK.now()
        assert len(pictures(media, 0.5)) <= 2
        assert brightness(newest(media).frame) == pytest.approx(200, abs=3)


def test_a_sound_file_has_sound_and_no_picture(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "sound.wav"), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=44_100)
        wave = (np.sin(np.arange(44_100) / 44_100 * 2 * np.pi * 440) * 16_000).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(wave[None, :], "s16", "mono")
        frame.sample_rate = 44_100
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    media = MediaFile(name="song", clock=CLOCK, path=tmp_path / "sound.wav", restart=False)
    runner = SourceRunner(media, CLOCK, lambda: None)
    runner.start()
    try:
        assert media.sound is not None
        wait_for(lambda: media.sound is not None and media.sound.level.peak_db > -12)
        assert runner.status.state == "live"
    finally:
        runner.stop()


def test_a_sound_file_that_waits_to_come_on_air_is_live_and_was_not_read_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with wave.open(str(tmp_path / "sound.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(2 * 8000 * 60))
    taken: list[Decoding] = []
    real = Decoding.next

    def counted(self: Decoding, overdue: float) -> Item | None:
        taken.append(self)
        return real(self, overdue)

    monkeypatch.setattr(Decoding, "next", counted)
    with playing(tmp_path / "sound.wav") as media:
        assert taken == []
        media.on_air_since = CLOCK.now()
        wait_for(lambda: media.sound is not None and media.sound.end is not None)
        media.on_air_since = None
        wait_for(lambda: media.sound is not None and media.sound.end is None)
        assert len(taken) < 1000


def test_a_picture_that_stands_for_long_is_no_loss(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "lecture.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 25)
        for number in (*range(10), *range(70, 80)):
            frame = av.VideoFrame.from_ndarray(np.full((72, 64), 128, np.uint8), "yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    media = MediaFile(name="lecture", clock=CLOCK, path=tmp_path / "lecture.mp4", restart=False)
    runner = SourceRunner(media, CLOCK, lambda: None, patience=1.5)
    runner.start()
    try:
        wait_for(lambda: media.taken >= 20)
        wait_for(lambda: media.expected_rate is None)
        assert (runner.status.state, runner.losses) == ("live", 0)
    finally:
        runner.stop()


def test_sound_may_go_on_after_the_last_picture(tmp_path: Path) -> None:
    film = clip(tmp_path / "film.mkv", seconds=0.4, more_sound=2.0)
    media = MediaFile(name="film", clock=CLOCK, path=film, restart=False)
    runner = SourceRunner(media, CLOCK, lambda: None)
    runner.start()
    try:
        wait_for(lambda: media.sound is not None and media.sound.end is not None and media.taken >= 10)
        began = CLOCK.now()
        wait_for(lambda: media._over)
        assert CLOCK.now() - began > 1.3
        assert (runner.status.state, runner.losses) == ("live", 0)
        assert media.picture is not None
        assert media.picture.newest() is not None
    finally:
        runner.stop()


def test_a_file_that_cannot_be_read_on_is_lost_while_it_plays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    real = Decoding.next
    media = MediaFile(name="film", clock=CLOCK, path=clip(tmp_path / "film.mp4", sound=False), loop=True)
    runner = SourceRunner(media, CLOCK, lambda: None)
    runner.start()
    try:
        wait_for(lambda: runner.status.state == "live")
        media.on_air_since = CLOCK.now()
        wait_for(lambda: media.expected_rate is not None)
        monkeypatch.setattr(Decoding, "next", lambda self, overdue: release.wait() and real(self, overdue))
        wait_for(lambda: runner.status.state == "lost")
        assert runner.status.fault == "stalled"
        release.set()
        wait_for(lambda: runner.status.state == "live")
    finally:
        release.set()
        runner.stop()


@pytest.mark.parametrize("content", [b"", b"no film at all"])
def test_what_cannot_be_played_says_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(content)
    with pytest.raises(DeviceError, match="cannot be played"):
        MediaFile(name="film", clock=CLOCK, path=path).open()
    with pytest.raises(DeviceError, match="not found"):
        MediaFile(name="film", clock=CLOCK, path=tmp_path / "none.mp4").open()
