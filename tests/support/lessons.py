"""Texts of lessons for tests, and their reports as lines."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from classroom.lesson import Report, lesson_from_text

FULL = Path(__file__).parent.parent / "unit" / "lesson" / "full.yaml"
"""A lesson with every feature there will be."""

SMALL = """\
sources:
  camera: {kind: camera}
  screen: {kind: screen}
scenes:
  talk: camera
"""


def report(text: str, environment: Mapping[str, str] | None = None) -> Report:
    """The report on a text, called lesson.yaml."""
    return lesson_from_text(text, "lesson.yaml", environment or {})


def faults(text: str, environment: Mapping[str, str] | None = None) -> list[str]:
    """The faults as ``LINE:COLUMN: KEY: message``."""
    return [str(fault).removeprefix("lesson.yaml:") for fault in report(text, environment).faults]


def notes(text: str) -> list[str]:
    """The notes in the same form."""
    return [str(note).removeprefix("lesson.yaml:") for note in report(text).notes]
