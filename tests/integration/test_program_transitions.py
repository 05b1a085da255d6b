"""Cuts and fades, tick by tick, as who watches sees them in decoded packets."""

from __future__ import annotations

from itertools import pairwise

import pytest

from classroom.media.frames import Codec, Picture, PictureSlot
from tests.support.chart import Box, Sheet, cells, chart, filling, within
from tests.support.pictures import slot
from tests.support.viewing import moved

SIZE = (640, 360)
FADE = 4
"""Ticks that a fade takes: one tick too early or too late is a quarter of it, which no coding hides."""

LESSON = """
sources: {wide: {kind: browser}, old: {kind: browser}, tall: {kind: browser}}
scenes:
  full: wide
  narrow: old
  small: {layout: picture-in-picture, show: [wide, tall], corner: top-left, size: 40%}
  two: {layout: side-by-side, show: [tall, old]}
  three: {layout: grid, show: [wide, old, tall]}
  free:
    layout: custom
    show:
      - {source: old, x: 5%, y: 10%, width: 40%, height: 70%, fit: fill}
      - {source: tall, x: 60%, y: 20%, width: 30%, height: 80%}
  slow: {show: [tall], transition: fade, duration: 0.1}
program: {size: 640x360, fps: 60, start: full}
video: {bitrate: 8M}
"""
ASPECTS = {"wide": 16 / 9, "old": 4 / 3, "tall": 9 / 16}
TURNS = {"wide": 0, "old": 1, "tall": 2}
ALL = Box(0, 0, 640, 360)


def slots() -> dict[str, PictureSlot]:
    """The sources, each with a chart of its own colours."""
    sizes = {"wide": (1280, 720), "old": (640, 480), "tall": (540, 960)}
    return {name: slot(chart(*size, TURNS[name])) for name, size in sizes.items()}


def whole(sheet: Sheet, name: str, box: Box) -> Sheet:
    """Lay a source into a box, between bars."""
    return sheet.paint(box, (0, 0, 0)).lay(within(ASPECTS[name], box), cells(TURNS[name]))


def sheet_of(scene: str) -> Sheet:
    """What each scene of the lesson looks like."""
    sheet = Sheet(*SIZE)
    match scene:
        case "full":
            return whole(sheet, "wide", ALL)
        case "narrow":
            return whole(sheet, "old", ALL)
        case "slow":
            return whole(sheet, "tall", ALL)
        case "small":
            return whole(whole(sheet, "wide", ALL), "tall", Box(7.2, 7.2, 256, 144))
        case "two":
            return whole(whole(sheet, "tall", Box(0, 0, 320, 360)), "old", Box(320, 0, 320, 360))
        case "three":
            for name, x, y in (("wide", 0, 0), ("old", 320, 0), ("tall", 160, 180)):
                whole(sheet, name, Box(x, y, 320, 180))
            return sheet
        case _:
            box = Box(32, 36, 256, 252)
            sheet.lay(box, cells(TURNS["old"]), filling(ASPECTS["old"], box))
            return whole(sheet, "tall", Box(384, 72, 192, 288))


RING = ("full", "two", "small", "free", "narrow", "three", "full")


@pytest.mark.parametrize(
    ("old", "new", "codec"),
    [*((old, new, "h264") for old, new in pairwise(RING)), ("small", "two", "vp8"), ("narrow", "free", "vp8")],
)
async def test_a_fade_has_half_of_each_in_its_middle(old: str, new: str, codec: Codec) -> None:
    before, after = sheet_of(old), sheet_of(new)
    async with moved(LESSON.replace("start: full", f"start: {old}"), slots(), codec=codec) as program:
        before.check(await program.settled())
        program.switch(new, ticks=FADE)
        for passed in range(FADE):
            before.towards(after, passed / FADE).check(await program.tick())
        after.check(await program.tick())
        after.check(await program.settled())


@pytest.mark.parametrize(
    ("old", "new", "codec"),
    [*((old, new, "h264") for old, new in pairwise(RING)), ("full", "three", "vp8"), ("free", "small", "vp8")],
)
async def test_a_cut_is_whole_in_its_own_tick(old: str, new: str, codec: Codec) -> None:
    before, after = sheet_of(old), sheet_of(new)
    async with moved(LESSON.replace("start: full", f"start: {old}"), slots(), codec=codec) as program:
        before.check(await program.settled())
        program.switch(new)
        after.check(await program.tick())


async def test_a_scene_fades_as_it_says_itself() -> None:
    async with moved(LESSON, slots()) as program:
        before, after = sheet_of("full"), sheet_of("slow")
        before.check(await program.settled())
        program.director.switch("slow", now=program.next)
        await program.tick(3)
        before.towards(after, 0.5).check(await program.tick())  # six ticks are 0.1 s
        await program.tick(2)
        after.check(await program.tick())


async def test_who_changes_his_mind_in_the_middle_fades_from_what_is_seen() -> None:
    async with moved(LESSON, slots()) as program:
        await program.settled()
        program.switch("two", ticks=FADE)
        await program.tick(FADE // 2)
        half = sheet_of("full").towards(sheet_of("two"), 0.5)
        half.check(await program.tick())
        program.switch("free", ticks=FADE)
        await program.tick(FADE // 2)
        # The picture that the second fade began with is the last one of the first.
        half.towards(sheet_of("free"), 0.5).check(await program.tick())
        program.switch("narrow")
        sheet_of("narrow").check(await program.tick())


async def test_both_scenes_of_a_fade_go_on_moving() -> None:
    sources = slots()
    async with moved(LESSON, sources) as program:
        await program.settled()
        program.switch("narrow", ticks=FADE)
        await program.tick(FADE // 2)
        sources["wide"].put(Picture(chart(1280, 720, 3), 0.0, 2))
        sources["old"].put(Picture(chart(640, 480, 4), 0.0, 2))
        leaving = Sheet(*SIZE).lay(ALL, cells(3))
        coming = Sheet(*SIZE).lay(within(4 / 3, ALL), cells(4))
        leaving.towards(coming, 0.5).check(await program.tick())
