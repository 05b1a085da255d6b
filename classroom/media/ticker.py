"""The ticks: a thread that composes the program's picture by the clock and offers it to the encoders."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import av

from classroom.common.clock import Clock
from classroom.common.limited_log import LimitedLog
from classroom.director import Director
from classroom.media.crossfade import Crossfade
from classroom.media.downscaler import Downscaler, Size
from classroom.media.encoder import VideoEncoder
from classroom.media.frames import PictureSlot
from classroom.media.overlay import Overlay
from classroom.media.picture import PictureMixer, ProgramPicture
from classroom.media.timing import Timings, wait_until
from classroom.media.worker import Lease, Worker

__all__ = ["Supplies", "Ticker"]

_log = logging.getLogger(__name__)

_PICTURE_UNITS: Final = 90_000
_IDLE_RATE: Final = 2


@dataclass(frozen=True, slots=True)
class Supplies:
    """What pictures are made of: the slots of the sources, what replaces a missing one, and the overlays."""

    slots: Mapping[str, PictureSlot]
    fallback: str | None
    fallback_card: av.VideoFrame
    overlays: Mapping[str, Overlay] = field(default_factory=dict)


class _Tools:
    """What one thread composes with. The next thread has its own: the one before may have left something half done."""

    def __init__(self, size: Size, smaller: Sequence[Size], supplies: Supplies) -> None:
        self.mixer = Crossfade(
            lambda: PictureMixer(
                size=size,
                slots=supplies.slots,
                fallback=supplies.fallback,
                fallback_card=supplies.fallback_card,
                overlays=supplies.overlays,
            )
        )
        self.downscale = Downscaler(smaller)
        self._supplied = supplies

    def supply(self, supplies: Supplies) -> None:
        """Go on with these supplies, where they are others."""
        if supplies is self._supplied:
            return
        for mixer in self.mixer.each():
            mixer.supply(
                slots=supplies.slots,
                fallback=supplies.fallback,
                fallback_card=supplies.fallback_card,
                overlays=supplies.overlays,
            )
        self._supplied = supplies


class Ticker:
    """Makes ``fps`` pictures of ``size`` a second from ``start`` on, and the smaller ones that have subscribers.

    ``supplies`` may be replaced by any thread, and takes effect from the next tick on. ``live`` is called in the thread
    at every tick: it must not block. ``worker`` keeps the thread, and is to be looked at ten times a second.
    """

    def __init__(
        self,
        *,
        director: Director,
        size: Size,
        fps: int,
        supplies: Supplies,
        live: Callable[[], frozenset[str]],
        clock: Clock,
        encoders: Sequence[VideoEncoder],
    ) -> None:
        self._director = director
        self._size = size
        self._fps = fps
        self.supplies = supplies
        self._live = live
        self._clock = clock
        self._encoders = encoders
        self._smaller = sorted({encoder.size for encoder in encoders} - {size})
        self._tools: _Tools | None = _Tools(
            size, self._smaller, supplies
        )  # a faulty card is reported before the lesson
        self._zero = 0.0
        self._tick = 0
        self._failing = 0
        self._stop = threading.Event()
        self._limited = LimitedLog(_log, now=clock.now)
        self._lateness = Timings()
        self._composing = Timings()
        self.worker = Worker("picture mixer", self._run, self._change_hands)
        self.newest: ProgramPicture | None = None
        self.made = 0
        self.missed = 0
        self.failed = 0
        self.longest_miss = 0

    def start(self, zero: float) -> None:
        """Start ticking; the first tick is at the clock second ``zero``."""
        self._zero = zero
        self.worker.start()

    def stop(self) -> None:
        """Make no more pictures; the thread ends within 50 ms."""
        self.worker.stop()
        self._stop.set()

    @property
    def statistics(self) -> dict[str, Any]:
        """Ticks, missed and failed ones; p50 and p95 in ms of how late ticks start and of what composing takes."""
        return {
            "ticks": self.made,
            "missed": self.missed,
            "failed": self.failed,
            "lateness": self._lateness.summary(),
            "compose": self._composing.summary(),
        }

    def _change_hands(self) -> None:
        self._tools = None

    def _run(self, lease: Lease) -> None:
        while lease.current and wait_until(self._clock, self._due(self._tick), self._stop):
            began, tick = self._clock.now(), self._tick
            if began >= self._due(tick + 1):
                # Too late for this tick: what is due now is shown instead, so time stamps stay true to the clock.
                present = max(tick + 1, int((began - self._zero) * self._fps))
                self.missed += present - tick
                self.longest_miss = max(self.longest_miss, present - tick)
                tick = present
            self._lateness.add(max(0.0, began - self._due(tick)))
            lease.piece = self._tick = tick
            try:
                self._make(tick, lease)
                self._failing = 0
            except Exception as error:  # noqa: BLE001 - logged, and the next tick serves better than none
                self._fail(error)
            if lease.current:
                self.made += 1
                self._tick = tick + 1

    def _make(self, tick: int, lease: Lease) -> None:
        wanted = [encoder for encoder in self._encoders if encoder.active]
        if not wanted and self.newest is not None and tick % max(1, self._fps // _IDLE_RATE):
            return
        tools = self._tools
        if tools is None:
            tools = _Tools(self._size, self._smaller, self.supplies)
            if lease.current:
                self._tools = tools
        tools.supply(self.supplies)
        began = self._clock.now()
        picture = tools.mixer.compose(self._director.program, self._live(), began)
        if not lease.current:
            return  # it hung in there, and another thread makes the pictures by now
        self.newest = picture
        self._composing.add(self._clock.now() - began)
        pts = round(tick * _PICTURE_UNITS / self._fps)
        for encoder in wanted:
            if encoder.size == self._size:
                encoder.offer(picture, pts, self._due(tick))
        # The picture is still in this processor's cache: in the encoders' threads it would cost half as much again.
        smaller = tools.downscale(picture, {encoder.size for encoder in wanted})
        for encoder in wanted:
            if encoder.size in smaller:
                encoder.offer(smaller[encoder.size], pts, self._due(tick))

    def _fail(self, error: Exception) -> None:
        self.failed += 1
        self._failing += 1
        if self._failing % self._fps == 0:
            self._tools = None  # what failed for a second may work with nothing half done in its memory
        self._limited.warn("No picture could be composed: %s: %s", type(error).__name__, error, fault=error)

    def _due(self, tick: int) -> float:
        return self._zero + tick / self._fps
