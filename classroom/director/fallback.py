"""What is shown where a source has no picture: the scene's fallback, or the lesson's, takes its rectangle.

The scene on air does not change, so the source is back with its next picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass

from classroom.director.layout import Placement, Rectangle
from classroom.director.scene import PLAIN, Style

__all__ = ["Shown", "resolve", "stand_ins"]


@dataclass(frozen=True, slots=True)
class Shown:
    """What fills a rectangle: a source, or None for the built-in card of a lesson without a working fallback."""

    source: str | None
    rectangle: Rectangle
    style: Style = PLAIN


def resolve(placements: Iterable[Placement], live: Set[str], fallback: str | None) -> tuple[Shown, ...]:
    """Replace every source that is not live by its scene's fallback, by the lesson's, or by None when neither is live.

    A replacement is shown whole: a crop belongs to the source it was written for.
    """
    return tuple(_shown(placement, live, fallback) for placement in placements)


def stand_ins(placements: Iterable[Placement], live: Set[str], fallback: str | None) -> dict[str, str | None]:
    """What replaces each source that is not live; None where it is the built-in card."""
    missing = [placement for placement in placements if placement.source not in live]
    return {each.source: shown.source for each, shown in zip(missing, resolve(missing, live, fallback), strict=True)}


def _shown(placement: Placement, live: Set[str], fallback: str | None) -> Shown:
    if placement.source in live:
        return Shown(placement.source, placement.rectangle, placement.style)
    stand_in = next((name for name in (placement.fallback, fallback) if name in live), None)
    border = placement.style.border
    return Shown(stand_in, placement.rectangle, PLAIN if border is None else Style(border=border))
