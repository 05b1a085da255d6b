"""A monitor of this machine, or a part of its screen.

What is shown is chosen once and never followed to another place: when the monitors are rearranged, the numbers and
the corners that a lesson names may be those of a monitor with a teacher's mail on it. The monitor that was chosen is
known by what the system calls it; while it is gone, the source is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import av
import mss
import numpy as np
import numpy.typing as npt

from classroom.common.clock import Clock
from classroom.common.errors import DeviceError
from classroom.common.sentences import Wording
from classroom.media.sources.base import KnownDevice
from classroom.media.sources.chosen import ChosenSource
from classroom.media.sources.monitors import FAULTS, DesktopArea, Monitor, connect, find_monitors, list_monitors
from classroom.media.sources.pointer import Locator, draw_pointer, pointer_locator
from classroom.media.sources.ticks import TickSchedule

__all__ = ["DesktopArea", "Monitor", "Screen", "find_monitors"]

_CHECK_SECONDS: Final = 1.0
"""How often the arrangement of the monitors is looked at while nothing moves; it is with each new picture besides."""

_LOST: Final = Wording(
    "screen.lost", "The screen can no longer be captured. Unlock it or switch it on; retrying automatically."
)
_OUTSIDE: Final = Wording(
    "screen.outside",
    "The region {region} at {place} is not fully on the screen, which is {screen}. Choose a smaller region.",
)
_NO_SUCH_MONITOR: Final = Wording(
    "screen.no_such_monitor",
    "There is no monitor {number}, only {monitors}. Plug it in, or use one that 'classroom devices' lists.",
)
_GONE: Final = Wording(
    "screen.gone",
    "The monitor '{monitor}' is disconnected, and no other monitor replaces it. The source comes back when "
    "that monitor does. Restart this source to show '{other}' instead.",
)
_GONE_ALONE: Final = Wording(
    "screen.gone_alone",
    "The monitor '{monitor}' is disconnected, and no other monitor replaces it. The source comes back when "
    "that monitor does.",
)
_MOVED: Final = Wording(
    "screen.region_moved",
    "The monitors are arranged differently now, so the region would show something else. The source comes "
    "back when they are arranged as before. Restart this source to show what is in the region now.",
)


class Screen(ChosenSource):
    """A monitor (``number`` from 1, the main one) or an ``area`` counted from the main monitor's top left corner.

    Pictures are bgra in the size of the screen, looked at ``fps`` times a second; one that is the same as the last
    does not replace it, so whoever converts pictures can skip it. ``cursor`` draws the mouse pointer.
    """

    kind = "screen"

    def __init__(
        self,
        *,
        name: str,
        clock: Clock,
        number: int = 1,
        area: DesktopArea | None = None,
        fps: float = 15.0,
        cursor: bool = True,
    ) -> None:
        super().__init__(name=name, clock=clock, picture=True)
        self._number, self._area, self._fps, self._cursor = number, area, fps, cursor
        self.expected_rate = fps
        self._connection: mss.MSS | None = None
        self._pointer: Locator | None = None
        self._arrangement: list[Monitor] = []
        self._target: dict[str, int] = {}
        self._ticks = TickSchedule(fps, patience=1.0 / fps)
        self._last: npt.NDArray[np.uint8] | None = None
        self._checked = 0.0

    @property
    def requested_device(self) -> object:
        """The monitor's number and the region."""
        return (self.kind, self._number, self._area)

    def open(self) -> None:
        """Connect to the display; DeviceError on Wayland, without a display, for what lies outside or is gone."""
        self._connection = connect(cursor=self._cursor)
        self._pointer = pointer_locator() if self._cursor else None
        self._arrangement = list_monitors(self._connection)
        wanted = self._find(self._arrangement)
        self._target = {"left": wanted.x, "top": wanted.y, "width": wanted.width, "height": wanted.height}
        self._ticks = TickSchedule(self._fps, patience=1.0 / self._fps)
        self._last = None
        self._checked = self.clock.now()

    def read(self) -> None:
        """Deliver the screen as it is at the next tick; DeviceError when what is shown is gone."""
        due = self._ticks.due(self.clock.now())
        if self.wait_until(due) or self.clock.now() < due:
            return
        self._ticks.advance()
        assert self._connection is not None
        captured = self.clock.now()
        try:
            # The shot owns a fresh buffer, which is never written again; asarray makes a view of it.
            pixels = self._with_pointer(np.asarray(self._connection.grab(self._target)))
        except FAULTS as error:
            if self._arranged_anew():
                return
            raise DeviceError(_LOST()) from error
        changed = self._last is None or self.emptied or not _same(self._last, pixels)
        # After the picture was taken, and before anybody sees it: at that place there may be another monitor now.
        if (changed or captured - self._checked >= _CHECK_SECONDS) and self._arranged_anew():
            return
        if not changed:
            self.taken += 1
            return
        self._last = pixels
        self.show(av.VideoFrame.from_numpy_buffer(pixels, "bgra"), captured)

    def close(self) -> None:
        """Disconnect from the display."""
        connection, self._connection, self._last = self._connection, None, None
        if connection is not None:
            connection.close()

    def _with_pointer(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        place = None if self._pointer is None else self._pointer()
        if place is None:
            return pixels
        # A picture may have more pixels than the desktop has units.
        scale = pixels.shape[1] / self._target["width"]
        return draw_pointer(pixels, (place[0] - self._target["left"]) * scale, (place[1] - self._target["top"]) * scale)

    def _find(self, monitors: Sequence[Monitor]) -> DesktopArea:
        """Where on the desktop what is shown is now: what was chosen before, else what the lesson says."""
        if self._known is not None:
            return self._again(self._known, monitors)
        wanted = self._chosen(monitors)
        on = [monitor for monitor in monitors if monitor.area.overlaps(wanted)] or [monitors[0]]
        self._known = KnownDevice(on[0].identity if self._area is None else _signature(wanted, on), on[0].label)
        return wanted

    def _chosen(self, monitors: Sequence[Monitor]) -> DesktopArea:
        if self._area is None:
            if self._number > len(monitors):
                raise DeviceError(_NO_SUCH_MONITOR(number=self._number, monitors=len(monitors)))
            return monitors[self._number - 1].area
        wanted, desktop = _from(monitors[0], self._area), _bounds(monitors)
        if not _inside(wanted, desktop):
            raise DeviceError(
                _OUTSIDE(
                    region=f"{wanted.width}x{wanted.height}",
                    place=f"{self._area.x},{self._area.y}",
                    screen=f"{desktop.width}x{desktop.height}",
                )
            )
        return wanted

    def _again(self, known: KnownDevice, monitors: Sequence[Monitor]) -> DesktopArea:
        """Where the known monitor is now; DeviceError where it is missing, even if there are others."""
        if self._area is not None:
            # It was counted from one of the monitors; another may be the main one by now.
            for wanted in (_from(monitor, self._area) for monitor in monitors):
                if _signature(wanted, monitors) == known.identity:
                    return wanted
            raise DeviceError(_MOVED())
        for monitor in monitors:
            if monitor.identity == known.identity:
                return monitor.area
        if self._number > len(monitors):
            raise DeviceError(_GONE_ALONE(monitor=known.label))
        raise DeviceError(_GONE(monitor=known.label, other=monitors[self._number - 1].label))

    def _arranged_anew(self) -> bool:
        """Look whether monitors came, went or changed; then find what is shown, or DeviceError where it is gone."""
        self._checked = self.clock.now()
        if find_monitors() == self._arrangement:
            return False
        # A connection knows only how it was. The new one first: an X server whose last client leaves starts over and
        # is not there for a moment.
        old = self._connection
        try:
            self.open()
        finally:
            if old is not None and old is not self._connection:
                old.close()
        return True


def _from(main: Monitor, area: DesktopArea) -> DesktopArea:
    return DesktopArea(main.area.x + area.x, main.area.y + area.y, area.width, area.height)


def _signature(wanted: DesktopArea, monitors: Sequence[Monitor]) -> str:
    """Which monitors a part of the desktop is on, of which size, and where on them."""
    on = [monitor for monitor in monitors if monitor.area.overlaps(wanted)]
    parts = [
        f"{monitor.identity} {monitor.area.width}x{monitor.area.height}"
        f"{wanted.x - monitor.area.x:+d}{wanted.y - monitor.area.y:+d}"
        for monitor in on
    ]
    return " & ".join(sorted(parts))


def _bounds(monitors: Sequence[Monitor]) -> DesktopArea:
    """The rectangle around all monitors."""
    areas = [monitor.area for monitor in monitors]
    left, top = min(area.x for area in areas), min(area.y for area in areas)
    right, bottom = max(area.x + area.width for area in areas), max(area.y + area.height for area in areas)
    return DesktopArea(left, top, right - left, bottom - top)


def _inside(area: DesktopArea, bounds: DesktopArea) -> bool:
    return (
        area.x >= bounds.x
        and area.y >= bounds.y
        and area.x + area.width <= bounds.x + bounds.width
        and area.y + area.height <= bounds.y + bounds.height
    )


def _same(one: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8]) -> bool:
    """Whether two shots show the same; compared in large words, because that costs half of comparing bytes."""
    if one.shape != other.shape:
        return False
    word = np.uint64 if one.size % 8 == 0 else np.uint32
    return bool(np.array_equal(one.reshape(-1).view(word), other.reshape(-1).view(word)))
