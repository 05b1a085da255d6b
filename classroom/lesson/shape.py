"""Which keys a lesson has where: the annotations of the model, walked along a path.

Pydantic's error locations hold the tag of a union (``sources.cam.camera.size``); here it is removed again.
"""

from __future__ import annotations

import types
from collections.abc import Sequence
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import AliasChoices, BaseModel

from classroom.lesson.document import KeyPath

__all__ = ["key_names", "model_at", "without_tags"]


def without_tags(root: type[BaseModel], location: Sequence[str | int]) -> KeyPath:
    """The path in the file of an error's location."""
    return _walk(root, location)[0]


def model_at(root: type[BaseModel], location: Sequence[str | int]) -> type[BaseModel] | None:
    """The model of the group of keys at an error's location."""
    found = _walk(root, location)[1]
    return found if isinstance(found, type) and issubclass(found, BaseModel) else None


def key_names(model: type[BaseModel], field: str) -> list[str]:
    """The keys under which a file may write a field; the documented one is the first."""
    alias = model.model_fields[field].validation_alias
    return [str(choice) for choice in alias.choices] if isinstance(alias, AliasChoices) else [field]


def _walk(root: type[BaseModel], location: Sequence[str | int]) -> tuple[KeyPath, Any]:
    path: list[str | int] = []
    here: Any = root
    for step in location:
        here = _bare(here)
        if get_origin(here) in (Union, types.UnionType):
            here = _member(here, step)
            continue
        path.append(step)
        here = _inside(here, step)
    here = _bare(here)
    return tuple(path), here


def _inside(here: Any, step: str | int) -> Any:
    if isinstance(here, type) and issubclass(here, BaseModel):
        field = here.model_fields.get(str(step))
        return field.annotation if field is not None else None
    inner = get_args(here)
    if get_origin(here) is dict:
        return inner[1]
    return inner[0] if inner else None


def _bare(annotation: Any) -> Any:
    """An annotation without its metadata, and without None where only one other member is left."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
            continue
        if get_origin(annotation) in (Union, types.UnionType):
            members = [member for member in get_args(annotation) if member is not type(None)]
            if len(members) == 1:
                annotation = members[0]
                continue
        return annotation


def _member(union: Any, tag: str | int) -> Any:
    """The model of a union that a tag means: the one of that kind, or the only one without a kind."""
    members = map(_bare, get_args(union))
    for model in (member for member in members if isinstance(member, type) and issubclass(member, BaseModel)):
        kind = model.model_fields.get("kind")
        if kind is None or kind.default == tag:
            return model
    return None
