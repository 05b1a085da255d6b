"""The lesson without a file, for every computer and both languages."""

from __future__ import annotations

import itertools
import json
import re

import pytest

from classroom.lesson import built_in_lesson
from classroom.lesson.built_in import built_in_values
from tests.support.lessons import report

COMPUTERS = list(itertools.product([True, False], repeat=3))


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(("camera", "microphone", "screen"), COMPUTERS)
def test_it_is_a_lesson_that_a_file_could_hold(camera: bool, microphone: bool, screen: bool, language: str) -> None:
    devices = {"has_camera": camera, "has_microphone": microphone, "has_screen": screen}
    lesson = built_in_lesson(**devices, language=language)
    found = report(json.dumps(built_in_values(**devices, language=language)))
    assert found.faults == found.notes == ()
    assert found.lesson == lesson


@pytest.mark.parametrize(("camera", "microphone", "screen"), COMPUTERS)
def test_it_opens_on_a_card_and_has_all_scenes(camera: bool, microphone: bool, screen: bool) -> None:
    lesson = built_in_lesson(has_camera=camera, has_microphone=microphone, has_screen=screen)
    assert list(lesson.scenes) == ["title", "camera", "screen", "both", "duo", "away"]
    first = lesson.scenes[lesson.program.start]
    assert [lesson.sources[name].kind for name in first.sources] == ["card"]
    (from_camera,), (from_screen,) = (lesson.scenes[name].sources for name in ("camera", "screen"))
    assert (lesson.scenes["both"].layout, lesson.scenes["both"].sources) == (
        "picture-in-picture",
        [from_screen, from_camera],
    )
    assert (lesson.scenes["duo"].layout, lesson.scenes["duo"].sources) == ("side-by-side", [from_camera, from_screen])
    assert lesson.sources[from_camera].kind == ("camera" if camera else "pattern")
    assert lesson.sources[from_screen].kind == ("screen" if screen else "card")
    (sound,) = lesson.audio.values()
    assert (sound.kind, sound.muted) == (("microphone", False) if microphone else ("tone", True))


def test_what_replaces_a_device_has_no_name_of_one() -> None:
    lesson = built_in_lesson(has_camera=False, has_microphone=False, has_screen=False)
    assert list(lesson.sources) == ["title", "no camera (test pattern)", "no screen (card)", "away"]
    assert list(lesson.audio) == ["no microphone (test tone)"]


@pytest.mark.parametrize(("camera", "microphone", "screen"), COMPUTERS)
def test_everything_in_the_chinese_lesson_has_a_chinese_name(camera: bool, microphone: bool, screen: bool) -> None:
    lesson, english = (
        built_in_lesson(has_camera=camera, has_microphone=microphone, has_screen=screen, language=language)
        for language in ("zh", "en")
    )
    assert (lesson.lesson.language, english.lesson.language) == ("zh", "en")
    names = [*lesson.scenes, *lesson.sources, *lesson.audio]
    assert [name for name in names if re.search(r"[A-Za-z]", name)] == []
    assert [scene.layout for scene in lesson.scenes.values()] == [scene.layout for scene in english.scenes.values()]
    assert list(lesson.sources.values())[1].kind == list(english.sources.values())[1].kind
    assert lesson.program.start == next(iter(lesson.scenes))


def test_a_missing_screen_is_explained_in_the_language_of_the_lesson() -> None:
    english, chinese = (
        list(
            built_in_lesson(has_camera=True, has_microphone=True, has_screen=False, language=language).sources.values()
        )[2].model_dump()
        for language in ("en", "zh")
    )
    assert "no screen that can be captured" in english["text"]
    assert "没有可以采集的屏幕" in chinese["text"]


def test_another_language_is_english() -> None:
    lesson = built_in_lesson(has_camera=True, has_microphone=True, has_screen=True, language="fr")
    assert (lesson.lesson.language, lesson.lesson.title) == ("en", "Lesson")
