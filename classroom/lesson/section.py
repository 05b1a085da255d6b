"""The base of every group of keys in a lesson, and how a value of one says what is wrong with it.

A value type is an annotation (``Annotated[int, Whole(1, 60)]``) that reads what the author wrote, refuses it in a
sentence, and describes itself to editors. Pydantic's own conversions and sentences are not used.
"""

from __future__ import annotations

import abc
from pathlib import Path
from typing import Any, NoReturn

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic_core import PydanticCustomError, core_schema

__all__ = ["VARIABLE_PATTERN", "Section", "Value", "folder_of", "or_variable", "wrong"]

VARIABLE_PATTERN = r"\$\{[A-Za-z_][A-Za-z0-9_]*\}"
"""What an editor takes for an environment variable."""


class Section(BaseModel):
    """A group of keys; no other key than its own, and nothing changes after it was read."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Value(abc.ABC):
    """One kind of value; a subclass reads it and describes it."""

    @abc.abstractmethod
    def read(self, value: Any, info: ValidationInfo) -> Any:
        """What a written value means; ``wrong`` refuses it."""

    @abc.abstractmethod
    def describe(self) -> dict[str, Any]:
        """The value as JSON Schema."""

    def spell(self, value: Any) -> Any:
        """A value that was read, as JSON can hold it and ``read`` takes it again."""
        return value

    def prepare(self, source: Any) -> Value:
        """The kind for the annotated type ``source``; a Literal's choices are found here."""
        return self

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        kind = self.prepare(source)
        return core_schema.with_info_plain_validator_function(
            kind.read,
            serialization=core_schema.plain_serializer_function_ser_schema(kind.spell, when_used="json"),
            metadata={"lesson_kind": kind},
        )

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        kind: Value = schema.get("metadata", {}).get("lesson_kind", self)
        return kind.describe()


def wrong(sentence: str) -> NoReturn:
    """Refuse a value; the sentence is shown as it is."""
    raise PydanticCustomError("lesson", "{sentence}", {"sentence": sentence})


def or_variable(described: dict[str, Any]) -> dict[str, Any]:
    """A schema that takes text with an environment variable as well."""
    variable = {"type": "string", "pattern": VARIABLE_PATTERN}
    alternatives = described["anyOf"] if set(described) == {"anyOf"} else [described]
    return {"anyOf": [*alternatives, variable]}


def folder_of(info: ValidationInfo) -> Path:
    """The folder of the lesson file, which relative paths begin at; the working folder for a lesson without a file."""
    context = info.context
    folder = context.get("folder") if isinstance(context, dict) else None
    return Path.cwd() if folder is None else Path(folder)
