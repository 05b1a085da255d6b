"""What a lesson lets its students do now: the rules of the room, which the teacher changes while it runs."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Literal

from classroom.lesson import Lesson
from classroom.webrtc.class_messages import ChatMode

__all__ = ["Admit", "RoomRules", "room_rules_of", "with_changed_defaults"]

Admit = Literal["everyone", "approve"]
"""Who comes in: everyone, or whom the teacher approves."""


@dataclass(frozen=True, slots=True)
class RoomRules:
    """The rules of the room.

    ``floor`` says whether students may ask to speak, and ``closed`` that nobody new comes in; who was here before may
    come back.
    """

    chat: ChatMode = "everyone"
    floor: bool = True
    admit: Admit = "everyone"
    closed: bool = False


def room_rules_of(lesson: Lesson) -> RoomRules:
    """The rules with which a lesson begins."""
    return RoomRules(chat=lesson.chat.open, admit=lesson.access.admit)


def with_changed_defaults(rules: RoomRules, before: RoomRules, after: RoomRules) -> RoomRules:
    """The rules once the lesson file was saved: what it changed counts, the rest is as the teacher set it."""
    names = [each.name for each in fields(RoomRules)]
    changed = {name: getattr(after, name) for name in names if getattr(after, name) != getattr(before, name)}
    return replace(rules, **changed)
