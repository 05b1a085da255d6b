"""What a lesson file says of the room, and what of it counts once the teacher has changed something."""

from __future__ import annotations

from dataclasses import replace

from classroom.students.room_rules import RoomRules, room_rules_of, with_changed_defaults
from tests.support.lessons import report

LESSON = "sources: {bars: {kind: pattern}}\nscenes: {talk: bars}\n"


def rules(more: str = "") -> RoomRules:
    lesson = report(LESSON + more).lesson
    assert lesson is not None
    return room_rules_of(lesson)


def test_a_lesson_begins_as_its_file_says() -> None:
    assert rules() == RoomRules(chat="everyone", floor=True, admit="everyone", closed=False)
    assert rules("chat: {open: teacher}\naccess: {admit: approve}\n") == RoomRules("teacher", True, "approve", False)


def test_a_saved_file_changes_what_it_changed_and_nothing_else() -> None:
    set_by_teacher = replace(rules(), chat="off", closed=True)
    after = with_changed_defaults(set_by_teacher, rules(), rules("access: {admit: approve}\n"))
    assert after == RoomRules("off", True, "approve", True)
    after = with_changed_defaults(set_by_teacher, rules(), rules("chat: {open: teacher}\n"))
    assert after.chat == "teacher"
