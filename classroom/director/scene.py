"""A scene: which sources are shown, and how they share the program picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NotRequired, TypedDict

__all__ = ["PLAIN", "Area", "Border", "Corner", "Crop", "Layout", "Scene", "SceneEntry", "Style", "TransitionKind"]

Layout = Literal["full", "picture-in-picture", "side-by-side", "grid", "custom"]
Corner = Literal["top-left", "top-right", "bottom-left", "bottom-right"]
TransitionKind = Literal["cut", "fade"]


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle as fractions of the program picture; x and y count from the top left corner."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Crop:
    """What is cut off a source's picture at each edge, as fractions of its width and height."""

    left: float = 0.0
    top: float = 0.0
    right: float = 0.0
    bottom: float = 0.0


@dataclass(frozen=True, slots=True)
class Border:
    """A line around a source's picture: its width as a fraction of the program's height, its colour in RGB."""

    width: float
    colour: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Style:
    """How one source is shown in a scene.

    ``area`` is where the layout ``custom`` puts it. With ``fill`` its picture covers its rectangle and what does not
    fit is cut off; otherwise all of it is shown, between bars.
    """

    area: Area | None = None
    fill: bool = False
    crop: Crop = Crop()
    border: Border | None = None


PLAIN = Style()


class SceneEntry(TypedDict):
    """A scene as the control protocol shows it."""

    layout: Layout
    show: list[str]
    """Its sources, the one at the back first."""
    corner: NotRequired[Corner]
    """Where the small picture of `picture-in-picture` stands."""
    size: NotRequired[float]
    """The width of that small picture as a fraction of the program's."""
    areas: NotRequired[list[tuple[float, float, float, float]]]
    """Where `custom` puts each source: x, y, width and height as fractions of the program picture."""
    overlays: NotRequired[list[str]]
    """What is laid over everything, in this order."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One scene of a lesson.

    ``show`` names the sources, the one at the back first; ``styles`` has one entry for each of them, or none at all.
    ``size`` is the width of the small picture as a fraction of the program's width, ``corner`` where it stands; both
    matter to picture-in-picture only. ``fallback``, ``transition`` and ``duration`` (seconds) are the scene's own, None
    for the lesson's; the transition is the one to this scene.
    ``overlays`` are laid over everything, in their order.
    """

    name: str
    layout: Layout
    show: tuple[str, ...]
    corner: Corner = "bottom-right"
    size: float = 0.25
    styles: tuple[Style, ...] = ()
    overlays: tuple[str, ...] = ()
    fallback: str | None = None
    transition: TransitionKind | None = None
    duration: float | None = None

    @property
    def sources(self) -> frozenset[str]:
        """All that may be seen in it: the sources it shows, and those that replace them."""
        return frozenset(self.show if self.fallback is None else (*self.show, self.fallback))

    def style(self, number: int) -> Style:
        """How the source at a place of ``show`` is shown."""
        return self.styles[number] if self.styles else PLAIN

    def describe(self) -> SceneEntry:
        """The scene as the control protocol shows it."""
        described: SceneEntry = {"layout": self.layout, "show": list(self.show)}
        if self.layout == "picture-in-picture":
            described["corner"], described["size"] = self.corner, self.size
        if self.layout == "custom":
            areas = (self.style(number).area or Area(0, 0, 1, 1) for number in range(len(self.show)))
            described["areas"] = [(area.x, area.y, area.width, area.height) for area in areas]
        if self.overlays:
            described["overlays"] = list(self.overlays)
        return described
