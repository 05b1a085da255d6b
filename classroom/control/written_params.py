"""Parameters as somebody types them, ``scene=5``: what they mean, the method's own description says."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["read_params"]


def read_params(written: Mapping[str, str], method: str, methods: Iterable[Mapping[str, Any]]) -> dict[str, object]:
    """The values of typed parameters.

    Args:
        written: parameter to text.
        method: the method that gets them.
        methods: what the lesson answers to ``methods``; a method that is not among them takes anything.
    """
    parameters: list[Mapping[str, Any]] = next((each["parameters"] for each in methods if each["name"] == method), [])
    shapes = {each["name"]: each["schema"] for each in parameters}
    return {name: _value(text, _types(shapes.get(name, {}))) for name, text in written.items()}


def _types(schema: Mapping[str, Any]) -> frozenset[str]:
    """The types that a parameter may have."""
    found = {schema["type"]} if "type" in schema else set()
    return frozenset(found.union(*(_types(each) for each in schema.get("anyOf", []))))


def _value(text: str, types: frozenset[str]) -> object:
    """JSON where it is JSON, and text where text is wanted: a scene may be called 5 or true."""
    try:
        value = json.loads(text, parse_constant=_refuse)
    except ValueError:
        return text
    if isinstance(value, float) and not math.isfinite(value):
        return text
    only_text = "string" in types and types <= {"string", "null"}
    return text if only_text and not isinstance(value, str) and not (value is None and "null" in types) else value


def _refuse(constant: str) -> object:
    """NaN and Infinity are words of Python's, and not JSON."""
    raise ValueError(constant)
