"""Pictures in the sizes of the tiers: which pixels they have, and how little is done for them."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from classroom.bench.content import SlideClip
from classroom.bench.quality import psnr
from classroom.director import Rectangle, Scene, place
from classroom.media.downscaler import Downscaler, Size
from classroom.media.frames import Picture, PictureSlot
from classroom.media.picture import Change, PictureMixer, ProgramPicture, split, window
from classroom.media.scale import Scaler
from tests.support.pictures import BLUE, Array, full, plain

HD, HALF, QUARTER = (1280, 720), (640, 360), (320, 180)
CHANCE = np.random.default_rng(5)


def noise(size: Size) -> ProgramPicture:
    width, height = size
    return ProgramPicture(width, height, CHANCE.integers(0, 256, (height * 3 // 2, width), dtype=np.uint8))


def changed(picture: ProgramPicture, *parts: Rectangle) -> ProgramPicture:
    """The next picture, in which these parts are new."""
    pixels = picture.pixels.copy()
    for part in parts:
        for plane in window(split(pixels, picture.width, picture.height), part):
            plane[...] = CHANCE.integers(0, 256, plane.shape)
    return ProgramPicture(picture.width, picture.height, pixels, Change(weakref.ref(picture), parts))


def shrunk(picture: ProgramPicture, size: Size) -> ProgramPicture:
    """By one who sees no other picture."""
    return Downscaler([size])(picture, {size})[size]


def covering(large: int, small: int) -> npt.NDArray[np.float64]:
    """The share of each of the large side's pixels in each of the small one's, of shape (small, large)."""
    edges = np.arange(small + 1)[:, None] * large / small
    begin, end = np.maximum(edges[:-1], np.arange(large)), np.minimum(edges[1:], np.arange(large) + 1)
    return (end - begin).clip(0) * small / large


@pytest.fixture
def scaled(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[Size, Size]]]:
    """The sizes from and to which is scaled."""
    seen: list[tuple[Size, Size]] = []
    original = Scaler.yuv420p

    def watch(self: Scaler, frame: av.VideoFrame, width: int, height: int) -> av.VideoFrame:
        seen.append(((frame.width, frame.height), (width, height)))
        return original(self, frame, width, height)

    monkeypatch.setattr(Scaler, "yuv420p", watch)
    yield seen
    seen.clear()


@pytest.mark.parametrize(
    ("program", "size"),
    [
        (HD, HALF),
        (HD, QUARTER),
        (HD, (426, 240)),
        (HD, (480, 270)),
        ((1920, 1080), HALF),
        ((1044, 588), (522, 294)),
        ((854, 480), (642, 360)),
        ((480, 640), (202, 270)),
        ((102, 46), (34, 14)),
        ((16, 16), (8, 8)),
    ],
)
def test_a_pixel_is_the_mean_of_the_area_it_stands_for(program: Size, size: Size) -> None:
    picture = noise(program)
    small = shrunk(picture, size)
    assert (small.width, small.height) == size
    planes = zip(split(picture.pixels, *program), split(small.pixels, *size), strict=True)
    for large_plane, small_plane in planes:
        down = covering(large_plane.shape[0], small_plane.shape[0])
        across = covering(large_plane.shape[1], small_plane.shape[1])
        assert np.abs(down @ large_plane @ across.T - small_plane).max() <= 1


def test_letters_stay_readable() -> None:
    """Seen as large as before, a slide is as near to itself as 360 lines let it be; a wider filter is 1 dB worse."""
    slides, slots = SlideClip(), {"a": PictureSlot()}
    mixer = PictureMixer(size=HD, slots=slots, fallback=None, fallback_card=plain(BLUE, *HD))
    for number in range(4):
        slots["a"].put(Picture(slides.frame(number), 0.0, number))
        picture = mixer.compose(full("a", *HD), frozenset(slots))
        luma = Image.fromarray(shrunk(picture, HALF).pixels[: HALF[1]])
        best = Image.fromarray(picture.pixels[: HD[1]]).resize(HALF, Image.Resampling.LANCZOS)
        seen, sharpest = (
            psnr(picture.pixels[: HD[1]], np.asarray(each.resize(HD, Image.Resampling.BICUBIC)))
            for each in (luma, best)
        )
        assert seen > sharpest - 0.5


def test_a_size_is_made_from_a_larger_one_that_is_made_anyway(scaled: list[tuple[Size, Size]]) -> None:
    downscale, sizes = Downscaler([QUARTER, HALF, (480, 270)]), {HALF, QUARTER, (480, 270)}
    picture = noise(HD)
    made = downscale(picture, sizes)
    assert list(made) == [HALF, (480, 270), QUARTER]
    assert scaled == [(HD, HALF), (HD, (480, 270)), (HALF, QUARTER)]
    assert np.abs(made[QUARTER].pixels.astype(int) - shrunk(picture, QUARTER).pixels).max() <= 1


def test_a_size_that_nobody_wants_costs_nothing(scaled: list[tuple[Size, Size]]) -> None:
    downscale = Downscaler([HALF, QUARTER])
    assert not downscale(noise(HD), {HD})
    assert not scaled
    downscale(noise(HD), {QUARTER, HD})
    assert scaled == [(HD, QUARTER)]


def test_a_picture_is_made_smaller_once_and_another_one_again() -> None:
    downscale, picture = Downscaler([HALF, QUARTER]), noise(HD)
    first = downscale(picture, {HALF, QUARTER})
    again = downscale(picture, {HALF, QUARTER})
    assert again[HALF] is first[HALF]
    assert again[QUARTER] is first[QUARTER]
    other = downscale(ProgramPicture(*HD, picture.pixels), {HALF, QUARTER})
    assert other[HALF] is not first[HALF]
    assert other[QUARTER] is not first[QUARTER]


def test_pictures_are_let_go() -> None:
    downscale, picture = Downscaler([HALF]), noise(HD)
    seen, small = weakref.ref(picture), weakref.ref(downscale(picture, {HALF})[HALF])
    newer = changed(picture, Rectangle(0, 0, 64, 64))
    kept = downscale(newer, {HALF})
    del picture
    assert (seen(), small()) == (None, None)
    last = weakref.ref(kept[HALF])
    del kept
    downscale(newer, set())
    assert last() is None


@st.composite
def rectangles(draw: st.DrawFn) -> Rectangle:
    x, y = 2 * draw(st.integers(0, 638)), 2 * draw(st.integers(0, 358))
    width, height = 2 * draw(st.integers(1, (1280 - x) // 2)), 2 * draw(st.integers(1, (720 - y) // 2))
    return Rectangle(x, y, width, height)


@settings(max_examples=60)
@given(st.lists(st.lists(rectangles(), max_size=3), min_size=1, max_size=3))
def test_what_changes_in_places_looks_as_if_all_was_made_anew(moves: list[list[Rectangle]]) -> None:
    downscale, picture = Downscaler([HALF, QUARTER]), noise(HD)
    downscale(picture, {HALF, QUARTER})
    for parts in moves:
        picture = changed(picture, *parts)
        made, fresh = downscale(picture, {HALF, QUARTER}), Downscaler([HALF, QUARTER])(picture, {HALF, QUARTER})
        for size in (HALF, QUARTER):
            assert np.array_equal(made[size].pixels, fresh[size].pixels)


def test_only_what_changes_is_made_anew(scaled: list[tuple[Size, Size]]) -> None:
    downscale, sizes = Downscaler([HALF, (480, 270), QUARTER]), {HALF, (480, 270), QUARTER}
    slots = {"pages": PictureSlot(), "camera": PictureSlot()}
    mixer = PictureMixer(size=HD, slots=slots, fallback=None, fallback_card=plain(BLUE, *HD))
    placements = place(Scene("s", "picture-in-picture", ("pages", "camera")), *HD)
    corner = placements[1].rectangle

    def show(page: int, pose: int) -> tuple[Array, list[Any]]:
        for name, serial in (("pages", page), ("camera", pose)):
            slots[name].put(Picture(noise(HD).frame(), 0.0, serial))
        picture = mixer.compose(placements, frozenset(slots))
        scaled.clear()
        made = downscale(picture, sizes)
        done = list(scaled)
        fresh = Downscaler(sizes)(picture, sizes)
        assert all(np.array_equal(made[size].pixels, fresh[size].pixels) for size in sizes)
        return made[QUARTER].pixels, done

    whole = [(HD, HALF), (HD, (480, 270)), (HALF, QUARTER)]
    first, done = show(1, 1)
    assert done == whole
    second, done = show(1, 2)
    assert done[1] == whole[1]  # its pixels do not end where others do
    for (source, made), times in ((done[0], 1), (done[2], 2)):
        wide, high = corner.width / times, corner.height / times
        assert source == (2 * made[0], 2 * made[1])
        assert wide <= source[0] < wide + 8
        assert high <= source[1] < high + 8
    assert not np.array_equal(first, second)
    assert show(2, 2)[1] == whole
    assert show(2, 2)[1] == []


def test_who_missed_a_picture_gets_all_of_the_next() -> None:
    downscale, first = Downscaler([HALF]), noise(HD)
    downscale(first, {HALF})
    missed = changed(first, Rectangle(0, 0, 400, 300))
    picture = changed(missed, Rectangle(800, 400, 400, 300))
    assert np.array_equal(downscale(picture, {HALF})[HALF].pixels, shrunk(picture, HALF).pixels)
    again = changed(picture, Rectangle(0, 0, 400, 300))
    downscale(again, set())
    last = changed(again, Rectangle(800, 0, 400, 300))
    assert np.array_equal(downscale(last, {HALF})[HALF].pixels, shrunk(last, HALF).pixels)
