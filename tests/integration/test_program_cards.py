"""Cards and the test pattern, read from decoded packets: letters of any script, pictures, the time that is left."""

from __future__ import annotations

from datetime import datetime, time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from classroom.common.clock import ManualClock
from classroom.media.frames import Codec, Picture, PictureSlot
from classroom.media.sources.card import Card
from classroom.media.sources.pattern import Pattern
from tests.support.chart import Box, Sheet, cells, within
from tests.support.letters import Mask, glyphs, holes, rows, strokes
from tests.support.pictures import Array
from tests.support.viewing import Moved, moved

SIZE = (640, 360)
ALL = Box(0, 0, *SIZE)
GROUND, ACCENT = (22, 32, 50), (56, 189, 248)
LESSON = """
sources: {it: {kind: browser}}
scenes: {it: it}
program: {size: 640x360, fps: 60}
video: {bitrate: 6M}
"""


def drawn(card: Card) -> dict[str, PictureSlot]:
    """The slot of a card that is drawn."""
    card.interrupted.set()  # its reads are not to wait
    card.open()
    card.read()
    assert card.picture is not None
    return {"it": card.picture}


def still(**keys: object) -> dict[str, PictureSlot]:
    """The slot of a card that stays as it is."""
    return drawn(Card(name="it", clock=ManualClock(), size=SIZE, **keys))  # type: ignore[arg-type]


async def see(slots: dict[str, PictureSlot], codec: Codec = "h264") -> Array:
    """What is seen of a source."""
    async with moved(LESSON, slots, codec=codec) as program:
        return await program.settled()


def ink_of(picture: Array) -> Mask:
    """Where letters are: brighter than the ground."""
    return np.asarray(picture.min(2) > 130)


def centred(ink: Mask, line: slice) -> bool:
    """Whether a line stands in the middle, as well as letters can."""
    there = np.flatnonzero(ink[line].any(0))
    return bool(abs((there[0] + there[-1]) / 2 - SIZE[0] / 2) < 6)


