"""The picture mixer, by looking at pixels."""

from __future__ import annotations

import io
import logging
import random

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classroom.director import Area, Border, Crop, Placement, Scene, Style, fit, place
from classroom.director.scene import Corner
from classroom.lesson.overlays import StrapOverlay
from classroom.media.frames import Picture, PictureSlot
from classroom.media.overlay import build_overlay
from classroom.media.picture import PictureMixer, window
from classroom.media.scale import Scaler, UnusablePicture
from classroom.media.thumbnail import jpeg
from tests.support.pictures import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    RED,
    WHITE,
    Array,
    full,
    near,
    plain,
    rgb_frame,
    slot,
    to_rgb,
)

SIZE = (640, 360)


def mixer(slots: dict[str, PictureSlot], *, fallback: str | None = None, size: tuple[int, int] = SIZE) -> PictureMixer:
    return PictureMixer(size=size, slots=slots, fallback=fallback, fallback_card=plain(BLUE, 64, 36))


def look(slots: dict[str, PictureSlot], placements: tuple[Placement, ...], fallback: str | None = None) -> Array:
    return to_rgb(mixer(slots, fallback=fallback).compose(placements, frozenset(slots)).frame())


@pytest.mark.parametrize("colour", [RED, GREEN, BLUE, WHITE, GREY, BLACK])
@pytest.mark.parametrize("pixel_format", ["rgb24", "bgra", "yuv420p", "yuvj420p", "yuyv422", "yuyv422 full"])
@pytest.mark.parametrize("size", [SIZE, (1280, 720)])
def test_colours_arrive_from_every_format(
    colour: tuple[int, int, int], pixel_format: str, size: tuple[int, int]
) -> None:
    picture = look({"a": slot(plain(colour, *size, pixel_format))}, full("a", *SIZE))
    assert all(near(picture[y, x], colour) for x, y in ((0, 0), (639, 0), (320, 180), (0, 359), (639, 359)))


def test_a_picture_in_bt709_is_brought_to_bt601() -> None:
    frame = av.VideoFrame(640, 360, "yuv420p")
    for plane, value in zip(frame.planes, (63, 102, 240), strict=True):  # red in BT.709
        np.frombuffer(memoryview(plane), np.uint8)[:] = value
    frame.colorspace, frame.color_range = 1, 1
    assert near(look({"a": slot(frame)}, full("a", *SIZE))[180, 320], RED)
    assert frame.colorspace == 1


def test_the_picture_says_how_it_is_coded() -> None:
    frame = mixer({}).compose(full("a", *SIZE), frozenset()).frame(77)
    assert (frame.format.name, frame.width, frame.height) == ("yuv420p", *SIZE)
    assert (frame.colorspace, frame.color_range, frame.pts) == (6, 1, 77)


def test_frames_of_one_picture_share_pixels_but_not_orders() -> None:
    picture = mixer({}).compose(full("a", *SIZE), frozenset())
    one, other = picture.frame(1), picture.frame(2)
    one.pict_type = av.video.frame.PictureType.I
    assert other.pict_type == av.video.frame.PictureType.NONE
    assert (one.pts, other.pts) == (1, 2)
    assert one.planes[0].buffer_ptr == other.planes[0].buffer_ptr


@pytest.mark.parametrize(("width", "height", "side"), [(480, 360, "x"), (200, 600, "x"), (1600, 400, "y"), (1, 3, "x")])
def test_bars_are_black(width: int, height: int, side: str) -> None:
    picture = look({"a": slot(plain(WHITE, width, height))}, full("a", *SIZE))
    assert near(picture[180, 320], WHITE)
    first, last = (picture[180, 0], picture[180, -1]) if side == "x" else (picture[0, 320], picture[-1, 320])
    assert near(first, BLACK)
    assert near(last, BLACK)
    white = picture[..., 1] > 128
    measured = white[180].sum() / white[:, 320].sum()
    assert measured == pytest.approx(width / height, rel=0.04)


