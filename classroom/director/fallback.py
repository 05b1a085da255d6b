"""What is shown where a source has no picture: the lesson's fallback takes its rectangle.

The scene on air does not change, so the source is back by itself with its next picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass

from classroom.director.layout import Placement, Rectangle

__all__ = ["Shown", "resolve"]


@dataclass(frozen=True, slots=True)
class Shown:
    """What fills a rectangle: a source, or None for the built-in card of a lesson without a working fallback."""

    source: str | None
    rectangle: Rectangle


def resolve(placements: Iterable[Placement], live: Set[str], fallback: str | None) -> tuple[Shown, ...]:
    """Replace every source that is not live by the fallback source, or by None when that is not live either."""
    return tuple(
        Shown(
            placement.source if placement.source in live else fallback if fallback in live else None,
            placement.rectangle,
        )
        for placement in placements
    )
