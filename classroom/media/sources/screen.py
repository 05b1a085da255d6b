"""A monitor of this machine, or a part of its screen. The only place that knows mss."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import av
import mss
import numpy as np
import numpy.typing as npt
from mss.exception import ScreenShotError

from classroom.clock import Clock
from classroom.errors import DeviceError
from classroom.media.sources.base import Source
from classroom.media.sources.ticks import Ticks
from classroom.wording import Wording

__all__ = ["Area", "Monitor", "Screen", "find_monitors"]

_CHECK_SECONDS: Final = 1.0
"""How often the arrangement of the monitors is looked at, which costs about a millisecond."""

# An X server that goes away makes mss fail in one of its own assertions.
_FAULTS: Final = (ScreenShotError, OSError, AssertionError)

_WAYLAND: Final = Wording(
    "screen.wayland",
    "The screen cannot be taken in a Wayland session. Log in to an X11 (Xorg) session, or make it a 'browser' source "
    "and send the screen from the teacher page.",
)
_LOST: Final = Wording(
    "screen.lost", "The screen cannot be taken any more. Unlock it or switch it on; it is tried again."
)
_OUTSIDE: Final = Wording(
    "screen.outside",
    "The region {region} at {place} is not all on the screen, which is {screen}. Choose a smaller region.",
)
_NO_SUCH_MONITOR: Final = Wording(
    "screen.no_such_monitor",
    "There is no monitor {number}, only {monitors}. Plug it in, or take one that 'classroom devices' prints.",
)
_NO_DISPLAY: Final = Wording(
    "screen.no_display", "This computer has no display here. Run it in a desktop session, or set DISPLAY."
)
_UNREACHABLE: Final = Wording(
    "screen.unreachable", "The display {display} cannot be reached. Check DISPLAY, or log in to the desktop."
)
_NOT_ALLOWED: Final = Wording(
    "screen.not_allowed", "The screen cannot be taken. Allow screen recording in the system's privacy settings."
)
_NO_LIST: Final = Wording(
    "screen.no_list", "The monitors cannot be listed. Check that a monitor is connected and switched on."
)


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle of the desktop in its own units; x and y may be negative left of or above the main monitor."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Monitor:
    """A monitor; ``number`` counts from 1, which is the main one."""

    number: int
    label: str
    area: Area


def find_monitors() -> list[Monitor]:
    """The monitors of this machine, the main one first; DeviceError where the screen cannot be taken."""
    with _connect(cursor=False) as connection:
        return _monitors(connection)


class Screen(Source):
    """A monitor (``number`` from 1, the main one) or an ``area`` counted from the main monitor's top left corner.

    Pictures are bgra in the size of the screen, looked at ``fps`` times a second; one that is the same as the last
    does not replace it, so whoever converts pictures can skip it. ``cursor`` draws the mouse pointer, where the
    platform has it (X11).
    """

    kind = "screen"

    def __init__(
        self,
        *,
        name: str,
        clock: Clock,
        number: int = 1,
        area: Area | None = None,
        fps: float = 15.0,
        cursor: bool = True,
    ) -> None:
        super().__init__(name=name, clock=clock, picture=True)
        self._number, self._area, self._fps, self._cursor = number, area, fps, cursor
        self.expected_rate = fps
        self._connection: mss.MSS | None = None
        self._monitors: list[Monitor] = []
        self._target: dict[str, int] = {}
        self._ticks = Ticks(fps, patience=1.0 / fps)
        self._last: npt.NDArray[np.uint8] | None = None
        self._checked = 0.0

    def open(self) -> None:
        """Connect to the display; DeviceError on Wayland, without a display, and for what lies outside of it."""
        self._connection = _connect(cursor=self._cursor)
        self._monitors = _monitors(self._connection)
        self._target = self._choose(self._monitors)
        self._ticks = Ticks(self._fps, patience=1.0 / self._fps)
        self._last = None
        self._checked = self.clock.now()

    def read(self) -> None:
        """Deliver the screen as it is at the next tick."""
        due = self._ticks.due(self.clock.now())
        if self.wait_until(due) or self.clock.now() < due:
            return
        self._ticks.advance()
        self._follow_changes()
        assert self._connection is not None
        captured = self.clock.now()
        try:
            # The shot owns a fresh buffer, which is never written again; asarray makes a view of it.
            pixels: npt.NDArray[np.uint8] = np.asarray(self._connection.grab(self._target))
        except _FAULTS as error:
            raise DeviceError(_LOST()) from error
        if self._last is not None and not self.emptied and _same(self._last, pixels):
            self.taken += 1
            return
        self._last = pixels
        self.show(av.VideoFrame.from_numpy_buffer(pixels, "bgra"), captured)

    def close(self) -> None:
        """Disconnect from the display."""
        connection, self._connection, self._last = self._connection, None, None
        if connection is not None:
            connection.close()

    def _choose(self, monitors: list[Monitor]) -> dict[str, int]:
        if self._area is not None:
            main, area = monitors[0].area, self._area
            wanted = Area(main.x + area.x, main.y + area.y, area.width, area.height)
            desktop = _bounds(monitors)
            if not _inside(wanted, desktop):
                raise DeviceError(
                    _OUTSIDE(
                        region=f"{area.width}x{area.height}",
                        place=f"{area.x},{area.y}",
                        screen=f"{desktop.width}x{desktop.height}",
                    )
                )
        elif self._number <= len(monitors):
            wanted = monitors[self._number - 1].area
        else:
            raise DeviceError(_NO_SUCH_MONITOR(number=self._number, monitors=len(monitors)))
        return {"left": wanted.x, "top": wanted.y, "width": wanted.width, "height": wanted.height}

    def _follow_changes(self) -> None:
        """Connect anew when monitors came, went or changed their size: a connection knows only how it was."""
        if self.clock.now() - self._checked < _CHECK_SECONDS:
            return
        self._checked = self.clock.now()
        if find_monitors() == self._monitors:
            return
        # The new connection first: an X server whose last client leaves starts over and is not there for a moment.
        old = self._connection
        try:
            self.open()
        finally:
            if old is not None:
                old.close()


def _connect(*, cursor: bool) -> mss.MSS:
    linux = platform.system() == "Linux"
    if linux and (
        os.environ.get("XDG_SESSION_TYPE") == "wayland"
        or (os.environ.get("WAYLAND_DISPLAY") and not os.environ.get("DISPLAY"))
    ):
        raise DeviceError(_WAYLAND())
    try:
        return _working(cursor) if linux and cursor else mss.MSS()
    except _FAULTS as error:
        if linux and not os.environ.get("DISPLAY"):
            sentence = _NO_DISPLAY()
        elif linux:
            sentence = _UNREACHABLE(display=os.environ["DISPLAY"])
        else:
            sentence = _NOT_ALLOWED()
        raise DeviceError(sentence) from error


def _working(cursor: bool) -> mss.MSS:
    """A connection that draws the pointer, or one that does not where the X server cannot tell it."""
    connection = mss.MSS(with_cursor=cursor)
    try:
        connection.grab((0, 0, 1, 1))
    except _FAULTS:
        connection.close()
        return mss.MSS()
    return connection


def _monitors(connection: mss.MSS) -> list[Monitor]:
    try:
        whole, *found = connection.monitors
    except _FAULTS as error:
        raise DeviceError(_NO_LIST()) from error
    # An X server without RandR has no monitors, only its whole screen.
    ordered = sorted(found or [whole], key=lambda monitor: not monitor.get("is_primary", False))
    return [Monitor(number, _label(monitor), _area(monitor)) for number, monitor in enumerate(ordered, 1)]


def _label(monitor: Mapping[str, Any]) -> str:
    return str(monitor.get("name") or monitor.get("output") or "screen")


def _area(monitor: Mapping[str, Any]) -> Area:
    return Area(monitor["left"], monitor["top"], monitor["width"], monitor["height"])


def _bounds(monitors: list[Monitor]) -> Area:
    """The rectangle around all monitors."""
    areas = [monitor.area for monitor in monitors]
    left, top = min(area.x for area in areas), min(area.y for area in areas)
    right, bottom = max(area.x + area.width for area in areas), max(area.y + area.height for area in areas)
    return Area(left, top, right - left, bottom - top)


def _inside(area: Area, bounds: Area) -> bool:
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
