"""Detectors of faults in sound, pictures and the program while everything seems to work.

Pure: figures and clock seconds in, yes or no out. Each fault has to last before it is reported, and its end has a
different threshold from its start, so that alarms do not flicker.
"""

from __future__ import annotations

from collections import deque
from typing import Final

__all__ = ["BlackDetector", "ClippingDetector", "InstabilityDetector", "OverloadDetector", "SilenceDetector"]

_BLACK_FOR: Final = 3.0

_SILENT_FOR: Final = 60.0
_SILENT: Final = -70.0
"""dBFS: even a quiet room is louder than this in a microphone that works."""

_HEARD: Final = -60.0

_FULL: Final = -0.1
"""dBFS from which on a peak counts as cut off."""

_CUT_OFTEN: Final = 5
_CUT_WITHIN: Final = 3.0
_CLEAN_FOR: Final = 5.0

_WINDOW: Final = 5.0
_TOO_MANY: Final = 0.1
_FEW: Final = 0.02
"""Shares of missed ticks in a window: the first raises the alarm, below the second it is cleared."""

_LOSSES: Final = 3
_LOST_WITHIN: Final = 30.0


class BlackDetector:
    """A camera whose pictures have been black for three seconds."""

    def __init__(self) -> None:
        self._since: float | None = None

    def look(self, now: float, black: bool) -> bool:
        """Whether it has been black for long, now that it is ``black`` or not."""
        if not black:
            self._since = None
        elif self._since is None:
            self._since = now
        return self._since is not None and now - self._since >= _BLACK_FOR


class SilenceDetector:
    """A microphone that is open and has heard nothing for a minute, not even the room."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._silent = False

    def listen(self, now: float, peak: float, *, open_: bool) -> bool:
        """Whether it has been silent for long; ``peak`` in dBFS without gain, ``open_`` where it should be heard."""
        if not open_ or peak > (_HEARD if self._silent else _SILENT):
            self._since, self._silent = None, False
        elif self._since is None:
            self._since = now
        self._silent = self._since is not None and now - self._since >= _SILENT_FOR
        return self._silent


class ClippingDetector:
    """An input whose peaks are cut off again and again."""

    def __init__(self) -> None:
        self._cut: deque[float] = deque(maxlen=_CUT_OFTEN)
        self._clipping = False

    def listen(self, now: float, peak: float) -> bool:
        """Whether it distorts; ``peak`` in dBFS of the last 100 ms, asked for as often."""
        if peak >= _FULL:
            self._cut.append(now)
        if len(self._cut) == _CUT_OFTEN and now - self._cut[0] <= _CUT_WITHIN:
            self._clipping = True
        elif not self._cut or now - self._cut[-1] >= _CLEAN_FOR:
            self._clipping = False
        return self._clipping


class OverloadDetector:
    """A computer that is too slow for its program: over five seconds it misses a share of the ticks, one in ten."""

    def __init__(self, share: float = _TOO_MANY) -> None:
        self._share = share
        self._seen: deque[tuple[float, int, int]] = deque()
        self._overloaded = False

    def look(self, now: float, ticks: int, missed: int) -> bool:
        """Whether it is too slow, by its counts of ticks made and of ticks missed since the start."""
        self._seen.append((now, ticks, missed))
        while len(self._seen) > 2 and now - self._seen[1][0] >= _WINDOW:
            self._seen.popleft()
        since, made_before, missed_before = self._seen[0]
        if now - since < _WINDOW:
            return self._overloaded
        lost, made = missed - missed_before, ticks - made_before
        share = lost / max(1, lost + made)
        self._overloaded = share >= (_FEW if self._overloaded else self._share)
        return self._overloaded


class InstabilityDetector:
    """A source that is lost again and again, each time too briefly for an alarm of its own."""

    def __init__(self) -> None:
        self._counted = 0
        self._losses: deque[float] = deque(maxlen=_LOSSES)
        self._unsteady = False

    def look(self, now: float, losses: int) -> bool:
        """Whether it is unstable, by the count of its losses since the start."""
        for _ in range(min(_LOSSES, max(0, losses - self._counted))):
            self._losses.append(now)
        self._counted = losses
        if len(self._losses) == _LOSSES and now - self._losses[0] <= _LOST_WITHIN:
            self._unsteady = True
        elif not self._losses or now - self._losses[-1] > _LOST_WITHIN:
            self._unsteady = False
        return self._unsteady
