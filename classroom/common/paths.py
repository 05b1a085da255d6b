"""Where the pages, the example lessons and what is kept for a user are, and how files that somebody names are opened.

A path in a lesson may lead anywhere: to a pipe, whose ``open`` waits for a writer for ever, or to a device without an
end. So such files are opened here, or checked here before a library opens them.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from pathlib import Path
from typing import BinaryIO, Final

__all__ = [
    "FileMark",
    "NotAFile",
    "config_folder",
    "file_mark",
    "home_folder",
    "open_file",
    "read_file",
    "web_folder",
]

_PACKAGE = Path(__file__).resolve().parent.parent

_MODE: Final = os.O_RDONLY | sum(
    getattr(os, name, 0) for name in ("O_BINARY", "O_CLOEXEC", "O_NOCTTY", "O_NOINHERIT", "O_NONBLOCK")
)

FileMark = tuple[int, int, int]
"""What tells one state of a file from another: when it was written, its size, and which file it is."""


class NotAFile(OSError):
    """The path is not a file but a pipe, a device or a socket."""


def open_file(path: Path) -> BinaryIO:
    """Open a file for reading, without ever waiting for another process.

    Raises OSError as ``open`` does, IsADirectoryError for a folder, and ``NotAFile`` for anything but a regular file.
    """
    _check(os.stat(path).st_mode, path)  # before opening, because some devices do something when they are opened
    descriptor = os.open(path, _MODE)
    try:
        _check(os.fstat(descriptor).st_mode, path)  # and again, because it may be another file by now
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_file(path: Path, most: int) -> bytes:
    """The content of a file of at most ``most`` bytes; OSError as ``open_file`` and for a larger one."""
    with open_file(path) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
    return content


def file_mark(path: Path) -> FileMark | None:
    """What changes when a file is saved again; None while it is not there."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def web_folder() -> Path:
    """The folder of the pages."""
    return _folder("web")


def config_folder() -> Path:
    """The folder of the example lessons."""
    return _folder("config")


def home_folder() -> Path | None:
    """Where classroom keeps what it needs at the next start; the folder may not exist yet.

    The variable ``CLASSROOM_HOME``, or else where this system keeps the data of a user's programs; None for a user
    without a home.
    """
    if chosen := os.environ.get("CLASSROOM_HOME"):
        return Path(chosen).absolute()
    try:
        home = Path.home()
    except RuntimeError:
        return None
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "classroom"
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "classroom"
    # An empty or relative XDG_DATA_HOME counts as none, says its specification.
    data = Path(os.environ.get("XDG_DATA_HOME") or ".")
    return (data if data.is_absolute() else home / ".local" / "share") / "classroom"


def _folder(name: str) -> Path:
    installed = _PACKAGE / f"_{name}"
    return installed if installed.is_dir() else _PACKAGE.parent / name


def _check(mode: int, path: Path) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        raise NotAFile(errno.EINVAL, "it is a pipe or a device, not a file", str(path))
