"""Where sound comes from: microphones, what this computer plays, the sound of a source, and a test tone."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from classroom.lesson.section import Section
from classroom.lesson.sources import kind_of
from classroom.lesson.values import Choice, Kind, Line, Number, Reference, Switch

__all__ = ["AudioInput", "ComputerInput", "MicrophoneInput", "SourceInput", "ToneInput", "input_kind_of"]

_GAIN = Number(-60, 20, "dB")
_GAIN_TEXT = "Gain in decibels, -60 to 20; 0 leaves the sound as it is."
_MUTED_TEXT = "Whether it is silent when the lesson begins."
_DELAY = Number(0, 1000, "ms")
_DELAY_TEXT = "How much later it is heard, 0 to 1000 ms, as where a camera is slower than its microphone."
_DUCK = Number(0, 60, "dB")
_DUCK_TEXT = "How much quieter it is while somebody speaks into a microphone, 0 to 60 decibels; 0 is not."


class MicrophoneInput(Section):
    """A microphone of this computer."""

    kind: Annotated[Literal["microphone"], Kind()] = Field("microphone", description="A microphone of this computer.")
    device: Annotated[str, Line(500)] = Field(
        "default", description="default, or a name as `classroom devices` prints it."
    )
    gain: Annotated[float, _GAIN] = Field(0.0, description=_GAIN_TEXT)
    muted: Annotated[bool, Switch()] = Field(False, description=_MUTED_TEXT)
    delay: Annotated[float, _DELAY] = Field(0.0, description=_DELAY_TEXT)


class ComputerInput(Section):
    """What this computer plays, as a film in another window."""

    kind: Annotated[Literal["computer"], Kind()] = Field("computer", description="What this computer plays.")
    device: Annotated[str, Line(500)] = Field(
        "default",
        description="default, or the name of a sound input that hears it, as `classroom devices` prints it.",
    )
    gain: Annotated[float, _GAIN] = Field(0.0, description=_GAIN_TEXT)
    muted: Annotated[bool, Switch()] = Field(False, description=_MUTED_TEXT)
    delay: Annotated[float, _DELAY] = Field(0.0, description=_DELAY_TEXT)
    duck: Annotated[float, _DUCK] = Field(0.0, description=_DUCK_TEXT)


class SourceInput(Section):
    """The sound of a source; `kind: source` may be left out."""

    kind: Annotated[Literal["source"], Kind()] = Field(
        "source", description="The sound of a source; this key may be left out."
    )
    source: Annotated[str, Reference("source")] = Field(
        description="The source: one of kind file, stream, browser or pattern."
    )
    gain: Annotated[float, _GAIN] = Field(0.0, description=_GAIN_TEXT)
    muted: Annotated[bool, Switch()] = Field(False, description=_MUTED_TEXT)
    delay: Annotated[float, _DELAY] = Field(0.0, description=_DELAY_TEXT)
    heard: Annotated[Literal["on-air", "always"], Choice()] = Field(
        "on-air",
        description="on-air: while the source is in the scene on air, fading with its picture; always: whatever is "
        "on air.",
    )
    duck: Annotated[float, _DUCK] = Field(0.0, description=_DUCK_TEXT)


class ToneInput(Section):
    """A steady test tone."""

    kind: Annotated[Literal["tone"], Kind()] = Field("tone", description="A steady test tone.")
    frequency: Annotated[float, Number(20, 20_000, "Hz")] = Field(440.0, description="Its pitch in hertz.")
    gain: Annotated[float, _GAIN] = Field(0.0, description=_GAIN_TEXT)
    muted: Annotated[bool, Switch()] = Field(False, description=_MUTED_TEXT)
    delay: Annotated[float, _DELAY] = Field(0.0, description=_DELAY_TEXT)


def input_kind_of(value: Any) -> str | None:
    """The kind that a written input says it is; one that only names a source is of kind source."""
    if isinstance(value, dict) and "kind" not in value and "source" in value:
        return "source"
    return kind_of(value)


AudioInput = Annotated[
    Annotated[MicrophoneInput, Tag("microphone")]
    | Annotated[ComputerInput, Tag("computer")]
    | Annotated[SourceInput, Tag("source")]
    | Annotated[ToneInput, Tag("tone")],
    Discriminator(input_kind_of),
]
