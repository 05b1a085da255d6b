"""Scenes as they are written: which sources are shown, and how they share the picture."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, GetJsonSchemaHandler, ValidationInfo, model_validator
from pydantic_core import core_schema

from classroom.common.sentences import Wording
from classroom.lesson.measures import Percent
from classroom.lesson.section import Section, Value, or_variable, wrong
from classroom.lesson.values import Choice, Number, Reference
from classroom.lesson.words import shown

__all__ = ["MOST_SHOWN", "SHOWN_BY_LAYOUT", "BorderModel", "CropModel", "SceneModel", "ShownModel"]

SHOWN_BY_LAYOUT = {
    "full": (1, 1),
    "picture-in-picture": (2, 2),
    "side-by-side": (2, 2),
    "grid": (1, 16),
    "custom": (1, 16),
}
"""How many sources a layout shows: at least, at most."""

MOST_SHOWN = 16
"""Most sources in one scene."""

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True)
class Colour(Value):
    """``#rrggbb``."""

    def read(self, value: Any, info: ValidationInfo) -> tuple[int, int, int]:
        """Red, green and blue, 0 to 255."""
        if isinstance(value, tuple):
            return value
        if not isinstance(value, str) or not _COLOUR.fullmatch(value):
            wrong(
                Wording("fault.colour", 'expects a colour such as "#ffffff", in quotes, not {value}')(
                    value=shown(value)
                )
            )
        red, green, blue = bytes.fromhex(value[1:])
        return red, green, blue

    def describe(self) -> dict[str, Any]:
        """The spelling, or a variable."""
        return or_variable({"type": "string", "pattern": f"^{_COLOUR.pattern}$", "examples": ["#ffffff"]})

    def spell(self, value: Any) -> str:
        """``#rrggbb``."""
        return "#" + bytes(value).hex()


class CropModel(Section):
    """What is cut off a source's picture."""

    left: Annotated[float, Percent(0, 45)] = Field(
        0.0, description="Cut off at the left, as a part of its width, up to 45%.", json_schema_extra={"default": "0%"}
    )
    top: Annotated[float, Percent(0, 45)] = Field(
        0.0, description="Cut off at the top, as a part of its height, up to 45%.", json_schema_extra={"default": "0%"}
    )
    right: Annotated[float, Percent(0, 45)] = Field(
        0.0, description="Cut off at the right, as a part of its width, up to 45%.", json_schema_extra={"default": "0%"}
    )
    bottom: Annotated[float, Percent(0, 45)] = Field(
        0.0,
        description="Cut off at the bottom, as a part of its height, up to 45%.",
        json_schema_extra={"default": "0%"},
    )


class BorderModel(Section):
    """A line around a source's picture."""

    width: Annotated[float, Number(0, 5, "percent of the program's height")] = Field(
        0.5, description="How wide it is, in percent of the program's height, 0 to 5."
    )
    colour: Annotated[tuple[int, int, int], Colour()] = Field(
        (255, 255, 255), description='Its colour as "#rrggbb", in quotes.', json_schema_extra={"default": "#ffffff"}
    )


class ShownModel(Section):
    """A source in a scene; its name alone is short for one without anything special."""

    source: Annotated[str, Reference("source")] = Field(description="The source.")
    x: Annotated[float, Percent(0, 100)] = Field(
        0.0,
        description="Where its left edge is in the layout custom, as a part of the program's width.",
        json_schema_extra={"default": "0%"},
    )
    y: Annotated[float, Percent(0, 100)] = Field(
        0.0,
        description="Where its top edge is in the layout custom, as a part of the program's height.",
        json_schema_extra={"default": "0%"},
    )
    width: Annotated[float, Percent(1, 100)] = Field(
        1.0,
        description="How wide it is in the layout custom, as a part of the program's width.",
        json_schema_extra={"default": "100%"},
    )
    height: Annotated[float, Percent(1, 100)] = Field(
        1.0,
        description="How high it is in the layout custom, as a part of the program's height.",
        json_schema_extra={"default": "100%"},
    )
    fit: Annotated[Literal["whole", "fill"], Choice()] = Field(
        "whole", description="whole (all of it is shown, between bars) or fill (what does not fit is cut off)."
    )
    crop: CropModel | None = Field(None, description="What is cut off it: left, top, right, bottom.")
    border: BorderModel | None = Field(None, description="A line around it: width and colour.")

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        if isinstance(value, dict | ShownModel):
            return value
        return {"source": Reference("source").name(value)}

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return _or_short(schema, handler, "A source, with nothing special about it.")


class SceneModel(Section):
    """A scene; the name of a source alone is short for a full picture of it."""

    layout: Annotated[Literal["full", "picture-in-picture", "side-by-side", "grid", "custom"], Choice()] = Field(
        "full",
        description="How the sources share the picture: full, picture-in-picture, side-by-side, grid or custom.",
    )
    show: list[ShownModel] = Field(
        description="The sources, the one at the back first: one for full; the large and the small one for "
        "picture-in-picture; left and right for side-by-side; up to 16 for grid and custom."
    )
    corner: Annotated[Literal["top-left", "top-right", "bottom-left", "bottom-right"], Choice()] = Field(
        "bottom-right", description="Where the small picture of picture-in-picture stands."
    )
    size: Annotated[float, Percent()] = Field(
        0.25,
        description="How wide the small picture of picture-in-picture is, as a part of the whole: 5% to 95%.",
        json_schema_extra={"default": "25%"},
    )
    overlays: list[Annotated[str, Reference("overlay")]] = Field(
        default_factory=list,
        description="The overlays that are laid over it, in their order.",
        json_schema_extra={"default": []},
    )
    fallback: Annotated[str, Reference("source")] | None = Field(
        None, description="The source shown where one of this scene has no picture; null is that of the program."
    )
    transition: Annotated[Literal["cut", "fade"], Choice()] | None = Field(
        None, description="How this scene comes on air: cut or fade; null is that of the program."
    )
    duration: Annotated[float, Number(0, 10, "seconds")] | None = Field(
        None, description="How long its fade lasts, in seconds, 0 to 10; null is that of the program."
    )

    @property
    def sources(self) -> list[str]:
        """The names of what it shows, the one at the back first."""
        return [item.source for item in self.show]

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return {"layout": "full", "show": [value]} if isinstance(value, str) else value

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return _or_short(schema, handler, "A source, shown as the full picture.")


def _or_short(schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler, meaning: str) -> dict[str, Any]:
    long = handler.resolve_ref_schema(handler(schema))
    short = {"type": "string", "minLength": 1, "description": meaning}
    return {"anyOf": [short, {**long}], "description": long.get("description", "")}