@pytest.mark.parametrize("layout", ["full", "side-by-side"])
@pytest.mark.parametrize(("width", "height"), [(640, 480), (1920, 1080), (720, 1280), (401, 333)])
def test_a_circle_stays_a_circle(width: int, height: int, layout: str) -> None:
    y, x = np.mgrid[:height, :width]
    radius = min(width, height) * 0.4
    inside = (x - width / 2) ** 2 + (y - height / 2) ** 2 < radius**2
    pixels = np.where(inside[..., None], 255, 60).astype(np.uint8).repeat(3, 2)
    scene = Scene("s", "full", ("a",)) if layout == "full" else Scene("s", "side-by-side", ("a", "a"))
    placements = place(scene, *SIZE)
    picture = look({"a": slot(rgb_frame(pixels))}, placements)
    area = placements[0].rectangle
    white = picture[area.y : area.y + area.height, area.x : area.x + area.width, 1] > 160
    across, down = white.any(0).sum(), white.any(1).sum()
    assert across == pytest.approx(down, abs=4)
    fitted = fit(width, height, area)
    assert across == pytest.approx(2 * radius * fitted.width / width, abs=4)
    assert white.sum() == pytest.approx(np.pi * across * down / 4, rel=0.05)


@pytest.mark.parametrize("corner", ["top-left", "top-right", "bottom-left", "bottom-right"])
def test_the_small_picture_stands_in_its_corner(corner: Corner) -> None:
    scene = Scene("s", "picture-in-picture", ("back", "front"), corner, 0.25)
    picture = look({"back": slot(plain(GREEN, 800, 450)), "front": slot(plain(RED, 320, 180))}, place(scene, *SIZE))
    red = (picture[..., 0] > 200) & (picture[..., 1] < 60)
    rows, columns = np.nonzero(red.any(1))[0], np.nonzero(red.any(0))[0]
    assert len(columns) == pytest.approx(160, abs=2)
    assert len(rows) == pytest.approx(90, abs=2)
    assert (rows.mean() < 180) == corner.startswith("top")
    assert (columns.mean() < 320) == corner.endswith("left")
    assert near(picture[180, 320], GREEN)
    assert near(picture[2, 2], GREEN)  # a margin is left free


def test_side_by_side_shows_both() -> None:
    scene = Scene("s", "side-by-side", ("a", "b"))
    picture = look({"a": slot(plain(RED, 320, 360)), "b": slot(plain(GREEN, 320, 360))}, place(scene, *SIZE))
    assert near(picture[180, 310], RED)
    assert near(picture[180, 330], GREEN)


def test_a_lost_source_is_replaced_by_the_fallback_and_that_by_the_card() -> None:
    slots = {"a": slot(plain(RED, 640, 360)), "pause": slot(plain(GREEN, 640, 360))}
    mixed = mixer(slots, fallback="pause")
    placements = full("a", *SIZE)

    def seen(live: set[str]) -> Array:
        pixel: Array = to_rgb(mixed.compose(placements, live).frame())[180, 320]
        return pixel

    assert near(seen({"a", "pause"}), RED)
    assert near(seen({"pause"}), GREEN)
    assert near(seen(set()), BLUE)
    slots["a"].clear()
    assert near(seen({"a", "pause"}), GREEN)  # said to be live, but has no picture
    slots["a"].put(Picture(plain(WHITE, 640, 360), 1.0, 2))
    assert near(seen({"a", "pause"}), WHITE)
    assert near(seen({"a", "pause", "stranger"}), WHITE)


def test_twenty_random_switches_show_the_right_picture() -> None:
    colours = {"a": RED, "b": GREEN, "c": WHITE}
    slots = {name: slot(plain(colour, 320, 180)) for name, colour in colours.items()}
    mixed, chance = mixer(slots), random.Random(7)
    for _ in range(20):
        name, other = chance.sample(sorted(colours), 2)
        layout = chance.choice(["full", "picture-in-picture", "side-by-side"])
        scene = Scene("s", layout, (name,) if layout == "full" else (name, other))  # type: ignore[arg-type]
        picture = to_rgb(mixed.compose(place(scene, *SIZE), frozenset(slots)).frame())
        assert near(picture[170, 60], colours[name])
        assert near(
            picture[330 if layout != "side-by-side" else 180, 610], colours[name if layout == "full" else other]
        )


