"""A lesson with everything in it, read as a value."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from classroom.lesson import check_lesson, lesson_from_text, load_lesson
from classroom.lesson.measures import Size
from classroom.lesson.sections import TierModel
from classroom.lesson.sources import CameraSource, CardSource, FileSource, PatternSource, ScreenSource, SlidesSource
from tests.support.lessons import FULL, SMALL, report


def test_a_lesson_with_every_feature_has_no_fault() -> None:
    found = check_lesson(FULL)
    assert found.faults == ()
    assert [(note.key, note.line) for note in found.notes] == [("recording.start", 26)]


def test_its_values_are_those_written() -> None:
    lesson = load_lesson(FULL)
    folder = FULL.parent
    assert (lesson.lesson.title, lesson.lesson.language) == ("Linear algebra, week 3", "en")
    assert (lesson.server.host, lesson.server.port, lesson.server.tls) == ("0.0.0.0", 8888, "auto")
    assert (lesson.signaling.server, lesson.signaling.visibility, lesson.signaling.ids) == ("embedded", "hub", "random")
    assert lesson.access.token is None
    assert lesson.access.passcode is None
    assert (lesson.access.admit, lesson.access.max_students) == ("everyone", 200)
    assert lesson.ice.servers == []
    assert lesson.sources["camera"] == CameraSource(device="default", size=Size(1280, 720), fps=30)
    assert lesson.sources["screen"] == ScreenSource(monitor=1, region=None, fps=15, cursor=True)
    assert lesson.sources["slides"] == SlidesSource(file=folder / "week3.pdf")
    assert lesson.sources["intro"] == FileSource(path=folder / "intro.mp4", loop=False)
    assert lesson.sources["pause"] == CardSource(title="Back at 10:15", text="…", image=None)
    assert lesson.sources["bars"] == PatternSource(size=None, fps=None)
    assert [source.kind for source in lesson.sources.values()] == [
        "camera", "screen", "slides", "file", "stream", "browser", "card", "pattern",
    ]  # fmt: skip
    assert (lesson.audio["mic"].kind, lesson.audio["mic"].gain, lesson.audio["mic"].muted) == ("microphone", 0.0, False)
    assert list(lesson.scenes) == ["talk", "desk", "both", "duo", "away"]
    assert (lesson.scenes["talk"].layout, lesson.scenes["talk"].sources) == ("full", ["camera"])
    both = lesson.scenes["both"]
    assert (both.layout, both.sources, both.corner, both.size) == (
        "picture-in-picture", ["screen", "camera"], "bottom-right", 0.25,
    )  # fmt: skip
    assert (lesson.program.size.width, lesson.program.size.height, lesson.program.fps) == (1280, 720, 30)
    assert (lesson.program.start, lesson.program.fallback) == ("talk", "pause")
    assert (lesson.program.transition, lesson.program.duration) == ("cut", 0.4)
    assert (lesson.video.codecs, lesson.video.bitrate) == (("h264", "vp8"), 1_500_000)
    assert lesson.video.tiers == (TierModel(height=360, bitrate=500_000), TierModel(height=180, bitrate=150_000))
    assert lesson.video.playout_delay == "auto"
    assert (lesson.recording.start, lesson.recording.folder) == ("automatic", folder / "recordings")


def test_only_sources_and_scenes_are_required_and_the_rest_has_the_defaults_of_the_full_lesson() -> None:
    small = report(SMALL)
    assert small.faults == small.notes == ()
    assert small.lesson is not None
    full = load_lesson(FULL)
    for section in ("server", "signaling", "access", "ice", "video"):
        assert getattr(small.lesson, section) == getattr(full, section)
    assert small.lesson.sources["camera"] == full.sources["camera"]
    assert small.lesson.sources["screen"] == full.sources["screen"]
    assert small.lesson.audio == {}
    assert small.lesson.program == full.program.model_copy(update={"fallback": None})
    assert small.lesson.recording.folder == Path.cwd() / "recordings"


@pytest.mark.parametrize("program", ["", "program: {start: null}\n", "program: {fps: 25}\n"])
def test_the_first_scene_is_on_air_first_when_none_is_named(program: str) -> None:
    lesson = report(SMALL + "  desk: screen\n" + program).lesson
    assert lesson is not None
    assert lesson.program.start == "talk"


def test_a_lesson_does_not_change() -> None:
    lesson = load_lesson(FULL)
    with pytest.raises(ValidationError):
        lesson.program.fps = 25  # type: ignore[misc]


def test_what_was_read_can_be_written_and_read_again() -> None:
    lesson = load_lesson(FULL)
    values = json.loads(lesson.model_dump_json(exclude={"sources": {"screen": {"region"}}}))
    again = lesson_from_text(yaml.safe_dump(values, allow_unicode=True, sort_keys=False), "/elsewhere/lesson.yaml", {})
    assert again.faults == ()
    assert again.lesson == lesson


def test_paths_begin_at_the_folder_of_the_lesson(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    absolute = tmp_path / "there" / "d.png"
    text = f"""\
sources:
  a: {{kind: card, image: a.png}}
  b: {{kind: card, image: ../b.png}}
  c: {{kind: card, image: ~/c.png}}
  d: {{kind: card, image: {json.dumps(str(absolute))}}}
scenes: {{a: a}}
"""
    lesson = lesson_from_text(text, tmp_path / "lessons" / "week.yaml", {}).lesson
    assert lesson is not None
    images = [source.image for source in lesson.sources.values() if isinstance(source, CardSource)]
    folder = tmp_path / "lessons"
    assert images == [folder / "a.png", folder / ".." / "b.png", tmp_path / "home" / "c.png", absolute]
    assert lesson.recording.folder == folder / "recordings"


def test_names_may_be_of_any_language() -> None:
    found = report("sources: {'老师 1': {kind: camera}, 1: {kind: card}}\nscenes: {讲课: 老师 1, on: '1'}\n")
    assert found.faults == ()
    assert found.lesson is not None
    assert list(found.lesson.scenes) == ["讲课", "on"]
    assert found.lesson.scenes["讲课"].sources == ["老师 1"]