@pytest.mark.parametrize("codec", ["h264", "vp8"])
async def test_title_and_text_in_one_script_and_another(codec: Codec) -> None:
    picture = await see(still(title="中一二三", text="8 10 17"), codec)
    ink = ink_of(picture)
    title, below = rows(ink)
    assert [strokes(glyph) for glyph in glyphs(ink[title])] == [1, 1, 2, 3]  # 中 is one long stroke in its middle
    assert [holes(glyph) for glyph in glyphs(ink[below])] == [2, 0, 1, 0, 0]
    assert title.stop - title.start > 1.5 * (below.stop - below.start)
    assert centred(ink, title)
    assert centred(ink, below)
    between = picture[title.stop + 2 : below.start - 2, SIZE[0] // 2].astype(int)
    assert np.abs(between - ACCENT).max(1).min() < 40, "a rule parts them"
    assert abs((title.start + below.stop) / 2 - SIZE[1] / 2) < 12


async def test_a_card_with_a_title_alone_has_it_in_the_middle() -> None:
    ink = ink_of(await see(still(title="80 B 4")))
    (line,) = rows(ink)
    assert [holes(glyph) for glyph in glyphs(ink[line])] == [2, 1, 2, 1]
    assert centred(ink, line)
    assert abs((line.start + line.stop) / 2 - SIZE[1] / 2) < 12


def image(path: Path, size: tuple[int, int]) -> Path:
    """A chart as a picture file."""
    Image.fromarray(cells(1)).resize(size, Image.Resampling.NEAREST).save(path)
    return path


@pytest.mark.parametrize("size", [(640, 360), (400, 300), (270, 480)], ids=["16:9", "4:3", "portrait"])
async def test_a_picture_on_a_card_keeps_its_shape(size: tuple[int, int], tmp_path: Path) -> None:
    picture = await see(still(image=image(tmp_path / "it.png", size)))
    place = within(size[0] / size[1], ALL.smaller(0.09 * SIZE[1]))
    Sheet(*SIZE).paint(ALL, GROUND).lay(place, cells(1)).check(picture)


async def test_a_picture_on_a_card_stands_above_its_title(tmp_path: Path) -> None:
    picture = await see(still(image=image(tmp_path / "it.png", (400, 300)), title="80"))
    # Half of the height between the margins at most; how far down it stands depends on the letters.
    height = 0.5 * (1 - 2 * 0.09) * SIZE[1]
    top = next(y for y in range(SIZE[1]) if not near_ground(picture[y, SIZE[0] // 2 - 60]))
    sheet = (
        Sheet(*SIZE).paint(ALL, GROUND).lay(Box((SIZE[0] - height * 4 / 3) / 2, top, height * 4 / 3, height), cells(1))
    )
    below = round(top + height + 4)
    sheet.overlook(Box(220, below, 200, 100)).check(picture)
    ink = ink_of(picture)[below:]
    assert [holes(glyph) for line in rows(ink) for glyph in glyphs(ink[line])] == [2, 1]


def near_ground(pixel: Array) -> bool:
    """Whether it is the ground of a card."""
    return bool(np.abs(pixel.astype(int) - GROUND).max() < 30)


async def left(program: Moved, seconds: ManualClock, card: Card, passed: float) -> list[int]:
    """The holes in the line of a countdown when so much time has passed."""
    seconds.advance(passed)
    card.read()
    picture = await program.settled()
    blue = np.abs(picture.astype(int) - ACCENT).max(2) < 70
    (line,) = rows(blue)
    return [holes(glyph) for glyph in glyphs(blue[line])]


async def test_a_countdown_counts_from_when_it_is_on_air_and_stays_at_its_end() -> None:
    clock = ManualClock(500.0)
    card = Card(name="it", clock=clock, size=SIZE, title="4", countdown=70.0)
    slots = drawn(card)
    async with moved(LESSON, slots) as program:
        assert await left(program, clock, card, 30.0) == [0, 0, 0, 1]  # 1:10: it has not begun
        card.on_air_since = clock.now()
        assert await left(program, clock, card, 1.5) == [0, 0, 1, 1]  # 1:09
        assert await left(program, clock, card, 1.0) == [0, 0, 1, 2]  # 1:08
        assert await left(program, clock, card, 9.0) == [1, 0, 0, 1]  # 0:59
        assert await left(program, clock, card, 58.9) == [1, 0, 1, 1]  # 0:00 ...
        assert await left(program, clock, card, 600.0) == [1, 0, 1, 1]  # ... for as long as it is shown
        card.on_air_since = clock.now()
        assert await left(program, clock, card, 0.0) == [0, 0, 0, 1]  # and anew when it comes on air anew


async def test_a_countdown_to_a_time_of_day() -> None:
    clock, today = ManualClock(), datetime(2026, 1, 1, 8, 14, 13)
    card = Card(name="it", clock=clock, size=SIZE, countdown=time(10, 15), today=lambda: today)
    async with moved(LESSON, drawn(card)) as program:
        assert await left(program, clock, card, 0.0) == [0, 0, 1, 1, 0, 1, 0]  # 2:00:47
        today = datetime(2026, 1, 1, 10, 14, 52)
        assert await left(program, clock, card, 0.0) == [1, 0, 1, 2]  # 0:08


@pytest.mark.parametrize("size", [(640, 360), (480, 360), (270, 480)], ids=["16:9", "4:3", "portrait"])
async def test_the_pattern_flashes_at_each_second_and_moves_and_tells_the_time(size: tuple[int, int]) -> None:
    pattern = Pattern(name="it", clock=ManualClock(), size=size, fps=60)
    pattern.open()
    it = PictureSlot()
    box = within(size[0] / size[1], ALL)
    async with moved(LESSON, {"it": it}) as program:

        async def at(instant: float) -> Array:
            it.put(Picture(pattern.draw(instant), instant, round(1000 * instant)))
            picture = await program.settled()
            inside: Array = picture[round(box.y) : round(box.y + box.height), round(box.x) : round(box.x + box.width)]
            return inside

        assert (await at(60.05)).min(2).mean() > 190, "the flash"
        early, late = await at(60.5), await at(62.5)
        assert early.min(2).mean() < 120
        # The block needs four seconds from the left edge to the right.
        block = slice(round(0.58 * box.height), round(0.65 * box.height))
        room = box.width - 0.13 * box.height
        for picture, share in ((early, 0.5 / 4), (late, 2.5 / 4)):
            lit = np.flatnonzero((picture[block].min(2) > 215).all(0))
            assert abs(lit[0] - share * room) < 6
            assert abs(len(lit) - 0.13 * box.height) < 6
        if size[0] > 300:  # letters of a small one are too small to be read
            text = (await at(8 * 3600 + 46 * 60 + 17.7))[round(0.7 * box.height) :]
            assert [holes(glyph) for glyph in glyphs(text.min(2) > 110)] == [1, 2, 0, 1, 1, 0, 0, 0, 0, 0, 1, 1]
