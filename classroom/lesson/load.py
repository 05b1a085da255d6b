"""From a lesson file to a Lesson, or to everything that is wrong with it at once."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from classroom.common.errors import Fault, LessonError
from classroom.common.paths import NotAFile, open_file
from classroom.common.sentences import Sentence, Wording
from classroom.lesson.availability import notes
from classroom.lesson.certificate import certificate_trouble
from classroom.lesson.cues import untimely_cues
from classroom.lesson.document import Document, Problem, problems_to_faults, read_document, spelled
from classroom.lesson.guessable import guessable_secrets
from classroom.lesson.model import Lesson
from classroom.lesson.nodes import place_of
from classroom.lesson.rules import broken_rules
from classroom.lesson.sections import CertificateModel
from classroom.lesson.similar_file import similar_file
from classroom.lesson.sources import FILE_KEYS
from classroom.lesson.translate import problems_of
from classroom.lesson.trial import with_right_signs

__all__ = ["MAXIMUM_BYTES", "Report", "check_lesson", "lesson_from_text", "load_lesson"]

MAXIMUM_BYTES = 1 << 20
"""Largest lesson file, 1 MiB."""

_MOST_FAULTS = 100

_MORE: Final = Wording("fault.more", "and {number} more from here on")
_NO_NAME: Final = Wording("fault.file_name", "this is not a file name")
_NO_FILE: Final = Wording("fault.no_file", "there is no such file{hint}")
_PIPE: Final = Wording("fault.pipe", "this is a pipe or a device, not a lesson file")
_FOLDER: Final = Wording("fault.folder", "this is a folder, not a lesson file")
_FORBIDDEN: Final = Wording("fault.forbidden", "the file cannot be read: permission denied")
_UNREADABLE: Final = Wording("fault.unreadable", "the file cannot be read: {fault}")


@dataclass(frozen=True, slots=True)
class Report:
    """What was found in a lesson file.

    ``faults`` keep it from running; then there is no ``lesson``. ``notes`` tell what is written but not available
    yet, and the lesson runs without. Both are in the order of the file.
    """

    faults: tuple[Fault, ...]
    notes: tuple[Fault, ...]
    lesson: Lesson | None
    document: Document | None = field(default=None, repr=False, compare=False)

    def place(self, problem: Problem) -> Fault:
        """The place in the file of something that was found out later; a file may stand under either of its keys."""
        path = problem.path
        if self.document is not None and path[-1:] and path[-1] in FILE_KEYS and not self.document.has(path):
            other = next(key for key in FILE_KEYS if key != path[-1])
            problem = replace(problem, path=(*path[:-1], other))
        fault = None if self.document is None else self.document.locate(problem)
        return fault or Fault(Path(), 1, 1, spelled(problem.path), problem.message)


def load_lesson(path: str | os.PathLike[str], environment: Mapping[str, str] | None = None) -> Lesson:
    """Read a lesson; raises LessonError with all faults."""
    report = check_lesson(path, environment)
    if report.lesson is None:
        raise LessonError(report.faults)
    return report.lesson


def check_lesson(path: str | os.PathLike[str], environment: Mapping[str, str] | None = None) -> Report:
    """Read a lesson and report on it; a file that cannot be read is a fault as well, as is a certificate's.

    ``environment`` holds the variables that ``${NAME}`` reads, those of the process when it is None.
    """
    file = Path(path)
    try:
        with open_file(file) as stream:
            data = stream.read(MAXIMUM_BYTES + 1)
    except (OSError, ValueError) as error:
        return _failed(file, _unreadable(file, error))
    if len(data) > MAXIMUM_BYTES:
        return _failed(file, Wording("fault.large_file", "the file is larger than 1 MiB; is this a lesson?")())
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            return _failed(file, Wording("fault.utf16", "the file is UTF-16; save it as UTF-8")())
        mark = place_of(data[: error.start].decode("utf-8"), error.start and len(data[: error.start].decode("utf-8")))
        return _failed(
            file,
            Wording("fault.not_utf8", "the file is not UTF-8 from here on; save it as UTF-8")(),
            mark.line,
            mark.column,
        )
    report = lesson_from_text(text, file, environment)
    if report.lesson is None or report.document is None:
        return report
    faults = _in_order(problems_to_faults(report.document, _unusable_files(report.lesson)))
    return replace(report, faults=faults, lesson=None) if faults else report


def lesson_from_text(text: str, file: str | os.PathLike[str], environment: Mapping[str, str] | None = None) -> Report:
    """Report on the text of a lesson; ``file`` gives faults their name and relative paths their folder."""

    def read(trial: str) -> tuple[Fault, ...]:
        return _report(_document(trial, file, environment)).faults

    report = _report(_document(text, file, environment))
    if not report.faults:
        return report
    return replace(report, faults=_shortened(with_right_signs(text, Path(file), report.faults, read)))


def _document(text: str, file: str | os.PathLike[str], environment: Mapping[str, str] | None) -> Document:
    return read_document(text, Path(file), os.environ if environment is None else environment)


def _report(document: Document) -> Report:
    faults = list(document.faults)
    lesson = None
    folder = document.file.parent.absolute()
    try:
        lesson = Lesson.model_validate(document.values, context={"folder": folder})
    except ValidationError as error:
        faults += problems_to_faults(document, problems_of(error, Lesson))
    faults += problems_to_faults(document, broken_rules(document.values))
    remarks = problems_to_faults(
        document, chain(notes(document.values), guessable_secrets(document.values), untimely_cues(document.values))
    )
    return Report(_in_order(faults), _shortened(remarks), None if faults else lesson, document)


def _unusable_files(lesson: Lesson) -> Iterator[Problem]:
    """Files without which the lesson cannot begin; a source whose file is missing waits for it."""
    if isinstance(lesson.server.tls, CertificateModel):
        trouble = certificate_trouble(lesson.server.tls.certificate, lesson.server.tls.key)
        if trouble is not None:
            yield Problem(("server", "tls", trouble.key), trouble.sentence)


def _in_order(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    return tuple(sorted(dict.fromkeys(faults), key=lambda fault: (fault.line, fault.column)))


def _shortened(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    """So many faults as somebody reads, in order, and how many more there are."""
    ordered = _in_order(faults)
    if len(ordered) > _MOST_FAULTS:
        last = ordered[_MOST_FAULTS]
        more = Fault(last.file, last.line, last.column, "", _MORE(number=len(ordered) - _MOST_FAULTS))
        return *ordered[:_MOST_FAULTS], more
    return ordered


def _failed(file: Path, message: str, line: int = 0, column: int = 0) -> Report:
    return Report((Fault(file, line, column, "", message),), (), None)


def _unreadable(file: Path, error: OSError | ValueError) -> Sentence:
    if isinstance(error, ValueError):
        return _NO_NAME()
    if isinstance(error, NotAFile):
        return _PIPE()
    match error.errno:
        case errno.ENOENT | errno.ENOTDIR:
            return _NO_FILE(hint=similar_file(file, ("*.yaml", "*.yml")))
        case errno.EISDIR:
            return _FOLDER()
        case errno.EACCES | errno.EPERM:
            return _FORBIDDEN()
        case _:
            return _UNREADABLE(fault=str(error.strerror or error))
