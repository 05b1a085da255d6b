"""What is typed on a command line is what the method wants: a name may be a number, and NaN is not one."""

from __future__ import annotations

import pytest

from classroom.control.written_params import read_params

METHODS = [
    {
        "name": "audio.set",
        "parameters": [
            {"name": "input", "required": True, "schema": {"type": "string", "minLength": 1}},
            {"name": "gain", "required": False, "schema": {"anyOf": [{"type": "number"}, {"type": "null"}]}},
            {"name": "scene", "required": False, "schema": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
            {"name": "muted", "required": False, "schema": {"anyOf": [{"type": "boolean"}, {"type": "null"}]}},
        ],
    }
]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ({"input": "5"}, {"input": "5"}),
        ({"input": "true"}, {"input": "true"}),
        ({"input": "1e3"}, {"input": "1e3"}),
        ({"input": '"5"'}, {"input": "5"}),
        ({"input": "null"}, {"input": "null"}),
        ({"scene": "null"}, {"scene": None}),
        ({"scene": "2"}, {"scene": "2"}),
        ({"gain": "-6.5"}, {"gain": -6.5}),
        ({"gain": "NaN"}, {"gain": "NaN"}),
        ({"gain": "-Infinity"}, {"gain": "-Infinity"}),
        ({"gain": "1e999"}, {"gain": "1e999"}),
        ({"muted": "true"}, {"muted": True}),
        ({"other": "5"}, {"other": 5}),
    ],
)
def test_a_value_is_read_as_its_parameter_wants(written: dict[str, str], meant: dict[str, object]) -> None:
    assert read_params(written, "audio.set", METHODS) == meant


def test_an_unknown_method_gets_what_is_json() -> None:
    assert read_params({"page": "3", "source": "deck"}, "slides.gotto", METHODS) == {"page": 3, "source": "deck"}
