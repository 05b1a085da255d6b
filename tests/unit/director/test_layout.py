"""Layouts keep inside the canvas, keep the aspect and keep to even pixels, whatever the sizes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classroom.director import Area, Corner, Crop, Layout, Rectangle, Scene, Style, fit, place, visible

even = st.integers(8, 2160).map(lambda value: value * 2)
sizes = st.integers(1, 8000)
corners = st.sampled_from(["top-left", "top-right", "bottom-left", "bottom-right"])


def scene(layout: Layout, *, corner: Corner = "bottom-right", size: float = 0.25) -> Scene:
    show = ("back",) if layout == "full" else ("back", "front")
    return Scene("any", layout, show, corner, size)


@given(
    layout=st.sampled_from(["full", "picture-in-picture", "side-by-side"]),
    corner=corners,
    size=st.floats(0.05, 1.0),
    width=even,
    height=even,
)
def test_every_rectangle_is_inside_the_canvas_and_even(
    layout: Layout, corner: Corner, size: float, width: int, height: int
) -> None:
    for placement in place(scene(layout, corner=corner, size=size), width, height):
        box = placement.rectangle
        assert box.width >= 2
        assert box.height >= 2
        assert box.x >= 0
        assert box.x + box.width <= width
        assert box.y >= 0
        assert box.y + box.height <= height
        assert not any(edge % 2 for edge in (box.x, box.y, box.width, box.height))


@given(width=sizes, height=sizes, box_width=even, box_height=even)
def test_fit_keeps_the_aspect_and_touches_two_edges(width: int, height: int, box_width: int, box_height: int) -> None:
    box = Rectangle(0, 0, box_width, box_height)
    fitted = fit(width, height, box)
    assert fitted.x >= 0
    assert fitted.y >= 0
    assert fitted.x + fitted.width <= box_width
    assert fitted.y + fitted.height <= box_height
    scale = min(box_width / width, box_height / height)
    # Rounding to even pixels moves an edge by two at most, and nothing is thinner than two.
    assert abs(fitted.width - max(2, width * scale)) <= 2
    assert abs(fitted.height - max(2, height * scale)) <= 2


@pytest.mark.parametrize(
    ("corner", "left", "top"),
    [
        ("top-left", True, True),
        ("top-right", False, True),
        ("bottom-left", True, False),
        ("bottom-right", False, False),
    ],
)
def test_the_small_picture_stands_in_its_corner(corner: Corner, left: bool, top: bool) -> None:
    back, front = place(scene("picture-in-picture", corner=corner), 1280, 720)
    assert back.rectangle == Rectangle(0, 0, 1280, 720)
    box = front.rectangle
    assert (box.width, box.height) == (320, 180)
    assert (box.x < 640) is left
    assert (box.y < 360) is top
    margins = {box.x if left else 1280 - box.x - box.width, box.y if top else 720 - box.y - box.height}
    assert margins == {14}


def test_side_by_side_halves_the_canvas() -> None:
    left, right = place(scene("side-by-side"), 1280, 720)
    assert left.rectangle == Rectangle(0, 0, 640, 720)
    assert right.rectangle == Rectangle(640, 0, 640, 720)


def test_a_portrait_source_gets_bars_left_and_right() -> None:
    assert fit(720, 1280, Rectangle(0, 0, 1280, 720)) == Rectangle(438, 0, 404, 720)


fractions = st.floats(0, 1)
areas = st.builds(Area, fractions, fractions, st.floats(0.01, 1), st.floats(0.01, 1))
crops = st.builds(Crop, *[st.floats(0, 0.45)] * 4)


def inside(box: Rectangle, width: int, height: int) -> bool:
    return (
        box.x >= 0 and box.y >= 0 and box.width >= 2 and box.height >= 2
        and box.x + box.width <= width and box.y + box.height <= height
        and not any(edge % 2 for edge in (box.x, box.y, box.width, box.height))
    )  # fmt: skip


@given(st.lists(areas, min_size=1, max_size=16), even, even)
def test_a_custom_layout_stays_on_the_canvas_whatever_it_says(placed: list[Area], width: int, height: int) -> None:
    scene = Scene("own", "custom", ("a",) * len(placed), styles=tuple(Style(area) for area in placed))
    assert all(inside(each.rectangle, width, height) for each in place(scene, width, height))


def test_a_custom_layout_is_where_it_says() -> None:
    scene = Scene("own", "custom", ("a", "b"), styles=(Style(), Style(Area(0.7, 0.65, 0.25, 0.3))))
    back, front = place(scene, 1280, 720)
    assert back.rectangle == Rectangle(0, 0, 1280, 720)
    assert front.rectangle == Rectangle(896, 468, 320, 216)


@given(st.integers(1, 16), st.integers(8, 1080).map(lambda value: value * 2), st.integers(8, 1080).map(lambda v: v * 2))
def test_the_cells_of_a_grid_are_alike_and_do_not_touch_each_other(count: int, width: int, height: int) -> None:
    boxes = [each.rectangle for each in place(Scene("all", "grid", ("a",) * count), width, height)]
    assert len(boxes) == count
    assert len({(box.width, box.height) for box in boxes}) == 1
    assert all(inside(box, width, height) for box in boxes)
    for number, one in enumerate(boxes):
        for other in boxes[:number]:
            assert (
                one.x >= other.x + other.width or other.x >= one.x + one.width
                or one.y >= other.y + other.height or other.y >= one.y + one.height
            )  # fmt: skip


def test_the_last_row_of_a_grid_stands_in_the_middle() -> None:
    boxes = [each.rectangle for each in place(Scene("all", "grid", ("a", "b", "c")), 1280, 720)]
    assert boxes == [Rectangle(0, 0, 640, 360), Rectangle(640, 0, 640, 360), Rectangle(320, 360, 640, 360)]


@given(sizes, sizes, crops, st.booleans(), even, even)
def test_what_is_visible_lies_in_the_picture(
    width: int, height: int, crop: Crop, fill: bool, box_width: int, box_height: int
) -> None:
    part = visible(width, height, Style(fill=fill, crop=crop), Rectangle(0, 0, box_width, box_height))
    assert part.x >= 0
    assert part.y >= 0
    assert part.width >= 1
    assert part.height >= 1
    assert part.x + part.width <= width
    assert part.y + part.height <= height
    if fill:
        # One pixel of the picture is all that the aspect may be wrong by.
        assert (part.width - 1) * box_height <= (part.height + 1) * box_width
        assert (part.height - 1) * box_width <= (part.width + 1) * box_height


def test_fill_cuts_both_sides_alike() -> None:
    assert visible(640, 480, Style(fill=True), Rectangle(0, 0, 320, 180)) == Rectangle(0, 60, 640, 360)
    assert visible(720, 1280, Style(fill=True), Rectangle(0, 0, 200, 200)) == Rectangle(0, 280, 720, 720)


def test_a_custom_scene_is_described_with_its_areas() -> None:
    styles = (Style(Area(0, 0.5, 0.25, 0.5)), Style())
    described = Scene("any", "custom", ("back", "front"), styles=styles).describe()
    assert described == {"layout": "custom", "show": ["back", "front"], "areas": [(0, 0.5, 0.25, 0.5), (0, 0, 1, 1)]}
