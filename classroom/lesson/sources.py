"""Where pictures come from: one model for each kind of source.

The descriptions of the keys are the manual: they are shown by editors and stand in config/reference.yaml.
"""

from __future__ import annotations

from datetime import time
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, Discriminator, Field, Tag

from classroom.lesson.measures import LARGEST, SMALLEST, Address, FrameSize, Size
from classroom.lesson.section import Section
from classroom.lesson.times import Duration, TimeOfDay
from classroom.lesson.values import Choice, FileName, KindWord, Line, Paragraph, Secret, Switch, WholeNumber

__all__ = [
    "BrowserSource",
    "CameraSource",
    "CardSource",
    "FileSource",
    "PatternSource",
    "Region",
    "ScreenSource",
    "SlidesSource",
    "Source",
    "StreamSource",
    "kind_of",
]

STREAM_SCHEMES = ("rtsp://", "rtsps://", "rtmp://", "rtmps://", "srt://", "udp://", "http://", "https://")

FILE_KEYS = ("file", "path")
"""The two keys for the file of a source, which mean the same."""

_FPS = WholeNumber(1, 60, "pictures per second")


class Region(Section):
    """A part of the screen, in pixels of the whole desktop."""

    x: Annotated[int, WholeNumber(-32768, 32767, "pixels")] = Field(
        description="Left edge; it is negative on a monitor to the left of the main one."
    )
    y: Annotated[int, WholeNumber(-32768, 32767, "pixels")] = Field(
        description="Top edge; it is negative on a monitor above the main one."
    )
    width: Annotated[int, WholeNumber(SMALLEST, LARGEST, "pixels", even=True)] = Field(
        description="Width, an even number."
    )
    height: Annotated[int, WholeNumber(SMALLEST, LARGEST, "pixels", even=True)] = Field(
        description="Height, an even number."
    )


class CameraSource(Section):
    """A camera of this computer."""

    kind: Annotated[Literal["camera"], KindWord()] = Field("camera", description="A camera of this computer.")
    device: Annotated[str, Line(500)] = Field(
        "default",
        description="default for the first camera, a name as `classroom devices` prints it, or FORMAT:NAME for an "
        "input format of libav, such as v4l2:/dev/video2 or, without any hardware, "
        "lavfi:testsrc2=size=1280x720:rate=30.",
    )
    size: Annotated[Size, FrameSize()] | None = Field(
        Size(1280, 720),
        description=(
            "The picture size to request from the camera, which uses the nearest it has; null leaves it to the camera."
        ),
        json_schema_extra={"default": "1280x720"},
    )
    fps: Annotated[int, _FPS] = Field(30, description="Pictures per second to request from the camera, 1 to 60.")
    frozen: Annotated[Literal["auto", "fallback", "alarm", "ignore"], Choice()] = Field(
        "auto",
        description=(
            "What happens when it keeps sending the same picture: fallback shows the fallback "
            "until it moves, alarm only notifies the teacher, ignore is for a picture that is "
            "meant to be still. auto is fallback for a device that had the noise of a camera before, and alarm for all "
            "others, such as HDMI grabbers and virtual cameras."
        ),
    )


class ScreenSource(Section):
    """A monitor of this computer, or a part of the screen."""

    kind: Annotated[Literal["screen"], KindWord()] = Field(
        "screen", description="A monitor of this computer, or a part of the screen."
    )
    monitor: Annotated[int, WholeNumber(1, 64)] = Field(1, description="Which monitor; the main one is 1.")
    region: Region | None = Field(
        None, description="A part of the screen instead of a monitor: x, y, width and height in pixels."
    )
    fps: Annotated[int, _FPS] = Field(15, description="Pictures per second, 1 to 60.")
    cursor: Annotated[bool, Switch()] = Field(True, description="Whether the mouse pointer is shown.")


class SlidesSource(Section):
    """The pages of a PDF file."""

    kind: Annotated[Literal["slides"], KindWord()] = Field("slides", description="The pages of a PDF file.")
    file: Annotated[Path, FileName()] = Field(
        validation_alias=AliasChoices(*FILE_KEYS), description="The PDF file; the keys file and path mean the same."
    )
    password: Annotated[str, Secret(200)] | None = Field(
        None,
        repr=False,
        description="The password that opens the file, as an environment variable such as ${SLIDES_PASSWORD}; null for "
        "a file without one.",
    )


class FileSource(Section):
    """A video file with its sound, a sound file, or a picture file."""

    kind: Annotated[Literal["file"], KindWord()] = Field(
        "file", description="A video file with its sound, a sound file, or a picture file."
    )
    path: Annotated[Path, FileName()] = Field(
        validation_alias=AliasChoices(*reversed(FILE_KEYS)),
        description="The file; the keys path and file mean the same.",
    )
    loop: Annotated[bool, Switch()] = Field(False, description="Whether it starts again when it ends.")
    restart: Annotated[bool, Switch()] = Field(
        True,
        description=(
            "Whether it starts again each time it comes on air, and is still before that; "
            "otherwise it plays from the start of the lesson."
        ),
    )


class StreamSource(Section):
    """A network camera or another stream, with its sound."""

    kind: Annotated[Literal["stream"], KindWord()] = Field(
        "stream", description="A network camera or another stream, with its sound."
    )
    url: Annotated[str, Address(STREAM_SCHEMES)] = Field(description="The address, such as rtsp://host/path.")


class BrowserSource(Section):
    """The camera or screen that the teacher page or an invited phone shares."""

    kind: Annotated[Literal["browser"], KindWord()] = Field(
        "browser", description="The camera or screen that the teacher page or an invited phone shares."
    )


class CardSource(Section):
    """A still card with text, a picture, or both."""

    kind: Annotated[Literal["card"], KindWord()] = Field(
        "card", description="A still card with text, a picture, or both."
    )
    title: Annotated[str, Line(200, empty=True)] = Field("", description="The large line.")
    text: Annotated[str, Paragraph()] = Field("", description="The smaller text below it, of any number of lines.")
    image: Annotated[Path, FileName()] | None = Field(None, description="A picture file to show on the card.")
    until: Annotated[time, TimeOfDay()] | None = Field(
        None, description='Counts down to a time of day, such as "10:15", below the title.'
    )
    countdown: Annotated[float, Duration()] | None = Field(
        None, description="Counts down a time such as 5m, from when the card comes on air."
    )


class PatternSource(Section):
    """A moving test pattern with a clock; once a second it flashes and its sound beeps."""

    kind: Annotated[Literal["pattern"], KindWord()] = Field(
        "pattern", description="A moving test pattern with a clock; once a second it flashes and its sound beeps."
    )
    size: Annotated[Size, FrameSize()] | None = Field(None, description="Picture size; null is that of the program.")
    fps: Annotated[int, _FPS] | None = Field(
        None, description="Pictures per second, 1 to 60; null is that of the program."
    )


def kind_of(value: Any) -> str | None:
    """The kind that a written source or input, or a model of one, says it is."""
    kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
    return str(kind) if isinstance(kind, str) else None


Source = Annotated[
    Annotated[CameraSource, Tag("camera")]
    | Annotated[ScreenSource, Tag("screen")]
    | Annotated[SlidesSource, Tag("slides")]
    | Annotated[FileSource, Tag("file")]
    | Annotated[StreamSource, Tag("stream")]
    | Annotated[BrowserSource, Tag("browser")]
    | Annotated[CardSource, Tag("card")]
    | Annotated[PatternSource, Tag("pattern")],
    Discriminator(kind_of),
]
