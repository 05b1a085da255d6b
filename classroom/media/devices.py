"""What this machine has: cameras, microphones and monitors, each with the text that puts it into a lesson."""

from __future__ import annotations

import json
import platform
from dataclasses import dataclass
from typing import Final

from classroom.common.errors import DeviceError
from classroom.media.sources.cameras import find_cameras, forbidden_cameras
from classroom.media.sources.computer import missing_offer
from classroom.media.sources.desktop_audio import desktop_audio_tool
from classroom.media.sources.loopback import loopbacks
from classroom.media.sources.portaudio import find_microphones
from classroom.media.sources.screen import find_monitors

__all__ = ["Device", "Devices", "list_devices"]


_THE_SYSTEMS: Final = {
    "default": "the system's own choice",
    "pulse": "pulse (the choice of the sound server)",
    "pipewire": "pipewire (the choice of the sound server)",
}
"""What to call a microphone of ALSA that stands for the one that somebody chose in the settings of the system."""


@dataclass(frozen=True, slots=True)
class Device:
    """One device: what it is called, and the line for ``sources`` or ``audio`` of a lesson."""

    label: str
    yaml: str


@dataclass(frozen=True, slots=True)
class Devices:
    """All devices found; ``notes`` are sentences that say why a list is empty and what to do."""

    cameras: tuple[Device, ...]
    microphones: tuple[Device, ...]
    screens: tuple[Device, ...]
    notes: tuple[str, ...]
    computer: tuple[Device, ...] = ()


def list_devices() -> Devices:
    """Look for everything; takes up to a few seconds, opens nothing, and never raises for a device."""
    notes: list[str] = []
    cameras = _cameras(notes)
    microphones, computer = _sound(notes)
    screens = _screens(notes)
    return Devices(cameras, microphones, screens, tuple(notes), computer)


def _cameras(notes: list[str]) -> tuple[Device, ...]:
    cameras = find_cameras()
    forbidden = forbidden_cameras() if platform.system() == "Linux" else []
    if forbidden:
        notes.append(
            f"Not allowed for this user: {', '.join(forbidden)}. Run 'sudo usermod -aG video $USER' and log in again."
        )
    elif not cameras:
        notes.append("No camera was found. Plug one in, and allow cameras in the system's privacy settings.")
    return tuple(
        Device(camera.label, f"{_name('camera', number)}: {{kind: camera, device: {_quoted(camera.label)}}}")
        for number, camera in enumerate(cameras, 1)
    )


def _sound(notes: list[str]) -> tuple[tuple[Device, ...], tuple[Device, ...]]:
    """The microphones, and what hears the computer itself."""
    computer = [("what it plays", "default")] if desktop_audio_tool() is not None else []
    try:
        found = find_microphones()
    except DeviceError as error:
        notes.append(str(error))
        return (), _computer(computer)
    hearing = loopbacks(found)
    computer += [(each.label, each.label) for each in hearing]
    microphones = [each for each in found if each not in hearing]
    if not microphones:
        notes.append("No microphone was found. Plug one in, and allow microphones in the system's privacy settings.")
    if not computer:
        notes.append(missing_offer())
    return tuple(
        Device(_THE_SYSTEMS.get(each.label, each.label), f"{_name('mic', number)}: {_microphone(each.label)}")
        for number, each in enumerate(microphones, 1)
    ), _computer(computer)


def _microphone(label: str) -> str:
    return "{kind: microphone}" if label == "default" else f"{{kind: microphone, device: {_quoted(label)}}}"


def _computer(found: list[tuple[str, str]]) -> tuple[Device, ...]:
    """Labels and devices; ``default`` is not written."""
    return tuple(
        Device(
            label,
            f"{_name('player', number)}: {{kind: computer"
            f"{'' if device == 'default' else f', device: {_quoted(device)}'}}}",
        )
        for number, (label, device) in enumerate(found, 1)
    )


def _screens(notes: list[str]) -> tuple[Device, ...]:
    try:
        monitors = find_monitors()
    except DeviceError as error:
        notes.append(str(error))
        return ()
    return tuple(
        Device(
            f"{monitor.label}, {monitor.area.width}x{monitor.area.height}",
            f"{_name('screen', monitor.number)}: {{kind: screen, monitor: {monitor.number}}}",
        )
        for monitor in monitors
    )


def _name(kind: str, number: int) -> str:
    return kind if number == 1 else f"{kind}{number}"


def _quoted(text: str) -> str:
    """A text as a double-quoted YAML scalar, which is what JSON writes."""
    return json.dumps(text, ensure_ascii=False)
