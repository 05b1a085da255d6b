"""A camera, or anything else that libav opens as one."""

from __future__ import annotations

import errno
import logging
import platform
from collections.abc import Iterator
from typing import Final, Literal

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from classroom.common.clock import Clock
from classroom.common.errors import DeviceError
from classroom.common.sentences import Sentence, Wording
from classroom.media.sources.base import KnownDevice
from classroom.media.sources.cameras import CAMERA_FORMATS, FoundCamera, choose_camera
from classroom.media.sources.chosen import ChosenSource
from classroom.media.sources.decoding import said_by
from classroom.media.sources.deinterlacing import Deinterlacer
from classroom.media.stall_detector import Freezing

__all__ = ["Camera"]

log = logging.getLogger(__name__)

_OWN_PACE: Final = frozenset(
    {"v4l2", "video4linux2", "avfoundation", "dshow", "vfwcap", "x11grab", "gdigrab", "kmsgrab"}
)
"""Input formats that deliver in real time; all others are read as fast as one asks, and are paced by the clock."""

_OPEN_SECONDS: Final = 10.0
_SILENCE: Final = 2.0
"""Seconds without data after which libav gives up reading what is not a device, such as a stream from elsewhere."""

_VIRTUAL: Final = ("virtual", "loopback", "dummy")
"""Parts of the names of cameras that are programs: these may stand still."""

_GRABBERS: Final = (
    *("capture", "hdmi", "grabber", "usb video", "usb3 video", "usb3.0 video", "cam link"),
    *("elgato", "magewell", "avermedia", "live gamer", "decklink", "intensity"),
)
"""Parts of the names of devices that take in the picture of a screen, the same bit by bit while a slide stands.

Some webcams on Windows are called "USB Video Device" too; a frozen one of them raises an alarm only.
"""

_FASTEST: Final = 240
"""Pictures a second that a camera can promise; avfoundation says a million where it does not know."""

_POLL: Final = 0.005
_BROKEN_IN_A_ROW: Final = 30
"""Pictures that cannot be decoded, one after the other, before the camera counts as lost; some start with a few."""

_CATCH_UP: Final = 1.0
"""A paced input that fell behind by more seconds than this starts a new count instead of racing."""

_JUMP: Final = 60.0
"""Nor does one whose time stamps jump ahead by more seconds than this make everybody wait."""

_UNCOMPRESSED: Final = 35_000_000
"""Bytes a second of raw pictures that USB 2 carries; above it a camera is asked for compressed ones first."""

_NO_PICTURE: Final = Wording(
    "camera.no_picture", "'{camera}' has no picture. Choose a camera that 'classroom devices' lists."
)
_BROKEN_PICTURES: Final = Wording(
    "camera.broken_pictures", "The pictures of the camera '{camera}' are damaged. Plug it in again."
)
_STOPPED: Final = Wording("camera.stopped", "The camera '{camera}' stopped. Check its cable; retrying automatically.")
_BUSY: Final = Wording(
    "camera.busy",
    "The camera '{camera}' is used by another program. Close that program, then restart this source.",
)
_NOT_ALLOWED_ON_LINUX: Final = Wording(
    "camera.not_allowed_on_linux",
    "This user may not use the camera '{camera}'. Run 'sudo usermod -aG video $USER' and log in again.",
)
_NOT_ALLOWED: Final = Wording(
    "camera.not_allowed",
    "The camera '{camera}' is not allowed. Allow it in the system's privacy settings, then restart this source.",
)
_GONE: Final = Wording(
    "camera.not_there",
    "The camera '{camera}' was not found. Plug it in, or use a name that 'classroom devices' lists.",
)
_CLOSED_ON_A_MAC: Final = Wording(
    "camera.closed_on_mac",
    "The camera '{camera}' cannot be opened. Allow the terminal in System Settings, Privacy & Security, Camera.",
)
_CLOSED_ON_WINDOWS: Final = Wording(
    "camera.closed_on_windows",
    "The camera '{camera}' cannot be opened. Close other programs that use it, and allow it in Settings, Privacy, "
    "Camera.",
)
_CLOSED: Final = Wording(
    "camera.closed",
    "The camera '{camera}' cannot be opened ({fault}). Compare its name with the list of 'classroom devices'.",
)


