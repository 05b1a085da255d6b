"""The room: who may write and speak, and who comes in, as the teacher sets it while the lesson runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypedDict

from classroom.common.errors import CommandError
from classroom.control import json_rpc
from classroom.control.registry import command
from classroom.features.base import NOTHING_NAMED, Events, Feature, RoomChanged, section
from classroom.lesson import Lesson
from classroom.students.audience import Audience
from classroom.students.room_rules import Admit, RoomRules, room_rules_of, with_changed_defaults
from classroom.webrtc.class_messages import ChatMode

__all__ = ["RoomFeature", "RoomSection"]


class RoomSection(TypedDict):
    """What students may do now."""

    chat: ChatMode
    """Who writes to the class; students can always write to the teacher."""
    floor: bool
    """Whether students may ask to speak."""
    admit: Admit
    """Who comes in: everyone, or whom the teacher approves."""
    closed: bool
    """Whether nobody new comes in; who was here before may come back."""


class RoomFeature(Feature):
    """The rules of the room, for this lesson only; ``refresh`` tells teachers what has changed."""

    def __init__(self, lesson: Lesson, *, audience: Audience, events: Events, refresh: Callable[[], None]) -> None:
        self._file_rules = room_rules_of(lesson)
        self._audience = audience
        self._events = events
        self._refresh = refresh

    @command("room.set")
    def set(
        self,
        chat: ChatMode | None = None,
        floor: bool | None = None,
        admit: Admit | None = None,
        closed: bool | None = None,
    ) -> None:
        """Change what students may do, until the lesson ends: at least one of `chat`, `floor`, `admit` and `closed`.

        `chat`: who writes to the class. `floor`: whether students may ask to speak. `admit`: who comes in; with
        `everyone`, those who wait are admitted. `closed`: nobody new comes in.
        """
        given: dict[str, Any] = {"chat": chat, "floor": floor, "admit": admit, "closed": closed}
        changes = {name: value for name, value in given.items() if value is not None}
        if not changes:
            raise CommandError(json_rpc.INVALID_PARAMS, NOTHING_NAMED(names=", ".join(given)))
        self._change_to(replace(self._audience.rules, **changes))
        self._refresh()

    @section("room", changing=True)
    def room(self) -> RoomSection:
        """What students may do now."""
        rules = self._audience.rules
        return {"chat": rules.chat, "floor": rules.floor, "admit": rules.admit, "closed": rules.closed}

    def apply(self, lesson: Lesson) -> None:
        """Take over what the lesson file has changed; the rest stays as the teacher set it."""
        before, self._file_rules = self._file_rules, room_rules_of(lesson)
        self._change_to(with_changed_defaults(self._audience.rules, before, self._file_rules))

    def _change_to(self, rules: RoomRules) -> None:
        before = self._audience.rules
        if rules != before:
            self._audience.follow(rules)
            self._events.emit(RoomChanged(rules, before))
