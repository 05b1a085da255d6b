"""From pydantic's errors to sentences that a teacher understands."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from classroom.common.sentences import Wording
from classroom.lesson.document import UNUSABLE, KeyPath, Problem
from classroom.lesson.shape import key_names, model_at, without_tags
from classroom.lesson.words import did_you_mean, listing, shown

__all__ = ["problems_of"]

_FEW = 16
"""A group with at most this many keys is listed whole when an unknown key is similar to none of them."""


def problems_of(error: ValidationError, root: type[BaseModel]) -> Iterator[Problem]:
    """The problems that a validation found, one for each error."""
    for detail in error.errors(include_url=False):
        if detail["input"] is not UNUSABLE:
            yield _problem(detail, root)


def _problem(detail: ErrorDetails, root: type[BaseModel]) -> Problem:
    location = detail["loc"]
    if len(location) > 1 and location[-1] == "[key]" and detail["type"] == "lesson":
        return Problem(without_tags(root, location[:-1]), detail["ctx"]["sentence"], "key")
    path = without_tags(root, location)
    value = detail["input"]
    match detail["type"]:
        case "lesson":
            return Problem(path, detail["ctx"]["sentence"])
        case "missing":
            return Problem(path, Wording("fault.missing", "is missing")(), "key")
        case "extra_forbidden":
            return Problem(path, _unknown_key(location, root), "key")
        case "union_tag_invalid" | "union_tag_not_found":
            return _wrong_kind(detail, path)
        case "list_type" | "tuple_type":
            return Problem(
                path,
                Wording("fault.expects_list", "expects a list such as [{example}], not {value}")(
                    example=_list_example(path), value=shown(value)
                ),
            )
        case "model_type" | "dict_type" | "model_attributes_type" if value is None:
            return Problem(
                path, Wording("fault.empty_section", "is empty; write its keys below it, or remove the line")()
            )
        case "model_type" | "dict_type" | "model_attributes_type":
            return Problem(
                path, Wording("fault.expects_keys", "expects keys with values, not {value}")(value=shown(value))
            )
        case _:
            # No other type is known to occur; a sentence of pydantic is better than none.
            return Problem(path, Wording("fault.other", "is wrong: {fault}")(fault=detail["msg"]))


def _wrong_kind(detail: ErrorDetails, path: KeyPath) -> Problem:
    """The problem of a value that must say which kind it is, and does not or names another."""
    value = detail["input"]
    if detail["type"] == "union_tag_invalid":
        kinds = [kind.strip("' ") for kind in detail["ctx"]["expected_tags"].split(",")]
        written = value.get("kind") if isinstance(value, dict) else value
        hint = did_you_mean(str(written), kinds)
        return Problem(
            (*path, "kind"),
            Wording("fault.kinds", "expects {kinds}, not {value}{hint}")(
                kinds=listing(kinds), value=shown(written), hint=hint
            ),
        )
    if not isinstance(value, dict):
        return Problem(
            path,
            Wording("fault.expects_kind", "expects keys such as {kind: {example}}, not {value}")(
                example=_example(path), value=shown(value)
            ),
        )
    if "kind" in value:
        return Problem(
            (*path, "kind"),
            Wording("fault.expects_word", "expects a word such as {example}, not {value}")(
                example=_example(path), value=shown(value["kind"])
            ),
        )
    return Problem(
        (*path, "kind"),
        Wording("fault.no_kind", "is missing; write the kind, such as kind: {example}")(example=_example(path)),
        "key",
    )


def _unknown_key(location: tuple[str | int, ...], root: type[BaseModel]) -> str:
    model, key = model_at(root, location[:-1]), str(location[-1])
    if key == "<<":
        return Wording("fault.merge", "unknown key; a lesson cannot merge groups with '<<'")()
    known = [] if model is None else [key_names(model, field) for field in model.model_fields]
    for names in known:
        if key in names:
            return Wording("fault.two_keys", "write {keys}, not both; they mean the same")(keys=listing(names))
    hint = did_you_mean(key, [name for names in known for name in names])
    if not hint and 0 < len(known) <= _FEW:
        hint = Wording("hint.here_can_be", "; allowed here: {names}")(names=listing(names[0] for names in known))
    return Wording("fault.unknown_key", "unknown key{hint}")(hint=hint)


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
        case ("proxies",):
            return "127.0.0.1"
        case ("tiers",):
            return "{height: 360, bitrate: 500k}"
        case _:
            return '{urls: "stun:host:3478"}'
