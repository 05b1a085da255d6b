"""Which inputs are silent while a lesson opens on a card."""

from __future__ import annotations

import pytest

from classroom.features.base import Events, InputMuted, SceneOnAir
from classroom.features.from_lesson import scenes_of
from classroom.features.silent_opening import OPENING, OpeningFeature, hears_people, shows_cards_only
from classroom.lesson import Lesson
from classroom.lesson.built_in import built_in_lesson
from classroom.media.sound import SoundInput
from classroom.media.sound_buffer import SoundBuffer
from tests.support.lessons import lesson_of

LESSON = """\
sources:
  title: {kind: card, title: "Soon"}
  more: {kind: card, title: "Later"}
  camera: {kind: camera}
  phone: {kind: browser}
  yard: {kind: stream, url: "rtsp://10.0.0.2/live"}
  film: {kind: file, path: film.mp4}
audio:
  mic: {kind: microphone}
  player: {kind: computer}
  phone: {source: phone, heard: always}
  shown: {source: phone}
  yard: {source: yard, heard: always}
  film: {source: film, heard: always}
  tone: {kind: tone}
scenes:
  title: title
  cards: {layout: side-by-side, show: [title, more]}
  both: {layout: side-by-side, show: [title, camera]}
  talk: camera
"""


def lesson(text: str = LESSON) -> Lesson:
    return lesson_of(text)


def inputs(*names: str, muted: bool = False) -> dict[str, SoundInput]:
    return {name: SoundInput(SoundBuffer(), muted=muted) for name in names}


class Beginning:
    """A lesson that begins with a scene on air, and what was opened since."""

    def __init__(self, *, waits: bool = True, scene: str = "title") -> None:
        self.events = Events()
        self.opened: list[str] = []
        self.muted: list[InputMuted] = []
        self.events.listen(InputMuted, self.muted.append)
        self.feature = OpeningFeature(
            lesson(),
            waits=waits,
            open_input=self.opened.append,
            scene=lambda: scenes_of(lesson())[scene],
            events=self.events,
        )


def opening(*, waits: bool = True) -> tuple[OpeningFeature, list[str]]:
    begins = Beginning(waits=waits)
    return begins.feature, begins.opened


def test_it_tells_whether_the_lesson_still_stands_at_its_beginning() -> None:
    feature, _ = opening()
    assert feature.waits is True
    feature.over()
    assert feature.waits is False
    assert opening(waits=False)[0].waits is False


def test_whatever_can_hear_people_counts_and_nothing_else() -> None:
    each = lesson()
    assert [name for name in each.audio if hears_people(each, name)] == ["mic", "player", "phone", "yard"]


@pytest.mark.parametrize(("scene", "cards"), [("title", True), ("cards", True), ("both", False), ("talk", False)])
def test_a_start_card_is_a_scene_of_nothing_but_cards(scene: str, cards: bool) -> None:
    assert shows_cards_only(lesson(), scenes_of(lesson())[scene]) is cards


def test_the_built_in_lesson_opens_on_one() -> None:
    each = built_in_lesson(has_camera=True, has_microphone=True, has_screen=True)
    assert shows_cards_only(each, scenes_of(each)[each.program.start])


def test_microphones_are_muted_and_open_with_the_first_change_of_scene() -> None:
    begins, opened = opening()
    hushed = begins.hush(inputs("mic", "film"))
    assert (hushed["mic"].muted, hushed["film"].muted) == (True, False)
    assert begins.reasons() == {"mic": OPENING()}
    begins.over()
    assert opened == ["mic"]
    assert begins.reasons() == {}
    begins.over()
    assert opened == ["mic"]


def test_what_the_lesson_or_the_teacher_mutes_stays_muted() -> None:
    begins = Beginning()
    begins.feature.hush(inputs("mic", "player") | inputs("phone", muted=True))
    begins.events.emit(InputMuted("mic", True, "teacher"))
    begins.feature.over()
    assert begins.opened == ["player"]


def test_the_first_scene_on_air_ends_it_and_others_hear_what_opened() -> None:
    begins = Beginning()
    begins.feature.hush(inputs("mic"))
    begins.events.emit(SceneOnAir("talk", "title", "cue"))
    assert begins.opened == ["mic"]
    assert begins.muted == [InputMuted("mic", False, "opening")]


@pytest.mark.parametrize(("scene", "opened"), [("title", []), ("talk", ["mic"])])
def test_a_saved_file_that_shows_more_than_cards_on_air_ends_it(scene: str, opened: list[str]) -> None:
    begins = Beginning(scene=scene)
    begins.feature.hush(inputs("mic"))
    begins.feature.apply(lesson())
    assert begins.opened == opened


def test_a_lesson_that_opens_on_a_camera_has_its_microphones_open() -> None:
    begins, _ = opening(waits=False)
    assert not begins.hush(inputs("mic"))["mic"].muted


def test_a_microphone_that_comes_with_a_saved_file_waits_too_and_one_that_is_gone_is_forgotten() -> None:
    begins, opened = opening()
    begins.hush(inputs("mic"))
    hushed = begins.hush(inputs("player"))
    assert hushed["player"].muted
    begins.over()
    assert opened == ["player"]


def test_a_saved_file_that_mutes_a_waiting_microphone_is_the_last_word() -> None:
    begins, opened = opening()
    begins.hush(inputs("mic"))
    begins.renew(lesson(), ["mic"])
    begins.hush(inputs("mic", muted=True))
    begins.over()
    assert opened == []
