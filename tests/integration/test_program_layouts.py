"""Every layout, as who watches sees it: sources of every shape, shown whole or filling, in decoded packets."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from classroom.media.frames import Codec, PictureSlot
from tests.support.chart import WHOLE, Box, Part, Sheet, cells, chart, filling, within
from tests.support.pictures import slot
from tests.support.viewing import moved

Size = tuple[int, int]

PROGRAM = (640, 360)
SHAPES: Mapping[str, Size] = {"16:9": (1280, 720), "4:3": (640, 480), "portrait": (540, 960)}
FITS = ("whole", "fill")
CORNERS = ("top-left", "top-right", "bottom-left", "bottom-right")


def lesson(scene: str, sources: int, size: Size = PROGRAM, video: str = "bitrate: 6M") -> str:
    """A lesson with a scene and sources s0, s1, …"""
    named = "".join(f"  s{number}: {{kind: browser}}\n" for number in range(sources))
    program = f"program: {{size: {size[0]}x{size[1]}, fps: 60}}\nvideo: {{{video}}}\n"
    return f"sources:\n{named}scenes:\n  it: {scene}\n{program}"


def charts(*sizes: Size) -> dict[str, PictureSlot]:
    """Sources with charts of these sizes, each of other colours."""
    return {f"s{number}": slot(chart(*size, turn=number)) for number, size in enumerate(sizes)}


def show(sheet: Sheet, box: Box, number: int, size: Size, fit: str, part: Part = WHOLE) -> None:
    """Lay the chart of a source into its box: whole between bars, or so that it fills the box."""
    aspect = size[0] / size[1]
    sheet.paint(box, (0, 0, 0))
    if fit == "fill":
        sheet.lay(box, cells(number), filling(aspect, box, part))
    else:
        sheet.lay(within(part.aspect(aspect), box), cells(number), part)


def corner_of(program: Size, corner: str, share: float) -> Box:
    """As wide as it says, of the shape of the program, a fiftieth of its height away from the edges."""
    width, height = program
    margin = 0.02 * height
    x = margin if "left" in corner else width * (1 - share) - margin
    y = margin if "top" in corner else height * (1 - share) - margin
    return Box(x, y, share * width, share * height)


def grid_of(program: Size, count: int) -> list[Box]:
    """As square as holds them all, the last row in the middle."""
    columns = next(each for each in range(1, count + 1) if each * each >= count)
    rows = math.ceil(count / columns)
    width, height = program[0] / columns, program[1] / rows
    boxes = []
    for number in range(count):
        row = number // columns
        missing = columns - min(columns, count - row * columns)
        boxes.append(Box((number % columns + missing / 2) * width, row * height, width, height))
    return boxes


def boxes_of(layout: str, program: Size) -> list[Box]:
    """Where the sources of the layouts below are."""
    width, height = program
    match layout:
        case "full":
            return [Box(0, 0, width, height)]
        case "picture-in-picture":
            return [Box(0, 0, width, height), corner_of(program, "bottom-right", 0.4)]
        case "side-by-side":
            return [Box(0, 0, width / 2, height), Box(width / 2, 0, width / 2, height)]
        case "grid":
            return grid_of(program, 3)
        case _:
            return [
                Box(0.05 * width, 0.1 * height, 0.6 * width, 0.5 * height),
                Box(0.5 * width, 0.35 * height, 0.45 * width, 0.6 * height),
            ]


AREAS = ("x: 5%, y: 10%, width: 60%, height: 50%", "x: 50%, y: 35%, width: 45%, height: 60%")


def scene_of(layout: str, fit: str) -> tuple[str, int]:
    """The scene of such a layout as it is written, and how many sources it has."""
    count = {"full": 1, "grid": 3}.get(layout, 2)
    keys = [f"source: s{number}, fit: {fit}" for number in range(count)]
    if layout == "custom":
        keys = [f"{key}, {area}" for key, area in zip(keys, AREAS, strict=True)]
    size = ", size: 40%" if layout == "picture-in-picture" else ""
    return f"{{layout: {layout}, show: [{', '.join(f'{{{key}}}' for key in keys)}]{size}}}", count


LAYOUTS = ("full", "picture-in-picture", "side-by-side", "grid", "custom")


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("layout", LAYOUTS)
async def test_every_layout_shows_sources_of_every_shape(layout: str, shape: str, fit: str) -> None:
    await see_layout(layout, shape, fit, "h264")


@pytest.mark.parametrize(
    ("layout", "shape", "fit"),
    [("full", "4:3", "whole"), ("picture-in-picture", "portrait", "whole"), ("custom", "16:9", "fill")],
)
async def test_vp8_shows_the_same(layout: str, shape: str, fit: str) -> None:
    await see_layout(layout, shape, fit, "vp8")


async def see_layout(layout: str, shape: str, fit: str, codec: Codec) -> None:
    """The first source has the shape; the others have other ones, so that each is seen beside each."""
    scene, count = scene_of(layout, fit)
    order = list(SHAPES.values())
    first = order.index(SHAPES[shape])
    sizes = [order[(first + number) % len(order)] for number in range(count)]
    sheet = Sheet(*PROGRAM)
    for number, box in enumerate(boxes_of(layout, PROGRAM)):
        show(sheet, box, number, sizes[number], fit)
    async with moved(lesson(scene, count), charts(*sizes), codec=codec) as program:
        sheet.check(await program.settled())


@pytest.mark.parametrize("share", [0.25, 0.6])
@pytest.mark.parametrize("corner", CORNERS)
async def test_the_small_picture_stands_in_its_corner(corner: str, share: float) -> None:
    scene = f"{{layout: picture-in-picture, show: [s0, s1], corner: {corner}, size: {share:.0%}}}"
    sheet = Sheet(*PROGRAM)
    show(sheet, Box(0, 0, *PROGRAM), 0, (1280, 720), "whole")
    show(sheet, corner_of(PROGRAM, corner, share), 1, (640, 480), "whole")
    async with moved(lesson(scene, 2), charts((1280, 720), (640, 480))) as program:
        sheet.check(await program.settled())


@pytest.mark.parametrize("count", [1, 2, 4, 5, 8, 13, 16])
async def test_a_grid_is_as_square_as_it_can_be(count: int) -> None:
    even = (720, 360)  # divides by all numbers of columns and rows
    shapes = list(SHAPES.values())
    sizes = [shapes[number % 2] for number in range(count)]
    sheet = Sheet(*even)
    for number, box in enumerate(grid_of(even, count)):
        show(sheet, box, number, sizes[number], "whole")
    scene = f"{{layout: grid, show: [{', '.join(f's{number}' for number in range(count))}]}}"
    async with moved(lesson(scene, count, even), charts(*sizes)) as program:
        sheet.check(await program.settled())


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "crop",
    [Part(left=0.3), Part(top=0.4), Part(right=0.75), Part(bottom=0.6), Part(0.1, 0.2, 0.7, 0.95)],
    ids=["left", "top", "right", "bottom", "all sides"],
)
async def test_what_is_cropped_is_not_seen_and_the_rest_keeps_its_shape(crop: Part, shape: str, fit: str) -> None:
    cut = f"left: {crop.left:.0%}, top: {crop.top:.0%}, right: {1 - crop.right:.0%}, bottom: {1 - crop.bottom:.0%}"
    scene = f"{{layout: full, show: [{{source: s0, fit: {fit}, crop: {{{cut}}}}}]}}"
    sheet = Sheet(*PROGRAM)
    show(sheet, Box(0, 0, *PROGRAM), 0, SHAPES[shape], fit, crop)
    async with moved(lesson(scene, 1), charts(SHAPES[shape])) as program:
        sheet.check(await program.settled())


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("shape", SHAPES)
async def test_a_border_goes_around_the_picture_inside_its_place(shape: str, fit: str) -> None:
    size, colour = SHAPES[shape], (255, 96, 160)
    place = 'x: 10%, y: 10%, width: 50%, height: 80%, border: {width: 5, colour: "#ff60a0"}'
    scene = f"{{layout: custom, show: [{{source: s0, fit: {fit}, {place}}}]}}"
    box, line = Box(64, 36, 320, 288), 0.05 * PROGRAM[1]
    inside = box.smaller(line)
    picture = inside if fit == "fill" else within(size[0] / size[1], inside)
    sheet = Sheet(*PROGRAM).paint(picture.smaller(-line), colour)
    show(sheet, picture, 0, size, fit)
    async with moved(lesson(scene, 1), charts(size)) as program:
        sheet.check(await program.settled())


async def test_a_border_that_says_nothing_is_a_thin_white_line() -> None:
    scene = "{layout: custom, show: [{source: s0, x: 25%, y: 25%, width: 50%, height: 50%, border: {}}]}"
    async with moved(lesson(scene, 1), charts((1280, 720))) as program:
        picture = (await program.settled()).astype(int)
    left, above = picture[110, 152:168], picture[82:98, 200]  # red is what lies inside
    for across in (left, above):
        assert across[0].max() < 40, "black outside"
        assert 1 <= (across[:, 2] > 110).sum() <= 4, "and a thin white line"
        assert across[-1, 2] < 60, "and the picture"


@pytest.mark.parametrize("size", [(480, 360), (360, 640), (426, 238)], ids=["4:3", "portrait", "odd"])
@pytest.mark.parametrize("layout", LAYOUTS)
async def test_programs_of_every_shape(size: Size, layout: str) -> None:
    scene, count = scene_of(layout, "whole")
    sizes = [(1280, 720), (540, 960), (640, 480)][:count]
    sheet = Sheet(*size)
    for number, box in enumerate(boxes_of(layout, size)):
        show(sheet, box, number, sizes[number], "whole")
    # The cells of a grid are all of one even size, so that a line or two may be left over at the edges.
    sheet.overlook(Box(size[0] - 2, 0, 2, size[1])).overlook(Box(0, size[1] - 2, size[0], 2))
    async with moved(lesson(scene, count, size), charts(*sizes)) as program:
        sheet.check(await program.settled())


@pytest.mark.parametrize("codec", ["h264", "vp8"])
async def test_a_smaller_rendition_shows_the_same(codec: Codec) -> None:
    scene, count = scene_of("picture-in-picture", "whole")
    sizes = [(1280, 720), (640, 480)]
    sheet = Sheet(320, 180)
    for number, box in enumerate(boxes_of("picture-in-picture", (320, 180))):
        show(sheet, box, number, sizes[number], "whole")
    text = lesson(scene, count, video="bitrate: 6M, tiers: [{height: 180, bitrate: 3M}]")
    async with moved(text, charts(*sizes), codec=codec, height=180) as program:
        sheet.check(await program.settled())


WIDE = (800, 400)
"""A hundredth of it is 8 × 4 pixels, so that every area of whole percents lies on even pixels."""

# Not smaller, for what is enlarged many times is too soft for hard edges.
sizes = st.tuples(st.integers(600, 1300), st.integers(600, 1300))
crops = st.builds(
    lambda left, top, right, bottom: Part(left / 100, top / 100, 1 - right / 100, 1 - bottom / 100),
    *[st.integers(0, 25)] * 4,
)


@st.composite
def areas(draw: st.DrawFn) -> tuple[int, int, int, int]:
    """x, y, width and height in percent."""
    width, height = draw(st.integers(30, 100)), draw(st.integers(30, 100))
    return draw(st.integers(0, 100 - width)), draw(st.integers(0, 100 - height)), width, height


@settings(max_examples=30, phases=(Phase.explicit, Phase.generate))
@given(
    st.lists(st.tuples(areas(), sizes, st.sampled_from(FITS), st.one_of(st.just(WHOLE), crops)), min_size=1, max_size=3)
)
async def test_pictures_of_any_size_anywhere(shown: list[tuple[tuple[int, int, int, int], Size, str, Part]]) -> None:
    sheet, entries = Sheet(*WIDE), []
    for number, ((x, y, width, height), size, fit, crop) in enumerate(shown):
        box = Box(8 * x, 4 * y, 8 * width, 4 * height)
        show(sheet, box, number, size, fit, crop)
        cut = f"left: {crop.left:.0%}, top: {crop.top:.0%}, right: {1 - crop.right:.0%}, bottom: {1 - crop.bottom:.0%}"
        entries.append(
            f"{{source: s{number}, x: {x}%, y: {y}%, width: {width}%, height: {height}%, fit: {fit}, crop: {{{cut}}}}}"
        )
    text = lesson(f"{{layout: custom, show: [{', '.join(entries)}]}}", len(shown), WIDE)
    async with moved(text, charts(*[size for _, size, _, _ in shown])) as program:
        # This is about places: cells of a few pixels are softened, and still nearer to their colour than to any other.
        sheet.check(await program.settled(), tolerance=60)
