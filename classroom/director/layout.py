"""Layouts: from a scene and the size of the program to a rectangle for each source.

Pure geometry in whole pixels. Every edge is even, because the program picture is yuv420p, whose
colour planes have half the resolution.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from classroom.director.scene import PLAIN, Area, Crop, Scene, Style

__all__ = ["Placement", "Rectangle", "fit", "place", "visible"]

_MARGIN = 0.02
"""Gap between a small picture and the edge, as a fraction of the program's height."""


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A rectangle in pixels; x and y count from the top left corner."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Placement:
    """One source, the rectangle it may fill, how it is shown, and what replaces it (None: the lesson's fallback)."""

    source: str
    rectangle: Rectangle
    style: Style = PLAIN
    fallback: str | None = None


def place(scene: Scene, width: int, height: int) -> tuple[Placement, ...]:
    """The rectangles of a scene on a program picture of width × height pixels, the back one first."""
    return tuple(
        Placement(source, rectangle, scene.style(number), scene.fallback)
        for number, (source, rectangle) in enumerate(zip(scene.show, _rectangles(scene, width, height), strict=True))
    )


def fit(width: float, height: float, into: Rectangle) -> Rectangle:
    """The largest rectangle of the aspect width : height that lies centred in ``into``.

    What it leaves free is filled with bars: a picture is never stretched or cropped.
    """
    scale = min(into.width / width, into.height / height)
    fitted_width = min(into.width, max(2, _even(round(width * scale))))
    fitted_height = min(into.height, max(2, _even(round(height * scale))))
    return Rectangle(
        into.x + _even((into.width - fitted_width) // 2),
        into.y + _even((into.height - fitted_height) // 2),
        fitted_width,
        fitted_height,
    )


def visible(width: int, height: int, style: Style, into: Rectangle) -> Rectangle:
    """The part of a picture of width × height pixels that is shown in the rectangle ``into``; all of it unless styled.

    With ``fill`` it has the aspect of ``into``, as nearly as whole pixels allow, and is the middle of what crop left.
    """
    kept = _cropped(width, height, style.crop)
    if not style.fill:
        return kept
    scale = max(into.width / kept.width, into.height / kept.height)
    shown_width = min(kept.width, max(1, round(into.width / scale)))
    shown_height = min(kept.height, max(1, round(into.height / scale)))
    return Rectangle(
        kept.x + (kept.width - shown_width) // 2,
        kept.y + (kept.height - shown_height) // 2,
        shown_width,
        shown_height,
    )


def _rectangles(scene: Scene, width: int, height: int) -> Iterator[Rectangle]:
    canvas = Rectangle(0, 0, width, height)
    match scene.layout:
        case "full":
            yield canvas
        case "picture-in-picture":
            yield canvas
            yield _corner(scene, width, height)
        case "side-by-side":
            half = _even(width // 2)
            yield Rectangle(0, 0, half, height)
            yield Rectangle(half, 0, width - half, height)
        case "grid":
            yield from _grid(len(scene.show), width, height)
        case "custom":
            for number in range(len(scene.show)):
                area = scene.style(number).area
                yield canvas if area is None else _area(area, width, height)


def _grid(count: int, width: int, height: int) -> Iterator[Rectangle]:
    """Cells of one size in as square a grid as holds them; a last row that is not full is centred."""
    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    cell_width, cell_height = max(2, _even(width // columns)), max(2, _even(height // rows))
    for number in range(count):
        row, column = divmod(number, columns)
        in_row = min(columns, count - row * columns)
        left = _even((width - in_row * cell_width) // 2)
        top = _even((height - rows * cell_height) // 2)
        yield Rectangle(left + column * cell_width, top + row * cell_height, cell_width, cell_height)


def _area(area: Area, width: int, height: int) -> Rectangle:
    """The area in even pixels, always inside the canvas."""
    left = min(max(0, _even(round(area.x * width))), width - 2)
    top = min(max(0, _even(round(area.y * height))), height - 2)
    right = min(width, max(left + 2, _even(round((area.x + area.width) * width))))
    bottom = min(height, max(top + 2, _even(round((area.y + area.height) * height))))
    return Rectangle(left, top, right - left, bottom - top)


def _cropped(width: int, height: int, crop: Crop) -> Rectangle:
    left, top = min(width - 1, round(width * crop.left)), min(height - 1, round(height * crop.top))
    right = max(left + 1, width - round(width * crop.right))
    bottom = max(top + 1, height - round(height * crop.bottom))
    return Rectangle(left, top, right - left, bottom - top)


def _corner(scene: Scene, width: int, height: int) -> Rectangle:
    small_width = max(2, _even(round(width * scene.size)))
    small_height = max(2, _even(round(height * scene.size)))
    margin = _even(round(height * _MARGIN))
    margin_x, margin_y = min(margin, width - small_width), min(margin, height - small_height)
    x = margin_x if scene.corner.endswith("left") else width - small_width - margin_x
    y = margin_y if scene.corner.startswith("top") else height - small_height - margin_y
    return Rectangle(_even(x), _even(y), small_width, small_height)


def _even(pixels: int) -> int:
    return pixels - pixels % 2
