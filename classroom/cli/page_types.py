"""The types of what the pages send and get, in TypeScript, made of the classes that the program itself uses.

The file is ``web/lib/protocol.d.ts``; ``make schema`` writes it. The sections of the state and the replies to commands
are the ``TypedDict`` classes of the features, the messages are the dataclasses of ``webrtc/messages.py``.

No library is used: those that turn Python classes into TypeScript (typtyp, ts-type, py-typescript-generator) leave out
what is said about a field, know no field that may be left out or has another name on the wire, or make JSON Schema,
which needs a second generator in node.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import inspect
import itertools
import operator
import sys
import types
from collections.abc import Iterator, Mapping, Sequence
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    NewType,
    NotRequired,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from classroom.broadcaster import COMMANDS, SECTIONS
from classroom.control import news
from classroom.control.registry import CommandReply
from classroom.control.session import GuestNews
from classroom.students.chat_log import ChatUpdate
from classroom.webrtc import messages

__all__ = ["TypeDeclarations", "page_types"]

_HEAD: Final = """\
/**
 * What is said between the pages and the broadcaster.
 *
 * Made of the classes in classroom/ by `make schema`; a change here is overwritten.
 */
"""

_UNIONS: Final = ("FromPage", "ToPage", "ToTeacher")
"""The unions of ``webrtc/messages.py``, each with what is said about it there."""

_NEWS: Final = (news.MetersNews, news.ThumbnailNews, GuestNews, ChatUpdate)
"""The notifications of the control protocol that are neither the state nor messages."""

_PLAIN: Final[Mapping[Any, str]] = {
    str: "string",
    int: "number",
    float: "number",
    bool: "boolean",
    type(None): "null",
    object: "unknown",
    Any: "unknown",
}

_ABSENT: Final = object()
"""Stands for the type of what is never there."""

_INDENT: Final = "  "


def page_types() -> str:
    """The declarations as the file web/lib/protocol.d.ts holds them."""
    made = TypeDeclarations()
    state = [_member(name, made.name_of(hint), "") for name, hint in SECTIONS.items()]
    made.declare("State", "The sections of the lesson's state that every teacher is told.", state)
    replies = [_member(f"'{name}'", _reply(made, command.reply), "") for name, command in COMMANDS.items()]
    made.declare("Replies", "The reply to each method of the control protocol.", replies)
    said = _said_in(messages.__name__)
    for union in _UNIONS:
        names = [made.name_of(each) for each in get_args(getattr(messages, union))]
        made.alias(union, said.get(union, ""), names)
    for each in _NEWS:
        made.name_of(each)
    return _HEAD + "".join(f"\n{each}" for each in made.declarations())


def _reply(made: TypeDeclarations, hint: Any) -> str:
    common = made.name_of(CommandReply)
    return common if hint is type(None) else f"{common} & {_grouped(made.name_of(hint))}"


class TypeDeclarations:
    """Collects the classes that are named, and what each is in TypeScript."""

    def __init__(self) -> None:
        self._made: dict[str, str] = {}
        self._of: dict[str, type] = {}

    def declarations(self) -> list[str]:
        """All so far, by name."""
        return [self._made[name] for name in sorted(self._made)]

    def declare(self, name: str, said: str, members: Sequence[str]) -> None:
        """Add an interface."""
        self._made[name] = f"{_comment(said, '')}export interface {name} {{\n{''.join(members)}}}\n"

    def alias(self, name: str, said: str, alternatives: Sequence[str]) -> None:
        """Add a union."""
        listed = "".join(f"\n{_INDENT}| {each}" for each in alternatives)
        self._made[name] = f"{_comment(said, '')}export type {name} ={listed};\n"

    def name_of(self, hint: Any) -> str:
        """A type as TypeScript writes it; the classes in it are declared. TypeError for one that JSON cannot carry."""
        if isinstance(hint, type) and (is_typeddict(hint) or dataclasses.is_dataclass(hint)):
            return self._class(hint)
        if isinstance(hint, NewType):  # declared by its name
            return hint.__name__
        if hint is _ABSENT:
            return "undefined"
        if hint in _PLAIN:
            return _PLAIN[hint]
        origin, parts = get_origin(hint), get_args(hint)
        if origin in (types.UnionType, Union):
            return " | ".join(dict.fromkeys(self.name_of(each) for each in parts))
        if origin is Literal:
            return " | ".join(_literal(each) for each in parts)
        if origin is Annotated:
            return self.name_of(parts[0])
        if origin is tuple and Ellipsis not in parts:
            return f"[{', '.join(self.name_of(each) for each in parts)}]"
        if isinstance(origin, type) and issubclass(origin, Mapping):
            return f"Record<{self.name_of(parts[0])}, {self.name_of(parts[1])}>"
        if isinstance(origin, type) and issubclass(origin, Sequence):
            return f"{_grouped(self.name_of(parts[0]))}[]"
        raise TypeError(f"{hint} has no place in a message")

    def _class(self, kind: type) -> str:
        name = kind.__name__
        if self._of.setdefault(name, kind) is not kind:
            raise TypeError(f"{kind.__module__} and {self._of[name].__module__} both have a {name}")
        if name not in self._made:
            self._made[name] = ""  # it may be named again by one of its own fields
            said = {key: text for each in _lineage(kind) for key, text in _fields_said(each).items()}
            members = [
                _member(key if needed else f"{key}?", self.name_of(hint), said.get(field, ""))
                for field, key, hint, needed in _fields(kind)
            ]
            self.declare(name, _class_said(kind), members)
        return name


def _fields(kind: type) -> Iterator[tuple[str, str, Any, bool]]:
    """Each field of a class: its name here and on the wire, its type, and whether it is always there."""
    hints = get_type_hints(kind, include_extras=True)
    if not dataclasses.is_dataclass(kind):
        for name, hint in hints.items():
            optional = get_origin(hint) is NotRequired
            yield name, name, get_args(hint)[0] if optional else hint, not optional
        return
    if "type" not in hints:  # so that it can be told from the others of its union
        yield "type", "type", _ABSENT, False
    for each in dataclasses.fields(kind):
        needed = not each.init or each.default is dataclasses.MISSING
        hint = hints[each.name]
        if not needed and each.default is None:  # left out instead
            hint = functools.reduce(operator.or_, (part for part in get_args(hint) if part is not type(None)))
        yield each.name, each.metadata.get("key", each.name), hint, needed


def _literal(value: object) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value).lower()


def _grouped(name: str) -> str:
    return f"({name})" if "|" in name else name


def _member(key: str, name: str, said: str) -> str:
    return f"{_comment(said, _INDENT)}{_INDENT}{key}: {name};\n"


def _comment(said: str, indent: str) -> str:
    lines = inspect.cleandoc(said).replace("``", "`").splitlines()
    match lines:
        case []:
            return ""
        case [line]:
            return f"{indent}/** {line} */\n"
        case _:
            return f"{indent}/**\n" + "".join(f"{indent} * {line}".rstrip() + "\n" for line in lines) + f"{indent} */\n"


# What the classes say of themselves: Python keeps no docstrings of fields and names, so they are read from the source.


@functools.cache
def _source(module: str) -> ast.Module:
    return ast.parse(inspect.getsource(sys.modules[module]))


def _said(body: Sequence[ast.stmt]) -> dict[str, str]:
    """The text that follows the declaration of a name, by that name."""
    said = {}
    for before, after in itertools.pairwise(body):
        target = before.target if isinstance(before, ast.AnnAssign) else None
        if isinstance(before, ast.Assign):
            target = before.targets[0] if isinstance(before.targets[0], ast.Name) else None
        if isinstance(target, ast.Name) and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            said[target.id] = str(after.value.value)
    return said


def _said_in(module: str) -> dict[str, str]:
    return _said(_source(module).body)


def _definition(kind: type) -> ast.ClassDef | None:
    """The statement that defines a class; None for one that is made by a call."""
    found = (node for node in _source(kind.__module__).body if isinstance(node, ast.ClassDef))
    return next((node for node in found if node.name == kind.__name__), None)


def _lineage(kind: type) -> Iterator[type]:
    """A class and those that it takes fields from, these first; a ``TypedDict`` does not tell them."""
    definition = _definition(kind)
    for base in [] if definition is None else definition.bases:
        found = vars(sys.modules[kind.__module__]).get(base.id) if isinstance(base, ast.Name) else None
        if isinstance(found, type) and is_typeddict(found):
            yield from _lineage(found)
    yield kind


def _fields_said(kind: type) -> dict[str, str]:
    definition = _definition(kind)
    return {} if definition is None else _said(definition.body)


def _class_said(kind: type) -> str:
    definition = _definition(kind)
    if definition is None:
        return _said_in(kind.__module__).get(kind.__name__, "")
    return ast.get_docstring(definition) or ""
