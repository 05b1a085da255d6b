"""Lets pictures wait for their sound while a speaking face is on air, and at no other time.

A browser plays sound some 80 ms after it came and shows pictures at once. That is right for slides and screens, which
should follow the teacher's hand, but lips are then seen before they are heard. Sound should come from 20 ms before to
45 ms after its picture, so pictures of a face wait for most of that time.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Set
from typing import Final

from classroom.director import Director, resolve
from classroom.features.base import Events, Feature, InputMuted, LessonFileApplied, SceneOnAir, SourceChanged
from classroom.lesson import Lesson
from classroom.lesson.sources import BrowserSource, CameraSource, FileSource, StreamSource
from classroom.media.sound import SoundInput

__all__ = ["WAIT", "LipSyncFeature", "speaking_face"]

WAIT: Final = 0.08
"""Seconds for which pictures of a face wait: sound is then heard 0 to 40 ms after its picture."""


class LipSyncFeature(Feature):
    """Tells students' connections for how long pictures wait.

    ``live`` tells which sources have a picture, ``inputs`` how the audio inputs are set; ``wait_for_sound`` takes the
    seconds. Where a source is lost, what stands in for it counts.
    """

    def __init__(
        self,
        lesson: Lesson,
        *,
        director: Director,
        live: Callable[[], Set[str]],
        inputs: Callable[[], Mapping[str, SoundInput]],
        wait_for_sound: Callable[[float], None],
        events: Events,
    ) -> None:
        self._lesson = lesson
        self._director = director
        self._live = live
        self._inputs = inputs
        self._wait_for_sound = wait_for_sound
        for kind in (SceneOnAir, SourceChanged, InputMuted, LessonFileApplied):
            events.listen(kind, self._decide)

    def apply(self, lesson: Lesson) -> None:
        """Know what the sources of another lesson are."""
        self._lesson = lesson

    async def run(self, stack: contextlib.AsyncExitStack) -> None:
        """Look at the scene that the lesson starts with."""
        self._decide()

    def _decide(self, _event: object = None) -> None:
        shown = resolve(self._director.program.placements, self._live(), self._lesson.program.fallback)
        names = [each.source for each in shown if each.source is not None]
        speaking = speaking_face(self._lesson, names, self._inputs().values())
        self._wait_for_sound(WAIT if speaking else 0.0)


def speaking_face(lesson: Lesson, shown: Iterable[str], inputs: Iterable[SoundInput]) -> bool:
    """Whether one of the sources shown may be somebody whose voice is heard now.

    A camera or another computer is one while a microphone or its own sound is open; a film or a stream is one while
    its own sound is. Cards, slides, screens and test pictures never are.
    """
    heard = [each for each in inputs if not each.muted]
    microphone = any(each.speech for each in heard)
    sounding = {each.source for each in heard}
    for name in shown:
        match lesson.sources.get(name):
            case CameraSource() | BrowserSource():
                if microphone or name in sounding:
                    return True
            case FileSource() | StreamSource():
                if name in sounding:
                    return True
    return False
