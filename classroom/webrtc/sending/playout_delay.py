"""The playout delay that one student's browser needs: none on a clean network, enough for jitter and loss elsewhere.

While a speaking face is on air, pictures wait for their sound on any network.

Pure: reports and time in, a playout delay out.
"""

from __future__ import annotations

import math
from typing import Final, Literal
from weakref import WeakSet

from classroom.webrtc.rtp.header import PlayoutDelay

__all__ = ["AdaptivePlayoutDelay", "PlayoutRule", "PlayoutSetting"]

PlayoutSetting = Literal["auto", "off"] | float
"""``video.playout_delay`` of a lesson: a number is milliseconds."""

_CLEAN_JITTER: Final = 0.015
"""Seconds of interarrival jitter (RFC 3550, section 6.4.1) up to which pictures may be shown as they arrive.

The packets of one picture are sent together, so even a link without jitter shows some milliseconds.
"""

_JITTERS: Final = 4.0
"""Jitter is a mean deviation, and few packets are later than four times that (as in TCP, RFC 6298)."""

_ROUND_TRIPS: Final = 2.0
"""Round trips that a retransmission takes, where the request or the retransmission is sometimes lost as well."""

_NOTICED: Final = 0.030
"""Seconds more until a browser notices a gap and asks."""

_RARE_LOSS: Final = 0.005
"""The share of packets lost up to which pictures are not held back."""

_LONGEST: Final = 0.5
"""Seconds of delay at most. A lesson is a conversation."""

_STEP: Final = 0.010
"""Seconds in a unit of the extension."""

_CLEAN_FOR: Final = 10.0
"""Seconds for which less must be needed before the delay shrinks."""

_SHRINKS: Final = 0.010
"""Seconds by which it then shrinks in each second, which nobody sees."""


class PlayoutRule:
    """How long all students' browsers hold pictures back; ``setting`` is the lesson's."""

    def __init__(self, setting: PlayoutSetting) -> None:
        self.setting: Final[PlayoutSetting] = setting
        self._wait = 0.0
        self._followers: WeakSet[AdaptivePlayoutDelay] = WeakSet()

    @property
    def wait(self) -> float:
        """For how many seconds pictures wait for their sound now, where the setting is ``auto``.

        It changes while the lesson runs, and all students' next pictures follow.
        """
        return self._wait

    @wait.setter
    def wait(self, seconds: float) -> None:
        if seconds != self._wait:
            self._wait = seconds
            for follower in self._followers:
                follower.renew()

    def follow(self, follower: AdaptivePlayoutDelay) -> None:
        """Renew this delay when the rule changes, for as long as somebody keeps it."""
        self._followers.add(follower)


class AdaptivePlayoutDelay:
    """The playout delay of one student.

    ``delay`` is None when the lesson says ``off``. With ``auto`` it starts at the rule's ``wait``, grows at once to the
    delay that the reports require, and shrinks slowly to ``wait``; with a number it never changes. Minimum and maximum
    are equal, so that sound that comes late neither speeds pictures up nor delays them.
    """

    def __init__(self, rule: PlayoutRule) -> None:
        setting = rule.setting
        self._rule = rule
        self._auto = setting == "auto"
        self._held = 0.0
        self._needed_at = 0.0
        self._at = 0.0
        self.delay: PlayoutDelay | None
        if isinstance(setting, int | float):
            self.delay = PlayoutDelay(round(setting), round(setting))
        else:
            self.delay = PlayoutDelay(0, 0) if self._auto else None
            self.renew()
            rule.follow(self)

    def report(self, *, jitter: float, loss: float, round_trip: float | None, now: float, own: float = 0.0) -> None:
        """Read a receiver report: jitter and round trip in seconds, the share (0…1) lost recently, the clock's time.

        ``own`` is the part of the jitter that this computer made by sending late. Its hold-up is over once a browser
        has reported it, so waiting for another one would only make the lesson late.
        """
        if not self._auto or self.delay is None:
            return
        if own > _CLEAN_JITTER:
            jitter = max(0.0, jitter - own)
        needed = _needed(jitter, loss, round_trip or 0.0)
        passed, self._at = max(0.0, now - self._at), now
        if needed >= self._held:
            self._needed_at = now
        if needed > self._held:
            self._held = needed
        elif now - self._needed_at > _CLEAN_FOR:
            self._held = max(needed, self._held - _SHRINKS * passed)
        self.renew()

    def renew(self) -> None:
        """Follow the rule, which may have changed."""
        if self._auto and self.delay is not None:
            milliseconds = round(1000 * max(self._held, self._rule.wait))
            self.delay.set(milliseconds, milliseconds)


def _needed(jitter: float, loss: float, round_trip: float) -> float:
    """Seconds for which the reported network needs pictures held back, in steps of ten milliseconds."""
    unevenness = _JITTERS * jitter if jitter > _CLEAN_JITTER else 0.0
    recovery = _ROUND_TRIPS * round_trip + _NOTICED if loss > _RARE_LOSS else 0.0
    return min(_LONGEST, _STEP * math.ceil((unevenness + recovery) / _STEP - 1e-6))
