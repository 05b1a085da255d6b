"""Looks after the lesson file while the lesson runs: what is saved is read, checked and applied.

The file is looked at twice a second, which works on every system and network folder. Editors replace files, or write
them in pieces: what is there is read when it has stood still from one look to the next, or for longer where it looks
like a piece.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from classroom.common.alarms import Alarm, Alarms
from classroom.common.errors import Fault
from classroom.common.paths import FileMark, file_mark, open_file
from classroom.common.sentences import Sentence, Wording
from classroom.lesson import Lesson, Report, check_lesson
from classroom.lesson.difference import restart_keys

__all__ = ["LessonFile", "LessonFileWatch", "read_lesson_file"]

logger = logging.getLogger(__name__)

_FAULTY: Final = "lesson.file"
_RESTART: Final = "lesson.restart"
_EVERY: Final = 0.4
"""Seconds between two looks."""

_LOOKS: Final = 6
"""Looks for which a file that may be half written has to stand still: copying over a network pauses for a second."""

_BLOCK: Final = 512
"""Octets; what is written in pieces ends at a multiple of this, and a whole file hardly ever does."""

_SHORTER: Final = 2 / 3
"""A file that has less than this share of its size before may be the first piece of the new one."""

_SHOWN: Final = 3
"""Most faults that the alarm quotes."""

_GONE: Final = Wording(
    "lesson.gone", "The lesson file {file} is gone. The lesson continues unchanged; save the file there again."
)
_FAULTS: Final = Wording("lesson.faults", "The saved lesson file has faults, so nothing has changed. {faults}")
_NOT_APPLIED: Final = Wording(
    "lesson.not_applied",
    "The saved lesson file cannot be applied because of a fault in the program ({fault}), so everything is as before. "
    "Stop the lesson and start it again to use the file.",
)
_AT_A_KEY: Final = Wording("lesson.fault_at_key", "{file}:{line}:{column}: {key}: {fault}")
_OF_THE_FILE: Final = Wording("lesson.fault_of_file", "{file}: {fault}")
_AT_A_PLACE: Final = Wording("lesson.fault", "{file}:{line}:{column}: {fault}")
_MORE: Final = Wording("lesson.more_faults", "and {number} more")
_ONE_KEY: Final = Wording("lesson.restart_key", "{keys} needs a restart of the lesson. All other changes are applied.")
_KEYS: Final = Wording("lesson.restart_keys", "{keys} need a restart of the lesson. All other changes are applied.")


@dataclass(frozen=True, slots=True)
class LessonFile:
    """A lesson file as it was when the lesson began, before the command line had its say."""

    path: Path
    lesson: Lesson
    mark: FileMark | None


def read_lesson_file(path: Path) -> tuple[Report, FileMark | None]:
    """Check a lesson file; the mark is from before it was read, so that a later change is never overlooked."""
    mark = file_mark(path)
    return check_lesson(path), mark


class LessonFileWatch:
    """Watches a lesson file.

    ``apply`` changes the running lesson. The alarm ``lesson.file`` says what is wrong with a file that is not applied;
    ``lesson.restart`` names the keys that need a restart of the lesson.
    """

    def __init__(
        self,
        file: LessonFile,
        *,
        apply: Callable[[Lesson], Awaitable[None]],
        alarms: Alarms,
        every: float = _EVERY,
    ) -> None:
        self._file = file
        self._apply = apply
        self._alarms = alarms
        self._every = every
        self._known = self._seen = file.mark

    async def run(self) -> None:
        """Watch, for ever."""
        still = 0
        while True:
            await asyncio.sleep(self._every)
            mark = await asyncio.to_thread(file_mark, self._file.path)
            still = still + 1 if mark == self._seen else 0
            self._seen = mark
            if not still or mark == self._known:
                continue
            if still >= _LOOKS or not await asyncio.to_thread(_half_written, self._file.path, self._known, mark):
                await self._take(mark)

    async def _take(self, mark: FileMark | None) -> None:
        self._known = mark
        path = self._file.path
        if mark is None:
            logger.warning("%s is gone; the lesson runs on", path)
            self._alarms.put(Alarm(_FAULTY, _GONE(file=path.name)))
            return
        report, self._known = await asyncio.to_thread(read_lesson_file, path)
        if report.lesson is None:
            for fault in report.faults:
                logger.warning("not applied: %s", fault)
            self._alarms.put(Alarm(_FAULTY, _faulty(report.faults)))
            return
        logger.info("%s was saved and is applied", path)
        self._alarms.clear(_FAULTY)
        try:
            await self._apply(report.lesson)
        except Exception as error:
            # The lesson continues as it was. The sentence has no more than the kind of the fault: a value of the lesson
            # may be a secret.
            logger.exception("%s is not applied", path)
            self._alarms.put(Alarm(_FAULTY, _NOT_APPLIED(fault=type(error).__name__)))
            return
        keys = restart_keys(self._file.lesson, report.lesson)
        if keys:
            wording = _ONE_KEY if len(keys) == 1 else _KEYS
            self._alarms.put(Alarm(_RESTART, wording(keys=", ".join(keys))))
        else:
            self._alarms.clear(_RESTART)


def _half_written(path: Path, before: FileMark | None, mark: FileMark | None) -> bool:
    """Whether the file may be the first piece of what is being saved; a file that replaces another one is whole."""
    if mark is None or (before is not None and before[2] != mark[2]):
        return False
    size = mark[1]
    if size % _BLOCK == 0 or (before is not None and size < before[1] * _SHORTER):
        return True
    try:
        with open_file(path) as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) != b"\n"
    except OSError:
        return False


def _faulty(faults: tuple[Fault, ...]) -> Sentence:
    quoted = [_quoted(fault) for fault in faults[:_SHOWN]]
    return _FAULTS(faults=[*quoted, _MORE(number=len(faults) - _SHOWN)] if len(faults) > _SHOWN else quoted)


def _quoted(fault: Fault) -> Sentence:
    file, line, column = fault.file.name, fault.line, fault.column
    if not line:
        return _OF_THE_FILE(file=file, fault=fault.message)
    if not fault.key:
        return _AT_A_PLACE(file=file, line=line, column=column, fault=fault.message)
    return _AT_A_KEY(file=file, line=line, column=column, key=fault.key, fault=fault.message)
