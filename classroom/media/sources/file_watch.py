"""Notices when a file is saved again while a source shows it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from classroom.common.paths import file_mark

__all__ = ["FileWatch"]

_EVERY: Final = 0.5
"""Seconds between two looks, which work on every system and network folder."""


class FileWatch:
    """Looks after one file, in a thread of its own: a network folder that hangs holds up nothing else.

    ``on_change`` is called from that thread when the file is another one than at first, or than at the last call, and
    has stood still from one look to the next: programs write a file in pieces. A file that is gone is no change.
    """

    def __init__(self, path: Path, on_change: Callable[[], None], *, every: float = _EVERY) -> None:
        self._path, self._on_change, self._every = path, on_change, every
        self._known = self._seen = file_mark(path)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"file {path.name}", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """End; returns at once, also while the file is being looked at."""
        self._ended.set()

    def _run(self) -> None:
        while not self._ended.wait(self._every):
            mark = file_mark(self._path)
            if mark is not None and mark == self._seen and mark != self._known:
                self._known = mark
                self._on_change()
            self._seen = mark
