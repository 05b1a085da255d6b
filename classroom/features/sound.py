"""How the audio inputs of a lesson are set."""

from __future__ import annotations

from collections.abc import Mapping

from classroom.common.sentences import Reason, reason_of
from classroom.lesson.audio_settings import AudioSettingsEntry
from classroom.media.sound import SoundInput
from classroom.media.supervisor import SourceState, SourceStatus

__all__ = ["InputEntry", "audio_section"]


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
