"""The monitors of this machine, and what each of them is known by. With ``screen``, the only place that knows mss."""

from __future__ import annotations

import os
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import mss
from mss.exception import ScreenShotError

from classroom.common.errors import DeviceError
from classroom.common.sentences import Wording
from classroom.media.sources import mac_screen

__all__ = ["FAULTS", "DesktopArea", "Monitor", "connect", "find_monitors", "list_monitors"]

# An X server that goes away makes mss fail in one of its own assertions.
FAULTS: Final = (ScreenShotError, OSError, AssertionError)

_WAYLAND: Final = Wording(
    "screen.wayland",
    "The screen cannot be captured in a Wayland session. Log in to an X11 (Xorg) session, or make it a "
    "'browser' source and share the screen from the teacher page.",
)
_NO_DISPLAY: Final = Wording(
    "screen.no_display", "This session has no display. Run the lesson in a desktop session, or set DISPLAY."
)
_UNREACHABLE: Final = Wording(
    "screen.unreachable", "The display {display} cannot be reached. Check DISPLAY, or log in to the desktop."
)
_NOT_ALLOWED: Final = Wording(
    "screen.not_allowed", "The screen cannot be captured. Allow screen recording in the system's privacy settings."
)
_NOT_ALLOWED_ON_A_MAC: Final = Wording(
    "screen.not_allowed_on_mac",
    "macOS shows this program only the desktop background, not the windows. Allow the terminal in System "
    "Settings, Privacy & Security, Screen Recording, then close the terminal and start again.",
)
_NO_LIST: Final = Wording(
    "screen.no_list", "The monitors cannot be listed. Check that a monitor is connected and switched on."
)


@dataclass(frozen=True, slots=True)
class DesktopArea:
    """A rectangle of the desktop in its own units; x and y may be negative left of or above the main monitor."""

    x: int
    y: int
    width: int
    height: int

    def overlaps(self, other: DesktopArea) -> bool:
        """Whether they have a point in common."""
        return (
            self.x < other.x + other.width
            and other.x < self.x + self.width
            and self.y < other.y + other.height
            and other.y < self.y + self.height
        )


@dataclass(frozen=True, slots=True)
class Monitor:
    """A monitor; ``number`` counts from 1, which is the main one, and changes when monitors come and go.

    ``identity`` does not: it is what the system calls this very monitor, and where it says nothing (macOS, virtual
    monitors), or the same of two, the place and size that it has.
    """

    number: int
    label: str
    area: DesktopArea
    identity: str = ""


def find_monitors() -> list[Monitor]:
    """The monitors of this machine, the main one first; DeviceError where the screen cannot be taken."""
    with connect(cursor=False) as connection:
        return list_monitors(connection)


def connect(*, cursor: bool) -> mss.MSS:
    """A connection to the display; DeviceError on Wayland, without a display, and without permission."""
    system = platform.system()
    if system == "Linux" and (
        os.environ.get("XDG_SESSION_TYPE") == "wayland"
        or (os.environ.get("WAYLAND_DISPLAY") and not os.environ.get("DISPLAY"))
    ):
        raise DeviceError(_WAYLAND())
    if system == "Darwin" and not mac_screen.may_record():
        raise DeviceError(_NOT_ALLOWED_ON_A_MAC())
    try:
        return _working(cursor) if system == "Linux" and cursor else mss.MSS()
    except FAULTS as error:
        if system == "Linux" and not os.environ.get("DISPLAY"):
            sentence = _NO_DISPLAY()
        elif system == "Linux":
            sentence = _UNREACHABLE(display=os.environ["DISPLAY"])
        else:
            sentence = _NOT_ALLOWED()
        raise DeviceError(sentence) from error


def list_monitors(connection: mss.MSS) -> list[Monitor]:
    """The monitors as they were when this connection first looked at them, the main one first."""
    try:
        whole, *found = connection.monitors
    except FAULTS as error:
        raise DeviceError(_NO_LIST()) from error
    # An X server without RandR has no monitors, only its whole screen.
    ordered = sorted(found or [whole], key=lambda monitor: not monitor.get("is_primary", False))
    return _distinct([
        Monitor(number, _label(monitor), _area(monitor), _identity(monitor))
        for number, monitor in enumerate(ordered, 1)
    ])  # fmt: skip


def _distinct(monitors: Sequence[Monitor]) -> list[Monitor]:
    """Those of which the system says nothing, or the same, are known by their place and size too."""
    counts = Counter(monitor.identity for monitor in monitors)
    return [
        monitor
        if monitor.identity and counts[monitor.identity] == 1
        else replace(monitor, identity=f"{monitor.identity} {_spelled(monitor.area)}")
        for monitor in monitors
    ]


def _working(cursor: bool) -> mss.MSS:
    """A connection that draws the pointer, or one that does not where the X server cannot tell it."""
    connection = mss.MSS(with_cursor=cursor)
    try:
        connection.grab((0, 0, 1, 1))
    except FAULTS:
        connection.close()
        return mss.MSS()
    return connection


def _label(monitor: Mapping[str, Any]) -> str:
    return str(monitor.get("name") or monitor.get("output") or "screen")


def _identity(monitor: Mapping[str, Any]) -> str:
    """What the system knows it by: model and number of the monitor, and the socket it is plugged into."""
    unique = str(monitor.get("unique_id") or "")
    # Linux has a model only where a monitor tells no number of its own; then the socket tells two of them apart. What
    # Windows says is that of one monitor and holds the socket already.
    if "serial=" in unique or (unique and "output" not in monitor):
        return unique
    return "|".join(part for part in (unique, str(monitor.get("output") or "")) if part)


def _area(monitor: Mapping[str, Any]) -> DesktopArea:
    return DesktopArea(monitor["left"], monitor["top"], monitor["width"], monitor["height"])


def _spelled(area: DesktopArea) -> str:
    return f"{area.width}x{area.height}{area.x:+d}{area.y:+d}"
