"""How an audio input is heard: what a lesson file begins with, and a teacher changes while the lesson runs.

Each setting is declared here once, with its unit, bounds, default and sentence. The lesson file, the command
``audio.set``, the mixer, the state's section ``audio``, the progress that is kept and the teacher page take them from
here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any, Final, Literal, TypedDict, cast, get_args, get_type_hints

from pydantic import Field

from classroom.lesson.values import Choice, Number, Switch

__all__ = [
    "BOUNDS",
    "SETTINGS",
    "AudioSettings",
    "AudioSettingsEntry",
    "Delay",
    "Duck",
    "Gain",
    "Heard",
    "HeardWhen",
    "Muted",
    "optional_parameters",
]

Heard = Literal["on-air", "always"]

Gain = Annotated[
    float,
    Number(-60, 20, "dB"),
    Field(description="Gain in decibels, -60 to 20; 0 leaves the sound as it is."),
]
Muted = Annotated[bool, Switch(), Field(description="Whether it is silent when the lesson begins.")]
Delay = Annotated[
    float,
    Number(0, 1000, "ms"),
    Field(
        description="How much later it is heard, 0 to 1000 ms, as where a camera is slower than its microphone.",
    ),
]
Duck = Annotated[
    float,
    Number(0, 60, "dB"),
    Field(
        description="How much quieter it is while somebody speaks into a microphone, 0 to 60 decibels; 0 is not.",
    ),
]
HeardWhen = Annotated[
    Heard,
    Choice(),
    Field(
        description="on-air: while the source is in the scene on air, fading with its picture; always: whatever is on "
        "air."
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


def optional_parameters() -> dict[str, Any]:
    """The type of each setting as a parameter of a command, within its bounds; None leaves the setting as it is."""
    found: dict[str, Any] = {}
    for name, parts in _HINTS.items():
        bounds = BOUNDS.get(name)
        plain = parts[0] if bounds is None else Annotated[parts[0], Field(ge=bounds.low, le=bounds.high)]
        found[name] = plain | None
    return found
