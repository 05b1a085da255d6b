"""Keeps one source running: its thread, its state, and what happens when it fails.

Nothing that a source does reaches further than its own state: it may block, raise or never come back, and the
lesson runs on.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from classroom.common.clock import Clock
from classroom.common.errors import DeviceError
from classroom.common.limited_log import LimitedLog
from classroom.common.sentences import Wording
from classroom.media.advice import advice
from classroom.media.picture_statistics import fingerprint
from classroom.media.sources.base import Source
from classroom.media.stall_detector import STALL, StallDetector

__all__ = ["SourceRunner", "SourceState", "SourceStatus"]

log = logging.getLogger(__name__)

SourceState = Literal["starting", "live", "lost", "failed"]

_BACK_OFF: Final = (0.25, 0.5, 0.7)
"""Seconds before the first, second, … attempt to reopen a lost source; the last one is repeated.

A source that comes back is to be on air within a second, so it stays below that.
"""

_PATIENCE: Final = 5.0
"""Seconds that one call into a source may take before it counts as stuck."""

_TOLD_AFTER: Final = 1.0
"""Seconds for which a source must have sent nothing, or nothing new, before a teacher is told why it is lost."""

_GIVEN_UP_AFTER: Final = 2.0
"""Seconds without a picture after which a source that is not stuck is closed and opened again."""

_THAWED_AFTER: Final = 5.0
"""Seconds after which a frozen source is opened again, once: that helps some cameras, and delays the others."""

_HELD_UP: Final = 0.05
"""A watchdog that wakes this many seconds too late knows that the machine was late, and not the source."""

_RATE_WINDOW: Final = 2.0
"""Seconds over which the frame rate is measured."""

_BROKEN: Final = Wording("source.broken", "A fault in the program stopped this source ({fault}). Restart it.")


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """How a source is.

    ``why`` is a sentence for the teacher where it is not live, after a second where it only sends nothing. ``size``
    (width, height in pixels) and ``fps`` (measured; None for a still) are known while it delivers pictures. ``fault``
    tells a source that sends nothing or nothing new from one that failed. One that may stand still is live and frozen;
    one that cannot show what was saved last is live and outdated. ``awaited`` says that nothing is wrong: somebody is
    to send it, and has not come yet. ``revision`` is that of the source.
    """

    kind: str
    state: SourceState
    why: str | None = None
    size: tuple[int, int] | None = None
    fps: float | None = None
    fault: Literal["stalled", "frozen", "outdated"] | None = None
    awaited: bool = False
    revision: int = 0


class SourceRunner:
    """Runs one source from ``start`` to ``stop``.

    A source that was never live since it was (re)started is ``failed`` after its first fault and stays so until
    ``restart``; one that was live is ``lost`` and opened again and again, with a back-off, until it is back. One that
    sends no picture, or no other one, for longer than its ``StallDetector`` allows is lost too, and live with the next.
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
        self.losses = 0
        self._clock = clock
        self._on_change = on_change
        self._back_off = tuple(back_off)
        self._patience = patience
        self._status = SourceStatus(source.kind, "starting")
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._again = False
        self._choose_anew = False
        self._was_live = False
        self._fresh = True
        self._thawed = False
        self._said = ""
        self._stalls = StallDetector()
        self._limited = LimitedLog(log)
        self._busy_since: float | None = None
        self._rate_from = (0.0, 0)
        self._thread = threading.Thread(target=self._run, name=f"source {source.name}", daemon=True)
        self._watchdog = threading.Thread(target=self._look_on, name=f"watch {source.name}", daemon=True)

    @property
    def status(self) -> SourceStatus:
        """How the source is now; one value, so any thread may read it."""
        return self._status

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()
        self._watchdog.start()

    def restart(self, *, choose_again: bool = True) -> None:
        """Close the source and open it again, whatever its state; returns at once.

        With ``choose_again`` it may take another device than before, where the lesson allows. A source that is stuck in
        its device is reopened as soon as the device releases it.
        """
        with self._lock:
            self._again = True
            self._choose_anew |= choose_again
            self.source.interrupted.set()

    def stop(self, timeout: float = 2.0) -> None:
        """End, waiting at most ``timeout`` seconds; a thread stuck in its device is left behind and logged."""
        with self._lock:
            self._stopping.set()
            self.source.interrupted.set()
        for thread in (self._thread, self._watchdog):
            if thread.ident is not None:
                thread.join(timeout)
        if self._thread.is_alive():
            log.warning("%s did not stop within %g s; its thread is left behind", self.source.name, timeout)
            self.source.forget()

    # The thread of the source

    def _run(self) -> None:
        attempt = 0
        while not self._stopping.is_set():
            try:
                attempt = self._round(attempt)
            # A second wall, for faults while a fault is reported, such as without memory.
            except Exception as error:  # noqa: BLE001
                self._limited.warn("%s is started again: %s", self.source.name, type(error).__name__, fault=error)
                self._stopping.wait(self._back_off[-1])

    def _round(self, attempt: int) -> int:
        """One session of the source, and the pause after it; how many attempts have failed in a row by then."""
        if self._take_restart():
            attempt, self._fresh, self._thawed = 0, True, False
            self._set(SourceStatus(self.source.kind, "starting"))
        self._was_live = False
        fault = self._session()
        self._fresh = False
        if self.source.interrupted.is_set():
            return attempt
        if not self._was_live and attempt == 0 and not self.source.comes_back:
            self._fail("failed", fault)
            self.source.interrupted.wait()
            return attempt
        attempt = 1 if self._was_live else attempt + 1
        self._fail("lost", fault)
        self.source.interrupted.wait(self._back_off[min(attempt, len(self._back_off)) - 1])
        return attempt

    def _take_restart(self) -> bool:
        """Whether a restart was asked for; the next session starts uninterrupted, unless it is to stop."""
        with self._lock:
            again, self._again = self._again, False
            choose_again, self._choose_anew = self._choose_anew, False
            if not self._stopping.is_set():
                self.source.interrupted.clear()
        if choose_again:
            self.source.choose_again()
        return again

    def _session(self) -> str:
        """Open, read until something ends it, close; the sentence of the fault that ended it."""
        seen = self.source.taken
        try:
            self._busy(self.source.open)
            source = self.source
            self._stalls.begin(source.expected_rate, source.freezing, fresh=self._fresh, stall=source.stall)
            opened = self._clock.now()
            self._rate_from = (opened, self.source.taken)
            while not self.source.interrupted.is_set():
                self._busy(self.source.read)
                self._stalls.promise(self.source.expected_rate, self.source.stall)
                if self.source.taken != seen:
                    seen = self.source.taken
                    self._delivered()
                self._tell_if_outdated()
                self._give_up(opened)
        except DeviceError as error:
            return error.sentence
        # The wall between one source and the lesson: anything that a driver or a decoder raises ends here, with its
        # traceback in the log, and costs only this source.
        except Exception as error:
            sentence = _BROKEN(fault=f"{type(error).__name__}: {error}")
            if sentence != self._said:
                log.error("%s failed unexpectedly", self.source.name, exc_info=error)
            return sentence
        finally:
            self._stalls.begin(None, "ignore", fresh=False)
            self._close()
        return ""

    def _give_up(self, opened: float) -> None:
        """DeviceError where it is time to open the source again, though it does not report a fault itself."""
        status, now = self._status, self._clock.now()
        if self._stalls.in_vain and now - opened > self._patience:
            raise DeviceError(self._sentence("stalled"))
        if status.state != "lost":
            return
        if status.fault == "stalled" and self._stalls.silent_for(now) > _GIVEN_UP_AFTER:
            raise DeviceError(self._sentence("stalled"))
        if status.fault == "frozen" and not self._thawed and self._stalls.same_for(now) > _THAWED_AFTER:
            self._thawed = True
            raise DeviceError(self._sentence("frozen"))

    def _fail(self, state: SourceState, why: str) -> None:
        # One that is tried again all the time says a thing once.
        level = logging.INFO if self.source.awaited else logging.WARNING
        log.log(logging.DEBUG if why == self._said else level, "%s: %s. %s", self.source.name, state, why)
        self._said = why
        fault = self._status.fault
        fault = fault if state == "lost" and fault != "outdated" and why == self._sentence(fault) else None
        self._count_loss()
        self._set(SourceStatus(self.source.kind, state, why, fault=fault, awaited=self.source.awaited))

    def _close(self) -> None:
        try:
            self._busy(self.source.close)
        except Exception as error:  # the same wall: a device that is gone may refuse to be closed
            log.error("%s could not be closed", self.source.name, exc_info=error)
        self.source.forget()

    def _busy(self, call: Callable[[], None]) -> None:
        """Call into the source while the watchdog watches."""
        self._busy_since = self._clock.now()
        try:
            call()
        finally:
            self._busy_since = None

    def _delivered(self) -> None:
        newest = self.source.picture.newest() if self.source.picture else None
        looked_at = newest is not None and self.source.freezing != "ignore"
        if not self._stalls.delivered(self._clock.now(), fingerprint(newest.frame) if newest and looked_at else None):
            return
        self._was_live, self._thawed, self._said = True, False, ""
        size = (newest.frame.width, newest.frame.height) if newest else None
        fps = self._rate() if newest else None
        frozen = self._stalls.verdict(self._clock.now()) == "frozen"
        kept = frozen or self._status.fault == "outdated"
        why, fault = (self._status.why, self._status.fault) if kept else (None, None)
        self._set(SourceStatus(self.source.kind, "live", why, size, fps, fault, revision=self.source.revision))

    def _tell_if_outdated(self) -> None:
        """Tell of a live source that shows what it had before, once, and when that is over."""
        status, why = self._status, self.source.outdated
        if status.state == "live" and why != (status.why if status.fault == "outdated" else None):
            self._set(replace(status, why=why, fault="outdated" if why else None), expected=status)

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

    # The thread that watches

    def _look_on(self) -> None:
        pause, asked = STALL, self._clock.now()
        excused = False
        while not self._stopping.wait(pause):
            now = self._clock.now()
            if now - asked - pause > _HELD_UP and not excused:
                # The source's own thread had no turn either; it gets one before it is judged.
                excused, pause = True, _HELD_UP
            else:
                excused = False
                try:
                    self._look_for_stuck(now)
                    self._look_for_still(now)
                except Exception as error:  # noqa: BLE001 - the second wall, like that in the thread of the source
                    self._limited.warn("%s is not watched: %s", self.source.name, type(error).__name__, fault=error)
                soon = self._stalls.due_in(now) if self._status.state == "live" else STALL
                pause = min(STALL, self._patience / 5, max(0.01, soon))
            asked = self._clock.now()

    def _look_for_stuck(self, now: float) -> None:
        """Tell when the source's thread has been inside its device for too long; it speaks for itself again after."""
        since, status = self._busy_since, self._status
        if since is None or now - max(since, self.source.next_due) <= self._patience:
            return
        if status.state not in ("starting", "live") and status.fault is None:
            return
        state: SourceState = "failed" if status.state == "starting" else "lost"
        why = advice("stuck", self.source.kind, self.source.name, self._patience)
        if self._set(SourceStatus(status.kind, state, why), expected=status, emptying=self.source.forget):
            log.warning("%s: %s. %s", self.source.name, state, why)
            self._count_loss(status)

    def _look_for_still(self, now: float) -> None:
        """Tell when the source sends no pictures, or none that is new."""
        self._stalls.next_due = self.source.next_due
        status, verdict = self._status, self._stalls.verdict(now)
        if verdict == "well":
            return
        if status.state == "live" and verdict == "frozen" and not self._stalls.lost_when_frozen:
            if status.fault is None:
                self._set(replace(status, why=self._sentence("frozen"), fault="frozen"), expected=status)
        elif status.state == "live":
            # Only the picture: the sound of a stream may continue.
            clear = self.source.picture.clear if self.source.picture is not None else None
            if self._set(SourceStatus(status.kind, "lost", fault=verdict), expected=status, emptying=clear):
                self._count_loss(status)
                log.info("%s is lost: %s", self.source.name, verdict)
        elif status.fault is not None and status.why is None and self._stalls.same_for(now) > _TOLD_AFTER:
            why = self._sentence(verdict)
            if self._set(SourceStatus(status.kind, "lost", why, fault=verdict), expected=status):
                self._said = why
                log.warning("%s: lost. %s", self.source.name, why)

    def _sentence(self, fault: str | None) -> str:
        return advice("frozen" if fault == "frozen" else "stalled", self.source.kind, self.source.name)

    def _count_loss(self, before: SourceStatus | None = None) -> None:
        if (before or self._status).state == "live":
            self.losses += 1

    def _set(
        self,
        status: SourceStatus,
        *,
        expected: SourceStatus | None = None,
        emptying: Callable[[], None] | None = None,
    ) -> bool:
        """Replace the status, with ``expected`` only while it is still that one; False when nothing changed.

        ``emptying`` takes away what the source delivered, before anybody can see the new status.
        """
        with self._lock:
            if status == self._status or (expected is not None and self._status is not expected):
                return False
            if emptying is not None:
                emptying()
            self._status = status
        self._on_change()
        return True