def test_nothing_changed_costs_nothing_and_nothing_is_scaled_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    scaled: list[av.VideoFrame] = []
    original = Scaler.yuv420p

    def count(self: Scaler, frame: av.VideoFrame, width: int, height: int) -> av.VideoFrame:
        scaled.append(frame)
        return original(self, frame, width, height)

    slots = {"back": slot(plain(GREEN, 800, 450)), "front": slot(plain(RED, 320, 180))}
    mixed = mixer(slots)
    monkeypatch.setattr(Scaler, "yuv420p", count)
    placements = place(Scene("s", "picture-in-picture", ("back", "front")), *SIZE)
    first = mixed.compose(placements, frozenset(slots))
    assert len(scaled) == 2
    assert mixed.compose(placements, frozenset(slots)) is first
    camera = plain(WHITE, 320, 180)
    slots["front"].put(Picture(camera, 1.0, 2))
    second = mixed.compose(placements, frozenset(slots))
    assert scaled[2:] == [camera]
    assert second is not first
    assert near(to_rgb(first.frame())[330, 610], RED)  # who still holds the old picture sees no change
    assert near(to_rgb(second.frame())[330, 610], WHITE)
    slots["back"].put(Picture(slots["back"].newest().frame, 2.0, 1))  # type: ignore[union-attr]
    assert mixed.compose(placements, frozenset(slots)) is second


def test_a_picture_tells_in_which_rectangles_it_is_new() -> None:
    slots = {"back": slot(plain(GREEN, 800, 450)), "front": slot(plain(RED, 320, 180))}
    mixed = mixer(slots)
    inset = place(Scene("s", "picture-in-picture", ("back", "front")), *SIZE)
    first = mixed.compose(inset, frozenset(slots))
    assert first.change is None
    slots["front"].put(Picture(plain(WHITE, 64, 200), 1.0, 2))  # of another shape, so other parts of it are black
    second = mixed.compose(inset, frozenset(slots))
    assert second.change is not None
    assert second.change.earlier() is first
    assert second.change.parts == (inset[1].rectangle,)
    apart = np.any(to_rgb(first.frame()) != to_rgb(second.frame()), axis=2)
    assert apart.any()
    for plane in window((apart, apart[::2, ::2], apart[::2, ::2]), inset[1].rectangle):
        plane[...] = False
    assert not apart.any()
    slots["back"].put(Picture(plain(BLUE, 800, 450), 2.0, 2))
    third = mixed.compose(inset, frozenset(slots))
    assert third.change is not None
    assert third.change.parts == (inset[0].rectangle,)
    del first, second
    assert third.change.earlier() is None
    assert mixed.compose(inset, {"back"}).change is None  # the card is shown now
    assert mixed.compose(full("back", *SIZE), frozenset(slots)).change is None


def test_with_another_overlay_the_whole_picture_may_be_new() -> None:
    slots = {"a": slot(plain(GREEN, 800, 450)), "b": slot(plain(RED, 320, 180))}
    titles = {title: build_overlay(StrapOverlay(title=title), SIZE) for title in ("Ada", "Bob")}
    mixed = PictureMixer(size=SIZE, slots=slots, fallback=None, fallback_card=plain(BLUE, 64, 36), overlays=titles)
    inset = place(Scene("s", "picture-in-picture", ("a", "b")), *SIZE)
    mixed.compose(inset, frozenset(slots), ("Ada",))
    slots["b"].put(Picture(plain(WHITE, 320, 180), 1.0, 2))
    change = mixed.compose(inset, frozenset(slots), ("Ada",)).change
    assert change is not None
    assert change.parts == (inset[1].rectangle,)
    assert mixed.compose(inset, frozenset(slots), ("Bob",)).change is None
    assert mixed.compose(inset, frozenset(slots)).change is None


