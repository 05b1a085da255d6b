"""A whole lesson tells its state in the shapes that are declared, and what happens in it as events."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

from classroom.broadcaster import SECTIONS, Broadcaster, Features
from classroom.common.alarms import Alarm
from classroom.common.clock import SystemClock
from classroom.features.base import (
    AlarmCleared,
    AlarmRaised,
    InputMuted,
    LessonFileApplied,
    SceneOnAir,
    SourceChanged,
    StudentAdmitted,
    StudentJoined,
    StudentLeft,
    TakenOver,
)  # fmt: skip
from classroom.features.lesson_file import LessonFile, read_lesson_file
from classroom.features.scenes import ScenesFeature
from classroom.features.sound import SoundFeature
from classroom.features.students import StudentsFeature
from tests.support.broadcast import LESSON, TOKEN, broadcasting, eventually
from tests.support.shapes import misfits
from tests.support.student import Student, student

KINDS = (
    AlarmCleared, AlarmRaised, InputMuted, LessonFileApplied, SceneOnAir, SourceChanged, StudentAdmitted, StudentJoined,
    StudentLeft, TakenOver,
)  # fmt: skip

FULL = (
    LESSON
    + """
access: {admit: approve}
cues:
  - {after: 50m, scene: away, title: Break}
  - {after: 55m, scene: talk}
overlays: {name: {kind: strap, title: Ada}}
"""
)


class Heard(list[object]):
    """All events of a lesson."""

    def __init__(self, lesson: Broadcaster) -> None:
        super().__init__()
        for kind in KINDS:
            lesson.events.listen(kind, self.append)

    def of(self, kind: type) -> list[Any]:
        return [each for each in self if type(each) is kind]


async def say_hello(student: Student) -> None:
    """Speak as the student page does."""
    [student.peer] = student.client.peers
    await student.say({"type": "hello", "app": "classroom", "version": 1})


def test_features_are_all_different() -> None:
    assert len(set(get_args(Features))) == len(get_args(Features))


async def test_the_state_has_the_shapes_that_are_declared() -> None:
    async with broadcasting(FULL) as lesson, student(lesson.port, name=b"Ada") as ada:
        await say_hello(ada)
        lesson._alarms.put(Alarm("ice.no_relay", "No relay.", "bars"))
        lesson.feature(ScenesFeature).switch("both", "fade", 5.0)
        await eventually(lambda: len(lesson.state()["students"]) == 1)  # type: ignore[arg-type]
        state = lesson.state()
        assert state.keys() == SECTIONS.keys()
        assert [each for name, value in state.items() for each in misfits(value, SECTIONS[name], name)] == []


async def test_what_is_not_as_declared_would_be_noticed() -> None:
    async with broadcasting() as lesson:
        state: Any = lesson.state()
    state["sources"]["bars"]["state"] = "dead"
    del state["audio"]["tone"]["gain"]
    state["lesson"]["extra"] = 1
    found = [each for name, value in state.items() for each in misfits(value, SECTIONS[name], name)]
    assert len(found) == 3


async def test_events_are_heard_of_what_teacher_and_students_do() -> None:
    async with broadcasting(FULL) as lesson:
        heard = Heard(lesson)
        lesson.feature(ScenesFeature).switch("away")
        assert heard == [SceneOnAir("away", "talk", "teacher"), TakenOver()]
        lesson.feature(SoundFeature).set("tone", muted=False)
        assert heard.of(InputMuted) == [InputMuted("tone", False, "teacher")]
        async with student(lesson.port, name=b"Ada") as ada:
            await say_hello(ada)
            await eventually(lambda: heard.of(StudentJoined) == [StudentJoined("1", "Ada", False)])
            lesson.feature(StudentsFeature).admit("1")
            assert heard.of(StudentAdmitted) == [StudentAdmitted("1", "Ada")]
        await eventually(lambda: heard.of(StudentLeft) == [StudentLeft("1", "Ada")])
        alarm = Alarm("ice.no_relay", "No relay.")
        lesson._alarms.put(alarm)
        await eventually(lambda: AlarmRaised(alarm) in heard)
        lesson._alarms.clear(alarm.code)
        await eventually(lambda: AlarmCleared(alarm) in heard)


async def test_events_are_heard_of_sources_and_of_a_saved_lesson_file(tmp_path: Path) -> None:
    path = tmp_path / "lesson.yaml"
    path.write_text(LESSON, encoding="utf-8")
    report, mark = read_lesson_file(path)
    assert report.lesson is not None
    lesson = Broadcaster(
        report.lesson,
        host="127.0.0.1",
        port=0,
        token=TOKEN,
        clock=SystemClock(),
        file=LessonFile(path, report.lesson, mark),
    )
    heard = Heard(lesson)
    async with lesson:
        await eventually(
            lambda: any(each.source == "bars" and each.state == "live" for each in heard.of(SourceChanged))
        )
        lesson.feature(ScenesFeature).switch("away")
        path.write_text(LESSON.replace("  away: pause\n", "").replace("muted: true", "muted: false"), encoding="utf-8")
        await eventually(lambda: len(heard.of(LessonFileApplied)) == 1)
    assert heard.of(SceneOnAir)[-1] == SceneOnAir("talk", "away", "fallback")
    assert heard.of(InputMuted) == [InputMuted("tone", False, "file")]
    [applied] = heard.of(LessonFileApplied)
    assert list(applied.lesson.scenes) == ["talk", "both"]
