"""Whether the program reaches its subscribers: the last place where a missing picture or sound can be noticed.

A mixer that fails, an encoder that hangs and a thread that ended all look the same here: nothing is published.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["Delivery", "MissingDetector"]

_LOOKS: Final = 7
"""Looks in a row that must have seen no new packet: a program that was held up, or slept, sees that only once."""

_BEGINNING: Final = 1.0
"""Seconds more that the first packet may take, because the encoder is opened first."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What was published so far of one rendition, or of the sound.

    ``name`` tells it from the others. ``subscribers`` is how many there are now, ``published`` how many packets there
    were. After ``patience`` seconds without another packet it is missing.
    """

    kind: Literal["picture", "sound"]
    name: str
    subscribers: int
    published: int
    patience: float


@dataclass(slots=True)
class _Progress:
    published: int
    since: float
    looks: int = 0
    begun: bool = False


class MissingDetector:
    """Notices what has subscribers and is not published."""

    def __init__(self) -> None:
        self._seen: dict[str, _Progress] = {}

    def look(self, now: float, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """Those that are missing at the clock second ``now``; to be called ten times a second."""
        return [each for each in deliveries if self._is_missing(now, each)]

    def _is_missing(self, now: float, each: Delivery) -> bool:
        if not each.subscribers:
            self._seen.pop(each.name, None)
            return False
        seen = self._seen.setdefault(each.name, _Progress(each.published, now))
        if each.published != seen.published:
            seen.published, seen.since, seen.looks, seen.begun = each.published, now, 0, True
            return False
        seen.looks += 1
        patience = each.patience if seen.begun else each.patience + _BEGINNING
        return seen.looks >= _LOOKS and now - seen.since >= patience