def test_a_picture_that_cannot_be_converted_counts_as_lost_and_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    slots = {"a": slot(av.VideoFrame(64, 64, "yaf32le")), "pause": slot(plain(GREEN, 640, 360))}
    mixed = mixer(slots, fallback="pause")
    with caplog.at_level(logging.WARNING):
        for serial in range(2, 6):
            picture = to_rgb(mixed.compose(full("a", *SIZE), frozenset(slots)).frame())
            assert near(picture[180, 320], GREEN)
            slots["a"].put(Picture(av.VideoFrame(64, 64, "yaf32le"), 0.0, serial))
    assert len(caplog.records) == 1
    assert "'a'" in caplog.text
    slots["a"].put(Picture(plain(RED, 64, 36), 0.0, 9))
    assert near(to_rgb(mixed.compose(full("a", *SIZE), frozenset(slots)).frame())[180, 320], RED)


@pytest.mark.parametrize(
    ("width", "height", "pixel_format"),
    [
        (1, 1, "rgb24"),
        (1, 1, "yuv420p"),
        (3, 5, "yuv420p"),
        (641, 479, "yuyv422"),
        (8192, 8192, "gray"),
        (8000, 2, "bgra"),
        (2, 8000, "nv12"),
        (1, 1, "bayer_rggb8"),
        (64, 64, "rgb48be"),
        (64, 64, "pal8"),
    ],
)
def test_odd_tiny_and_huge_pictures_do_no_harm(width: int, height: int, pixel_format: str) -> None:
    slots = {"a": slot(av.VideoFrame(width, height, pixel_format))}
    picture = mixer(slots).compose(full("a", *SIZE), frozenset(slots)).frame()
    assert (picture.width, picture.height) == SIZE


@settings(deadline=None, max_examples=60)
@given(
    st.tuples(st.integers(1, 300), st.integers(1, 300)),
    st.tuples(st.integers(1, 300), st.integers(1, 300)),
    st.tuples(st.integers(8, 200), st.integers(8, 200)),
    st.sampled_from(["full", "picture-in-picture", "side-by-side"]),
    st.sampled_from(["top-left", "top-right", "bottom-left", "bottom-right"]),
    st.floats(0.05, 1.0),
)
def test_geometry_holds_for_any_sizes(
    back: tuple[int, int], front: tuple[int, int], half: tuple[int, int], layout: str, corner: Corner, share: float
) -> None:
    """Red and green lie exactly where fit puts them, black is all the rest."""
    size = (2 * half[0], 2 * half[1])
    scene = Scene("s", layout, ("a",) if layout == "full" else ("a", "b"), corner, share)  # type: ignore[arg-type]
    slots = {"a": slot(plain(RED, *back)), "b": slot(plain(GREEN, *front))}
    placements = place(scene, *size)
    picture = to_rgb(mixer(slots, size=size).compose(placements, frozenset(slots)).frame())
    wanted = np.zeros((size[1], size[0], 3), np.uint8)
    for placement in placements:
        area = placement.rectangle
        colour, shape = (RED, back) if placement.source == "a" else (GREEN, front)
        for rectangle, value in ((area, BLACK), (fit(*shape, area), colour)):
            wanted[rectangle.y : rectangle.y + rectangle.height, rectangle.x : rectangle.x + rectangle.width] = value
    # This is about places: a picture that is scaled a hundredfold may be a few steps off in colour.
    assert (np.abs(picture.astype(int) - wanted) <= 16).all()


def test_a_program_of_odd_size_or_an_unusable_card_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="even"):
        mixer({}, size=(641, 360))
    with pytest.raises(UnusablePicture):
        PictureMixer(size=SIZE, slots={}, fallback=None, fallback_card=av.VideoFrame(8, 8, "yaf32le"))


@pytest.mark.parametrize("pixel_format", ["rgb24", "yuv420p", "yuvj420p", "yuyv422"])
def test_a_thumbnail_is_a_small_jpeg_of_the_same_colour(pixel_format: str) -> None:
    data = jpeg(plain(RED, 640, 360, pixel_format))
    assert data.startswith(b"\xff\xd8")
    with av.open(io.BytesIO(data), "r") as container:
        frame = next(container.decode(video=0))
    assert (frame.width, frame.height) == (320, 180)
    assert near(frame.to_ndarray(format="rgb24")[90, 160], RED, 12)


