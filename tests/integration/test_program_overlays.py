"""Title straps, clocks and logos, as who watches sees them in decoded packets."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from classroom.lesson.overlays import ClockOverlay
from classroom.media.frames import Codec, PictureSlot
from classroom.media.overlay import build_overlay
from tests.support.chart import Box, Sheet, cells, chart
from tests.support.letters import glyphs, holes, rows, strokes
from tests.support.pictures import GREEN, Array, near, plain, slot
from tests.support.viewing import moved

SIZE = (1280, 720)
ALL = Box(0, 0, *SIZE)
MARGIN = 0.035 * SIZE[1]
CORNERS = ("top-left", "top-right", "bottom-left", "bottom-right")
GROUND, ACCENT = (15, 23, 42), (56, 189, 248)


def lesson(overlays: str, laid: str = "it", scene: str = "show: [wall]") -> str:
    """A lesson with overlays, of which some are laid over its scene."""
    return f"""
sources: {{wall: {{kind: browser}}, guest: {{kind: browser}}}}
overlays:
{overlays}
scenes:
  it: {{{scene}, overlays: [{laid}]}}
  bare: {{show: [wall]}}
program: {{size: {SIZE[0]}x{SIZE[1]}, fps: 60}}
video: {{bitrate: 10M}}
"""


def wall() -> dict[str, PictureSlot]:
    """A green wall to read letters on, and a guest before it."""
    return {"wall": slot(plain(GREEN, *SIZE)), "guest": slot(chart(640, 480, 1))}


def covered(picture: Array) -> Box:
    """Where the green of the wall is not to be seen."""
    away = np.abs(picture.astype(int) - GREEN).max(2) > 40
    down, across = np.flatnonzero(away.any(1)), np.flatnonzero(away.any(0))
    return Box(across[0], down[0], across[-1] + 1 - across[0], down[-1] + 1 - down[0])


def inside(picture: Array, box: Box) -> Array:
    """The part of the picture in a box."""
    x, y = round(box.x), round(box.y)
    return picture[y : y + round(box.height), x : x + round(box.width)]


def stands_in(box: Box, corner: str) -> bool:
    """Whether a box lies at the margins of its corner, of which a line or two may be lost to even pixels."""
    x = box.x if corner.endswith("left") else SIZE[0] - box.x - box.width
    y = box.y if corner.startswith("top") else SIZE[1] - box.y - box.height
    return abs(x - MARGIN) <= 3 and abs(y - MARGIN) <= 3


@pytest.mark.parametrize("corner", CORNERS)
async def test_a_title_strap_stands_in_its_corner_and_says_what_it_is_to_say(corner: str) -> None:
    text = lesson(f'  it: {{kind: strap, title: "中一二三", text: "8 10 17", corner: {corner}}}')
    async with moved(text, wall()) as program:
        picture = await program.settled()
    box = covered(picture)
    assert stands_in(box, corner)
    assert 0.08 * SIZE[1] < box.height < 0.2 * SIZE[1]
    strap = inside(picture, box).astype(int)
    assert near(strap[len(strap) // 2, 2], ACCENT, 40), "a bar of colour at its left"
    red, green, blue = (round((210 * mine + 45 * other) / 255) for mine, other in zip(GROUND, GREEN, strict=True))
    assert near(strap[3:6, -6:-3].mean((0, 1)), (red, green, blue), 16), "the wall shines through its ground"
    ink = strap.min(2) > 120
    title, below = rows(ink)
    assert [strokes(glyph) for glyph in glyphs(ink[title])] == [1, 1, 2, 3]  # 中 is one long stroke there
    assert [holes(glyph) for glyph in glyphs(ink[below])] == [2, 0, 1, 0, 0]
    # The title is the larger and the brighter one.
    assert title.stop - title.start > below.stop - below.start
    assert np.percentile(strap[title].max(2), 99) > np.percentile(strap[below].max(2), 99)


@pytest.mark.parametrize("corner", CORNERS)
async def test_a_clock_shows_the_time_and_goes_on(corner: str) -> None:
    time = datetime(2026, 1, 1, 8, 46, 17)
    model = ClockOverlay(corner=corner, seconds=True)
    clock = build_overlay(model, SIZE, now=lambda: time)
    async with moved(lesson("  it: {kind: clock}"), wall(), overlays={"it": clock}) as program:
        picture = await program.settled()
        box = covered(picture)
        assert stands_in(box, corner)
        # 08:46:17, where a colon is two dots without a hole.
        assert read(inside(picture, box)) == [1, 2, 0, 1, 1, 0, 0, 0]
        time = datetime(2026, 1, 1, 18, 0, 8)
        later = inside(await program.tick(2), box)
        assert read(later) == [0, 2, 0, 1, 1, 0, 1, 2]


def read(strap: Array) -> list[int]:
    """The holes of each letter."""
    return [holes(glyph) for glyph in glyphs(strap.min(2) > 120)]


def logo(path: Path) -> str:
    """A picture of 4:3 with a hole in the second column of its first row."""
    drawing = np.zeros((3, 4, 4), np.uint8)
    drawing[..., :3], drawing[..., 3] = cells(2), 255
    drawing[0, 1, 3] = 0
    Image.fromarray(drawing.repeat(100, 0).repeat(100, 1)).save(path)
    return str(path)


@pytest.mark.parametrize("codec", ["h264", "vp8"])
@pytest.mark.parametrize(("corner", "opacity"), [*((corner, 1.0) for corner in CORNERS), ("bottom-right", 0.5)])
async def test_a_logo_keeps_shape_colours_and_holes(corner: str, opacity: float, codec: Codec, tmp_path: Path) -> None:
    file = logo(tmp_path / "logo.png")
    keys = f"kind: logo, image: '{file}', size: 20%, opacity: {opacity:.0%}, corner: {corner}"
    width, height = 0.2 * SIZE[0], 0.2 * SIZE[0] * 3 / 4
    x = MARGIN if corner.endswith("left") else SIZE[0] - MARGIN - width
    y = MARGIN if corner.startswith("top") else SIZE[1] - MARGIN - height
    without = Sheet(*SIZE).paint(ALL, GREEN)
    laid = Sheet(*SIZE).paint(ALL, GREEN).lay(Box(x, y, width, height), cells(2))
    laid.paint(Box(x + width / 4, y, width / 4, height / 3), GREEN)
    async with moved(lesson(f"  it: {{{keys}}}"), wall(), codec=codec) as program:
        without.towards(laid, opacity).check(await program.settled())


async def test_overlays_lie_over_every_source_and_the_later_over_the_earlier(tmp_path: Path) -> None:
    file = logo(tmp_path / "logo.png")
    small = f"  small: {{kind: logo, image: '{file}', size: 10%, corner: top-right}}"
    large = f"  large: {{kind: logo, image: '{file}', size: 20%, corner: top-right}}"
    scene = "layout: picture-in-picture, show: [wall, guest], corner: top-right, size: 50%"
    guest = Box(1280 * 0.5 - 14.4 + (640 - 480) / 2, 14.4, 480, 360)
    sheet = Sheet(*SIZE).paint(ALL, GREEN).paint(Box(1280 * 0.5 - 14.4, 14.4, 640, 360), (0, 0, 0))
    sheet.lay(guest, cells(1))
    for share in (0.2, 0.1):
        width, height = share * 1280, share * 1280 * 3 / 4
        box = Box(1280 - MARGIN - width, MARGIN, width, height)
        # What is seen through its hole is whatever lies behind: left out here.
        sheet.lay(box, cells(2)).overlook(Box(box.x - 4, box.y - 4, width / 2 + 8, height / 3 + 8))
    async with moved(lesson(f"{large}\n{small}", "large, small", scene), wall()) as program:
        sheet.check(await program.settled())


async def test_an_overlay_comes_and_goes_with_its_scene_and_fades_with_it(tmp_path: Path) -> None:
    file = logo(tmp_path / "logo.png")
    bare = Sheet(*SIZE).paint(ALL, GREEN)
    box = Box(MARGIN, MARGIN, 0.3 * 1280, 0.3 * 1280 * 3 / 4)
    laid = Sheet(*SIZE).paint(ALL, GREEN).lay(box, cells(2)).paint(Box(box.x + 96, box.y, 96, 96), GREEN)
    async with moved(lesson(f"  it: {{kind: logo, image: '{file}', size: 30%}}"), wall()) as program:
        laid.check(await program.settled())
        program.switch("bare", ticks=4)
        await program.tick(2)
        laid.towards(bare, 0.5).check(await program.tick())
        await program.tick(1)
        bare.check(await program.tick())
        program.switch("it")
        laid.check(await program.tick())
