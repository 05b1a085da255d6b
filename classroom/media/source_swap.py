"""Swaps the sources of a lesson that runs: in which order they are opened and closed.

Nothing on air goes dark. A source that takes the place of another shows the other's last picture until it has one of
its own. It is opened when the other is closed, because two cannot have one device. New sources are opened first, and
those that are gone are closed last. A new source may have the device of one that goes, under another name: it is opened
again after that one is closed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from classroom.lesson import Lesson
from classroom.media.supervisor import SourceRunner

__all__ = ["SourceSwap", "stop_all"]

_STOP_TIMEOUT: Final = 2.0

_REFUSED_WITHIN: Final = 1.0
"""Seconds within which a device that another has open refuses to be opened."""

_GLANCE: Final = 0.02


@dataclass(frozen=True, slots=True)
class SourceSwap:
    """What is to be done with the runners. ``leaving`` names the sources that are gone from the lesson.

    ``before`` is the lesson from before, and its runners of pictures and of sounds, by name.
    """

    opening: Sequence[SourceRunner]
    waiting: Sequence[SourceRunner]
    """Opened when ``closing`` are closed."""
    closing: Sequence[SourceRunner]
    leaving: Sequence[str]
    before: tuple[Lesson, Mapping[str, SourceRunner], Mapping[str, SourceRunner]]

    def open(self) -> None:
        """Open those that need not wait; returns at once."""
        for runner in self.opening:
            runner.start()

    def close(self) -> None:
        """Close what is closed, open what waited and what was refused; blocks for about three seconds at most."""
        stop_all(self.closing, _STOP_TIMEOUT)
        for runner in self.waiting:
            runner.start()
        if self.closing:
            self._open_refused()

    def cancel(self) -> None:
        """Close again what was opened, in place of ``close``; blocks for about two seconds at most."""
        stop_all(self.opening, _STOP_TIMEOUT)

    def _open_refused(self) -> None:
        """Open again what could not be opened: it may have been the device of one that is closed now."""
        deadline = time.monotonic() + _REFUSED_WITHIN
        undecided = list(self.opening)
        while undecided and time.monotonic() < deadline:
            states = [(runner, runner.status.state) for runner in undecided]
            for runner, state in states:
                if state == "failed":
                    runner.restart(choose_again=False)
            undecided = [runner for runner, state in states if state == "starting"]
            time.sleep(_GLANCE if undecided else 0.0)


def stop_all(runners: Iterable[SourceRunner], timeout: float) -> None:
    """Stop runners side by side; blocks for about ``timeout`` seconds at most."""
    threads = [threading.Thread(target=runner.stop, args=(timeout,)) for runner in runners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
