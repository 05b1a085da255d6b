"""Raised hands: whose are up, in the order in which they went up.

Pure: it is told what happens and when, and knows no page, no clock and no network. Students are known by the number
that the roster gives them, which they keep when their network was lost.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import Final

__all__ = ["KEPT_FOR", "Hands", "Place"]

KEPT_FOR: Final = 60.0
"""Seconds for which the hand of a student who is gone stays up, so that a lost network costs nobody their place."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a hand stands in the queue: its place, the first is 1, and how many are up."""

    place: int
    of: int


@dataclass(slots=True)
class _Hand:
    raised: str
    gone_since: float | None = None


class Hands:
    """The queue of raised hands. Its methods answer whether they have changed anything."""

    def __init__(self) -> None:
        self._hands: dict[str, _Hand] = {}

    def put_up(self, student: str, raised: str) -> bool:
        """Raise a hand, at the end of the queue; one that is up keeps its place. ``raised`` is the moment, ISO 8601."""
        if student in self._hands:
            return False
        self._hands[student] = _Hand(raised)
        return True

    def take_down(self, student: str) -> bool:
        """Lower a hand. Raised again it stands at the end."""
        return self._hands.pop(student, None) is not None

    def take_all_down(self) -> bool:
        """Lower all hands."""
        were = bool(self._hands)
        self._hands.clear()
        return were

    def look(self, present: Set[str], now: float) -> bool:
        """Note who is here at a second of any steady clock, and lower the hands of those who are gone for too long."""
        before = len(self._hands)
        for student, hand in list(self._hands.items()):
            if student in present:
                hand.gone_since = None
            elif hand.gone_since is None:
                hand.gone_since = now
            elif now - hand.gone_since > KEPT_FOR:
                del self._hands[student]
        return len(self._hands) < before

    def raised(self, student: str) -> str | None:
        """When the hand of a student went up, None while it is down."""
        hand = self._hands.get(student)
        return None if hand is None else hand.raised

    def place(self, student: str) -> Place | None:
        """Where the hand of a student stands, None while it is down."""
        return Place(self.queue.index(student) + 1, len(self._hands)) if student in self._hands else None

    @property
    def queue(self) -> list[str]:
        """The students whose hands are up, in their order."""
        return list(self._hands)
