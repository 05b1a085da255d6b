"""The alarm and the log line for a student who was refused because this process may open no more files."""

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
"""Open files that students' connections must leave free, but at most a sixteenth of all."""

OUT_OF_FILES: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
"""The errors of a system that has no more files or sockets."""

_OVER: Final = 60.0
"""Seconds without a refusal after which the alarm is cleared."""

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
    """Whether the number of an open file shows that only the reserve is left; systems give the lowest free number."""
    if sys.platform == "win32":  # it has no such limit, and sockets are not files
        return False
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft != resource.RLIM_INFINITY and number >= soft - min(_RESERVE, soft // 16)


class OpenFilesAlarm:
    """Raises the alarm while students are refused."""

    def __init__(self, alarms: Alarms) -> None:
        self._alarms = alarms
        self._log = LimitedLog(logger, lines=1, span=60.0)
        self._over: asyncio.TimerHandle | None = None

    def refused(self, name: str) -> None:
        """A student could not be admitted."""
        self._log.warn("%s is not admitted, because too few files may be open; raise the limit with 'ulimit -n'", name)
        self._alarms.put(_ALARM)
        self.close()
        self._over = asyncio.get_running_loop().call_later(_OVER, self._alarms.clear, _CODE)

    def close(self) -> None:
        """Cancel the timer."""
        if self._over is not None:
            self._over.cancel()
            self._over = None
