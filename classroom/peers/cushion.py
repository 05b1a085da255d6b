"""How much cushion against jitter one student's browser needs: none on a clean network, its own choice elsewhere.

Pure: reports and time in, a playout delay out.
"""

from __future__ import annotations

from typing import Final, Literal

from classroom.peers.header import PlayoutDelay

__all__ = ["Cushion", "PlayoutSetting"]

PlayoutSetting = Literal["auto", "off"] | float
"""``video.playout_delay`` of a lesson: a number is milliseconds."""

_BROWSERS_CHOICE: Final = (0, 40_950)
"""A range so wide that it leaves the browser its own estimate; up to 500 ms it would mean to hurry."""

_CLEAN_JITTER: Final = 0.020
"""Seconds of interarrival jitter (RFC 3550, section 6.4.1) up to which pictures may be shown as they come.

The packets of one picture leave together, so even a wire without jitter shows some milliseconds.
"""

_CLEAN_FOR: Final = 10.0
"""Seconds without loss and jitter after which the cushion is taken away again."""


class Cushion:
    """The playout delay of one student.

    ``delay`` is None when the lesson says ``off``. With ``auto`` it starts without a cushion and gives the browser
    its own choice as soon as packets are lost or come unevenly; with a number it never changes.
    """

    def __init__(self, setting: PlayoutSetting) -> None:
        self._auto = setting == "auto"
        self._bad_until = 0.0
        self.delay: PlayoutDelay | None
        if isinstance(setting, int | float):
            self.delay = PlayoutDelay(round(setting), round(setting))
        else:
            self.delay = PlayoutDelay(0, 0) if self._auto else None

    def report(self, *, jitter: float, newly_lost: int, now: float) -> None:
        """Take a receiver report: jitter in seconds, packets lost since the last one, the clock's time."""
        if not self._auto or self.delay is None:
            return
        if newly_lost > 0 or jitter > _CLEAN_JITTER:
            self._bad_until = now + _CLEAN_FOR
        self.delay.set(*(_BROWSERS_CHOICE if now < self._bad_until else (0, 0)))
