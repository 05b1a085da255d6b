"""Whether pictures come from a sensor, which never gives the same one twice, or from a screen, which often does. Pure.

A camera that repeats its picture is broken. An HDMI grabber that does so shows a slide. Many of both are called just
"USB Video", so it is learnt from the pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

__all__ = ["SensorNoise"]

_EVERYWHERE: Final = 0.8
"""The share of a picture's lines that noise changes; what moves on a screen changes fewer, except for a film."""

_LEARNT_AFTER: Final = 10.0
"""Seconds of noise, without the same picture twice, after which it is taken for that of a sensor.

That is longer than the film on a title page, or than one slide fades into the next. A film of 24 pictures a second has
some of them twice in what a grabber sends.
"""


class SensorNoise:
    """Learns from the prints of pictures, one number for each of some lines; instants are clock seconds."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._stood_still = False
        self.known = False
        """Whether it is a sensor: it had noise for a while, and never stood still before that."""

    def changed(self, before: Sequence[object] | None, after: Sequence[object], now: float) -> None:
        """A picture came that is not the same as the one before; None where there was none."""
        if before is None or len(before) != len(after):
            return
        spread = sum(one != other for one, other in zip(before, after, strict=True)) / max(1, len(after))
        if spread < _EVERYWHERE:
            self._since = None
        elif self._since is None:
            self._since = now
        elif now - self._since >= _LEARNT_AFTER and not self._stood_still:
            self.known = True

    def repeated(self) -> None:
        """The same picture came once more: what was seen until here may have been a film."""
        self._since = None

    def stood_still(self) -> None:
        """The same picture came for longer than a sensor can: one that is not known as such is none."""
        self._stood_still |= not self.known
