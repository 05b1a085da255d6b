"""What stands in for a source without a picture, as who watches sees it in decoded packets."""

from __future__ import annotations

from tests.support.chart import Box, Part, Sheet, cells, chart, filling, within
from tests.support.pictures import BLUE, slot
from tests.support.viewing import Moved, moved

SIZE = (640, 360)
ALL, SMALL = Box(0, 0, *SIZE), Box(640 * 0.5 - 7.2, 360 * 0.5 - 7.2, 320, 180)

LESSON = """
sources: {screen: {kind: browser}, camera: {kind: browser}, pause: {kind: browser}, own: {kind: browser}}
scenes:
  both:
    layout: picture-in-picture
    show:
      - screen
      - {source: camera, fit: fill, crop: {left: 20%, bottom: 10%}}
    size: 50%
    fallback: own
  desk: camera
  framed:
    layout: custom
    show: [{source: camera, x: 10%, y: 10%, width: 50%, height: 80%, border: {width: 5, colour: "#ff60a0"}}]
program: {size: 640x360, fps: 60, start: both, fallback: pause}
video: {bitrate: 6M}
"""
SIZES = {"screen": (1280, 720), "camera": (640, 480), "pause": (1280, 720), "own": (540, 960)}
ASPECTS = {name: width / height for name, (width, height) in SIZES.items()}
TURNS = {name: turn for turn, name in enumerate(SIZES)}


def whole(sheet: Sheet, name: str, box: Box) -> Sheet:
    """Lay a source into a box, between bars."""
    return sheet.paint(box, (0, 0, 0)).lay(within(ASPECTS[name], box), cells(TURNS[name]))


def both(camera: str | None) -> Sheet:
    """The scene where the small picture shows this source whole; None is the camera as the scene wants it."""
    sheet = whole(Sheet(*SIZE), "screen", ALL)
    if camera is not None:
        return whole(sheet, camera, SMALL)
    return sheet.lay(SMALL, cells(TURNS["camera"]), filling(ASPECTS["camera"], SMALL, Part(0.2, 0, 1, 0.9)))


class Stage:
    """The sources, and which of them work."""

    def __init__(self) -> None:
        self.slots = {name: slot(chart(*SIZES[name], TURNS[name])) for name in SIZES}
        self.live = set(SIZES)

    def working(self) -> frozenset[str]:
        return frozenset(self.live)


async def seen(program: Moved, sheet: Sheet) -> None:
    """What is to be seen is seen at the next tick, whatever was seen before."""
    sheet.check(await program.tick())


async def test_the_fallback_of_the_scene_stands_in_whole_and_in_its_place_only() -> None:
    stage = Stage()
    async with moved(LESSON, stage.slots, live=stage.working) as program:
        both(None).check(await program.settled())
        stage.live.discard("camera")
        await seen(program, both("own"))
        stage.live.discard("own")
        await seen(program, both("pause"))
        stage.live.discard("pause")
        await seen(program, both("screen").paint(SMALL, BLUE))  # the card of the house, of the program's shape
        stage.live.add("camera")
        await seen(program, both(None))


async def test_a_scene_that_names_none_has_the_one_of_the_program() -> None:
    stage = Stage()
    async with moved(LESSON, stage.slots, live=stage.working) as program:
        await program.settled()
        stage.live.discard("camera")
        program.switch("desk")
        await seen(program, whole(Sheet(*SIZE), "pause", ALL))
        stage.live.discard("pause")  # the other scene's own is of no use here
        await seen(program, Sheet(*SIZE).paint(ALL, BLUE))
        stage.live.add("camera")
        await seen(program, whole(Sheet(*SIZE), "camera", ALL))


async def test_a_source_said_to_be_live_that_has_no_picture_is_stood_in_for() -> None:
    stage = Stage()
    async with moved(LESSON, stage.slots, live=stage.working) as program:
        both(None).check(await program.settled())
        stage.slots["camera"].clear()
        await seen(program, both("own"))


async def test_what_stands_in_has_the_border_of_its_place() -> None:
    stage = Stage()
    async with moved(LESSON.replace("start: both", "start: framed"), stage.slots, live=stage.working) as program:
        await program.settled()
        stage.live.discard("camera")
        picture = within(ASPECTS["pause"], Box(64, 36, 320, 288).smaller(18))
        sheet = Sheet(*SIZE).paint(picture.smaller(-18), (255, 96, 160)).lay(picture, cells(TURNS["pause"]))
        await seen(program, sheet)


async def test_a_fade_to_a_scene_whose_source_is_lost_shows_what_stands_in() -> None:
    stage = Stage()
    async with moved(LESSON, stage.slots, live=stage.working) as program:
        await program.settled()
        stage.live.discard("camera")
        program.switch("desk", ticks=4)
        await program.tick(2)
        # Each scene has its own: the one that leaves shows its own, the one that comes that of the program.
        await seen(program, both("own").towards(whole(Sheet(*SIZE), "pause", ALL), 0.5))
