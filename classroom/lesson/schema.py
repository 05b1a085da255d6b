"""The lesson's JSON Schema, for editors: it accepts what the program accepts, as far as a schema can say it.

Names that refer to each other (scenes to sources) are beyond it; ``classroom check`` knows those.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from classroom.lesson.model import Lesson
from classroom.lesson.sources import FILE_KEYS

__all__ = ["lesson_schema", "schema_text"]


class _Generator(GenerateJsonSchema):
    """Leaves out the titles that pydantic makes of the names of keys."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def tagged_union_schema(self, schema: core_schema.TaggedUnionSchema) -> dict[str, Any]:
        """One of the members; ``discriminator`` belongs to OpenAPI, and editors do not know it."""
        described = super().tagged_union_schema(schema)
        described.pop("discriminator", None)
        return described


def lesson_schema() -> dict[str, Any]:
    """The JSON Schema (draft 7) of a lesson file."""
    schema = Lesson.model_json_schema(schema_generator=_Generator)
    for definition in schema["$defs"].values():
        definition.pop("title", None)  # the name of a class of ours means nothing to an author
        _require_kind(definition)
        _take_either_key(definition)
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A lesson for classroom",
        **{key: value for key, value in schema.items() if key != "title"},
    }


def schema_text() -> str:
    """The schema as the file config/lesson.schema.json holds it."""
    return json.dumps(lesson_schema(), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def _require_kind(definition: dict[str, Any]) -> None:
    """The word for the kind is required; only a source's sound may leave it out."""
    kind = definition.get("properties", {}).get("kind")
    if kind is not None and kind["enum"] != ["source"]:
        definition["required"] = ["kind", *definition.get("required", [])]


def _take_either_key(definition: dict[str, Any]) -> None:
    """The file of a source has two keys that mean the same; one of them is required."""
    properties = definition.get("properties", {})
    written = next((key for key in FILE_KEYS if key in properties), None)
    if written is not None and "kind" in properties:
        properties |= dict.fromkeys(FILE_KEYS, properties[written])
        definition["required"].remove(written)
        definition["oneOf"] = [{"required": [key]} for key in FILE_KEYS]
