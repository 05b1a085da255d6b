"""``classroom check``: what is wrong with a lesson file, and with the files that it names; nothing is started."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from classroom.common.errors import DeviceError, Fault
from classroom.common.sentences import Sentence
from classroom.lesson import Problem, Report, check_lesson
from classroom.lesson.missing import missing_files
from classroom.lesson.sources import SlidesSource
from classroom.media.missing_glyphs import missing_letters
from classroom.media.sources.pdf import PdfFile

__all__ = ["Check", "check"]

_OF_THE_PASSWORD: Final = ("slides.bad_password",)
"""Codes of faults that are mended at the key ``password``."""


@dataclass(frozen=True, slots=True)
class Check:
    """What was found: faults, notes, and lines about what is well."""

    faults: Sequence[Fault]
    notes: Sequence[Fault]
    found: Sequence[str]


def check(path: Path) -> Check:
    """Read a lesson file and open its slides. Blocks for as long as they take."""
    report = check_lesson(path)
    faults, found = _slides(report)
    notes = (*report.notes, *missing_files(report), *missing_letters(report))
    return Check((*report.faults, *faults), notes, found)


def _slides(report: Report) -> tuple[list[Fault], list[str]]:
    """Open every PDF that is there; one that is not there may still come."""
    faults: list[Fault] = []
    found: list[str] = []
    sources = {} if report.lesson is None else report.lesson.sources
    for name, source in sources.items():
        if not isinstance(source, SlidesSource) or not source.file.exists():
            continue
        try:
            file = PdfFile(source.file, source.password)
        except DeviceError as error:
            code = error.sentence.code if isinstance(error.sentence, Sentence) else ""
            key = "password" if code in _OF_THE_PASSWORD else "file"
            faults.append(report.place(Problem(("sources", name, key), error.sentence)))
        else:
            found.append(f"slides {name}: {source.file.name}, {_counted(file.pages)}")
            file.close()
    return faults, found


def _counted(pages: int) -> str:
    return "1 page" if pages == 1 else f"{pages} pages"
