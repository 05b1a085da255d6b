"""What an open file says of itself."""

from __future__ import annotations

import itertools
import struct
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import numpy as np
import pytest
from PIL import Image, ImageOps

from classroom.media.sources.decoding import Decoding, Item
from tests.support.clips import RATE, brightness, clip
from tests.support.films import ffmpeg, pictures

UPRIGHT: Final = (1, 0, 0, 1)
CLOCKWISE: Final = (0, 1, -1, 0)
COUNTERCLOCKWISE: Final = (0, -1, 1, 0)
UPSIDE_DOWN: Final = (-1, 0, 0, -1)


def turned(path: Path, matrix: tuple[int, int, int, int]) -> Path:
    """Write into an MP4 file how its picture is to be turned, as a phone does."""
    data = bytearray(path.read_bytes())
    place = data.index(b"tkhd") + 44
    a, b, c, d = (number << 16 for number in matrix)
    data[place : place + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    return path


def half_lit(path: Path, *, size: tuple[int, int] = (128, 64), aspect: Fraction = Fraction(1)) -> Path:
    """A film of one second whose left half is white; ``aspect`` is how much wider than high its pixels are."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.codec_context.sample_aspect_ratio = aspect
        planes = np.full((size[1] * 3 // 2, size[0]), 128, np.uint8)
        planes[: size[1]] = 16
        planes[: size[1], : size[0] // 2] = 235
        for _ in range(RATE):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(planes, "yuv420p")))
        container.mux(stream.encode(None))
    return path


def first_picture(path: Path) -> av.VideoFrame:
    with Decoding(str(path)) as decoding:
        item = decoding.next()
        assert item is not None
        assert isinstance(item[1], av.VideoFrame)
        return item[1]


def everything(decoding: Decoding) -> list[Item]:
    items = []
    while (item := decoding.next()) is not None:
        items.append(item)
    return items


def test_pictures_have_a_rate(tmp_path: Path) -> None:
    with Decoding(str(clip(tmp_path / "film.mp4", seconds=1.0))) as decoding:
        assert decoding.rate == pytest.approx(RATE)


def test_sound_alone_has_none(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "song.wav"), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=48_000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4800), np.int16), "s16", "mono")
        frame.sample_rate = 48_000
        container.mux(stream.encode(frame))
    with Decoding(str(tmp_path / "song.wav")) as decoding:
        assert decoding.rate is None


@pytest.mark.parametrize(
    ("matrix", "size", "lit"),
    [
        (UPRIGHT, (128, 64), (32, 32)),
        (CLOCKWISE, (64, 128), (32, 32)),
        (COUNTERCLOCKWISE, (64, 128), (32, 96)),
        (UPSIDE_DOWN, (128, 64), (96, 32)),
    ],
)
def test_a_film_of_a_phone_stands_upright(
    tmp_path: Path, matrix: tuple[int, int, int, int], size: tuple[int, int], lit: tuple[int, int]
) -> None:
    picture = first_picture(turned(half_lit(tmp_path / "phone.mp4"), matrix))
    assert (picture.width, picture.height) == size
    pixels = picture.to_ndarray(format="gray")
    opposite = (size[0] - lit[0] - 1, size[1] - lit[1] - 1)
    assert pixels[lit[1], lit[0]] > 200
    assert pixels[opposite[1], opposite[0]] < 50


def test_a_photograph_of_a_phone_stands_upright(tmp_path: Path) -> None:
    photograph = Image.new("RGB", (64, 32))
    photograph.paste((255, 255, 255), (0, 0, 32, 32))
    turn = Image.Exif()
    turn[0x0112] = 6  # to be turned clockwise
    photograph.save(tmp_path / "phone.jpg", exif=turn)
    picture = first_picture(tmp_path / "phone.jpg")
    assert (picture.width, picture.height) == (32, 64)
    pixels = picture.to_ndarray(format="gray")
    assert pixels[:24].min() > 200
    assert pixels[40:].max() < 50


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_a_photograph_is_turned_and_mirrored_as_it_says(tmp_path: Path, suffix: str, orientation: int) -> None:
    photograph = Image.new("L", (64, 32), 16)
    photograph.paste(240, (0, 0, 32, 16))
    photograph.paste(128, (32, 0, 64, 16))
    exif = Image.Exif()
    exif[0x0112] = orientation
    photograph.convert("RGB").save(tmp_path / f"photo.{suffix}", exif=exif, quality=95)
    with Image.open(tmp_path / f"photo.{suffix}") as saved:
        upright = np.asarray(ImageOps.exif_transpose(saved).convert("L"), np.int16)
    seen = first_picture(tmp_path / f"photo.{suffix}").reformat(format="rgb24").to_ndarray()[..., 1].astype(np.int16)
    assert seen.shape == upright.shape
    assert np.abs(seen - upright).mean() < 8


@pytest.mark.parametrize(
    ("aspect", "size"),
    [
        (Fraction(4, 3), (170, 64)),
        (Fraction(8, 9), (128, 72)),
        (Fraction(136, 135), (128, 64)),
        (Fraction(1, 100), (128, 64)),
    ],
)
def test_pixels_that_are_no_squares_are_made_such_unless_nobody_sees_it_or_it_cannot_be_meant(
    tmp_path: Path, aspect: Fraction, size: tuple[int, int]
) -> None:
    picture = first_picture(half_lit(tmp_path / "camcorder.mkv", aspect=aspect))
    assert (picture.width, picture.height) == size


def test_a_film_without_time_stamps_has_its_own_rate(tmp_path: Path) -> None:
    with Decoding(str(half_lit(tmp_path / "raw.h264"))) as decoding:
        times = [time for time, _ in everything(decoding)]
    assert times == pytest.approx([number / RATE for number in range(RATE)])


@pytest.mark.parametrize("more_sound", [0.0, 20.0])
def test_where_sound_or_picture_is_missing_for_long_the_other_is_not_decoded_far_ahead(
    tmp_path: Path, more_sound: float
) -> None:
    seconds, less_sound = (0.4, 0.0) if more_sound else (20.0, 19.0)
    film = clip(tmp_path / "film.mp4", seconds=seconds, more_sound=more_sound, less_sound=less_sound)
    with Decoding(str(film)) as decoding:
        most, kinds = 0, set()
        while (item := decoding.next()) is not None:
            kinds.add(type(item[1]))
            most = max(most, len(decoding._pictures.items) + len(decoding._sounds.items))
    assert kinds == {av.VideoFrame, np.ndarray}
    assert most < 12


def test_all_pictures_and_all_sound_come_in_their_order_also_after_going_back(tmp_path: Path) -> None:
    with Decoding(str(clip(tmp_path / "film.mp4", seconds=2.0))) as decoding:
        first = everything(decoding)
        decoding.rewind()
        again = everything(decoding)
    assert [time for time, _ in again] == pytest.approx([time for time, _ in first])
    times = [time for time, content in first if isinstance(content, av.VideoFrame)]
    assert times == pytest.approx([number / RATE for number in range(2 * RATE)], abs=0.001)
    sounds = [(time, len(content)) for time, content in first if not isinstance(content, av.VideoFrame)]
    assert all(time + count / 48_000 == pytest.approx(later, abs=0.001) for (time, count), (later, _) in pairs(sounds))
    assert sounds[-1][0] > 1.9


@pytest.mark.parametrize("name", ["film.mp4", "film.ts", "film.mkv"])
def test_pictures_that_are_coded_in_another_order_come_in_that_of_their_times(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    getting_lighter = "color=gray:size=64x48:rate=25:duration=1.2,geq=lum=20+6*N:cb=128:cr=128"
    ffmpeg("-f", "lavfi", "-i", getting_lighter, "-c:v", "libx264", "-bf", "3", "-b_strategy", "0", path)
    with av.open(str(path)) as container:
        coded = [packet.pts for packet in container.demux(video=0) if packet.pts is not None]
    assert coded != sorted(coded)
    with Decoding(str(path)) as decoding:
        shown = [(time, content) for time, content in everything(decoding) if isinstance(content, av.VideoFrame)]
    times, shades = zip(*((time, brightness(picture)) for time, picture in shown), strict=True)
    assert np.diff(times) == pytest.approx(0.04, abs=0.001)
    assert np.diff(shades) == pytest.approx(6, abs=2)
    assert len(times) == 30


def pairs(sounds: list[tuple[float, int]]) -> list[tuple[tuple[float, int], tuple[float, int]]]:
    return list(itertools.pairwise(sounds))


def test_sound_can_be_had_before_its_picture(tmp_path: Path) -> None:
    film = clip(tmp_path / "film.mp4", seconds=2.0)
    with Decoding(str(film), lead=0.15) as decoding:
        shown, ahead = -1.0, []
        for time, content in everything(decoding):
            if isinstance(content, av.VideoFrame):
                shown = time
            elif 0.2 < time < 1.8:
                ahead.append(time - shown)
    assert min(ahead) > 0.15 - 1.5 / RATE
    assert max(ahead) < 0.15 + 1.5 / RATE


def test_sound_that_is_not_there_is_not_waited_for_again(tmp_path: Path) -> None:
    with Decoding(str(clip(tmp_path / "film.mp4", seconds=10.0, less_sound=9.0)), apart=0.5) as decoding:
        while (item := decoding.next()) is not None and item[0] < 5.0:
            pass
        assert len(decoding._pictures.packets) < 3


def test_what_is_broken_is_left_out_while_the_other_kind_plays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Decoding(str(clip(tmp_path / "film.mkv", seconds=6.0))) as decoding:

        def torn(packet: object) -> list[Item]:
            raise av.InvalidDataError(0, "broken")

        monkeypatch.setattr(decoding._pictures, "decode", torn)
        kinds = {type(content) for _, content in everything(decoding)}
    assert kinds == {np.ndarray}


def test_where_all_is_broken_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Decoding(str(clip(tmp_path / "film.mkv", seconds=6.0, sound=False))) as decoding:

        def torn(packet: object) -> list[Item]:
            raise av.InvalidDataError(0, "broken")

        monkeypatch.setattr(decoding._pictures, "decode", torn)
        with pytest.raises(av.InvalidDataError):
            decoding.next()


def test_a_film_that_begins_with_a_still_of_its_cover_is_played_by_its_film(tmp_path: Path) -> None:
    cover, film, path = tmp_path / "cover.jpg", clip(tmp_path / "film.mp4", seconds=1.0), tmp_path / "covered.mkv"
    Image.new("RGB", (640, 360), (255, 0, 0)).save(cover)
    ffmpeg("-i", cover, "-i", film, "-map", "0:v", "-map", "1:v", "-map", "1:a", "-c", "copy", path)
    found = pictures(path)
    assert len(found) == RATE
    assert {(picture.width, picture.height) for picture in found} == {(320, 180)}


def test_sound_goes_on_where_its_layout_and_rate_change(tmp_path: Path) -> None:
    """A broadcast in stereo with a jingle in mono: all of it is heard, at its pitch."""
    path, parts = tmp_path / "radio.mp3", []
    for layout, rate in (("2", "44100"), ("1", "48000"), ("2", "44100")):
        source = f"sine=frequency=1000:duration=0.5:sample_rate={rate}"
        tags = ("-write_xing", "0", "-id3v2_version", "0", "-f", "mp3")
        parts.append(ffmpeg("-f", "lavfi", "-i", source, "-ac", layout, *tags, "-"))
    path.write_bytes(b"".join(parts))
    with Decoding(str(path)) as decoding:
        sound = np.concatenate([item[1] for item in everything(decoding) if isinstance(item[1], np.ndarray)])
    assert len(sound) == pytest.approx(1.5 * 48_000, abs=0.2 * 48_000)
    for middle in (0.3, 0.8, 1.3):
        part = sound[int((middle - 0.1) * 48_000) : int((middle + 0.1) * 48_000), 0]
        assert np.argmax(np.abs(np.fft.rfft(part))) * 5 == pytest.approx(1000, abs=10)
