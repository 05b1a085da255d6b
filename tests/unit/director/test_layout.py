"""Layouts keep inside the canvas, keep the aspect and keep to even pixels, whatever the sizes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classroom.director import Corner, Layout, Rectangle, Scene, fit, place

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
