"""Where sound comes from, and how it is heard: microphones, what this computer plays, a source's sound, a test tone.

Each setting of an audio input is declared here once, with its unit, bounds, default and sentence. The lesson file, the
command ``audio.set``, the mixer, the state's section ``audio``, the progress that is kept and the teacher page take
them from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any, Final, Literal, TypedDict, cast, get_args, get_type_hints

from pydantic import Discriminator, Field, Tag

from classroom.lesson.section import Section
from classroom.lesson.sources import kind_of
from classroom.lesson.values import Choice, KindWord, Line, Number, Reference, Switch

__all__ = [
    "BOUNDS",
    "SETTINGS",
    "AudioInput",
    "AudioSettings",
    "AudioSettingsEntry",
    "ComputerInput",
    "Heard",
    "MicrophoneInput",
    "SourceInput",
    "ToneInput",
    "input_kind_of",
    "kinds_with",
    "optional_parameters",
    "settings_of",
]

Heard = Literal["on-air", "always"]

Gain = Annotated[
    float,
    Number(-60, 20, "dB"),
    Field(description="Gain in decibels, -60 to 20; 0 leaves the sound as it is."),
]
Muted = Annotated[bool, Switch(), Field(description="Whether it is muted when the lesson starts.")]
Delay = Annotated[
    float,
    Number(0, 1000, "ms"),
    Field(
        description=(
            "How much later it is heard, 0 to 1000 ms, for example if a camera is slower than the microphone."
        ),
    ),
]
Duck = Annotated[
    float,
    Number(0, 60, "dB"),
    Field(
        description=(
            "How much quieter it is while somebody speaks into a microphone, 0 to 60 decibels; 0 turns this off."
        ),
    ),
]
HeardWhen = Annotated[
    Heard,
    Choice(),
    Field(
        description=(
            "on-air: while the source is in the scene on air, fading with its picture; always: in every scene."
        )
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioSettings:
    """How an audio input is heard.

    ``gain`` is in dB, ``delay`` in milliseconds, half of what a sound buffer holds at most. ``duck`` is how much lower
    (dB) it is while somebody speaks into a microphone. With ``heard`` on-air it is heard as far as its source is on
    air.
    """

    gain: Gain = 0.0
    muted: Muted = False
    delay: Delay = 0.0
    duck: Duck = 0.0
    heard: HeardWhen = "always"

    @property
    def settings(self) -> AudioSettings:
        """These settings alone, without what a subclass adds."""
        return AudioSettings(**{name: getattr(self, name) for name in SETTINGS})

    def describe(self) -> AudioSettingsEntry:
        """The settings as the control protocol shows them."""
        return cast("AudioSettingsEntry", {name: getattr(self, name) for name in SETTINGS})


class AudioSettingsEntry(TypedDict):
    """The settings of an audio input in the state."""

    gain: float
    """Decibels."""
    muted: bool
    delay: float
    """Milliseconds by which it is heard later."""
    duck: float
    """Decibels by which it is quieter while somebody speaks into a microphone."""
    heard: Heard
    """`on-air`: only while its source is."""


SETTINGS: Final = tuple(each.name for each in fields(AudioSettings))
"""The names of the settings."""

_HINTS: Final = {name: get_args(hint) for name, hint in get_type_hints(AudioSettings, include_extras=True).items()}

BOUNDS: Final[Mapping[str, Number]] = {
    name: kind for name, parts in _HINTS.items() for kind in parts if isinstance(kind, Number)
}
"""The lowest and highest value of each setting that is a number, and its unit."""

_USUAL: Final = AudioSettings()


class MicrophoneInput(Section):
    """A microphone of this computer."""

    # No duck: the other inputs are lowered for a microphone.
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
        description="default, or the name of a sound input that carries it, as `classroom devices` prints it.",
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
    """How an input is heard when the lesson begins; a setting that its kind does not have is the default."""
    return AudioSettings(**{name: value for name, value in model if name in SETTINGS})


def optional_parameters() -> dict[str, Any]:
    """The type of each setting as a parameter of a command, within its bounds; None leaves the setting as it is."""
    found: dict[str, Any] = {}
    for name, parts in _HINTS.items():
        bounds = BOUNDS.get(name)
        plain = parts[0] if bounds is None else Annotated[parts[0], Field(ge=bounds.low, le=bounds.high)]
        found[name] = plain | None
    return found


def kinds_with(setting: str) -> list[str]:
    """The kinds of input that have a setting."""
    models: tuple[type[Section], ...] = (MicrophoneInput, ComputerInput, SourceInput, ToneInput)
    return [model.model_fields["kind"].default for model in models if setting in model.model_fields]
