"""Whether this machine has a font for everything that a lesson writes on cards and straps."""

from __future__ import annotations

from collections.abc import Iterator

from classroom.common.errors import DeviceError, Fault
from classroom.lesson import Lesson, Problem, Report
from classroom.lesson.overlays import StrapOverlay
from classroom.lesson.sources import CardSource
from classroom.media.sources.fonts import find_font

__all__ = ["missing_letters"]


def missing_letters(report: Report) -> list[Fault]:
    """Where a text stands that no font of this machine has all characters of; another machine may have one."""
    if report.lesson is None:
        return []
    problems = []
    for section, name, key, text in _texts(report.lesson):
        try:
            find_font(text)
        except DeviceError as error:
            problems.append(Problem((section, name, key), str(error)))
    return [report.place(problem) for problem in problems]


def _texts(lesson: Lesson) -> Iterator[tuple[str, str, str, str]]:
    for name, source in lesson.sources.items():
        if isinstance(source, CardSource):
            yield "sources", name, "title", source.title
            yield "sources", name, "text", source.text
    for name, overlay in lesson.overlays.items():
        if isinstance(overlay, StrapOverlay):
            yield "overlays", name, "title", overlay.title
            yield "overlays", name, "text", overlay.text
