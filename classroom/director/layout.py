"""Layouts: from a scene and the size of the program to a rectangle for each source.

Pure geometry in whole pixels. Every edge is even, because the program picture is yuv420p, whose
colour planes have half the resolution.
"""

from __future__ import annotations

from dataclasses import dataclass

from classroom.director.scene import Scene

__all__ = ["Placement", "Rectangle", "fit", "place"]

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
    """One source and the rectangle it may fill."""

    source: str
    rectangle: Rectangle


def place(scene: Scene, width: int, height: int) -> tuple[Placement, ...]:
    """The rectangles of a scene on a program picture of width × height pixels, the back one first."""
    canvas = Rectangle(0, 0, width, height)
    match scene.layout:
        case "full":
            return (Placement(scene.show[0], canvas),)
        case "picture-in-picture":
            back, front = scene.show
            return (Placement(back, canvas), Placement(front, _corner(scene, width, height)))
        case "side-by-side":
            left, right = scene.show
            half = _even(width // 2)
            return (
                Placement(left, Rectangle(0, 0, half, height)),
                Placement(right, Rectangle(half, 0, width - half, height)),
            )


def fit(width: int, height: int, into: Rectangle) -> Rectangle:
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
