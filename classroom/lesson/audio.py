"""Where sound comes from: microphones, what this computer plays, the sound of a source, and a test tone."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import Discriminator, Field, Tag

from classroom.lesson.audio_settings import SETTINGS, AudioSettings, Delay, Duck, Gain, HeardWhen, Muted
from classroom.lesson.section import Section
from classroom.lesson.sources import kind_of
from classroom.lesson.values import KindWord, Line, Number, Reference

__all__ = ["AudioInput", "ComputerInput", "MicrophoneInput", "SourceInput", "ToneInput", "input_kind_of", "settings_of"]

_USUAL: Final = AudioSettings()


class MicrophoneInput(Section):
    """A microphone of this computer."""

    # No duck: a microphone is what the others give way to.
    kind: Annotated[Literal["microphone"], KindWord()] = Field(
        "microphone", description="A microphone of this computer."
    )
    device: Annotated[str, Line(500)] = Field(
        "default", description="default, or a name as `classroom devices` prints it."
    )
    gain: Gain = _USUAL.gain
    muted: Muted = _USUAL.muted
    delay: Delay = _USUAL.delay


class ComputerInput(Section):
    """What this computer plays, as a film in another window."""

    kind: Annotated[Literal["computer"], KindWord()] = Field("computer", description="What this computer plays.")
    device: Annotated[str, Line(500)] = Field(
        "default",
        description="default, or the name of a sound input that hears it, as `classroom devices` prints it.",
    )
    gain: Gain = _USUAL.gain
    muted: Muted = _USUAL.muted
    delay: Delay = _USUAL.delay
    duck: Duck = _USUAL.duck


class SourceInput(Section):
    """The sound of a source; `kind: source` may be left out."""

    kind: Annotated[Literal["source"], KindWord()] = Field(
        "source", description="The sound of a source; this key may be left out."
    )
    source: Annotated[str, Reference("source")] = Field(
        description="The source: one of kind file, stream, browser or pattern."
    )
    gain: Gain = _USUAL.gain
    muted: Muted = _USUAL.muted
    delay: Delay = _USUAL.delay
    heard: HeardWhen = "on-air"
    duck: Duck = _USUAL.duck


class ToneInput(Section):
    """A steady test tone."""

    kind: Annotated[Literal["tone"], KindWord()] = Field("tone", description="A steady test tone.")
    frequency: Annotated[float, Number(20, 20_000, "Hz")] = Field(440.0, description="Its pitch in hertz.")
    gain: Gain = _USUAL.gain
    muted: Muted = _USUAL.muted
    delay: Delay = _USUAL.delay
    duck: Duck = _USUAL.duck


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


def settings_of(model: AudioInput) -> AudioSettings:
    """How an input is heard when the lesson begins; a setting that its kind does not have is as usual."""
    return AudioSettings(**{name: value for name, value in model if name in SETTINGS})
