"""When pictures wait for their sound."""

from __future__ import annotations

import contextlib

import pytest

from classroom.features.base import Events, InputMuted, LessonFileApplied, SceneOnAir
from classroom.features.lip_sync import WAIT, LipSyncFeature, speaking_face
from classroom.lesson import Lesson
from classroom.media.sound import SoundInput
from classroom.media.sound_buffer import SoundBuffer
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
        self.shown = ["slides"]
        self.inputs = {"mic": sound()}
        self.waits: list[float] = []
        self.events = Events()
        self.feature = LipSyncFeature(
            lesson_of(LESSON),
            shown=lambda: self.shown,
            inputs=lambda: self.inputs,
            wait_for_sound=self.waits.append,
            events=self.events,
        )

    async def begin(self) -> None:
        async with contextlib.AsyncExitStack() as stack:
            await self.feature.run(stack)


async def test_it_follows_scenes_microphones_and_the_lesson_file() -> None:
    told = Told()
    await told.begin()
    assert told.waits == [0.0]
    told.shown = ["camera"]
    told.events.emit(SceneOnAir("talk", "slides", "teacher"))
    assert told.waits[-1] == WAIT
    told.inputs = {"mic": sound(muted=True)}
    told.events.emit(InputMuted("mic", True, "teacher"))
    assert told.waits[-1] == 0.0
    told.inputs = {"mic": sound()}
    told.events.emit(InputMuted("mic", False, "teacher"))
    assert told.waits[-1] == WAIT
    changed: Lesson = lesson_of(LESSON.replace("camera: {kind: camera}", "camera: {kind: screen}"))
    told.feature.apply(changed)
    told.events.emit(LessonFileApplied(changed))
    assert told.waits[-1] == 0.0
