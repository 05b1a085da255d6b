"""When pictures wait for their sound."""

from __future__ import annotations

import contextlib

import pytest

from classroom.common.clock import ManualClock
from classroom.features.base import Events, InputMuted, LessonFileApplied, SceneOnAir, SourceChanged
from classroom.features.from_lesson import director_of
from classroom.features.lip_sync import WAIT, LipSyncFeature, speaking_face
from classroom.lesson import Lesson
from classroom.media.sound import SoundInput
from classroom.media.sound_buffer import SoundBuffer
from classroom.media.supervisor import SourceState
from tests.support.lessons import lesson_of

LESSON = """\
sources:
  camera: {kind: camera}
  phone: {kind: browser}
  film: {kind: file, path: film.mp4}
  yard: {kind: stream, url: "rtsp://10.0.0.2/live"}
  screen: {kind: screen}
  slides: {kind: slides, file: deck.pdf}
  bars: {kind: pattern}
  pause: {kind: card, title: Pause}
audio:
  mic: {kind: microphone}
scenes:
  talk: camera
"""

DIRECTED = LESSON.replace(
    "scenes:",
    """\
program: {fallback: pause}
scenes:
  desk: slides
  guest: {show: [phone], fallback: camera}""",
)


def sound(source: str | None = None, *, muted: bool = False) -> SoundInput:
    return SoundInput(SoundBuffer(), muted=muted, source=source, speech=source is None)


@pytest.mark.parametrize(
    ("shown", "heard", "waits"),
    [
        (["camera"], [sound()], True),
        (["slides", "camera"], [sound()], True),
        (["phone"], [sound("phone")], True),
        (["phone"], [sound()], True),
        (["film"], [sound("film")], True),
        (["yard"], [sound("yard")], True),
        (["camera"], [sound(muted=True)], False),
        (["camera"], [sound("film")], False),
        (["film"], [sound("film", muted=True), sound()], False),
        (["screen", "slides", "bars", "pause"], [sound(), sound("film")], False),
        (["bars"], [sound("bars")], False),
        (["gone"], [sound()], False),
        ([], [sound()], False),
    ],
)
def test_a_face_speaks_that_is_shown_while_its_voice_is_heard(
    shown: list[str], heard: list[SoundInput], waits: bool
) -> None:
    assert speaking_face(lesson_of(LESSON), shown, heard) is waits


class Told:
    """A feature, and for how long pictures were told to wait."""

    def __init__(self) -> None:
        self.lesson = lesson_of(DIRECTED)
        self.director = director_of(self.lesson, clock=ManualClock())
        self.live = {"camera", "slides", "pause", "film", "phone"}
        self.inputs = {"mic": sound()}
        self.waits: list[float] = []
        self.events = Events()
        self.feature = LipSyncFeature(
            self.lesson,
            director=self.director,
            live=lambda: self.live,
            inputs=lambda: self.inputs,
            wait_for_sound=self.waits.append,
            events=self.events,
        )

    async def begin(self) -> None:
        async with contextlib.AsyncExitStack() as stack:
            await self.feature.run(stack)

    def switch(self, scene: str) -> None:
        self.director.switch(scene, now=0.0)
        self.events.emit(SceneOnAir(scene, "", "teacher"))

    def turns(self, source: str, state: SourceState) -> None:
        """The source is live, or is no more."""
        self.live = self.live | {source} if state == "live" else self.live - {source}
        self.events.emit(SourceChanged(source, state, "live", None))


async def test_it_follows_scenes_microphones_and_the_lesson_file() -> None:
    told = Told()
    await told.begin()
    assert told.waits == [0.0]
    told.switch("talk")
    assert told.waits[-1] == WAIT
    told.inputs = {"mic": sound(muted=True)}
    told.events.emit(InputMuted("mic", True, "teacher"))
    assert told.waits[-1] == 0.0
    told.inputs = {"mic": sound()}
    told.events.emit(InputMuted("mic", False, "teacher"))
    assert told.waits[-1] == WAIT
    changed: Lesson = lesson_of(DIRECTED.replace("camera: {kind: camera}", "camera: {kind: screen}"))
    told.feature.apply(changed)
    told.events.emit(LessonFileApplied(changed))
    assert told.waits[-1] == 0.0


async def test_what_stands_in_for_a_lost_face_waits_only_if_it_is_one() -> None:
    told = Told()
    told.switch("talk")
    told.turns("camera", "lost")
    assert told.waits[-1] == 0.0, "the lesson's fallback is a card"
    told.turns("camera", "live")
    assert told.waits[-1] == WAIT
    told.switch("guest")
    told.turns("phone", "lost")
    assert told.waits[-1] == WAIT, "the scene's own fallback is a camera"
    told.turns("camera", "lost")
    assert told.waits[-1] == 0.0