def quarters(width: int, height: int) -> av.VideoFrame:
    """Red and green above, blue and white below."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 2], pixels[: height // 2, width // 2 :] = RED, GREEN
    pixels[height // 2 :, : width // 2], pixels[height // 2 :, width // 2 :] = BLUE, WHITE
    return rgb_frame(pixels)


@pytest.mark.parametrize("size", [(640, 360), (480, 480), (360, 640), (640, 480)])
def test_fill_leaves_no_bars_and_keeps_the_middle(size: tuple[int, int]) -> None:
    scene = Scene("s", "full", ("a",), styles=(Style(fill=True),))
    picture = look({"a": slot(quarters(*size))}, place(scene, *SIZE))
    assert near(picture[4, 4], RED)
    assert near(picture[4, -4], GREEN)
    assert near(picture[-4, 4], BLUE)
    assert near(picture[-4, -4], WHITE)
    assert near(picture[170, 310], RED)
    assert near(picture[190, 330], WHITE)


@pytest.mark.parametrize("pixel_format", ["rgb24", "bgra", "yuv420p", "yuyv422", "nv12"])
def test_what_is_cropped_is_not_seen(pixel_format: str) -> None:
    frame = quarters(640, 360).reformat(format=pixel_format, dst_colorspace=5)
    scene = Scene("s", "full", ("a",), styles=(Style(crop=Crop(left=0.5, bottom=0.5)),))
    picture = look({"a": slot(frame)}, place(scene, *SIZE))
    assert all(near(picture[y, x], GREEN, 16) for x, y in ((20, 20), (620, 20), (320, 180), (20, 340), (620, 340)))


def test_a_border_goes_around_the_picture_and_not_around_its_bars() -> None:
    scene = Scene("s", "side-by-side", ("a", "b"), styles=(Style(), Style(border=Border(0.02, RED))))
    slots = {"a": slot(plain(GREEN, 320, 360)), "b": slot(plain(BLUE, 320, 180))}
    picture = look(slots, place(scene, *SIZE))
    assert near(picture[180, 310], GREEN)
    assert near(picture[180, 323], RED)  # 2 % of 360 pixels are 6, in even pixels
    assert near(picture[180, 330], BLUE)
    rows = [row for row in range(360) if near(picture[row, 480], RED)]
    assert len(rows) == 12
    assert near(picture[20, 480], BLACK)


def test_a_grid_shows_all_of_them() -> None:
    slots = {name: slot(plain(colour, 320, 180)) for name, colour in zip("abc", (RED, GREEN, BLUE), strict=True)}
    picture = look(slots, place(Scene("s", "grid", ("a", "b", "c")), *SIZE))
    assert near(picture[90, 160], RED)
    assert near(picture[90, 480], GREEN)
    assert near(picture[270, 320], BLUE)
    assert near(picture[270, 20], BLACK)


def test_the_later_of_two_lies_in_front() -> None:
    styles = (Style(Area(0, 0, 0.75, 1)), Style(Area(0.25, 0, 0.75, 1), fill=True))
    slots = {"a": slot(plain(RED, 480, 360)), "b": slot(plain(GREEN, 480, 360))}
    picture = look(slots, place(Scene("s", "custom", ("a", "b"), styles=styles), *SIZE))
    assert near(picture[180, 100], RED)
    assert near(picture[180, 320], GREEN)


def test_other_sources_fallbacks_and_overlays_are_taken_from_the_next_picture_on() -> None:
    frame = plain(RED, *SIZE)
    mixed = mixer({"a": slot(frame)})
    assert near(to_rgb(mixed.compose(full("a", *SIZE), {"a"}).frame())[180, 320], RED)
    # Of the same name, size and format; only the number tells it from the other one.
    mixed.supply(
        slots={"a": slot(plain(GREEN, *SIZE), serial=2)}, fallback=None, fallback_card=plain(WHITE, 64, 36), overlays={}
    )
    assert near(to_rgb(mixed.compose(full("a", *SIZE), {"a"}).frame())[180, 320], GREEN)
    assert near(to_rgb(mixed.compose(full("a", *SIZE), set()).frame())[180, 320], WHITE)
    mixed.supply(slots={}, fallback=None, fallback_card=plain(BLACK, 64, 36), overlays={})
    assert near(to_rgb(mixed.compose(full("a", *SIZE), {"a"}).frame())[180, 320], BLACK)
