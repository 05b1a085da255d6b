"""Overlays as they are written: what is drawn over the sources of a scene."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from classroom.lesson.measures import Percent
from classroom.lesson.section import Section
from classroom.lesson.sources import kind_of
from classroom.lesson.values import Choice, FileName, KindWord, Line, Switch

__all__ = ["ClockOverlay", "LogoOverlay", "Overlay", "StrapOverlay"]

OverlayCorner = Literal["top-left", "top-right", "bottom-left", "bottom-right"]

_CORNER_TEXT = "The corner it stands in: top-left, top-right, bottom-left or bottom-right."


class StrapOverlay(Section):
    """A strap with two lines of text, such as the speaker's name and the lesson."""

    kind: Annotated[Literal["strap"], KindWord()] = Field(
        "strap", description="A strap with two lines of text, such as the speaker's name and the lesson."
    )
    title: Annotated[str, Line(120)] = Field(description="The large line.")
    text: Annotated[str, Line(200, empty=True)] = Field("", description="The small line below it.")
    corner: Annotated[OverlayCorner, Choice()] = Field("bottom-left", description=_CORNER_TEXT)


class ClockOverlay(Section):
    """The time of day."""

    kind: Annotated[Literal["clock"], KindWord()] = Field("clock", description="The time of day.")
    seconds: Annotated[bool, Switch()] = Field(False, description="Whether seconds are shown.")
    corner: Annotated[OverlayCorner, Choice()] = Field("top-right", description=_CORNER_TEXT)


class LogoOverlay(Section):
    """A picture, such as the logo of a school."""

    kind: Annotated[Literal["logo"], KindWord()] = Field("logo", description="A picture, such as the logo of a school.")
    image: Annotated[Path, FileName()] = Field(description="The picture file; what is transparent in it stays so.")
    size: Annotated[float, Percent(2, 50)] = Field(
        0.1,
        description="How wide it is, as a part of the program's width: 2% to 50%.",
        json_schema_extra={"default": "10%"},
    )
    opacity: Annotated[float, Percent(5, 100)] = Field(
        1.0, description="How much it covers what is behind it: 5% to 100%.", json_schema_extra={"default": "100%"}
    )
    corner: Annotated[OverlayCorner, Choice()] = Field("top-left", description=_CORNER_TEXT)


Overlay = Annotated[
    Annotated[StrapOverlay, Tag("strap")] | Annotated[ClockOverlay, Tag("clock")] | Annotated[LogoOverlay, Tag("logo")],
    Discriminator(kind_of),
]
