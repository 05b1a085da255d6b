"""How much memory is left, so that new students are refused before the others suffer.

What runs out first counts: the process's own limit (``ulimit -v``), that of its container or service (cgroup), or the
computer's memory. Only Linux and Windows are asked; elsewhere nothing is known, and a student for whom there is no
memory is refused when it shows.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import logging
import sys
from pathlib import Path
from typing import Any, Final

from classroom.common.alarms import Alarm, Alarms
from classroom.common.limited_log import LimitedLog
from classroom.common.sentences import Wording

__all__ = ["MemoryWatch", "spare_memory", "stay_within_limit"]

logger = logging.getLogger(__name__)

_SHORT: Final = 48 * 2**20
"""Bytes left below which nobody else is admitted: what some dozens of students and a scene change may take."""

_WELL: Final = 64 * 2**20
_EVERY: Final = 1.0

_CODE: Final = "memory.short"
_HARDLY_ANY: Final = Wording(
    "memory.short",
    "This computer is almost out of memory, so no more students are admitted. Close other programs, or "
    "give the lesson more memory.",
)
_ALARM: Final = Alarm(_CODE, _HARDLY_ANY())

_PROC: Final = Path("/proc")
_CGROUPS: Final = Path("/sys/fs/cgroup")
_ARENA_MAX: Final = -8  # M_ARENA_MAX of glibc's malloc.h


class MemoryWatch:
    """Checks once a second how much memory is left; ``short`` says whether new students have to be refused."""

    def __init__(self, alarms: Alarms) -> None:
        self._alarms = alarms
        self._limited = LimitedLog(logger, lines=1)
        self._short = False
        self._missed = False

    @property
    def short(self) -> bool:
        """Whether there is too little for another student."""
        return self._short

    def missing(self) -> None:
        """Note that a student had to be refused because there was no memory."""
        self._missed = True
        self._set(True)

    async def run(self) -> None:
        """Check, until cancelled."""
        while True:
            self.look(await asyncio.to_thread(spare_memory))
            await asyncio.sleep(_EVERY)

    def look(self, spare: int | None) -> None:
        """Take note of how many bytes are left; None is not known."""
        if self._missed:
            self._missed = False  # it is short for at least one look
        elif spare is None:
            self._set(False)
        else:
            self._set(spare < (_WELL if self._short else _SHORT))

    def _set(self, short: bool) -> None:
        self._short = short
        if short:
            self._limited.warn("memory is short: no more students are let in")
            self._alarms.put(_ALARM)
        else:
            self._alarms.clear(_CODE)


def spare_memory() -> int | None:
    """Bytes that can still be had; None where that is not known."""
    try:
        if sys.platform == "win32":
            return _spare_of_windows()
        found = [_spare_of_process(), _spare_of_cgroup(), _spare_of_computer()]
    except (OSError, ValueError, KeyError):
        return None
    known = [each for each in found if each is not None]
    return min(known) if known else None


def stay_within_limit() -> None:
    """Reserve no more address space than is used, where a limit on it is set: called before threads begin.

    Each thread that allocates would reserve 64 MiB of addresses of its own, a gigabyte for a lesson that uses 130 MB.
    """
    if _address_limit() is not None:
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).mallopt(_ARENA_MAX, 2)


def _address_limit() -> int | None:
    if sys.platform == "win32":
        return None
    import resource

    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return None if limit == resource.RLIM_INFINITY else limit


def _spare_of_process() -> int | None:
    limit = _address_limit()
    return None if limit is None or not _PROC.is_dir() else limit - _figures(_PROC / "self/status")["VmSize"]


def _spare_of_cgroup() -> int | None:
    """Of version 2: each group around this process may have a limit, and the tightest counts."""
    own = _PROC / "self/cgroup"
    if not own.is_file():
        return None
    lines = [line[3:] for line in own.read_text("utf-8").splitlines() if line.startswith("0::")]
    group = _CGROUPS / lines[0].lstrip("/") if lines else _CGROUPS
    if not (group / "memory.max").is_file():
        group = _CGROUPS  # in a container, the group's own name is that of the outside
    around = [group, *(each for each in group.parents if each.is_relative_to(_CGROUPS))]
    known = [spare for each in around if (spare := _spare_of_group(each)) is not None]
    return min(known) if known else None


def _spare_of_group(group: Path) -> int | None:
    """None where it has no limit, such as the outermost group. Memory of the file cache can be freed."""
    if not (group / "memory.max").is_file():
        return None
    most = (group / "memory.max").read_text("ascii").strip()
    if most == "max":
        return None
    used = int((group / "memory.current").read_text("ascii"))
    figures = dict(line.split() for line in (group / "memory.stat").read_text("ascii").splitlines())
    return int(most) - used + int(figures.get("inactive_file", 0))


def _spare_of_computer() -> int | None:
    return _figures(_PROC / "meminfo").get("MemAvailable") if (_PROC / "meminfo").is_file() else None


def _figures(path: Path) -> dict[str, int]:
    """The lines ``Name:  1234 kB`` of a file of /proc, in bytes."""
    lines = (line.split() for line in path.read_text("utf-8").splitlines())
    return {words[0].rstrip(":"): int(words[1]) * 1024 for words in lines if words[-1:] == ["kB"]}


def _spare_of_windows() -> int | None:
    class Status(ctypes.Structure):
        _fields_ = [
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            *((name, ctypes.c_ulonglong) for name in ("total", "left", "page_total", "page_left", "own", "own_left")),
            ("extended", ctypes.c_ulonglong),
        ]

    kernel: Any = getattr(ctypes, "windll").kernel32  # noqa: B009 - there on Windows only
    status = Status(length=ctypes.sizeof(Status))
    if not kernel.GlobalMemoryStatusEx(ctypes.byref(status)):
        return None
    return int(status.page_left)
