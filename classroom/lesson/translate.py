"""From pydantic's errors to sentences that a teacher understands."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from classroom.lesson.document import UNUSABLE, Problem
from classroom.lesson.shape import model_at, without_tags
from classroom.lesson.words import did_you_mean, listing, shown

__all__ = ["problems_of"]

_FEW = 16
"""A group with at most so many keys is listed whole when an unknown key is near none of them."""


def problems_of(error: ValidationError, root: type[BaseModel]) -> Iterator[Problem]:
    """The problems that a validation found, one for each error."""
    for detail in error.errors(include_url=False):
        if detail["input"] is not UNUSABLE:
            yield _problem(detail, root)


def _problem(detail: ErrorDetails, root: type[BaseModel]) -> Problem:
    location = detail["loc"]
    if len(location) > 1 and location[-1] == "[key]" and detail["type"] == "lesson":
        return Problem(without_tags(root, location[:-1]), detail["msg"], "key")
    path = without_tags(root, location)
    value = detail["input"]
    match detail["type"]:
        case "lesson":
            return Problem(path, detail["msg"])
        case "missing":
            return Problem(path, "is missing", "key")
        case "extra_forbidden":
            return Problem(path, _unknown_key(location, root), "key")
        case "union_tag_invalid":
            kinds = [kind.strip("' ") for kind in detail["ctx"]["expected_tags"].split(",")]
            written = value.get("kind") if isinstance(value, dict) else value
            hint = did_you_mean(str(written), kinds)
            return Problem((*path, "kind"), f"expects {listing(kinds)}, not {shown(written)}{hint}")
        case "union_tag_not_found" if isinstance(value, dict):
            if "kind" in value:
                return Problem((*path, "kind"), f"expects a word such as {_example(path)}, not {shown(value['kind'])}")
            return Problem((*path, "kind"), f"is missing; write what it is, such as kind: {_example(path)}", "key")
        case "union_tag_not_found":
            return Problem(path, f"expects keys such as {{kind: {_example(path)}}}, not {shown(value)}")
        case "list_type" | "tuple_type":
            return Problem(path, f"expects a list such as [{_list_example(path)}], not {shown(value)}")
        case "model_type" | "dict_type" | "model_attributes_type" if value is None:
            return Problem(path, "is empty; write its keys below it, or take the line out")
        case "model_type" | "dict_type" | "model_attributes_type":
            return Problem(path, f"expects keys with values, not {shown(value)}")
        case _:
            # No other type is known to come; a sentence of pydantic is better than none.
            return Problem(path, f"is wrong: {detail['msg']}")


def _unknown_key(location: tuple[str | int, ...], root: type[BaseModel]) -> str:
    model = model_at(root, location[:-1])
    known = list(model.model_fields) if model is not None else []
    if str(location[-1]) == "<<":
        return "unknown key; a lesson cannot merge groups with '<<'"
    hint = did_you_mean(str(location[-1]), known)
    if not hint and 0 < len(known) <= _FEW:
        hint = f"; here can be {listing(known)}"
    return f"unknown key{hint}"


def _example(path: tuple[str | int, ...]) -> str:
    return "microphone" if path[:1] == ("audio",) else "camera"


def _list_example(path: tuple[str | int, ...]) -> str:
    match path[-1:]:
        case ("show",):
            return "camera"
        case ("codecs",):
            return "h264, vp8"
        case ("cues",):
            return "{after: 5m, scene: talk}"
        case ("tiers",):
            return "{height: 360, bitrate: 500k}"
        case _:
            return '{urls: "stun:host:3478"}'
