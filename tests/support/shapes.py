"""Whether a value has the shape that a ``TypedDict`` or another hint declares."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

__all__ = ["misfits"]


def misfits(value: object, hint: Any, where: str = "") -> Iterator[str]:
    """Each place where a value is not as declared."""
    if is_typeddict(hint):
        yield from _misfits_of_dict(value, hint, where)
        return
    origin, arguments = get_origin(hint), get_args(hint)
    match origin:
        case _ if origin in (Union, types.UnionType):
            fits = any(not list(misfits(value, each)) for each in arguments)
        case _ if origin is Literal:
            fits = value in arguments
        case _ if origin is dict and isinstance(value, dict):
            for key, item in value.items():
                yield from misfits(item, arguments[1], f"{where}.{key}")
            return
        case _ if origin is list and isinstance(value, list):
            for number, item in enumerate(value):
                yield from misfits(item, arguments[0], f"{where}[{number}]")
            return
        case _ if origin is tuple and isinstance(value, tuple):
            fits = len(value) == len(arguments)
            for number, (item, each) in enumerate(zip(value, arguments, strict=False)):
                yield from misfits(item, each, f"{where}[{number}]")
        case _:
            fits = _fits_plain(value, hint)
    if not fits:
        yield f"{where}: {value!r} is not {hint}"


def _fits_plain(value: object, hint: Any) -> bool:
    if hint is None or hint is type(None):
        return value is None
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return hint is object or (isinstance(hint, type) and isinstance(value, hint))


def _misfits_of_dict(value: object, hint: Any, where: str) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"{where}: {value!r} is not {hint}"
        return
    hints = get_type_hints(hint, include_extras=True)
    for key in value.keys() - hints.keys():
        yield f"{where}.{key} is not declared"
    for key, each in hints.items():
        optional = get_origin(each) is NotRequired
        if key in value:
            yield from misfits(value[key], get_args(each)[0] if optional else each, f"{where}.{key}")
        elif not optional:
            yield f"{where}.{key} is missing"
