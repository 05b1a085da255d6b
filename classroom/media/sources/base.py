"""The base of every source: its supervisor opens, reads and closes it, in a thread of its own."""

from __future__ import annotations

import math
import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Final

import av

from classroom.common.clock import Clock
from classroom.common.sentences import Sentence
from classroom.media.frames import Picture, PictureSlot
from classroom.media.scale import settle_tags
from classroom.media.sound_buffer import SoundBuffer
from classroom.media.stall_detector import STALL, Freezing

__all__ = ["KnownDevice", "Source"]

_GLANCE: Final = 0.04
"""Seconds between two looks at whether a source that waits has come on air."""


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """A device that was chosen: what it is recognised by, and what people call it."""

    identity: str
    label: str


class Source(ABC):
    """One source of picture, of sound, or of both.

    ``picture`` and ``sound`` are where it delivers; None where it has nothing to deliver. ``open``, ``read`` and
    ``close`` are called by the supervisor only, always from the same thread, and may raise DeviceError.
    ``interrupted`` is set from outside to bring ``read`` back at once; every wait in a source goes through
    ``wait`` or ``wait_until``, which obey it. ``taken`` counts what was delivered, also pictures that turned out to
    be the same as the last: it is how the supervisor knows that a source is alive, and how fast.

    ``expected_rate`` is what it promises while it is open, deliveries a second: one that stays away for five times as
    long as that is lost. None is for sources that may stand still. ``freezing`` says what it means that it delivers the
    very same picture again and again. ``open`` may set both, ``read`` the first, and ``stall``.
    """

    kind: ClassVar[str]

    comes_back: bool = False
    """Whether one that cannot be opened at first is tried again, as something at the other end of a network, or a
    device that was there before the lesson was interrupted."""

    stall: float = STALL
    """Seconds for which it may send nothing, however high its ``expected_rate``."""

    def __init__(self, *, name: str, clock: Clock, picture: bool = False, sound: bool = False) -> None:
        self.name = name
        self.clock = clock
        self.picture = PictureSlot() if picture else None
        self.sound = SoundBuffer() if sound else None
        self.interrupted = threading.Event()
        self.taken = 0
        self.revision = 0
        """Grows when what it shows has become something else, such as a file that was saved again."""
        self.outdated: Sentence | None = None
        """Why it shows what it had before, and not what was saved since; may be set by any thread."""
        self.expected_rate: float | None = None
        self.next_due = -math.inf
        """When the next delivery is due, clock seconds, where the source knows: until then it may wait for that."""
        self.freezing: Freezing = "ignore"
        self.on_air_since: float | None = None
        """Since when (clock seconds) the program shows it; None while it does not. Set from outside."""
        self._serial = 0

    @property
    def over(self) -> bool:
        """Whether it is at its end and stays there: a countdown at zero, a film that was played."""
        return False

    @property
    def awaited(self) -> bool:
        """Whether it only waits for a sender that has not connected yet: then not being live is not a fault."""
        return False

    @property
    def requested_device(self) -> object:
        """What the lesson says of the device, to be compared with that of another source; None without a device."""
        return None

    @property
    def known(self) -> KnownDevice | None:
        """The device that it has chosen and does not change automatically; None without a device."""
        return None

    def recall(self, known: KnownDevice) -> None:  # noqa: B027 - most have no device
        """Take no other device than this one, which an interrupted lesson had."""

    @abstractmethod
    def open(self) -> None:
        """Take hold of the device. May block; DeviceError when it cannot be used, saying what to do."""

    @abstractmethod
    def read(self) -> None:
        """Deliver the next picture or block of sound, or return after a bounded time without one.

        DeviceError when the device is lost.
        """

    @abstractmethod
    def close(self) -> None:
        """Release the device; does nothing where it is not open."""

    def choose_again(self) -> None:  # noqa: B027 - most have nothing to choose
        """The teacher asked for a restart: ``open`` may take another device, where the lesson allows that."""

    def wait(self, seconds: float) -> bool:
        """Wait; True when interrupted, then ``read`` is to return."""
        return self.interrupted.wait(max(0.0, seconds))

    def wait_until(self, instant: float) -> bool:
        """Wait for an instant of the clock; True when interrupted."""
        return self.wait(instant - self.clock.now())

    def pause(self, seconds: float) -> bool:
        """Wait like ``wait``; True, and early, also when the source comes on air or leaves it."""
        since, end = self.on_air_since, self.clock.now() + seconds
        while (left := end - self.clock.now()) > 0:
            if self.wait(min(left, _GLANCE)) or self.on_air_since != since:
                return True
        return False

    def show(self, frame: av.VideoFrame, captured: float) -> None:
        """Deliver a new picture, taken at the clock second ``captured``; nobody may write into it afterwards."""
        if self.picture is None:
            raise TypeError(f"a {self.kind} has no picture")
        self._serial += 1
        settle_tags(frame)
        self.picture.put(Picture(frame, captured, self._serial))
        self.taken += 1

    @property
    def emptied(self) -> bool:
        """Whether no picture is there any more: one that was given up for a moment has to show again what stands."""
        return self.picture is not None and self.picture.newest() is None

    def succeed(self, before: Source | None, serial: int) -> None:
        """Take another's place before it is opened: show its last picture, count those of its own from ``serial`` on.

        The numbers have to be others than those that were given away under this name before. What is on air under the
        same name has been so all the time.
        One that asks for the same device keeps the one that the other has chosen.
        """
        self._serial = serial
        if before is not None and before.name == self.name:
            self.on_air_since = before.on_air_since
        if (
            before is not None
            and before.requested_device is not None
            and before.requested_device == self.requested_device
            and before.known is not None
        ):
            self.recall(before.known)
        newest = before.picture.newest() if before is not None and before.picture is not None else None
        if self.picture is not None and newest is not None:
            self.picture.put(Picture(newest.frame, newest.captured, serial))

    def forget(self) -> None:
        """Empty what was delivered, so that nobody shows or plays a source that is gone."""
        if self.picture is not None:
            self.picture.clear()
        if self.sound is not None:
            self.sound.clear()
