"""What the teacher sets of an audio input, and who hears of it."""

from __future__ import annotations

from typing import Any, cast

import pytest

from classroom.common.errors import CommandError
from classroom.common.sentences import Wording
from classroom.features.base import Events, InputMuted
from classroom.features.sound import SoundFeature
from classroom.media.program import Program
from classroom.media.sound import SoundInput
from classroom.media.sound_buffer import SoundBuffer
from classroom.media.supervisor import SourceStatus

QUIET = Wording("audio.opening", "Silent for now.")()


class Mixer:
    """What is asked of the program."""

    def __init__(self) -> None:
        self.inputs = {"mic": SoundInput(SoundBuffer(), muted=True)}
        self.done: list[tuple[str, dict[str, Any]]] = []

    def set_audio(self, name: str, **changes: Any) -> None:
        self.done.append((name, changes))


class Heard:
    """The sound of a lesson, and what others hear of its settings."""

    def __init__(self) -> None:
        events = Events()
        self.muted: list[InputMuted] = []
        events.listen(InputMuted, self.muted.append)
        self.mixer = Mixer()
        self.sound = SoundFeature(
            cast("Program", self.mixer),
            statuses=lambda: {"mic": SourceStatus("microphone", "live")},
            muted_because=lambda: {"mic": QUIET},
            events=events,
            refresh=lambda: None,
        )


def test_what_is_set_reaches_the_mixer() -> None:
    heard = Heard()
    heard.sound.set("mic", gain=-6.0, delay=120.0)
    assert heard.mixer.done == [("mic", {"gain": -6.0, "delay": 120.0})]
    assert heard.muted == []


def test_others_hear_that_the_teacher_muted_or_opened_an_input() -> None:
    heard = Heard()
    heard.sound.set("mic", muted=False)
    heard.sound.set("mic", muted=True)
    assert heard.muted == [InputMuted("mic", False, "teacher"), InputMuted("mic", True, "teacher")]


def test_a_command_that_sets_nothing_is_wrong() -> None:
    heard = Heard()
    with pytest.raises(CommandError, match="Name at least one of gain"):
        heard.sound.set("mic", gain=None)
    assert heard.mixer.done == []


def test_an_input_is_described_with_its_settings_and_why_it_is_muted_by_itself() -> None:
    described = Heard().sound.audio()["mic"]
    assert (described["kind"], described["state"], described["gain"], described["muted"]) == (
        "microphone",
        "live",
        0.0,
        True,
    )
    assert (described["why"], described["reason"]) == (str(QUIET), {"code": "audio.opening", "params": {}})
