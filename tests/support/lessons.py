"""Texts of lessons for tests, and their reports as lines."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from classroom.lesson import Lesson, Report, lesson_from_text

FULL = Path(__file__).parent.parent / "unit" / "lesson" / "full.yaml"
"""A lesson with every feature there will be."""

SMALL = """\
sources:
  camera: {kind: camera}
  screen: {kind: screen}
scenes:
  talk: camera
"""


_PLANNED = """\
sources:
  camera: {kind: camera}
  pause: {kind: card, title: Pause}
  end: {kind: card, title: End}
scenes:
  talk: camera
  away: pause
cues:
"""


def planned_lesson(*cues: str) -> Lesson:
    """A lesson with a camera, two cards and these cues, each as YAML."""
    return lesson_of(_PLANNED + "".join(f"  - {cue}\n" for cue in cues))


def lesson_of(text: str) -> Lesson:
    """The lesson that a text without faults describes."""
    found = report(text)
    assert found.lesson is not None, found.faults
    return found.lesson


def report(text: str, environment: Mapping[str, str] | None = None) -> Report:
    """The report on a text, called lesson.yaml."""
    return lesson_from_text(text, "lesson.yaml", environment or {})


def faults(text: str, environment: Mapping[str, str] | None = None) -> list[str]:
    """The faults as ``LINE:COLUMN: KEY: message``."""
    return [str(fault).removeprefix("lesson.yaml:") for fault in report(text, environment).faults]


def notes(text: str) -> list[str]:
    """The notes in the same form."""
    return [str(note).removeprefix("lesson.yaml:") for note in report(text).notes]
