"""Files that a lesson names and that are not there. They may still come before it begins, so nothing is wrong yet."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from classroom.common.errors import Fault
from classroom.common.sentences import Wording
from classroom.lesson.document import KeyPath, Problem
from classroom.lesson.load import Report
from classroom.lesson.model import Lesson
from classroom.lesson.overlays import LogoOverlay
from classroom.lesson.similar_file import similar_file
from classroom.lesson.sources import CardSource, FileSource, SlidesSource

__all__ = ["missing_files"]


def missing_files(report: Report) -> list[Fault]:
    """Where a file is named that is not there; nothing is opened."""
    if report.lesson is None:
        return []
    return [
        report.place(
            Problem(
                path,
                Wording(
                    "note.missing_file",
                    "the file {file} was not found; add it before the lesson, or check the path{hint}",
                )(file=str(file), hint=similar_file(file)),
            )
        )
        for path, file in _files(report.lesson)
        if not os.path.isfile(file)
    ]


def _files(lesson: Lesson) -> Iterator[tuple[KeyPath, Path]]:
    for name, source in lesson.sources.items():
        match source:
            case SlidesSource(file=file):
                yield ("sources", name, "file"), file
            case FileSource(path=file):
                yield ("sources", name, "path"), file
            case CardSource(image=Path() as file):
                yield ("sources", name, "image"), file
    for name, overlay in lesson.overlays.items():
        if isinstance(overlay, LogoOverlay):
            yield ("overlays", name, "image"), overlay.image
