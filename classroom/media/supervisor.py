"""Keeps one source running: its thread, its state, and what happens when it fails.

Nothing that a source does reaches further than its own state: it may block, raise or never come back, and the
lesson runs on.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from classroom.clock import Clock
from classroom.errors import DeviceError
from classroom.media.sources.base import Source

__all__ = ["SourceRunner", "SourceState", "SourceStatus"]

log = logging.getLogger(__name__)

SourceState = Literal["starting", "live", "lost", "failed"]

_BACK_OFF: Final = (1.0, 2.0, 4.0, 8.0, 10.0)
"""Seconds before the first, second, … attempt to reopen a lost source; the last one is repeated."""

_PATIENCE: Final = 5.0
"""Seconds that one call into a source may take before it counts as stuck."""

_RATE_WINDOW: Final = 2.0
"""Seconds over which the frame rate is measured."""


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """How a source is.

    ``why`` is a sentence for the teacher where it is not live. ``size`` (width, height in pixels) and ``fps``
    (measured; None for a still) are known while it delivers pictures.
    """

    kind: str
    state: SourceState
    why: str | None = None
    size: tuple[int, int] | None = None
    fps: float | None = None


class SourceRunner:
    """Runs one source from ``start`` to ``stop``.

    A source that was never live since it was (re)started is ``failed`` after its first fault and stays so until
    ``restart``; one that was live, or says that it ``comes_back``, is ``lost`` and opened again and again, with a
    back-off, until it is back.
    ``on_change`` is called with no argument whenever ``status`` changed, from a thread of the runner, never from
    the caller's; it must not block.
    """

    def __init__(
        self,
        source: Source,
        clock: Clock,
        on_change: Callable[[], None],
        *,
        back_off: Sequence[float] = _BACK_OFF,
        patience: float = _PATIENCE,
    ) -> None:
        self.source = source
        self._clock = clock
        self._on_change = on_change
        self._back_off = tuple(back_off)
        self._patience = patience
        self._status = SourceStatus(source.kind, "starting")
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._again = False
        self._was_live = False
        self._busy_since: float | None = None
        self._rate_from = (0.0, 0)
        self._thread = threading.Thread(target=self._run, name=f"source {source.name}", daemon=True)
        self._watch = threading.Thread(target=self._watchdog, name=f"watch {source.name}", daemon=True)

    @property
    def status(self) -> SourceStatus:
        """How the source is now; one value, so any thread may read it."""
        return self._status

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()
        self._watch.start()

    def restart(self) -> None:
        """Close the source and open it anew, whatever its state; returns at once.

        A source that is stuck in its device is reopened as soon as the device lets go of it.
        """
        with self._lock:
            self._again = True
            self.source.interrupted.set()

    def stop(self, timeout: float = 2.0) -> None:
        """End, waiting at most ``timeout`` seconds; a thread stuck in its device is left behind and logged."""
        with self._lock:
            self._stopping.set()
            self.source.interrupted.set()
        for thread in (self._thread, self._watch):
            if thread.ident is not None:
                thread.join(timeout)
        if self._thread.is_alive():
            log.warning("%s did not stop within %g s; its thread is left behind", self.source.name, timeout)
            self.source.forget()

    def _run(self) -> None:
        attempt = 0
        while not self._stopping.is_set():
            if self._take_restart():
                attempt = 0
                self._set(SourceStatus(self.source.kind, "starting"))
            self._was_live = False
            fault = self._session()
            if self.source.interrupted.is_set():
                continue
            if not self._was_live and attempt == 0 and not self.source.comes_back:
                self._fault("failed", fault)
                self.source.interrupted.wait()
                continue
            attempt = 1 if self._was_live else attempt + 1
            self._fault("lost", fault)
            self.source.interrupted.wait(self._back_off[min(attempt, len(self._back_off)) - 1])

    def _take_restart(self) -> bool:
        """Whether a restart was asked for; the next session begins uninterrupted, unless it is to stop."""
        with self._lock:
            again, self._again = self._again, False
            if not self._stopping.is_set():
                self.source.interrupted.clear()
            return again

    def _session(self) -> str:
        """Open, read until something ends it, close; the sentence of the fault that ended it."""
        before = self.source.taken
        try:
            self._busy(self.source.open)
            self._rate_from = (self._clock.now(), self.source.taken)
            while not self.source.interrupted.is_set():
                self._busy(self.source.read)
                if self.source.taken != before:
                    self._alive()
        except DeviceError as error:
            return str(error)
        # The wall between one source and the lesson: whatever a driver or a decoder raises ends here, with its
        # traceback in the log, and costs only this source.
        except Exception as error:
            log.error("%s failed unexpectedly", self.source.name, exc_info=error)
            return f"The source stopped by a fault of the program ({type(error).__name__}: {error}). Restart it."
        finally:
            self._close()
        return ""

    def _fault(self, state: SourceState, why: str) -> None:
        log.warning("%s is %s: %s", self.source.name, state, why)
        self._set(SourceStatus(self.source.kind, state, why))

    def _close(self) -> None:
        try:
            self._busy(self.source.close)
        except Exception as error:  # the same wall: a device that is gone may refuse to be closed
            log.error("%s could not be closed", self.source.name, exc_info=error)
        self.source.forget()

    def _busy(self, call: Callable[[], None]) -> None:
        """Call into the source while the watchdog looks on."""
        self._busy_since = self._clock.now()
        try:
            call()
        finally:
            self._busy_since = None

    def _alive(self) -> None:
        self._was_live = True
        newest = self.source.picture.newest() if self.source.picture else None
        size = (newest.frame.width, newest.frame.height) if newest else None
        fps = self._rate() if newest else None
        self._set(SourceStatus(self.source.kind, "live", None, size, fps))

    def _rate(self) -> float | None:
        """Pictures a second over the last window; a small change does not count as one."""
        (since, taken), now = self._rate_from, self._clock.now()
        old = self._status.fps
        if now - since < _RATE_WINDOW:
            return old
        fps = round((self.source.taken - taken) / (now - since), 1)
        self._rate_from = (now, self.source.taken)
        if fps == 0:
            return None
        return old if old is not None and abs(fps - old) <= max(0.5, old * 0.05) else fps

    def _watchdog(self) -> None:
        """Tell when the source's thread has been inside its device for too long; it speaks for itself again after."""
        while not self._stopping.wait(self._patience / 5):
            since, status = self._busy_since, self._status
            if since is None or self._clock.now() - since <= self._patience:
                continue
            if status.state not in ("starting", "live"):
                continue
            state: SourceState = "failed" if status.state == "starting" else "lost"
            why = f"The {status.kind} has not answered for {self._patience:g} s. Plug it in again, then restart it."
            if self._set(SourceStatus(status.kind, state, why), expected=status):
                log.warning("%s is %s: %s", self.source.name, state, why)
                self.source.forget()

    def _set(self, status: SourceStatus, *, expected: SourceStatus | None = None) -> bool:
        """Replace the status, with ``expected`` only while it is still that one; False when nothing changed."""
        with self._lock:
            if status == self._status or (expected is not None and self._status is not expected):
                return False
            self._status = status
        self._on_change()
        return True
