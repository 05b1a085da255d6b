"""Keeps the microphones silent while a lesson opens on a card, so that nobody is heard without expecting it.

A scene that shows only cards means "not yet". Until the scene is changed for the first time, by the teacher or by a
cue, every input that can hear people is muted, in fact and in the state. The teacher can open each of them earlier.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Final

from classroom.common.errors import CommandError
from classroom.common.sentences import Wording
from classroom.director import Scene
from classroom.features.base import Events, Feature, InputMuted, SceneOnAir
from classroom.lesson import Lesson
from classroom.lesson.audio import AudioInput, ComputerInput, MicrophoneInput, SourceInput
from classroom.lesson.sources import BrowserSource, CardSource, StreamSource
from classroom.media.sound import SoundInput

__all__ = ["OPENING", "OpeningFeature", "hears_people", "shows_cards_only"]

logger = logging.getLogger(__name__)

OPENING: Final = Wording(
    "audio.opening",
    "Silent while the lesson opens on a card. The sound opens when you first change the scene, or here.",
)


class OpeningFeature(Feature):
    """Which inputs are silent until the first change of scene. Belongs to the event loop.

    ``waits`` tells whether the lesson stands at its beginning, on a card. ``open_input`` unmutes one; ``scene`` tells
    what is on air.
    """

    def __init__(
        self,
        lesson: Lesson,
        *,
        waits: bool,
        open_input: Callable[[str], None],
        scene: Callable[[], Scene],
        events: Events,
    ) -> None:
        self._lesson = lesson
        self._waits = waits
        self._open = open_input
        self._scene = scene
        self._events = events
        self._held: set[str] = set()
        events.listen(SceneOnAir, lambda _: self.over())
        events.listen(InputMuted, self._muted)

    @property
    def waits(self) -> bool:
        """Whether the scene has not been changed yet, and the lesson opened on a card."""
        return self._waits

    @property
    def held(self) -> frozenset[str]:
        """The inputs that are muted only for now."""
        return frozenset(self._held)

    def reasons(self) -> dict[str, str]:
        """Why those inputs are muted."""
        return {name: OPENING() for name in self._held}

    def hush(self, inputs: Mapping[str, SoundInput]) -> dict[str, SoundInput]:
        """The inputs, with those muted that wait; an input that is muted in the lesson stays muted afterwards."""
        self._held &= inputs.keys()
        if not self._waits:
            return dict(inputs)
        hushed = dict(inputs)
        for name, setting in inputs.items():
            if not setting.muted and hears_people(self._lesson, name):
                hushed[name] = replace(setting, muted=True)
                self._held.add(name)
        return hushed

    def _muted(self, said: InputMuted) -> None:
        """The teacher has decided whether an input is muted; the opening leaves it alone."""
        if said.why == "teacher":
            self._held.discard(said.input)

    def renew(self, lesson: Lesson, decided: Collection[str]) -> None:
        """Take over another lesson, whose file has changed whether the inputs ``decided`` are muted."""
        self._lesson = lesson
        self._held.difference_update(decided)

    def over(self) -> None:
        """The scene was changed for the first time: open what waited."""
        self._waits = False
        waited, self._held = sorted(self._held), set()
        for name in waited:
            try:
                self._open(name)
            except CommandError as fault:  # the others open all the same
                logger.warning("the input %s was not opened: %s", name, fault)
                continue
            self._events.emit(InputMuted(name, False, "opening"))

    def apply(self, lesson: Lesson) -> None:
        """The opening is over if the scene on air now shows more than cards."""
        if not shows_cards_only(lesson, self._scene()):
            self.over()


def shows_cards_only(lesson: Lesson, scene: Scene) -> bool:
    """Whether a scene shows nothing but cards."""
    return all(isinstance(lesson.sources.get(source), CardSource) for source in scene.show)


def hears_people(lesson: Lesson, name: str) -> bool:
    """Whether an input may carry what people say or do who do not know that they are heard.

    A microphone, what the computer plays (a call, a message), and the sound of a browser or network camera that is
    heard always. What is heard only while its source is on air is silent on a card anyway.
    """
    model: AudioInput | None = lesson.audio.get(name)
    match model:
        case MicrophoneInput() | ComputerInput():
            return True
        case SourceInput():
            away = isinstance(lesson.sources.get(model.source), BrowserSource | StreamSource)
            return away and model.heard == "always"
        case _:
            return False
