"""A method that is marked explains itself, checks what it is given, and is called with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from classroom.common.errors import CommandError
from classroom.common.throttle import Throttle
from classroom.control import json_rpc as messages
from classroom.control.registry import Name, bound, command, commands_of, describe
from classroom.control.state import StateBoard


class Lights:
    """Something with methods, which writes down what it is asked to do."""

    def __init__(self) -> None:
        self.done: list[tuple[object, ...]] = []

    @command("lights.on")
    def turn_on(
        self,
        lamp: Name,
        colour: Literal["red", "white"] | None = None,
        seconds: Annotated[float, Field(ge=0, le=10)] | None = None,
    ) -> None:
        """Turn a lamp on.

        It stays on for some `seconds`, or until it is turned off.
        """
        self.done.append((lamp, colour, seconds))

    @command("lights.who")
    def who(self, caller: object) -> Mapping[str, object]:
        """Tell who asks."""
        return {"caller": caller}

    @command("lights.set", optional={"level": Annotated[int, Field(le=9)] | None, "lit": bool | None})
    def adjust(self, lamp: Name, **changes: Any) -> None:
        """Change something about a lamp."""
        self.done.append((lamp, changes))

    def not_a_command(self) -> None:
        """Nobody can call this from afar."""


class Caller:
    """A session with a method of its own."""

    @command("greet")
    def greet(self) -> Mapping[str, object]:
        """Say hello."""
        return {"greeted": self}


COMMANDS = commands_of((Caller, Lights))


def test_marked_methods_are_listed_in_their_order_with_help_and_parameters() -> None:
    assert list(COMMANDS) == ["greet", "lights.on", "lights.who", "lights.set"]
    described = {str(each["name"]): each for each in describe(COMMANDS)}
    assert described["lights.on"]["help"] == (
        "Turn a lamp on.\n\nIt stays on for some `seconds`, or until it is turned off."
    )
    assert described["lights.who"]["parameters"] == []
    assert described["lights.set"]["parameters"] == [
        {"name": "lamp", "required": True, "schema": {"maxLength": 64, "minLength": 1, "type": "string"}},
        {
            "name": "level",
            "required": False,
            "schema": {"anyOf": [{"maximum": 9, "type": "integer"}, {"type": "null"}]},
        },
        {"name": "lit", "required": False, "schema": {"anyOf": [{"type": "boolean"}, {"type": "null"}]}},
    ]


def test_parameters_by_name_and_by_position_reach_the_object() -> None:
    lights, caller = Lights(), Caller()
    commands = bound(COMMANDS, [lights])
    assert commands["lights.on"].call(caller, {"lamp": "desk", "colour": "red"}) == {}
    commands["lights.on"].call(caller, ["door", None, 3])
    commands["lights.set"].call(caller, {"lamp": "desk", "level": 3})
    assert lights.done == [("desk", "red", None), ("door", None, 3.0), ("desk", {"level": 3, "lit": None})]


def test_a_method_that_wants_to_know_is_told_who_asks_and_one_of_the_session_is_called_on_it() -> None:
    commands, caller = bound(COMMANDS, [Lights()]), Caller()
    assert commands["lights.who"].call(caller, {}) == {"caller": caller}
    assert commands["greet"].call(caller, {}) == {"greeted": caller}


@pytest.mark.parametrize(
    ("method", "params", "words"),
    [
        ("lights.on", {}, "'lamp' is missing"),
        ("lights.on", {"lamp": 3}, "'lamp'"),
        ("lights.on", {"lamp": "a", "speed": 1}, "'speed' is not a parameter of this method"),
        ("lights.on", {"lamp": "a", "colour": "blue"}, "'colour'"),
        ("lights.on", ["a", "red", 1, 2], "lights.on takes at most 3 parameters"),
        ("lights.on", {"lamp": "a", "seconds": -1}, "'seconds'"),
        ("lights.who", {"caller": "me"}, "'caller' is not a parameter of this method"),
        ("lights.set", {"lamp": "a", "level": 10}, "'level'"),
    ],
)
def test_wrong_parameters_change_nothing(method: str, params: object, words: str) -> None:
    lights = Lights()
    assert isinstance(params, dict | list)
    with pytest.raises(CommandError, match=words) as caught:
        bound(COMMANDS, [lights])[method].call(Caller(), params)
    assert caught.value.code == messages.INVALID_PARAMS
    assert lights.done == []


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
