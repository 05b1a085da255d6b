"""A source with a device that it chooses once, and that no other device replaces automatically.

While that device is gone the source is lost. What a lesson calls ``default``, or monitor 1, may be another device by
then, which nobody expects to be seen or heard.
"""

from __future__ import annotations

from classroom.common.clock import Clock
from classroom.media.sources.base import KnownDevice, Source

__all__ = ["ChosenSource"]


class ChosenSource(Source):
    """``open`` sets ``_known`` to what it has chosen, and takes no other device where that is set already."""

    def __init__(self, *, name: str, clock: Clock, picture: bool = False, sound: bool = False) -> None:
        super().__init__(name=name, clock=clock, picture=picture, sound=sound)
        self._known: KnownDevice | None = None

    @property
    def known(self) -> KnownDevice | None:
        """The device that was chosen."""
        return self._known

    def recall(self, known: KnownDevice) -> None:
        """Take no other device than this one, and wait for it where it is not there."""
        self._known, self.comes_back = known, True

    def choose_again(self) -> None:
        """Take the device that the lesson means now."""
        self._known, self.comes_back = None, False
