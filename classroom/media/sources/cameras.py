"""Which cameras this machine has, and under which name libav opens them."""

from __future__ import annotations

import os
import platform
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import av
from av.device import DeviceInfo, enumerate_input_devices

from classroom.errors import DeviceError

__all__ = ["CAMERA_FORMATS", "FoundCamera", "choose_camera", "find_cameras", "forbidden_cameras"]

CAMERA_FORMATS: Final = {"Linux": "v4l2", "Darwin": "avfoundation", "Windows": "dshow"}
"""libav's input format for cameras, by operating system."""

_NODES: Final = Path("/sys/class/video4linux")
_STABLE: Final = Path("/dev/v4l/by-id")


@dataclass(frozen=True, slots=True)
class FoundCamera:
    """A camera: ``label`` is what a lesson calls it, ``format`` and ``address`` are what libav opens."""

    label: str
    format: str
    address: str


def find_cameras() -> list[FoundCamera]:
    """The cameras of this machine, the first one being the default; empty where there are none or none may be used."""
    form = CAMERA_FORMATS.get(platform.system())
    if form is None:
        return []
    try:
        found = enumerate_input_devices(form)
    except (av.FFmpegError, ValueError, OSError):
        return []
    match form:
        case "v4l2":
            cameras = [FoundCamera(info.description or info.name, form, info.name) for info in found if _primary(info)]
        case "avfoundation":
            # The number is looked up anew at each opening, because it changes when cameras come and go.
            cameras = [
                FoundCamera(info.description, form, f"{info.name}:none")
                for info in found
                if "video" in info.media_types and not info.description.startswith("Capture screen")
            ]
        case _:
            cameras = [
                FoundCamera(info.description or info.name, form, f"video={info.name}")
                for info in found
                if not info.media_types or "video" in info.media_types
            ]
    return _distinct(cameras)


def choose_camera(device: str) -> FoundCamera:
    """The camera that a lesson means by ``default``, by a name, or by ``FORMAT:NAME``.

    DeviceError when there is none.
    """
    cameras = find_cameras()
    if device == "default":
        if not cameras:
            raise DeviceError(_none_found())
        return cameras[0]
    for camera in cameras:
        if device in (camera.label, camera.address):
            return camera
    form, colon, name = device.partition(":")
    if colon and name and _is_input_format(form):
        return FoundCamera(device, form, name)
    if device.startswith("/dev/"):
        return FoundCamera(device, CAMERA_FORMATS["Linux"], device)
    known = ", ".join(f"'{camera.label}'" for camera in cameras)
    there_is = f"There is {known}." if known else "No camera was found at all."
    raise DeviceError(
        f"The camera '{device}' was not found. {there_is} Plug it in, or take a name that 'classroom devices' prints."
    )


def forbidden_cameras() -> list[str]:
    """The names of cameras that are there but that this user may not open (Linux)."""
    return [
        _read(node / "name") or node.name
        for node in sorted(_NODES.glob("video*"))
        if _read(node / "index") in ("", "0") and not os.access(Path("/dev") / node.name, os.R_OK | os.W_OK)
    ]


def _none_found() -> str:
    if forbidden := forbidden_cameras():
        return (
            f"The camera {forbidden[0]} is there, but this user may not use it. "
            "Run 'sudo usermod -aG video $USER' and log in again."
        )
    if platform.system() == "Darwin":
        return (
            "No camera was found. Plug one in, and allow the terminal to use it in System Settings, "
            "Privacy & Security, Camera."
        )
    return "No camera was found. Plug one in, then restart this source."


def _primary(info: DeviceInfo) -> bool:
    """Whether a node of Linux delivers pictures: a webcam has a second node for what it says about them."""
    return _read(_NODES / Path(info.name).name / "index") in ("", "0")


def _distinct(cameras: list[FoundCamera]) -> list[FoundCamera]:
    """Two cameras of one name are told apart by where they are plugged in."""
    counts = Counter(camera.label for camera in cameras)
    return [
        camera
        if counts[camera.label] == 1
        else FoundCamera(f"{camera.format}:{_stable(camera)}", camera.format, camera.address)
        for camera in cameras
    ]


def _stable(camera: FoundCamera) -> str:
    """A path of the camera that stays when it is plugged in again, where the system has one."""
    if camera.format == "v4l2" and _STABLE.is_dir():
        for link in sorted(_STABLE.iterdir()):
            if str(link.resolve()) == camera.address:
                return str(link)
    return camera.address


def _is_input_format(name: str) -> bool:
    try:
        return av.ContainerFormat(name, "r").is_input
    except ValueError:
        return False


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
