"""Scenes as they are written: which sources are shown, and how they share the picture."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, GetJsonSchemaHandler, model_validator
from pydantic_core import core_schema

from classroom.lesson.measures import Percent
from classroom.lesson.section import Section
from classroom.lesson.values import Choice, Reference

__all__ = ["SHOWN_BY_LAYOUT", "SceneModel"]

SHOWN_BY_LAYOUT = {"full": 1, "picture-in-picture": 2, "side-by-side": 2}
"""How many sources a layout shows."""


class SceneModel(Section):
    """A scene; the name of a source alone is short for a full picture of it."""

    layout: Annotated[Literal["full", "picture-in-picture", "side-by-side"], Choice()] = Field(
        "full", description="How the sources share the picture: full, picture-in-picture or side-by-side."
    )
    show: list[Annotated[str, Reference("source")]] = Field(
        description="The sources: one for full; the large and the small one for picture-in-picture; left and right for "
        "side-by-side."
    )
    corner: Annotated[Literal["top-left", "top-right", "bottom-left", "bottom-right"], Choice()] = Field(
        "bottom-right", description="Where the small picture of picture-in-picture stands."
    )
    size: Annotated[float, Percent()] = Field(
        0.25,
        description="How wide the small picture of picture-in-picture is, as a part of the whole: 5% to 95%.",
        json_schema_extra={"default": "25%"},
    )

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return {"layout": "full", "show": [value]} if isinstance(value, str) else value

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        long = handler.resolve_ref_schema(handler(schema))
        short = {"type": "string", "minLength": 1, "description": "A source, shown as the full picture."}
        return {"anyOf": [short, {**long}], "description": long.get("description", "")}
