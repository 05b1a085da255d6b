"""The progress file of a lesson: written while the lesson runs, read when it is started again.

One file for each lesson, in the user's folder, for nobody else to read. It is replaced as a whole, in a thread of its
own: a disk that is full, slow or gone costs nothing but the progress.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import os
import stat
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from classroom.common.tasks import run_supervised
from classroom.lesson.progress import LARGEST, Progress, path_text, read

__all__ = ["BUILT_IN", "ProgressFile", "ProgressWriter", "Resumption"]

logger = logging.getLogger(__name__)

BUILT_IN: Final = "the built-in lesson"
"""Replaces the path for the lesson without a file."""

_LOOKS_EVERY: Final = 0.25
_WRITES_EVERY: Final = 1.0
_SIGN_OF_LIFE: Final = 10.0
"""Seconds after which it is written without a change, so that it shows until when the lesson ran."""

_ENDS_WITHIN: Final = 2.0

_KEPT_FOR: Final = 30 * 86_400.0
_SUFFIXES: Final = frozenset({".json", ".lock", ".new"})


class ProgressFile:
    """The file of one lesson. ``lesson`` is the path of the lesson file, or ``BUILT_IN``."""

    def __init__(self, home: Path, lesson: str) -> None:
        name = hashlib.sha256(lesson.encode()).hexdigest()[:24]
        self.lesson = lesson
        self.path = home / "interrupted" / f"{name}.json"
        self._lock: IO[bytes] | None = None

    @classmethod
    def of(cls, home: Path, file: Path | None) -> ProgressFile:
        """That of a lesson file; None is the built-in lesson."""
        return cls(home, BUILT_IN if file is None else path_text(file.resolve()))

    def claim(self) -> bool:
        """Take it for this process, until that ends; False while another one has it.

        OSError where nothing can be kept.
        """
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = open(self.path.with_suffix(".lock"), "ab")  # noqa: SIM115 - held for the life of the process
        try:
            _lock(lock)
        except OSError:
            lock.close()
            return False
        self._lock = lock
        with contextlib.suppress(OSError):
            os.utime(lock.name)  # or another process may take it for an old one, and throw it away
        self._tidy()
        return True

    def _tidy(self) -> None:
        """Remove files that are too old to resume from; another process may be doing the same."""
        oldest = time.time() - _KEPT_FOR
        for path in self.path.parent.iterdir():
            with contextlib.suppress(OSError):
                if path.suffix in _SUFFIXES and path.stem != self.path.stem and path.lstat().st_mtime < oldest:
                    path.unlink()

    def release(self) -> None:
        """Let another process have it."""
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.close()

    def read(self) -> Progress | None:
        """What is kept; None where there is nothing.

        ValueError for what is of no use, OSError for what cannot be read.
        """
        try:
            descriptor = os.open(self.path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        except FileNotFoundError:
            return None
        with open(descriptor, "rb") as opened:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise ValueError("it is not a file")
            return read(opened.read(LARGEST + 1), self.lesson)

    def write(self, data: bytes) -> None:
        """Replace it as a whole; blocks until it is on the disk. OSError where that fails, and then it is as it was."""
        beside = self.path.with_suffix(".new")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
        with open(os.open(beside, flags, 0o600), "wb") as opened:
            opened.write(data)
            opened.flush()
            os.fsync(opened.fileno())
        os.replace(beside, self.path)

    def remove(self) -> None:
        """Remove it: there is nothing to resume from any more."""
        self.path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Resumption:
    """The progress file, and what to resume from; with ``fresh`` the lesson starts over though another is saved."""

    file: ProgressFile
    before: Progress | None = None
    fresh: bool = False


class ProgressWriter:
    """Keeps a lesson's state in its file while it runs. Belongs to the event loop.

    ``describe`` says how the lesson is. With ``fresh`` the file stays that of the interrupted lesson until something is
    changed in this one, so that the interrupted lesson can still be resumed if this one ends before then.
    """

    def __init__(self, file: ProgressFile, *, describe: Callable[[], Progress], fresh: bool = False) -> None:
        self._file = file
        self._describe = describe
        self._fresh = fresh
        self._first: Progress | None = None
        self._written: Progress | None = None
        self._wanted = threading.Condition()
        self._jobs: list[Callable[[], None]] = []
        self._ending = False
        self._failing = False
        self._thread = threading.Thread(target=self._work, name="progress", daemon=True)

    def keep(self, stack: contextlib.AsyncExitStack, *, over: Callable[[], bool]) -> None:
        """Keep it until the stack unwinds; then a last time, unless the lesson is ``over``."""
        # What cannot be said now is said by the first look that can; the work below reports why.
        with contextlib.suppress(Exception):
            self._is_written(self._describe())
        self._thread.start()

        async def end() -> None:
            await self._end(over=over())

        stack.push_async_callback(end)
        run_supervised(stack, "what is kept of the lesson", self._run)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        wrote = -_SIGN_OF_LIFE
        while True:
            now, passed = self._describe(), loop.time() - wrote
            changed = self._written is None or now.without_time() != self._written.without_time()
            due = (changed and passed >= _WRITES_EVERY) or passed >= _SIGN_OF_LIFE
            if self._is_written(now) and due:
                self._write(now)
                wrote = loop.time()
            await asyncio.sleep(_LOOKS_EVERY)

    def _is_written(self, now: Progress) -> bool:
        """Whether the file is this lesson's: from the first change on after a fresh start, else from its start.

        To be asked at every look, for a change counts also when it was taken back.
        """
        if self._fresh:
            standing = _standing(now)
            self._first = self._first or standing
            self._fresh = standing == self._first
        return not self._fresh

    async def _end(self, *, over: bool) -> None:
        try:
            if over:
                self._do(self._file.remove)
            elif self._is_written(last := self._describe()):
                self._write(last)
        # A fault in the description must not keep the lesson from ending; what was written last stays.
        except Exception:
            logger.exception("the last progress of the lesson cannot be saved")
        with self._wanted:
            self._ending = True
            self._wanted.notify()
        await asyncio.to_thread(self._thread.join, _ENDS_WITHIN)

    def _write(self, kept: Progress) -> None:
        self._written = kept
        data = kept.model_dump_json().encode()
        self._do(lambda: self._file.write(data))

    def _do(self, job: Callable[[], None]) -> None:
        """Have the thread do it; one that waits is not worth doing any more."""
        with self._wanted:
            self._jobs = [job]
            self._wanted.notify()

    def _work(self) -> None:
        while True:
            with self._wanted:
                self._wanted.wait_for(lambda: bool(self._jobs) or self._ending)
                if not self._jobs:
                    return
                job = self._jobs.pop()
            try:
                job()
                self._failing = False
            except (OSError, MemoryError) as error:
                if not self._failing:
                    logger.warning(
                        "The progress of the lesson cannot be saved (%s), so an interruption would end it.",
                        getattr(error, "strerror", None) or error or "there is no memory left",
                    )
                self._failing = True


def _standing(kept: Progress) -> Progress:
    """What a teacher or the run of show has changed: devices come by themselves."""
    return kept.without_time().model_copy(update={"devices": {}})


def _lock(file: IO[bytes]) -> None:
    """Lock it for this process; OSError where another has it. The system lets go of it when the process ends."""
    if sys.platform == "win32":
        import msvcrt

        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
