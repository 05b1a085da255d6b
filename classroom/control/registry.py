"""The methods of the control protocol: each is a method of a class, marked with ``command``.

Its signature is its parameters, its docstring its help. It gets them already checked. It returns what is added to the
reply beside the revision, declared as a ``TypedDict``, or None. What it cannot do it raises as CommandError.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final, TypedDict, TypeVar, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from classroom.common.errors import CommandError
from classroom.common.sentences import Wording
from classroom.control import json_rpc as messages
from classroom.control.wrong_params import sentence_of

__all__ = [
    "Command",
    "CommandReply",
    "MethodEntry",
    "Name",
    "ParameterEntry",
    "bound",
    "command",
    "commands_of",
    "describe",
]

Name = Annotated[str, Field(min_length=1, max_length=64)]
"""What a lesson calls a scene, a source or an audio input."""

_CALLER: Final = "caller"
"""A parameter of this name is not a parameter of the protocol: it gets the session that asks."""

_MARK: Final = "__control_method__"

_TOO_MANY = Wording("params.too_many", "{method} takes at most {most} parameters.")

Function = TypeVar("Function", bound=Callable[..., Mapping[str, object] | None])


class ParameterEntry(TypedDict):
    """A parameter of a method of the control protocol."""

    name: str
    required: bool
    schema: dict[str, object]
    """Its type as JSON Schema."""


class CommandReply(TypedDict):
    """What the reply to every method has."""

    revision: int
    """That of the state, with what the method has changed."""


class MethodEntry(TypedDict):
    """A method of the control protocol."""

    name: str
    help: str
    parameters: list[ParameterEntry]


def command(name: str, *, optional: Mapping[str, Any] | None = None) -> Callable[[Function], Function]:
    """Mark a method as one of the control protocol, by this name.

    ``optional`` has the types of further parameters that may be left out; the method gets all of them by name.
    """

    def mark(function: Function) -> Function:
        setattr(function, _MARK, (name, optional or {}))
        return function

    return mark


@dataclass(frozen=True, slots=True)
class Command:
    """A method of the control protocol, and of the class ``kind``.

    ``reply`` is the type of what it adds to the reply. ``owner`` is the object to call; without one it is the session
    that asks. ``for_caller`` says that the method wants to know that session.
    """

    name: str
    help: str
    model: type[BaseModel]
    kind: type
    function: Callable[..., Mapping[str, object] | None]
    reply: Any
    for_caller: bool = False
    owner: object = None

    def call(self, caller: object, params: Mapping[str, object] | Sequence[object]) -> Mapping[str, object]:
        """Check the parameters against the signature and run; CommandError for anything wrong."""
        named = dict(params) if isinstance(params, Mapping) else self._by_name(params)
        try:
            checked = self.model.model_validate(named)
        except ValidationError as fault:
            raise CommandError(messages.INVALID_PARAMS, sentence_of(fault), {"parameters": self.parameters()}) from None
        given = {name: getattr(checked, name) for name in type(checked).model_fields}
        if self.for_caller:
            given[_CALLER] = caller
        return self.function(caller if self.owner is None else self.owner, **given) or {}

    def parameters(self) -> list[ParameterEntry]:
        """Name, JSON Schema and need of each parameter."""
        schema = self.model.model_json_schema()
        required = schema.get("required", [])
        described: list[ParameterEntry] = []
        for name, shape in schema.get("properties", {}).items():
            kept = {key: value for key, value in shape.items() if key not in {"title", "default"}}
            described.append({"name": name, "required": name in required, "schema": kept})
        return described

    def _by_name(self, params: Sequence[object]) -> dict[str, object]:
        names = list(self.model.model_fields)
        if len(params) > len(names):
            raise CommandError(messages.INVALID_PARAMS, _TOO_MANY(method=self.name, most=len(names)))
        return dict(zip(names, params, strict=False))


def commands_of(kinds: Iterable[type]) -> dict[str, Command]:
    """The methods of these classes that are marked, by name, in the order in which the classes have them."""
    marked = [(kind, each) for kind in kinds for each in vars(kind).values() if hasattr(each, _MARK)]
    commands = (_command(kind, function, *getattr(function, _MARK)) for kind, function in marked)
    return {each.name: each for each in commands}


def bound(commands: Mapping[str, Command], owners: Iterable[object]) -> dict[str, Command]:
    """The same commands, each with the object to call, if that is among these."""
    by_kind = {type(owner): owner for owner in owners}
    return {name: replace(each, owner=by_kind.get(each.kind)) for name, each in commands.items()}


def describe(commands: Mapping[str, Command]) -> list[MethodEntry]:
    """All commands with their help and parameters, as ``methods`` answers."""
    return [
        {"name": command.name, "help": command.help, "parameters": command.parameters()}
        for command in commands.values()
    ]


def _command(
    kind: type, function: Callable[..., Mapping[str, object] | None], name: str, optional: Mapping[str, Any]
) -> Command:
    hints = get_type_hints(function, include_extras=True)
    _self, *parameters = inspect.signature(function).parameters.values()
    fields: dict[str, Any] = {
        each.name: (hints[each.name], ... if each.default is inspect.Parameter.empty else each.default)
        for each in parameters
        if each.name != _CALLER and each.kind is not inspect.Parameter.VAR_KEYWORD
    } | {key: (kind, None) for key, kind in optional.items()}
    model = create_model(name, __config__=ConfigDict(extra="forbid", strict=True), **fields)
    for_caller = any(each.name == _CALLER for each in parameters)
    return Command(name, inspect.cleandoc(function.__doc__ or ""), model, kind, function, hints["return"], for_caller)
