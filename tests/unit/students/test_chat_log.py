"""Who sees which message, and what a page has not been told."""

from __future__ import annotations

import json
from typing import Literal

from classroom.students.chat_log import HISTORY, ChatLog


def write(log: ChatLog, text: str, student: str | None = "1", to: Literal["class", "teacher"] = "class") -> int:
    return log.add(text, at="2026-11-29T05:00:00+00:00", student=student, name="Ada", shown=None, to=to).entry["id"]


def texts(written: list[str]) -> list[str]:
    return [json.loads(each)["text"] for each in written]


def test_a_message_to_the_teacher_is_seen_by_its_writer_alone() -> None:
    log = ChatLog()
    write(log, "why?", to="teacher")
    write(log, "hello", student=None)
    assert texts(log.history("1")) == ["why?", "hello"]
    assert texts(log.history("2")) == ["hello"]
    own, other = json.loads(log.history("1")[0]), json.loads(log.history("2")[0])
    assert (own["own"], own["private"], own["number"], own["from"]) == (True, True, "1", None)
    assert (other["own"], other["teacher"]) == (False, True)


def test_news_are_what_was_added_and_removed_since() -> None:
    log = ChatLog()
    first = write(log, "one")
    moment = log.moment
    second = write(log, "two")
    write(log, "three")
    assert log.remove(first)
    assert log.remove(second)
    assert not log.remove(second)
    added, removed, whole = log.news("2", moment)
    assert (texts(added), removed, whole) == (["three"], [first, second], False)
    assert [each["text"] for each in log.entries()] == ["three"]


def test_a_history_is_short_and_who_missed_too_much_gets_it_instead() -> None:
    log = ChatLog()
    for number in range(1100):
        write(log, str(number))
    assert len(log.entries()) == 200
    added, removed, whole = log.news("2", 0)
    assert (len(added), removed, whole) == (HISTORY, [], True)
    assert texts(added)[-1] == "1099"


def test_who_writes_to_the_teacher_alone_pushes_nothing_of_the_class_out() -> None:
    log = ChatLog()
    first = write(log, "of the class")
    for number in range(300):
        write(log, str(number), student="2", to="teacher")
    assert texts(log.history("1")) == ["of the class"]
    assert len(log.entries()) == 201
    assert log.remove(first)


def test_what_is_gone_is_no_news() -> None:
    log = ChatLog()
    for number in range(250):
        write(log, str(number))
    for each in log.ids():
        log.remove(each)
    added, removed, whole = log.news("2", 0)
    assert (added, len(removed), whole) == ([], 200, False)
