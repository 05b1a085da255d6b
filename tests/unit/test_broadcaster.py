"""What all features together offer: the methods and the sections of the state."""

from __future__ import annotations

import pytest

from classroom.broadcaster import COMMANDS
from classroom.common.errors import CommandError
from classroom.control import json_rpc as messages
from classroom.control.registry import describe


def test_the_methods_of_this_version_are_there_with_help() -> None:
    listed = {str(method["name"]): method for method in describe(COMMANDS)}
    assert list(listed) == [
        "hello", "methods", "watch", "program.switch", "preview.set", "program.take", "cue.next",
        "audio.set", "source.restart",
        "source.invite", "source.uninvite",
        "slides.goto",
        "student.admit", "student.remove", "student.reconnect", "room.set", "hand.lower",
        "chat.send", "chat.remove", "chat.clear", "chat.mute",
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
        ("room.set", {}, "Name at least one of chat"),
        ("room.set", {"chat": "some"}, "'chat'"),
        ("room.set", {"closed": "yes"}, "'closed'"),
        ("peer.offer", {"role": "listen"}, "'role'"),
        ("peer.answer", {"peer": "1"}, "'sdp' is missing"),
        ("peer.candidate", {"peer": "1", "candidate": "x" * 2000}, "'candidate'"),
    ],
)
def test_wrong_parameters_change_nothing(method: str, params: object, words: str) -> None:
    assert isinstance(params, dict | list)
    with pytest.raises(CommandError, match=words) as caught:
        COMMANDS[method].call(None, params)  # there is nothing that it could change
    assert caught.value.code == messages.INVALID_PARAMS
