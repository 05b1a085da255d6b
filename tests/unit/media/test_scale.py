"""Scaling and conversion: how sharp text stays, colours, pictures that lie upside down in memory, and two threads."""

from __future__ import annotations

import struct
import subprocess
import threading
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import av.filter
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw

from classroom.media.picture import planes
from classroom.media.picture_statistics import fingerprint, is_black
from classroom.media.scale import Scaler, settle_tags
from classroom.media.sources.decoding import Decoding
from classroom.media.sources.fonts import find_font
from tests.support.pictures import near, to_rgb

SCREEN = (1920, 1080)
LINE = "The quick brown fox jumps over the lazy dog; def main(args): return {x: y for x, y in zip(a, b)} 0123456789 "


@cache
def page() -> Image.Image:
    """A screen of 1080 lines full of text, as an editor or a browser shows it."""
    image = Image.new("RGB", SCREEN, "white")
    draw, font = ImageDraw.Draw(image), find_font(LINE).font_variant(size=17)
    for row, y in enumerate(range(10, SCREEN[1] - 30, 24)):
        draw.text((20, y), (LINE * 3)[row % 7 :], fill=(0, 60, 160) if row % 3 == 0 else (20, 20, 20), font=font)
    return image


def screen(pixel_format: str) -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(np.asarray(page()), "rgb24").reformat(format=pixel_format)


def luma(frame: av.VideoFrame) -> npt.NDArray[np.float64]:
    """Its brightness, 0 to 255."""
    return (planes(frame)[0].astype(np.float64) - 16) * 255 / 219


def psnr(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> float:
    return float(10 * np.log10(255**2 / np.mean((one - other) ** 2)))


@pytest.mark.parametrize("pixel_format", ["bgra", "yuv420p"])
@pytest.mark.parametrize(("size", "against_lanczos"), [((1280, 720), 30), ((854, 480), 27)])
def test_text_of_a_shared_screen_stays_sharp(pixel_format: str, size: tuple[int, int], against_lanczos: float) -> None:
    """swscale's bilinear filter has 27.8 dB at 720 lines; the judge is Pillow's Lanczos."""
    small = luma(Scaler().yuv420p(screen(pixel_format), *size))
    assert psnr(small, np.asarray(page().convert("L").resize(size, Image.Resampling.LANCZOS), float)) > against_lanczos


@pytest.mark.parametrize("size", [(1280, 720), (320, 180)])
def test_text_is_nearer_to_the_original_than_with_the_bilinear_filter(size: tuple[int, int]) -> None:
    """Seen at full size again, as on a student's screen or enlarged on the teacher's page."""

    def seen(frame: av.VideoFrame) -> float:
        small = Image.fromarray(luma(frame).clip(0, 255).astype(np.uint8))
        return psnr(np.asarray(small.resize(SCREEN, Image.Resampling.BICUBIC), float), np.asarray(page().convert("L")))

    text = screen("bgra")
    bilinear = text.reformat(*size, "yuv420p", interpolation="BILINEAR", dst_colorspace=5, dst_color_range=1)
    assert seen(Scaler().yuv420p(text, *size)) > seen(bilinear) + (0.5 if size[1] == 720 else 0)


def bottom_up(path: Path, colours: str) -> av.VideoFrame:
    """The first picture of raw RGB in an AVI, whose lines lie from the bottom up, as capture cards of Windows send it.

    ffmpeg writes them from the top down and says so with a negative height; without the sign, they are upside down.
    """
    source = ["-f", "lavfi", "-i", f"{colours}s=322x180:r=5", "-frames:v", "1"]
    subprocess.run(
        ["ffmpeg", "-v", "error", *source, "-vf", "vflip", "-c:v", "rawvideo", "-pix_fmt", "bgr24", str(path)],
        check=True,
    )
    data, height = path.read_bytes(), struct.pack("<ii", 322, -180)
    assert height in data
    path.write_bytes(data.replace(height, struct.pack("<ii", 322, 180)))
    with Decoding(str(path)) as film:
        item = film.next()
    assert item is not None
    assert isinstance(item[1], av.VideoFrame)
    assert item[1].planes[0].line_size < 0
    return item[1]


def test_a_picture_from_the_bottom_up_is_seen_like_any_other(tmp_path: Path) -> None:
    frame = bottom_up(tmp_path / "test.avi", "testsrc2=")
    upright = frame.reformat(format="rgb24").reformat(format="bgr24")
    assert upright.planes[0].line_size > 0
    assert fingerprint(frame) == fingerprint(upright)
    assert fingerprint(frame) != fingerprint(bottom_up(tmp_path / "other.avi", "rgbtestsrc="))
    assert not is_black(frame)
    assert is_black(bottom_up(tmp_path / "black.avi", "color=c=black:"))


def test_a_picture_that_was_flipped_in_memory_is_shown_as_it_is_seen() -> None:
    """Of the program's own size and format, so that nothing else is to be done to it."""
    frame = av.VideoFrame(64, 36, "yuv420p")
    for plane, (upper, lower) in zip(frame.planes, ((200, 50), (100, 140), (160, 110)), strict=True):
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
        rows[: plane.height // 2], rows[plane.height // 2 :] = upper, lower
    frame.colorspace, frame.color_range = 6, 1
    flipped = _flipped(frame)
    assert flipped.planes[0].line_size < 0
    before, after = to_rgb(frame), to_rgb(Scaler().yuv420p(flipped, 64, 36))
    assert near(after[4, 30], tuple(before[30, 30]), 1)
    assert near(after[30, 30], tuple(before[4, 30]), 1)


def _flipped(frame: av.VideoFrame) -> av.VideoFrame:
    graph = av.filter.Graph()
    source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 25))
    flip, sink = graph.add("vflip"), graph.add("buffersink")
    source.link_to(flip)
    flip.link_to(sink)
    graph.configure()
    graph.vpush(frame)
    flipped = graph.vpull()
    flipped.colorspace, flipped.color_range = frame.colorspace, frame.color_range
    return flipped


def test_a_picture_keeps_its_tags_while_two_threads_convert_it() -> None:
    """The tags are looked at while swscale works; PyAV writes what it assumes into the picture for that time."""
    frame = av.VideoFrame(3840, 2160, "yuv420p10le")
    frame.colorspace, frame.color_range, frame.color_trc, frame.color_primaries = 2, 0, 18, 9
    settle_tags(frame)

    def tags() -> tuple[int, ...]:
        return frame.colorspace, frame.color_range, frame.color_trc, frame.color_primaries

    settled, seen = tags(), set()

    def convert(pixel_format: str) -> None:
        scaler = Scaler()
        for _ in range(3):
            if pixel_format == "rgb24":
                scaler.rgb24(frame, 320, 180)
            else:
                scaler.yuv420p(frame, 1280, 720)

    threads = [threading.Thread(target=convert, args=(form,)) for form in ("rgb24", "yuv420p")]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        seen.add(tags())
    assert seen == {settled}
