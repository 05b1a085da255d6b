"""Every place where an audio input is set agrees on what can be set, within which bounds."""

from __future__ import annotations

from typing import Any, get_type_hints

import pytest

from classroom.broadcaster import COMMANDS
from classroom.common.clock import ManualClock
from classroom.common.errors import CommandError
from classroom.features.sound import InputEntry
from classroom.lesson.audio import (
    BOUNDS,
    SETTINGS,
    AudioSettings,
    AudioSettingsEntry,
    ComputerInput,
    MicrophoneInput,
    SourceInput,
    ToneInput,
    settings_of,
)
from classroom.media.sound import SoundInput, SoundMixer
from classroom.media.sound_buffer import SoundBuffer
from tests.support.lessons import report

KINDS: dict[str, tuple[dict[str, Any], type[Any]]] = {
    "microphone": ({"kind": "microphone"}, MicrophoneInput),
    "computer": ({"kind": "computer"}, ComputerInput),
    "source": ({"source": "bars"}, SourceInput),
    "tone": ({"kind": "tone"}, ToneInput),
}
BEYOND = [(name, value) for name, bounds in BOUNDS.items() for value in (bounds.low - 1, bounds.high + 1)]
WITHIN = [(name, value) for name, bounds in BOUNDS.items() for value in (bounds.low, bounds.high)]


def lesson_takes(kind: str, setting: str, value: object) -> bool:
    written = {**KINDS[kind][0], setting: value}
    return not report(f"sources: {{bars: {{kind: pattern}}}}\nscenes: {{all: bars}}\naudio: {{a: {written}}}\n").faults


def mixer_takes(kind: str, setting: str, value: object) -> bool:
    sound = SoundInput(SoundBuffer(), speech=kind == "microphone", source="bars" if kind == "source" else None)
    mixer = SoundMixer(inputs={"a": sound}, clock=ManualClock(), deliver=lambda *_: None)
    try:
        mixer.set_audio("a", **{setting: value})
    except CommandError:
        return False
    return True


def command_takes(setting: str, value: object) -> bool:
    try:
        COMMANDS["audio.set"].model.model_validate({"input": "a", setting: value})
    except ValueError:
        return False
    return True


def test_command_and_state_have_every_setting() -> None:
    parameters = [each["name"] for each in COMMANDS["audio.set"].parameters()]
    assert parameters == ["input", *SETTINGS]
    assert tuple(get_type_hints(AudioSettingsEntry)) == SETTINGS
    assert set(SETTINGS) < set(get_type_hints(InputEntry))
    assert AudioSettings().describe() == {name: getattr(AudioSettings(), name) for name in SETTINGS}


@pytest.mark.parametrize(("setting", "value"), [*WITHIN, *BEYOND])
@pytest.mark.parametrize("kind", KINDS)
def test_lesson_and_mixer_take_the_same_of_each_kind(kind: str, setting: str, value: float) -> None:
    takes = lesson_takes(kind, setting, value)
    # A setting that a kind does not have can still be set to nothing.
    assert mixer_takes(kind, setting, value) == (takes or (setting, value, kind) == ("duck", 0, "microphone"))
    if (setting, value) in BEYOND:
        assert not takes
        assert not command_takes(setting, value)
    else:
        assert takes or (setting, kind) == ("duck", "microphone")
        assert command_takes(setting, value)


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_sound_of_a_source_can_follow_it(kind: str) -> None:
    assert lesson_takes(kind, "heard", "on-air") == mixer_takes(kind, "heard", "on-air") == (kind == "source")


@pytest.mark.parametrize("kind", KINDS)
def test_a_lesson_begins_with_the_usual_settings(kind: str) -> None:
    written, model = KINDS[kind]
    settings = settings_of(model(**written))
    assert settings == AudioSettings(heard="on-air" if kind == "source" else "always")
