"""A scene: which sources are shown, and how they share the program picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Corner", "Layout", "Scene"]

Layout = Literal["full", "picture-in-picture", "side-by-side"]
Corner = Literal["top-left", "top-right", "bottom-left", "bottom-right"]


@dataclass(frozen=True, slots=True)
class Scene:
    """One scene of a lesson.

    ``show`` names the sources, the one at the back first. ``size`` is the width of the small picture as a
    fraction of the program's width, ``corner`` where it stands; both matter to picture-in-picture only.
    """

    name: str
    layout: Layout
    show: tuple[str, ...]
    corner: Corner = "bottom-right"
    size: float = 0.25

    def describe(self) -> dict[str, object]:
        """The scene as the control protocol shows it."""
        described: dict[str, object] = {"layout": self.layout, "show": list(self.show)}
        if self.layout == "picture-in-picture":
            described |= {"corner": self.corner, "size": self.size}
        return described
