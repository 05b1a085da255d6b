"""Films as they are meant to be seen: colours without tags, HDR, wide colours, interlaced pictures, and changes."""

from __future__ import annotations

import contextlib
import itertools
from pathlib import Path

import av
import numpy as np
import pytest

from classroom.common.clock import SystemClock
from classroom.common.errors import DeviceError
from classroom.media.sources.camera import Camera
from classroom.media.sources.decoding import Decoding
from classroom.media.sources.deinterlacing import Deinterlacer
from classroom.media.sources.presentation import Presentation
from tests.support.films import PATCHES, colours, ffmpeg, hdr_film, judged_by_ffmpeg, pictures, sdr_film, shown

HDR_JUDGE = (
    "zscale=t=linear:npl=203",
    "format=gbrpf32le",
    "zscale=p=bt709",
    "tonemap=mobius:param=0.5:desat=0:peak=4.926",
)
WIDE_JUDGE = ("zscale=t=linear:npl=100", "format=gbrpf32le", "zscale=p=bt709")


def apart(one: list[tuple[int, int, int]], other: list[tuple[int, int, int]] | tuple[tuple[int, int, int], ...]) -> int:
    """The largest difference of any colour."""
    return int(np.abs(np.array(one) - np.array(other)).max())


@pytest.mark.parametrize(
    ("name", "size", "matrix"),
    [
        ("hd.mp4", (1280, 720), "bt709"),
        ("hd.ts", (1300, 546), "bt709"),  # a wide film of few lines
        ("odd.mkv", (1025, 577), "bt709"),
        ("sd.mp4", (640, 480), "bt601"),
        ("dvd.mpg", (720, 576), "bt601"),
        ("recorded.webm", (1280, 720), "bt601"),  # VP8 knows nothing else
        ("photo.avif", (1280, 720), "bt601"),
    ],
)
def test_a_film_that_does_not_name_its_matrix_has_the_one_that_players_take(
    tmp_path: Path, name: str, size: tuple[int, int], matrix: str
) -> None:
    coding = {
        ".webm": ("-c:v", "libvpx", "-b:v", "4M", "-deadline", "realtime"),
        ".mpg": ("-c:v", "mpeg2video", "-q:v", "2"),
        ".avif": ("-frames:v", "1", "-c:v", "libaom-av1", "-still-picture", "1", "-cpu-used", "8", "-crf", "10"),
    }
    x264 = ("-c:v", "libx264", "-preset", "ultrafast", "-qp", "5")
    film = sdr_film(tmp_path / name, size, matrix, *coding.get(Path(name).suffix, x264))
    with av.open(str(film)) as untagged:
        assert next(untagged.decode(video=0)).colorspace in (2, 5 if matrix == "bt601" else 2)
    assert apart(colours(shown(pictures(film)[0])), PATCHES) <= 7


@pytest.mark.parametrize("transfer", ["arib-std-b67", "smpte2084"])
@pytest.mark.parametrize("size", [(642, 358), (320, 180)])
def test_a_film_of_a_phone_in_hdr_looks_as_zscale_and_tonemap_show_it(
    tmp_path: Path, transfer: str, size: tuple[int, int]
) -> None:
    film = hdr_film(tmp_path / "phone.mp4", size, transfer)
    seen = colours(shown(pictures(film)[0]))
    assert apart(seen, judged_by_ffmpeg(film, *HDR_JUDGE)) <= 12
    assert apart(seen[4:6], PATCHES[4:6]) <= 4  # grey and black are as they were
    assert seen[3][1] > 210  # paper is white


def test_hdr_that_is_larger_than_the_program_is_made_smaller_and_turned_as_the_phone_was_held(tmp_path: Path) -> None:
    film = hdr_film(tmp_path / "held.mp4", (1280, 720), "arib-std-b67")
    upright = tmp_path / "upright.mp4"
    ffmpeg("-i", film, "-c", "copy", "-metadata:s:v:0", "rotate=90", upright)
    frame = pictures(upright, largest=640)[0]
    assert (frame.width, frame.height) == (360, 640)
    turned = np.rot90(shown(frame), 3)
    assert apart(colours(turned), judged_by_ffmpeg(film, *HDR_JUDGE)) <= 12


def test_where_time_is_short_hdr_leaves_pictures_out_and_nothing_else_does(tmp_path: Path) -> None:
    films = [
        hdr_film(tmp_path / "phone.mp4", (320, 180), "arib-std-b67", count=9),
        moving(tmp_path / "other.mp4", (320, 180), interlaced=False, count=9),
    ]
    for film, expected in zip(films, ([3, 7], list(range(9))), strict=True):
        with Decoding(str(film)) as decoding:
            times = []
            while (item := decoding.next(overdue=10.0)) is not None:
                times.append(round(item[0] * 25))
        assert times == expected


@pytest.mark.parametrize("primaries", ["smpte432", "bt2020"])
def test_a_film_in_wide_colours_is_not_pale(tmp_path: Path, primaries: str) -> None:
    film = hdr_film(tmp_path / "wide.mp4", (320, 180), "bt709", primaries)
    seen = colours(shown(pictures(film)[0]))
    assert apart(seen, judged_by_ffmpeg(film, *WIDE_JUDGE)) <= 12
    assert apart(seen, PATCHES) <= 12


