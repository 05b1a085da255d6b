"""How much cushion against jitter one student's browser needs: none on a clean network, as much as it takes elsewhere.

Pure: reports and time in, a playout delay out.
"""

from __future__ import annotations

import math
from typing import Final, Literal

from classroom.webrtc.rtp.header import PlayoutDelay

__all__ = ["AdaptivePlayoutDelay", "PlayoutSetting"]

PlayoutSetting = Literal["auto", "off"] | float
"""``video.playout_delay`` of a lesson: a number is milliseconds."""

_CLEAN_JITTER: Final = 0.015
"""Seconds of interarrival jitter (RFC 3550, section 6.4.1) up to which pictures may be shown as they come.

The packets of one picture leave together, so even a wire without jitter shows some milliseconds.
"""

_JITTERS: Final = 4.0
"""Jitter is a mean deviation, and few packets come later than four times that (as TCP reckons, RFC 6298)."""

_ROUND_TRIPS: Final = 2.0
"""Round trips that a lost packet's repetition takes, where the request or the repetition is lost now and then."""

_NOTICED: Final = 0.030
"""Seconds until a browser notices a gap and asks, besides."""

_RARE_LOSS: Final = 0.005
"""The share of packets up to which a loss is no reason to hold all pictures back."""

_LONGEST: Final = 0.5
"""Seconds of cushion at most. A lesson is a conversation."""

_STEP: Final = 0.010
"""Seconds in a unit of the extension."""

_CLEAN_FOR: Final = 10.0
"""Seconds for which less must be needed before the cushion shrinks."""

_SHRINKS: Final = 0.010
"""Seconds by which it shrinks in each second then, which nobody sees."""


class AdaptivePlayoutDelay:
    """The playout delay of one student.

    ``delay`` is None when the lesson says ``off``. With ``auto`` it starts without a cushion, grows at once to what
    the reports say is needed, and shrinks slowly; with a number it never changes. The least and the most are the
    same, so that pictures are neither hurried nor dragged along by sound that comes late.
    """

    def __init__(self, setting: PlayoutSetting) -> None:
        self._auto = setting == "auto"
        self._held = 0.0
        self._needed_at = 0.0
        self._at = 0.0
        self.delay: PlayoutDelay | None
        if isinstance(setting, int | float):
            self.delay = PlayoutDelay(round(setting), round(setting))
        else:
            self.delay = PlayoutDelay(0, 0) if self._auto else None

    def report(self, *, jitter: float, loss: float, round_trip: float | None, now: float) -> None:
        """Take a receiver report: jitter and round trip in seconds, the share (0…1) lost lately, the clock's time."""
        if not self._auto or self.delay is None:
            return
        needed = _needed(jitter, loss, round_trip or 0.0)
        passed, self._at = max(0.0, now - self._at), now
        if needed >= self._held:
            self._needed_at = now
        if needed > self._held:
            self._held = needed
        elif now - self._needed_at > _CLEAN_FOR:
            self._held = max(needed, self._held - _SHRINKS * passed)
        milliseconds = round(1000 * self._held)
        self.delay.set(milliseconds, milliseconds)


def _needed(jitter: float, loss: float, round_trip: float) -> float:
    """Seconds for which a network as reported wants pictures held back, in steps of ten milliseconds."""
    unevenness = _JITTERS * jitter if jitter > _CLEAN_JITTER else 0.0
    mending = _ROUND_TRIPS * round_trip + _NOTICED if loss > _RARE_LOSS else 0.0
    return min(_LONGEST, _STEP * math.ceil((unevenness + mending) / _STEP - 1e-6))
