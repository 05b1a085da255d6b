"""Output to a terminal, or to the files and pipes that stand in for it: dropped where it cannot be written.

A full disk, a reader that has gone, and a terminal that was closed or stopped with Ctrl-S must not end or delay a
lesson. Commands whose output is data are different; see ``main``.
"""

from __future__ import annotations

import contextlib
import io
import os
import queue
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any, Final, TextIO

__all__ = ["Terminal", "open_standard_files", "safe_output"]

_WAITING: Final = 2000
"""Texts that may wait for a terminal that does not accept them; a line is one or two."""

_LONGEST: Final = 65_536
"""Characters of one text that are kept."""

_LAST_WORDS: Final = 1.0
"""Seconds to wait at the end for texts that are not written yet."""

_PAUSE: Final = 0.02
_TRIES: Final = 50
"""How often writing is tried again where a file accepts nothing now, such as a terminal in non-blocking mode."""


class Terminal(io.TextIOBase):
    """A text file over a standard stream that never fails and, in the background, never blocks.

    What cannot be written is dropped. With ``background`` a thread writes, from a bounded queue, and whole lines only:
    standard output and error are often the same terminal, and one must not break into a line of the other.
    """

    def __init__(self, stream: TextIO, raw: io.RawIOBase, *, background: bool) -> None:
        self._stream = stream
        self._raw = raw
        self._encoding = stream.encoding or "utf-8"
        self._line = ""
        # The handler of a signal may write while its own thread does.
        self._lock = threading.RLock()
        self._queue: queue.Queue[str | None] | None = None
        self._thread: threading.Thread | None = None
        if background:
            self._queue = queue.Queue(_WAITING)
            self._thread = threading.Thread(target=self._write_all, name="terminal", daemon=True)
            self._thread.start()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The encoding of the stream; what it does not have becomes a question mark."""
        return self._encoding

    def writable(self) -> bool:
        """Always: what cannot be written is dropped."""
        return True

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        with contextlib.suppress(OSError, ValueError):
            return self._stream.isatty()
        return False

    def fileno(self) -> int:
        """The number of the file below."""
        return self._stream.fileno()

    def write(self, text: str, /) -> int:
        """Write a text; return its length, even if it was dropped."""
        if self._queue is None:
            self._put(text)
        else:
            with self._lock:
                lines, end, self._line = (self._line + text[:_LONGEST]).rpartition("\n")
                if len(self._line) > _LONGEST:
                    end, self._line = end + self._line, ""
                self._hand_over(lines + end)
        return len(text)

    def flush(self) -> None:
        """Write what there is of a line."""
        with self._lock:
            line, self._line = self._line, ""
            self._hand_over(line)

    def _hand_over(self, text: str) -> None:
        if text and self._queue is not None:
            with contextlib.suppress(queue.Full):
                self._queue.put_nowait(text)

    def finish(self) -> None:
        """Wait a moment until all is written, and write in the caller's thread from then on."""
        self.flush()
        waiting, self._queue = self._queue, None
        if waiting is not None and self._thread is not None:
            with contextlib.suppress(queue.Full):
                waiting.put(None, timeout=_LAST_WORDS)
            self._thread.join(_LAST_WORDS)

    def _write_all(self) -> None:
        waiting = self._queue
        while waiting is not None:
            # Memory may be short, and then the text is lost.
            with contextlib.suppress(MemoryError):
                text = waiting.get()
                if text is None:
                    return
                self._put(text)

    def _put(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            left = memoryview(text.replace("\n", os.linesep).encode(self._encoding, "replace"))
            tries = 0
            while left and tries < _TRIES:
                if (written := self._raw.write(left)) is None:
                    tries += 1
                    time.sleep(_PAUSE)
                else:
                    left = left[written:]


def open_standard_files() -> None:
    """Give standard input, output and error a place where they were closed from the beginning, or do not exist.

    Otherwise the first files or sockets to be opened would get their numbers, and a library's output would end up
    there.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            with contextlib.suppress(OSError):
                # The lowest free number is the one that is missing.
                opened = os.open(os.devnull, os.O_RDWR)
                if opened != number:
                    os.dup2(opened, number)
                    os.close(opened)
    if sys.stdout is None:
        sys.stdout = _nowhere()
    if sys.stderr is None:
        sys.stderr = _nowhere()


@contextlib.contextmanager
def safe_output(*, lasting: bool) -> Iterator[None]:
    """Keep output from ending or delaying a command.

    Args:
        lasting: for a command that runs until it is stopped. Its standard output is messages as well, and it must not
            wait for its reader. Otherwise standard output is left as it is.
    """
    kept = sys.stdout, sys.stderr
    made: list[Terminal] = []

    def wrapped(stream: TextIO) -> TextIO:
        buffer = getattr(stream, "buffer", None)
        raw: Any = getattr(buffer, "raw", buffer)  # with PYTHONUNBUFFERED there is no buffer in between
        if not isinstance(raw, io.RawIOBase):
            return stream
        made.append(Terminal(stream, raw, background=lasting))
        return made[-1]  # type: ignore[return-value]

    sys.stderr = wrapped(kept[1])
    if lasting:
        sys.stdout = wrapped(kept[0])
    try:
        yield
    finally:
        sys.stdout, sys.stderr = kept
        for each in made:
            each.finish()


def _nowhere() -> TextIO:
    return open(os.devnull, "w", encoding="utf-8")
