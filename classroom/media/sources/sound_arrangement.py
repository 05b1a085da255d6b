"""What the system says of the sound inputs it has, so that it shows when one comes or goes.

PortAudio lists devices when it is initialised, and finds out about a new one only by that, which cuts off every open
stream for a moment. Asking the system costs nothing and says whether that is worth it.
"""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

__all__ = ["sound_arrangement"]

_CARDS: Final = Path("/proc/asound/cards")
_CORE_AUDIO: Final = "/System/Library/Frameworks/CoreAudio.framework/CoreAudio"
_MOST: Final = 64
"""Devices that are asked for their names."""

_SYSTEM_OBJECT: Final = 1
_DEVICES: Final = int.from_bytes(b"dev#", "big")
_GLOBAL: Final = int.from_bytes(b"glob", "big")


class _Address(ctypes.Structure):
    """AudioObjectPropertyAddress of CoreAudio."""

    _fields_ = [("selector", ctypes.c_uint32), ("scope", ctypes.c_uint32), ("element", ctypes.c_uint32)]


class _WaveIn(ctypes.Structure):
    """WAVEINCAPSW of Windows."""

    _fields_ = [
        ("manufacturer", ctypes.c_uint16),
        ("product", ctypes.c_uint16),
        ("version", ctypes.c_uint32),
        ("name", ctypes.c_uint16 * 32),
        ("formats", ctypes.c_uint32),
        ("channels", ctypes.c_uint16),
        ("reserved", ctypes.c_uint16),
    ]


def sound_arrangement() -> str | None:
    """A text that is another one once a sound input came or went; None where the system cannot be asked."""
    ask = _WAYS.get(platform.system())
    try:
        return None if ask is None else ask()
    except (OSError, AttributeError):
        return None


def _on_linux() -> str:
    return _CARDS.read_text(encoding="utf-8", errors="replace")


def _on_windows() -> str:
    multimedia: Any = ctypes.WinDLL("winmm")  # type: ignore[attr-defined,unused-ignore]
    names = []
    for number in range(min(_MOST, int(multimedia.waveInGetNumDevs()))):
        found = _WaveIn()
        multimedia.waveInGetDevCapsW(ctypes.c_size_t(number), ctypes.byref(found), ctypes.sizeof(found))
        names.append(bytes(found.name).decode("utf-16-le", "replace").partition("\0")[0])
    return "\n".join(names)


def _on_a_mac() -> str | None:
    core: Any = ctypes.CDLL(_CORE_AUDIO)
    address = _Address(_DEVICES, _GLOBAL, 0)
    size = ctypes.c_uint32(4 * _MOST)
    devices = (ctypes.c_uint32 * _MOST)()
    fault = core.AudioObjectGetPropertyData(
        ctypes.c_uint32(_SYSTEM_OBJECT), ctypes.byref(address), ctypes.c_uint32(0), None, ctypes.byref(size), devices
    )
    return None if fault else " ".join(str(device) for device in devices[: size.value // 4])


_WAYS: Final[Mapping[str, Callable[[], str | None]]] = {
    "Linux": _on_linux,
    "Windows": _on_windows,
    "Darwin": _on_a_mac,
}