def test_a_stream_that_changes_to_hdr_and_back_keeps_its_colours(tmp_path: Path) -> None:
    tagged = "log-level=error:qp=5:colorprim=bt709:transfer=bt709:colormatrix=bt709"
    parts = [
        sdr_film(tmp_path / "one.ts", (1280, 720), "bt709", "-c:v", "libx265", "-x265-params", tagged),
        hdr_film(tmp_path / "two.ts", (640, 360), "arib-std-b67"),
    ]
    whole = tmp_path / "whole.ts"
    whole.write_bytes(b"".join(part.read_bytes() for part in (*parts, parts[0])))
    expected = {1280: PATCHES, 640: tuple(judged_by_ffmpeg(parts[1], *HDR_JUDGE))}
    seen = pictures(whole)
    widths = [width for width, _ in itertools.groupby(frame.width for frame in seen)]
    assert widths == [1280, 640, 1280]
    assert all(apart(colours(shown(frame)), expected[frame.width]) <= 12 for frame in seen)


def test_an_ordinary_picture_passes_as_it_is() -> None:
    presentation = Presentation(None, 1920)
    frame = av.VideoFrame(320, 180, "yuv420p")
    assert presentation.whole(frame) == [frame]
    assert presentation.finish(frame) is frame


INTERLACED = ("interlace=scan=tff:lowpass=off",)


def moving(path: Path, size: tuple[int, int], *coding: str, interlaced: bool = True, count: int = 6) -> Path:
    """A white bar that moves 16 pixels with each field, or with each picture where they are whole."""
    rate, (width, height) = 50 if interlaced else 25, size
    ground, bar = f"color=black:s={width}x{height}:r={rate}[ground]", f"color=white:s=64x{height}:r={rate}[bar]"
    source = f"{ground};{bar};[ground][bar]overlay=x=64+16*n:format=yuv420"
    steps = ("format=yuv420p", *(INTERLACED if interlaced else ()))
    ffmpeg("-f", "lavfi", "-i", source, "-vf", ",".join(steps), "-frames:v", str(count), *coding, path)
    return path


def combed(frame: av.VideoFrame) -> float:
    """How much lines differ from their neighbours and not from those behind them, in levels."""
    luma = shown(frame)[8:-8, :, 1].astype(float)
    return float(np.abs(luma[1:-1] - (luma[:-2] + luma[2:]) / 2).mean())


MPEG2 = ("-c:v", "mpeg2video", "-q:v", "2", "-flags", "+ildct+ilme", "-field_order", "tt")
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-qp", "8", "-flags", "+ildct+ilme", "-x264opts", "tff=1")


@pytest.mark.parametrize(
    ("name", "size", "coding"), [("dvd.mpg", (720, 576), MPEG2), ("grabber.ts", (1920, 1080), X264)]
)
def test_interlaced_pictures_have_no_combs_and_none_is_lost(
    tmp_path: Path, name: str, size: tuple[int, int], coding: tuple[str, ...]
) -> None:
    film = moving(tmp_path / name, size, *coding)
    with av.open(str(film)) as raw:
        before = list(raw.decode(video=0))
    assert all(frame.interlaced_frame for frame in before)
    assert combed(before[2]) > 1.5
    with Decoding(str(film)) as decoding:
        for _ in range(2):
            items = []
            while (item := decoding.next()) is not None:
                items.append(item)
            decoding.rewind()
            assert len(items) == len(before)
            steps = [later - earlier for (earlier, _), (later, _) in itertools.pairwise(items)]
            assert steps == pytest.approx([0.04] * len(steps), abs=0.001)
            frames = [frame for _, frame in items if isinstance(frame, av.VideoFrame)]
            assert max(combed(frame) for frame in frames[1:-1]) < 0.4
            # Each shows the bar where it was: 32 pixels further than the last.
            places = [float((shown(frame)[size[1] // 2, :, 1] > 128).nonzero()[0].mean()) for frame in frames]
            assert np.diff(places) == pytest.approx([32] * (len(places) - 1), abs=6)


def test_a_stream_that_becomes_interlaced_and_whole_again_loses_no_picture(tmp_path: Path) -> None:
    x264 = ("-c:v", "libx264", "-preset", "ultrafast", "-qp", "8")
    parts = [
        moving(tmp_path / "one.ts", (640, 360), *x264, interlaced=False),
        moving(tmp_path / "two.ts", (720, 576), *X264),
        moving(tmp_path / "three.ts", (640, 360), *x264, interlaced=False, count=4),
    ]
    whole = tmp_path / "whole.ts"
    whole.write_bytes(b"".join(part.read_bytes() for part in parts))
    with av.open(str(whole)) as raw:
        decoded = [frame.width for frame in raw.decode(video=0)]
    seen = pictures(whole)
    assert [frame.width for frame in seen] == decoded
    assert {640, 720} == set(decoded)
    assert all(combed(frame) < 0.4 for frame in seen)


def test_pictures_that_cannot_be_deinterlaced_are_shown_as_they_are(tmp_path: Path) -> None:
    film = moving(tmp_path / "grabber.ts", (720, 576), *X264)
    with av.open(str(film)) as raw:
        frame = next(raw.decode(video=0))
    flat = frame.reformat(720, 2)  # bwdif takes no less than four lines
    deinterlacer = Deinterlacer()
    if not flat.interlaced_frame:
        pytest.fail("PyAV no longer keeps what a picture says of its lines")
    assert deinterlacer.process(flat) == [flat]
    assert deinterlacer.process(flat) == [flat]


def test_a_grabber_that_sends_1080i_has_no_combs_either(tmp_path: Path) -> None:
    film = moving(tmp_path / "grabber.y4m", (1920, 1080), "-field_order", "tt")
    camera = Camera(name="grabber", clock=SystemClock(), device=f"yuv4mpegpipe:{film}")
    camera.open()
    seen: dict[int, av.VideoFrame] = {}
    with contextlib.suppress(DeviceError):
        while True:
            camera.read()
            if camera.picture is not None and (newest := camera.picture.newest()) is not None:
                seen[newest.serial] = newest.frame
    camera.close()
    assert len(seen) == 5  # the last one waits for the next
    assert max(combed(frame) for frame in list(seen.values())[1:]) < 0.4
