"""Whether a source still moves: the age of its newest picture, and of its newest picture that differs from the last.

Pure: pictures and clock seconds in, a verdict out. The supervisor asks.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from typing import Final, Literal

from classroom.media.sensor_noise import SensorNoise

__all__ = ["ALARM_AFTER", "FREEZE", "STALL", "Freezing", "StallDetector", "Verdict"]

Freezing = Literal["fallback", "noise", "alarm", "ignore"]
"""What it means when a source repeats the same picture: it is lost, it raises an alarm, or nothing.

With ``noise`` it is lost where its pictures had the noise of a sensor before, else it raises an alarm."""

Verdict = Literal["well", "stalled", "frozen"]

STALL: Final = 0.2
"""Seconds without a picture that every source may take, however fast it promised to be; some may take more."""

FREEZE: Final = 0.25
"""Seconds without a picture that differs from the last: a little longer, since cameras in the dark repeat pictures."""

ALARM_AFTER: Final = 3.0
"""Seconds of the same picture after which a source that may stand still raises an alarm."""

_FRAMES: Final = 5
"""Frame times that may pass without a picture."""

_GAPS: Final = 8
"""Gaps between pictures that the frame time is measured over."""


class _GapLimit:
    """How long something that happens again and again may stay away: five times its usual gap, at least ``floor``."""

    def __init__(self, rate: float | None, floor: float) -> None:
        self._asked = 1.0 / rate if rate else 0.0
        self.floor = floor
        self._gaps: deque[float] = deque(maxlen=_GAPS)
        self.last: float | None = None

    @property
    def limit(self) -> float:
        """Seconds; what was measured counts more than what was asked for."""
        usual = sum(self._gaps) / len(self._gaps) if self._gaps else self._asked
        return max(self.floor, _FRAMES * usual)

    def happened(self, now: float) -> None:
        """It happened; a gap that was too long allows longer ones from now on, but not by its full length."""
        if self.last is not None:
            self._gaps.append(min(now - self.last, self.limit))
        self.last = now

    def age(self, now: float) -> float:
        """Seconds since it last happened; 0 before it did for the first time."""
        return 0.0 if self.last is None else now - self.last


class StallDetector:
    """Watches one source that promised ``rate`` pictures a second; with None it may stand still without limit.

    ``delivered`` is called by the thread that reads the source, the rest by the one that watches it.
    """

    def __init__(self) -> None:
        self._rate: float | None = None
        self._freezing: Freezing = "ignore"
        self._seen: Sequence[object] | None = None
        self._noise = SensorNoise()
        self._pictures = _GapLimit(None, STALL)
        self._changes = _GapLimit(None, FREEZE)
        self._still_frozen = False
        self.next_due = -math.inf
        """When the next picture is due at the earliest, clock seconds; until then none counts as missing."""

    def begin(self, rate: float | None, freezing: Freezing, *, fresh: bool, stall: float = STALL) -> None:
        """A source was opened; unless it is ``fresh``, a frozen one must show another picture than before.

        ``stall`` is how long it may send nothing, seconds, however fast it promised to be.
        """
        if fresh:
            self._noise = SensorNoise()
        self._still_frozen = not fresh and self._still_frozen
        if not self._still_frozen:
            self._seen = None
        self._rate, self._freezing = rate, freezing
        self._pictures, self._changes = _GapLimit(rate, stall), _GapLimit(rate, FREEZE)

    def promise(self, rate: float | None, stall: float | None = None) -> None:
        """The source promises another rate, such as a video that was stopped or continues.

        ``stall`` is how long it may send nothing from now on, seconds; None where that has not changed.
        """
        if stall is not None:
            self._pictures.floor = stall
        if self._rate is None and rate is not None:
            self._pictures, self._changes = _GapLimit(rate, self._pictures.floor), _GapLimit(rate, FREEZE)
        self._rate = rate

    def delivered(self, now: float, print_: Sequence[object] | None = None) -> bool:
        """A picture came; ``print_`` differs between different ones. False for one more of a frozen source."""
        self._pictures.happened(now)
        if self._freezing == "ignore" or print_ is None or print_ != self._seen:
            if self._freezing == "noise" and print_ is not None:
                self._noise.changed(self._seen, print_, now)
            self._seen = print_
            self._still_frozen = False
            self._changes.happened(now)
            return True
        self._noise.repeated()
        if self._changes.age(now) > self._changes.limit:
            self._noise.stood_still()
            self._still_frozen = self.lost_when_frozen
        return not self._still_frozen

    @property
    def lost_when_frozen(self) -> bool:
        """Whether a source that repeats its picture is lost; else it stays live, with an alarm or without."""
        return self._freezing == "fallback" or (self._freezing == "noise" and self._noise.known)

    def verdict(self, now: float) -> Verdict:
        """How the source is; ``well`` before its first picture, for which it may take its time."""
        if self._rate is None or self._pictures.last is None:
            return "well"
        if self._missing_for(now) > self._pictures.limit:
            return "stalled"
        if self.lost_when_frozen:
            if self._still_frozen or self._changes.age(now) > self._changes.limit:
                self._still_frozen = True
                return "frozen"
        elif self._freezing != "ignore" and self._changes.age(now) > max(ALARM_AFTER, self._changes.limit):
            return "frozen"
        return "well"

    @property
    def in_vain(self) -> bool:
        """Whether a source that promised pictures has not sent one yet."""
        return self._rate is not None and self._pictures.last is None

    def silent_for(self, now: float) -> float:
        """Seconds since the last picture, 0 before the first."""
        return self._pictures.age(now)

    def same_for(self, now: float) -> float:
        """Seconds since the last picture that was new, 0 before the first since it was opened."""
        return self._changes.age(now)

    def due_in(self, now: float) -> float:
        """Seconds until the verdict can change for the worse if nothing more comes."""
        if self._rate is None or self._pictures.last is None:
            return STALL
        left = self._pictures.limit - self._missing_for(now)
        if self.lost_when_frozen and not self._still_frozen:
            left = min(left, self._changes.limit - self._changes.age(now))
        return left

    def _missing_for(self, now: float) -> float:
        """Seconds for which a picture could have come; below 0 before it is due."""
        return min(self._pictures.age(now), now - self.next_due)
