"""Which cameras this machine has, and under which name libav opens them."""

from __future__ import annotations

import os
import platform
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import av
from av.device import DeviceInfo, enumerate_input_devices

from classroom.common.errors import DeviceError
from classroom.common.redaction import without_secrets
from classroom.common.sentences import Sentence, Wording
from classroom.media.sources.base import KnownDevice

__all__ = ["CAMERA_FORMATS", "FoundCamera", "choose_camera", "find_cameras", "forbidden_cameras"]

CAMERA_FORMATS: Final = {"Linux": "v4l2", "Darwin": "avfoundation", "Windows": "dshow"}
"""libav's input format for cameras, by operating system."""

_NODES: Final = Path("/sys/class/video4linux")
_STABLE: Final = (Path("/dev/v4l/by-id"), Path("/dev/v4l/by-path"))

_GONE: Final = Wording(
    "camera.gone",
    "The camera '{camera}' is disconnected. Plug it in again, or restart this source to use another camera.",
)
_UNKNOWN: Final = Wording(
    "camera.unknown",
    "The camera '{camera}' was not found. There is {known}. Plug it in, or use a name that 'classroom devices' lists.",
)
_UNKNOWN_OF_NONE: Final = Wording(
    "camera.unknown_of_none",
    "The camera '{camera}' was not found. No camera was found at all. Plug it in, or use a name that "
    "'classroom devices' lists.",
)
_FORBIDDEN: Final = Wording(
    "camera.forbidden",
    "The camera {camera} is connected, but this user may not use it. Run 'sudo usermod -aG video $USER' "
    "and log in again.",
)
_NONE_ON_A_MAC: Final = Wording(
    "camera.none_on_mac",
    "No camera was found. Plug one in, and allow the terminal to use it in System Settings, Privacy & Security, "
    "Camera.",
)
_NONE: Final = Wording("camera.none", "No camera was found. Plug one in, then restart this source.")


@dataclass(frozen=True, slots=True)
class FoundCamera:
    """A camera: ``label`` is what a lesson calls it, ``format`` and ``address`` are what libav opens.

    ``identity`` stays when the camera is plugged in again, while its address may change.
    """

    label: str
    format: str
    address: str
    identity: str = field(default="", compare=False)


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
            # The number is looked up again at each opening, because it changes when cameras come and go.
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
    return _distinct([replace(camera, identity=_identity(camera)) for camera in cameras])


def choose_camera(device: str, known: KnownDevice | None = None) -> FoundCamera:
    """The camera that a lesson means by ``default``, by a name, or by ``FORMAT:NAME``.

    Where one is ``known`` from before, it is the same one again, in any socket. DeviceError when there
    is none.
    """
    cameras = find_cameras()
    if known is not None and known.identity:
        same = [camera for camera in cameras if camera.identity == known.identity]
        if same:
            return same[0]
        if device == "default":
            raise DeviceError(_GONE(camera=known.label))
    if device == "default":
        if not cameras:
            raise DeviceError(_none_found())
        return cameras[0]
    for camera in cameras:
        # At an address there may be another camera than before; a name is that of the same, plugged in elsewhere.
        if device == camera.label or (device == camera.address and known is None):
            return camera
    if known is not None and known.identity:
        raise DeviceError(_GONE(camera=known.label))
    form, colon, name = device.partition(":")
    if colon and name and _is_input_format(form):
        return FoundCamera(without_secrets(device), form, name)
    if device.startswith("/dev/"):
        return FoundCamera(device, CAMERA_FORMATS["Linux"], device)
    names = ", ".join(f"'{camera.label}'" for camera in cameras)
    named = without_secrets(device)
    raise DeviceError(_UNKNOWN(camera=named, known=names) if names else _UNKNOWN_OF_NONE(camera=named))


def forbidden_cameras() -> list[str]:
    """The names of cameras that are there but that this user may not open (Linux)."""
    return [
        _read(node / "name") or node.name
        for node in sorted(_NODES.glob("video*"))
        if _read(node / "index") in ("", "0") and not os.access(Path("/dev") / node.name, os.R_OK | os.W_OK)
    ]


def _none_found() -> Sentence:
    if forbidden := forbidden_cameras():
        return _FORBIDDEN(camera=forbidden[0])
    if platform.system() == "Darwin":
        return _NONE_ON_A_MAC()
    return _NONE()


def _primary(info: DeviceInfo) -> bool:
    """Whether a node of Linux delivers pictures: a webcam has a second node for what it says about them."""
    return _read(_NODES / Path(info.name).name / "index") in ("", "0")


def _distinct(cameras: list[FoundCamera]) -> list[FoundCamera]:
    """Two cameras of one name are told apart by where they are plugged in."""
    counts = Counter(camera.label for camera in cameras)
    return [
        camera if counts[camera.label] == 1 else replace(camera, label=f"{camera.format}:{_stable(camera)}")
        for camera in cameras
    ]


def _identity(camera: FoundCamera) -> str:
    """What to know a camera by: its path, where it has one that stays, else its name (its device path on Windows)."""
    if camera.format == "v4l2":
        path = _stable(camera)
        return path if path != camera.address else camera.label
    # avfoundation has only names, and numbers that change when cameras come and go.
    return camera.label if camera.format == "avfoundation" else camera.address


def _stable(camera: FoundCamera) -> str:
    """A path of the camera that stays when it is plugged in again, where the system has one."""
    if camera.format == "v4l2":
        for folder in (folder for folder in _STABLE if folder.is_dir()):
            for link in sorted(folder.iterdir()):
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
