"""The audio inputs of a lesson: how each is set, and how the teacher changes that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from classroom.common.errors import CommandError
from classroom.common.sentences import Reason, reason_of
from classroom.control import json_rpc
from classroom.control.registry import Name, command
from classroom.features.base import NOTHING_NAMED, Events, Feature, InputMuted, section
from classroom.lesson.audio import AudioSettingsEntry, optional_parameters
from classroom.media.program import Program
from classroom.media.sound import SoundInput
from classroom.media.supervisor import SourceState, SourceStatus

__all__ = ["InputEntry", "SoundFeature", "audio_section"]


class InputEntry(AudioSettingsEntry):
    """How an audio input is set, and how what it comes from is."""

    kind: str
    """As in the lesson file: `microphone`, `computer`, `tone` or `source`."""
    source: str | None
    """The source whose sound it is."""
    state: SourceState
    why: str | None
    """Why it is muted although the teacher did not mute it, in English."""
    reason: Reason | None
    """What `why` is made of."""


class SoundFeature(Feature):
    """How the inputs are heard.

    ``statuses`` tells how the source of each is, ``muted_because`` why some are muted by themselves. ``refresh`` tells
    teachers what has changed.
    """

    def __init__(
        self,
        program: Program,
        *,
        statuses: Callable[[], Mapping[str, SourceStatus]],
        muted_because: Callable[[], Mapping[str, str]],
        events: Events,
        refresh: Callable[[], None],
    ) -> None:
        self._program = program
        self._statuses = statuses
        self._muted_because = muted_because
        self._events = events
        self._refresh = refresh

    @command("audio.set", optional=optional_parameters())
    def set(self, input: Name, **changes: Any) -> None:
        """Change an audio input: its gain (dB), whether it is muted, and its `delay` (ms).

        `duck` is how much quieter (dB) it is while somebody speaks into a microphone. `heard` is when the sound of a
        source is heard: while it is `on-air`, or `always`.
        """
        if all(each is None for each in changes.values()):
            raise CommandError(json_rpc.INVALID_PARAMS, NOTHING_NAMED(names=", ".join(changes)))
        self._program.set_audio(input, **changes)
        muted = changes.get("muted")
        if muted is not None:
            self._events.emit(InputMuted(input, muted, "teacher"))
        self._refresh()

    @section("audio", changing=True)
    def audio(self) -> dict[str, InputEntry]:
        """How each audio input is set and is, by its name."""
        return audio_section(self._program.inputs, self._statuses(), self._muted_because())


def audio_section(
    inputs: Mapping[str, SoundInput], statuses: Mapping[str, SourceStatus], muted_because: Mapping[str, str]
) -> dict[str, InputEntry]:
    """How each audio input is set, and how its source is; ``muted_because`` says why some are muted by themselves."""
    return {
        name: {
            "kind": statuses[name].kind if setting.source is None else "source",
            "source": setting.source,
            **setting.describe(),
            "state": statuses[name].state,
            "why": None if name not in muted_because else str(muted_because[name]),
            "reason": reason_of(muted_because.get(name)),
        }
        for name, setting in inputs.items()
    }
