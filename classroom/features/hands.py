"""Raised hands: students raise and lower them on their pages, and the teacher lowers them.

The queue itself belongs to the class (``students/hands.py``) and is shown with the students.
"""

from __future__ import annotations

from collections.abc import Callable

from classroom.common.errors import CommandError
from classroom.control.registry import command
from classroom.features.base import Events, Feature, RoomChanged, StudentNumber
from classroom.students.audience import Audience

__all__ = ["HandsFeature"]


class HandsFeature(Feature):
    """What the teacher does about raised hands; ``refresh`` tells teachers what has changed."""

    def __init__(self, *, audience: Audience, events: Events, refresh: Callable[[], None]) -> None:
        self._audience = audience
        self._refresh = refresh
        events.listen(RoomChanged, self._room_changed)

    @command("hand.lower")
    def lower(self, id: StudentNumber | None) -> None:
        """Lower the hand of a student, or with null all hands. Nothing changes for a student whose hand is down."""
        hands = self._audience.hands
        if id is None:
            hands.take_all_down()
        elif not hands.take_down(str(id)) and str(id) not in (known := self._audience.describe()):
            raise CommandError.unknown("student", str(id), list(known))
        self._refresh()

    def _room_changed(self, event: RoomChanged) -> None:
        """Nobody waits to speak where nobody may."""
        if not event.rules.floor:
            self._audience.hands.take_all_down()
