"""Every command explains itself and checks what it is given."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from classroom.common.errors import CommandError
from classroom.common.throttle import Throttle
from classroom.control import json_rpc as messages
from classroom.control.calls import Call, Calls, Role, Tell
from classroom.control.registry import COMMANDS, describe
from classroom.control.state import StateBoard


class Lesson:
    """A desk that writes down what it is asked to do."""

    def __init__(self) -> None:
        self.board = StateBoard({"program": {"scene": "talk"}})
        self.done: list[tuple[object, ...]] = []

    def state(self) -> dict[str, object]:
        return self.board.whole()

    def switch(self, scene: str, transition: str | None, duration: float | None) -> None:
        self.done.append(("switch", scene, transition, duration))

    def set_audio(self, input_name: str, **changes: object) -> None:
        self.done.append(("audio", input_name, *changes.values()))

    def restart_source(self, source: str) -> None:
        self.done.append(("restart", source))

    def admit_student(self, number: str) -> None:
        self.done.append(("admit", number))

    def remove_student(self, number: str, *, ban: bool) -> None:
        self.done.append(("remove", number, ban))

    def welcome_guest(self, source: str) -> Mapping[str, object]:
        return {"source": source}

    def invite(self, source: str) -> Mapping[str, object]:
        return {"path": f"/send#source={source}"}

    def revoke_invitation(self, source: str) -> None:
        self.done.append(("revoke", source))

    def begin_call(self, role: Role, source: str | None, sdp: str | None, tell: Tell) -> Call:
        raise CommandError.not_possible("There is no WebRTC here.")

    def go_to_page(self, source: str, page: int | None, step: int | None) -> None:
        self.done.append(("page", source, page, step))

    def prepare(self, scene: str | None) -> None:
        self.done.append(("prepare", scene))

    def take(self) -> None:
        self.done.append(("take",))

    def next_cue(self) -> None:
        self.done.append(("next cue",))

    def end(self) -> None:
        self.done.append(("end",))


class Teacher:
    """A caller with a lesson."""

    def __init__(self) -> None:
        self.lesson = Lesson()
        self.calls = Calls(begin=self.lesson.begin_call, notify=lambda said: None)

    @property
    def desk(self) -> Lesson:
        return self.lesson

    def greeting(self) -> Mapping[str, object]:
        return {"state": self.lesson.state()}

    def watch(self, *, meters: bool | None, thumbnails: bool | None) -> Mapping[str, object]:
        return {"meters": bool(meters), "thumbnails": bool(thumbnails)}


def test_the_methods_of_this_version_are_there_with_help() -> None:
    listed = {str(method["name"]): method for method in describe()}
    assert list(listed) == [
        "hello", "methods", "watch", "program.switch", "preview.set", "program.take", "cue.next",
        "audio.set", "source.restart",
        "source.invite", "source.uninvite",
        "slides.goto",
        "student.admit", "student.remove",
        "peer.offer", "peer.answer", "peer.candidate", "peer.key_frame", "peer.close", "lesson.end",
    ]  # fmt: skip
    assert all(str(method["help"]).endswith(".") for method in listed.values())
    parameters = listed["program.switch"]["parameters"]
    assert isinstance(parameters, list)
    assert [(each["name"], each["required"]) for each in parameters] == [
        ("scene", True),
        ("transition", False),
        ("duration", False),
    ]


def test_parameters_by_name_and_by_position_reach_the_lesson() -> None:
    teacher = Teacher()
    COMMANDS["program.switch"].call(teacher, {"scene": "desk", "transition": "cut"})
    COMMANDS["program.switch"].call(teacher, ["talk"])
    COMMANDS["preview.set"].call(teacher, {"scene": "desk"})
    COMMANDS["preview.set"].call(teacher, [None])
    COMMANDS["program.take"].call(teacher, {})
    COMMANDS["cue.next"].call(teacher, {})
    COMMANDS["slides.goto"].call(teacher, {"source": "slides", "page": 3})
    COMMANDS["slides.goto"].call(teacher, {"source": "slides", "step": -1})
    COMMANDS["audio.set"].call(teacher, {"input": "mic", "gain": -6, "muted": True})
    COMMANDS["audio.set"].call(teacher, {"input": "mic", "delay": 120})
    COMMANDS["audio.set"].call(teacher, {"input": "film", "duck": 12, "heard": "on-air"})
    COMMANDS["source.restart"].call(teacher, {"source": "camera"})
    COMMANDS["student.admit"].call(teacher, {"id": "3"})
    COMMANDS["student.admit"].call(teacher, {"id": 3})
    COMMANDS["student.remove"].call(teacher, {"id": "4"})
    COMMANDS["student.remove"].call(teacher, ["4", True])
    COMMANDS["lesson.end"].call(teacher, {})
    assert teacher.lesson.done == [
        ("switch", "desk", "cut", None),
        ("switch", "talk", None, None),
        ("prepare", "desk"),
        ("prepare", None),
        ("take",),
        ("next cue",),
        ("page", "slides", 3, None),
        ("page", "slides", None, -1),
        ("audio", "mic", -6.0, True, None, None, None),
        ("audio", "mic", None, None, 120.0, None, None),
        ("audio", "film", None, None, None, 12.0, "on-air"),
        ("restart", "camera"),
        ("admit", "3"),
        ("admit", "3"),
        ("remove", "4", False),
        ("remove", "4", True),
        ("end",),
    ]


@pytest.mark.parametrize(
    ("method", "params", "words"),
    [
        ("program.switch", {}, "'scene' is missing"),
        ("program.switch", {"scene": 3}, "'scene'"),
        ("program.switch", {"scene": "a", "speed": 1}, "'speed' is not a parameter"),
        ("program.switch", {"scene": "a", "transition": "wipe"}, "'transition'"),
        ("program.switch", ["a", "cut", 1, 2], "at most 3"),
        ("program.switch", {"scene": "a", "duration": -1}, "'duration'"),
        ("audio.set", {"input": "mic"}, "Name at least one of gain"),
        ("slides.goto", {"source": "slides"}, "a page or a step"),
        ("slides.goto", {"source": "slides", "page": 1, "step": 1}, "not both"),
        ("slides.goto", {"source": "slides", "page": 0}, "'page'"),
        ("audio.set", {"input": "mic", "gain": 1000}, "'gain'"),
        ("audio.set", {"input": "mic", "delay": 1001}, "'delay'"),
        ("audio.set", {"input": "mic", "muted": "yes"}, "'muted'"),
        ("audio.set", {"input": "mic", "duck": 61}, "'duck'"),
        ("audio.set", {"input": "mic", "heard": "never"}, "'heard'"),
        ("student.admit", {}, "'id' is missing"),
        ("student.admit", {"id": True}, "'id'"),
        ("student.remove", {"id": "1", "ban": 1}, "'ban'"),
        ("peer.offer", {"role": "listen"}, "'role'"),
        ("peer.answer", {"peer": "1"}, "'sdp' is missing"),
        ("peer.candidate", {"peer": "1", "candidate": "x" * 2000}, "'candidate'"),
    ],
)
def test_wrong_parameters_change_nothing(method: str, params: object, words: str) -> None:
    teacher = Teacher()
    assert isinstance(params, dict | list)
    with pytest.raises(CommandError, match=words) as caught:
        COMMANDS[method].call(teacher, params)
    assert caught.value.code == messages.INVALID_PARAMS
    assert teacher.lesson.done == []


def test_the_board_counts_changes_and_tells_whole_sections() -> None:
    board = StateBoard({"program": {"scene": "talk"}, "chat": []})
    told: list[tuple[int, Mapping[str, object]]] = []
    forget = board.listen(lambda revision, changed: told.append((revision, changed)))
    assert board.update({"program": {"scene": "talk"}}) == 0
    assert board.update({"program": {"scene": "desk"}, "chat": []}) == 1
    forget()
    assert board.update({"chat": ["x"]}) == 2
    assert told == [(1, {"program": {"scene": "desk"}})]


def test_an_address_that_fails_again_waits_longer() -> None:
    throttle = Throttle(first=0.5, longest=8.0, forget=60.0, addresses=2)
    waits = [throttle.failed("a", now) for now in range(7)]
    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0]
    assert throttle.failed("b", 7) == 0.5
    throttle.succeeded("a")
    assert throttle.failed("a", 8) == 0.5
    assert throttle.failed("b", 100) == 0.5
