"""Tells the teacher, and the log, that a student was refused because this process may open no more files."""

from __future__ import annotations

import asyncio
import errno
import logging
import sys
from typing import Final

from classroom.common.alarms import Alarm, Alarms
from classroom.common.limited_log import LimitedLog
from classroom.common.sentences import Wording

__all__ = ["OUT_OF_FILES", "OpenFilesAlarm", "is_reserved"]

logger = logging.getLogger(__name__)

_RESERVE: Final = 32
"""Open files that no student's connection may take, and never more than a sixteenth of all: for names and files."""

OUT_OF_FILES: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
"""What a system says that has no further file or socket to give."""

_OVER: Final = 60.0
"""Seconds without a refusal after which it is over."""

_CODE: Final = "students.few_files"
_ALARM: Final = Alarm(
    _CODE,
    Wording(
        "students.few_files",
        "This computer does not let the lesson open more files, so no more students are admitted. Before "
        "the next start, allow more, for example with 'ulimit -n 8192'.",
    )(),
)


def is_reserved(number: int) -> bool:
    """Whether an open file's number says that only the last few are left; systems give the lowest that is free."""
    if sys.platform == "win32":  # there is no such limit; sockets are no files
        return False
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft != resource.RLIM_INFINITY and number >= soft - min(_RESERVE, soft // 16)


class OpenFilesAlarm:
    """Raises the alarm for as long as students are refused."""

    def __init__(self, alarms: Alarms) -> None:
        self._alarms = alarms
        self._log = LimitedLog(logger, lines=1, span=60.0)
        self._over: asyncio.TimerHandle | None = None

    def refused(self, name: str) -> None:
        """A student could not be let in."""
        self._log.warn("%s is not let in, for too few files may be open; raise the limit with 'ulimit -n'", name)
        self._alarms.put(_ALARM)
        self.close()
        self._over = asyncio.get_running_loop().call_later(_OVER, self._alarms.clear, _CODE)

    def close(self) -> None:
        """Look at nothing any more."""
        if self._over is not None:
            self._over.cancel()
            self._over = None