class Camera(ChosenSource):
    """One camera, opened by name; see ``choose_camera`` for what ``device`` may be.

    ``size`` (width, height in pixels) and ``fps`` are asked for; where the camera refuses, it delivers what it likes.
    Pictures are put into the slot as they were decoded, in the camera's size and pixel format. ``frozen`` is the
    lesson's rule for a repeated picture; ``auto`` distinguishes cameras with a sensor from all others.
    """

    kind = "camera"

    def __init__(
        self,
        *,
        name: str,
        clock: Clock,
        device: str = "default",
        size: tuple[int, int] | None = None,
        fps: float | None = None,
        frozen: Literal["auto"] | Freezing = "auto",
    ) -> None:
        super().__init__(name=name, clock=clock, picture=True)
        self._device, self._size, self._fps, self._frozen = device, size, fps, frozen
        self._label = device
        self._container: InputContainer | None = None
        self._stream: VideoStream | None = None
        self._live_pace = True
        self._origin: float | None = None
        self._broken = 0
        self._deinterlacer = Deinterlacer()

    def open(self) -> None:
        """Find the camera by its name and open it, first with all options of the lesson, then with fewer."""
        camera = choose_camera(self._device, self._known)
        self._label = camera.label
        self._container = self._open(camera)
        # One that was not found but named outright, as 'lavfi:testsrc', is known by nothing but that name.
        self._known = KnownDevice(camera.identity, camera.label) if camera.identity else None
        streams = self._container.streams.video
        if not streams:
            raise DeviceError(_NO_PICTURE(camera=camera.label))
        self._stream = streams[0]
        self._live_pace = camera.format in _OWN_PACE
        self._origin, self._broken = None, 0
        self._deinterlacer.clear()
        own = self._stream.average_rate
        self.expected_rate = float(own) if own and own <= _FASTEST else self._fps or 30.0
        self.freezing = _freezing(camera) if self._frozen == "auto" else self._frozen

    @property
    def requested_device(self) -> object:
        """The camera that the lesson names."""
        return (self.kind, self._device)

    def read(self) -> None:
        """Deliver the next picture; DeviceError when the camera is gone or silent."""
        assert self._container is not None
        assert self._stream is not None
        try:
            frames = next(self._container.demux(self._stream)).decode()
            self._broken = 0
        except BlockingIOError:
            # avfoundation answers so between two pictures.
            frames = []
            self.wait(_POLL)
        except av.InvalidDataError as error:
            frames = []
            self._broken += 1
            if self._broken >= _BROKEN_IN_A_ROW:
                raise DeviceError(_BROKEN_PICTURES(camera=self._label)) from error
        except (av.FFmpegError, StopIteration) as error:
            raise DeviceError(_STOPPED(camera=self._label)) from error
        decoded = [frame for frame in frames if isinstance(frame, av.VideoFrame)]
        for whole in [whole for frame in decoded for whole in self._deinterlacer.process(frame)]:
            if not self._live_pace and self._pace(whole):
                return
            self.show(whole, self.clock.now())

    def close(self) -> None:
        """Close the device."""
        container, self._container, self._stream = self._container, None, None
        if container is not None:
            container.close()

    def _open(self, camera: FoundCamera) -> InputContainer:
        refusal: Exception | None = None
        for options in self._wishes(camera.format):
            try:
                return _open_device(camera.address, camera.format, options)
            except (av.FFmpegError, ValueError) as error:
                refusal = error
                log.debug("%s refuses %s: %s", camera.label, options, said_by(error))
                if getattr(error, "errno", None) in (errno.EBUSY, errno.EACCES, errno.EPERM):
                    break
            if self.interrupted.is_set():
                break
        raise DeviceError(_sentence(camera, refusal)) from refusal

    def _wishes(self, form: str) -> Iterator[dict[str, str]]:
        """Options for libav, from what the lesson asks for down to nothing."""
        size = {"video_size": f"{self._size[0]}x{self._size[1]}"} if self._size else {}
        rate = {"framerate": f"{self._fps:g}"} if self._fps else {}
        if form == "v4l2" and self._size and self._size[0] * self._size[1] * 2 * (self._fps or 30) > _UNCOMPRESSED:
            # Otherwise libav takes the first format of the camera, usually raw, which comes at 10 pictures a second.
            yield {"input_format": "mjpeg", **size, **rate}
        if size and rate:
            yield size | rate
        if size:
            yield size
        if rate:
            yield rate
        if form == "avfoundation":
            # libav's own default of 29.97 is refused by most cameras of a Mac.
            yield {"framerate": "30"}
        yield {}

    def _pace(self, frame: av.VideoFrame) -> bool:
        """Wait until a picture of an input without a pace of its own is due; True when interrupted."""
        time = frame.time if frame.pts is not None else None
        if time is None:
            rate = self._stream.average_rate if self._stream else None
            return self.wait(1.0 / float(rate or 30))
        now = self.clock.now()
        if self._origin is None or not -_JUMP < now - (self._origin + time) < _CATCH_UP:
            self._origin = now - time
        return self.wait_until(self._origin + time)


def _freezing(camera: FoundCamera) -> Freezing:
    """What the same picture again and again means: no sensor can do that, but a screen or a program can.

    Not every grabber is named as one, so a device has to show the noise of a sensor before it can be lost for that.
    """
    if camera.format == "lavfi":
        return "ignore"
    if camera.format not in CAMERA_FORMATS.values():
        return "alarm"
    name = f"{camera.label} {camera.address}".lower()
    return "alarm" if any(word in name for word in _VIRTUAL + _GRABBERS) else "noise"


def _open_device(address: str, form: str, options: dict[str, str]) -> InputContainer:
    return av.open(address, "r", format=form, options=options, timeout=(_OPEN_SECONDS, _SILENCE))


def _sentence(camera: FoundCamera, error: Exception | None) -> Sentence:
    """What is wrong with a camera that cannot be opened, and what to do."""
    name = camera.label
    match getattr(error, "errno", None):
        case errno.EBUSY:
            return _BUSY(camera=name)
        case errno.EACCES | errno.EPERM if platform.system() == "Linux":
            return _NOT_ALLOWED_ON_LINUX(camera=name)
        case errno.EACCES | errno.EPERM:
            return _NOT_ALLOWED(camera=name)
        case errno.ENOENT | errno.ENODEV | errno.ENXIO:
            return _GONE(camera=name)
    if camera.format == "avfoundation":
        return _CLOSED_ON_A_MAC(camera=name)
    if camera.format == "dshow":
        return _CLOSED_ON_WINDOWS(camera=name)
    return _CLOSED(camera=name, fault=said_by(error))
