"""The lesson without a file, for every computer and both languages."""

from __future__ import annotations

import itertools
import json

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


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(("camera", "microphone", "screen"), COMPUTERS)
def test_it_opens_on_a_card_and_has_all_scenes(camera: bool, microphone: bool, screen: bool, language: str) -> None:
    lesson = built_in_lesson(has_camera=camera, has_microphone=microphone, has_screen=screen, language=language)
    assert lesson.lesson.language == language
    assert list(lesson.scenes) == ["title", "camera", "screen", "both", "duo", "away"]
    first = lesson.scenes[lesson.program.start]
    assert [lesson.sources[name].kind for name in first.sources] == ["card"]
    assert (lesson.scenes["both"].layout, lesson.scenes["both"].sources) == ("picture-in-picture", ["screen", "camera"])
    assert (lesson.scenes["duo"].layout, lesson.scenes["duo"].sources) == ("side-by-side", ["camera", "screen"])
    assert lesson.sources["camera"].kind == ("camera" if camera else "pattern")
    assert lesson.sources["screen"].kind == ("screen" if screen else "card")
    (sound,) = lesson.audio.values()
    assert (sound.kind, sound.muted) == (("microphone", False) if microphone else ("tone", True))


def test_a_missing_screen_is_explained_in_the_language_of_the_lesson() -> None:
    english, chinese = (
        built_in_lesson(has_camera=True, has_microphone=True, has_screen=False, language=language)
        .sources["screen"]
        .model_dump()
        for language in ("en", "zh")
    )
    assert "no screen that can be captured" in english["text"]
    assert "没有可以采集的屏幕" in chinese["text"]


def test_another_language_is_english() -> None:
    lesson = built_in_lesson(has_camera=True, has_microphone=True, has_screen=True, language="fr")
    assert (lesson.lesson.language, lesson.lesson.title) == ("en", "Lesson")
