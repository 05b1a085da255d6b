"""What a saved lesson file changes in a lesson that runs. Two lessons in, a plan out; nothing is carried out here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, assert_never

from pydantic import BaseModel

from classroom.lesson.audio import SETTINGS, AudioInput, ComputerInput, MicrophoneInput, SourceInput, ToneInput
from classroom.lesson.model import Lesson
from classroom.lesson.sources import CameraSource

__all__ = ["Changes", "Difference", "plan", "restart_keys"]

_APPLIED: Final = frozenset({
    "lesson.title", "lesson.language",
    "access.passcode", "access.admit", "access.max_students", "access.names", "access.origins", "chat.open",
    "program.start", "program.transition", "program.duration", "program.fallback",
})  # fmt: skip
"""The keys of single sections that a running lesson takes over."""

_SECTIONS: Final = ("lesson", "server", "signaling", "access", "chat", "limits", "ice", "program", "video", "recording")


@dataclass(frozen=True, slots=True)
class Difference:
    """What became of named things: sources, or audio inputs that have a device of their own.

    ``after`` says, for one that is changed or added, which old one has to be closed before it can be opened: the one of
    the same name, or one that had the same device.
    """

    added: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()
    changed: frozenset[str] = frozenset()
    after: Mapping[str, str] = field(default_factory=dict)

    @property
    def fresh(self) -> frozenset[str]:
        """Those that have to be built."""
        return self.added | self.changed

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


@dataclass(frozen=True, slots=True)
class Changes:
    """What is different in a new lesson.

    ``settings`` holds, for each input, those of ``SETTINGS`` that the file changed; the rest is as the teacher set it.
    ``keys`` are the changed keys of sections that stand once, as ``program.fallback``.
    """

    sources: Difference
    inputs: Difference
    settings: Mapping[str, frozenset[str]]
    audio: bool
    """Whether anything of the audio inputs is different."""
    scenes: bool
    overlays: bool
    cues: bool
    keys: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.sources or self.inputs or self.audio or self.scenes or self.overlays or self.cues or self.keys)


def plan(old: Lesson, new: Lesson) -> Changes:
    """What changes from one lesson to the other, apart from what needs a restart."""
    both = [name for name in new.audio if name in old.audio]
    return Changes(
        sources=_difference(old.sources, new.sources),
        inputs=_difference(_devices(old), _devices(new)),
        settings={name: keys for name in both if (keys := _settings(old.audio[name], new.audio[name]))},
        audio=list(old.audio.items()) != list(new.audio.items()),
        # A card that only a cue shows has a scene of its own, so cues may change scenes.
        scenes=list(old.scenes.items()) != list(new.scenes.items()) or old.cues != new.cues,
        overlays=old.overlays != new.overlays,
        cues=old.cues != new.cues,
        keys=frozenset(_changed_keys(old, new) & _APPLIED),
    )


def restart_keys(started: Lesson, new: Lesson) -> list[str]:
    """The keys that differ from the lesson as it was started and that need a restart."""
    return sorted(_changed_keys(started, new) - _APPLIED)


def _difference(old: Mapping[str, BaseModel], new: Mapping[str, BaseModel]) -> Difference:
    changed = frozenset(name for name in new if name in old and new[name] != old[name])
    added = frozenset(name for name in new if name not in old)
    removed = frozenset(name for name in old if name not in new)
    after = {name: name for name in changed}
    closing = {device: name for name in sorted(removed | changed) if (device := _device(old[name])) is not None}
    for name in sorted(added | changed):
        device = _device(new[name])
        before = closing.get(device) if device is not None else None
        if before is not None and (name in added or _device(old[name]) != device):
            after[name] = before
    return Difference(added, removed, changed, after)


def _device(model: BaseModel) -> tuple[str, str] | None:
    """The device that only one can have open at a time; None for a source without one."""
    match model:
        case CameraSource():
            return ("camera", model.device)
        case MicrophoneInput():
            return ("microphone", model.device)
        case ComputerInput() if model.device != "default":
            return ("microphone", model.device)
        case _:
            return None


def _devices(lesson: Lesson) -> dict[str, BaseModel]:
    """The inputs that have something of their own to open, without how they are heard."""
    found: dict[str, BaseModel] = {}
    for name, model in lesson.audio.items():
        match model:
            case MicrophoneInput():
                found[name] = MicrophoneInput(device=model.device)
            case ComputerInput():
                found[name] = ComputerInput(device=model.device)
            case ToneInput():
                found[name] = ToneInput(frequency=model.frequency)
            case SourceInput():
                pass
            case _:
                assert_never(model)
    return found


def _settings(old: AudioInput, new: AudioInput) -> frozenset[str]:
    return frozenset(key for key in SETTINGS if getattr(old, key, None) != getattr(new, key, None))


def _changed_keys(old: Lesson, new: Lesson) -> set[str]:
    found = set()
    for section in _SECTIONS:
        before, after = getattr(old, section), getattr(new, section)
        for key in type(after).model_fields:
            if getattr(before, key) != getattr(after, key):
                found.add(f"{section}.{key}")
    return found
