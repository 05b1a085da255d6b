"""The microphones of this machine, through PortAudio. The only place that imports sounddevice."""

from __future__ import annotations

import contextlib
import platform
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from classroom.common.errors import DeviceError
from classroom.common.sentences import Sentence, Wording
from classroom.media.sources.sound_arrangement import sound_arrangement

__all__ = ["FoundMicrophone", "PortAudio", "find_microphones"]

_NO_PACKAGE: Final = Wording(
    "device.no_package", "Sound devices need the extra audio. Install classroom again with it, as its README says."
)
_NO_LIBRARY_ON_LINUX: Final = Wording(
    "device.no_library_on_linux",
    "The sound library PortAudio is missing. Install PortAudio (Debian, Ubuntu: sudo apt install libportaudio2 "
    "libasound2-plugins).",
)
_NO_LIBRARY: Final = Wording(
    "device.no_library",
    "The sound library PortAudio is missing. Install classroom again with its extra audio, as its README says.",
)
_UNKNOWN: Final = Wording(
    "microphone.unknown",
    "The microphone '{microphone}' was not found. There is {known}. Plug it in, or use a name that "
    "'classroom devices' lists.",
)
_NONE_ON_A_MAC: Final = Wording(
    "microphone.none_on_mac",
    "No microphone was found. Plug one in, and allow the terminal to use it in System Settings, Privacy & Security, "
    "Microphone.",
)
_NONE_ON_WINDOWS: Final = Wording(
    "microphone.none_on_windows",
    "No microphone was found. Plug one in, and allow it in Settings, Privacy, Microphone.",
)
_NONE: Final = Wording(
    "microphone.none",
    "No microphone was found. Plug one in; with PulseAudio or PipeWire install its ALSA plugin too (Debian, Ubuntu: "
    "sudo apt install libasound2-plugins).",
)

_BACK_OFF: Final = (10.0, 20.0, 40.0, 60.0)
"""Seconds between two listings that cut others off for a moment, where the system does not say that they are worth it.
"""


class OpenStream(Protocol):
    """A device that somebody has open and that can do without for a moment."""

    def suspend(self) -> None:
        """Close the stream; its reader continues and hears nothing."""
        ...

    def resume(self) -> None:
        """Open it again, by its name; where that fails, its reader gets the error."""
        ...


@dataclass(slots=True)
class _Shared:
    """What everybody in this process knows of PortAudio.

    There is only one in a process: it lists devices when it is initialised, and initialising it again cuts off every
    open stream, and one that is just being opened with it. So those who choose a device are counted here, and those who
    have one open are known, to be closed and opened with it.
    """

    lock: threading.RLock = field(default_factory=threading.RLock)
    choosing: int = 0
    streams: list[OpenStream] = field(default_factory=list)
    arrangement: str | None = None
    """What the system said of its sound inputs when they were listed."""
    listed: float = 0.0
    tries: int = 0


_shared = _Shared()


@dataclass(frozen=True, slots=True)
class FoundMicrophone:
    """A microphone: ``label`` is what a lesson calls it, ``index`` is its number until PortAudio lists again.

    ``native`` is whether it is listed by the system's own sound interface, or by another.
    """

    label: str
    index: int
    channels: int
    rate: float
    native: bool = True


class PortAudio:
    """PortAudio, loaded; DeviceError with what to install where it is not there."""

    def __init__(self) -> None:
        try:
            # Here and not above: it is an optional extra, and without the library the import itself fails.
            import sounddevice
        except ImportError as error:
            raise DeviceError(_NO_PACKAGE()) from error
        except OSError as error:
            missing = _NO_LIBRARY_ON_LINUX if platform.system() == "Linux" else _NO_LIBRARY
            raise DeviceError(missing()) from error
        self._library: Any = sounddevice
        self.error: type[Exception] = sounddevice.PortAudioError

    def find(self) -> list[FoundMicrophone]:
        """All microphones; those of the system's own sound interface first, since each interface lists them again."""
        try:
            devices, interfaces = self._library.query_devices(), self._library.query_hostapis()
        except self.error:
            return []
        first = self._interface(interfaces)
        found = [
            (info["hostapi"] != first, index, info)
            for index, info in enumerate(devices)
            if info["max_input_channels"] > 0
        ]
        return [
            FoundMicrophone(info["name"], index, info["max_input_channels"], info["default_samplerate"], not foreign)
            for foreign, index, info in sorted(found, key=lambda item: item[:2])
        ]

    def choose(self, device: str) -> FoundMicrophone:
        """The microphone that a lesson means by ``default`` or by a name; DeviceError when there is none."""
        found = self.find()
        if not found:
            raise DeviceError(_none_found())
        if device == "default":
            index = self._default()
            return next((microphone for microphone in found if microphone.index == index), found[0])
        if (named := self.named(device)) is not None:
            return named
        known = ", ".join(sorted({f"'{microphone.label}'" for microphone in found}))
        raise DeviceError(_UNKNOWN(microphone=device, known=known))

    def named(self, device: str) -> FoundMicrophone | None:
        """The first microphone of this name, else with this in its name, ignoring case."""
        wanted = device.casefold()
        labels = [(microphone.label.casefold(), microphone) for microphone in self.find()]
        exact = next((microphone for label, microphone in labels if label == wanted), None)
        return exact or next((microphone for label, microphone in labels if wanted in label), None)

    def exactly(self, label: str) -> FoundMicrophone | None:
        """The microphone of just this name."""
        return next((microphone for microphone in self.find() if microphone.label == label), None)

    def accepts(self, microphone: FoundMicrophone, channels: int, rate: float) -> bool:
        """Whether a microphone can be opened with these channels and samples a second."""
        try:
            self._library.check_input_settings(microphone.index, channels=channels, dtype="float32", samplerate=rate)
        except (self.error, ValueError):
            return False
        return True

    def open(
        self, microphone: FoundMicrophone, channels: int, rate: float, block: int, callback: Callable[..., None]
    ) -> Any:
        """A running stream of float32 blocks; to be given back to ``close``. Raises ``error``."""
        stream = self._library.InputStream(
            samplerate=rate,
            device=microphone.index,
            channels=channels,
            dtype="float32",
            blocksize=block,
            callback=callback,
        )
        try:
            stream.start()
        except self.error:
            self.close(stream)
            raise
        return stream

    def close(self, stream: Any) -> None:
        """Close a stream, also one whose device is gone."""
        stream.close(ignore_errors=True)

    def begin(self, *, fresh: bool) -> None:
        """Say that a device will be chosen and opened; until ``opened`` or ``end`` the numbers of devices stay.

        With ``fresh`` devices are found that were plugged in since, unless somebody else is just choosing one. Where
        others have theirs open they lose a moment of sound by it, so that is done only when the system says that
        something came or went, and seldom where it says nothing.
        """
        with _shared.lock:
            if fresh and _shared.choosing == 0 and self._worth_listing():
                self._list_anew()
            elif _shared.arrangement is None:
                _shared.arrangement = sound_arrangement()
            _shared.choosing += 1

    def opened(self, stream: OpenStream) -> None:
        """Say that the device was opened."""
        with _shared.lock:
            _shared.choosing -= 1
            _shared.streams.append(stream)

    def end(self, stream: OpenStream | None = None) -> None:
        """Say that the device is closed, or that none was opened."""
        with _shared.lock:
            if stream is not None and stream in _shared.streams:
                _shared.streams.remove(stream)
            else:
                _shared.choosing -= 1

    @contextlib.contextmanager
    def undisturbed(self) -> Iterator[None]:
        """While devices are not listed again, such as while a stream is being closed."""
        with _shared.lock:
            yield

    def _worth_listing(self) -> bool:
        if not _shared.streams:
            return True
        now = sound_arrangement()
        if now is not None and _shared.arrangement is not None:
            return now != _shared.arrangement
        return time.monotonic() - _shared.listed >= _BACK_OFF[min(_shared.tries, len(_BACK_OFF) - 1)]

    def _list_anew(self) -> None:
        """In one errand: close what is open, list, open it again."""
        others = list(_shared.streams)
        _shared.arrangement = sound_arrangement()
        _shared.tries = _shared.tries + 1 if others else 0
        for stream in others:
            stream.suspend()
        # sounddevice has no public way; it names these two in its manual for this purpose.
        self._library._terminate()
        self._library._initialize()
        for stream in others:
            stream.resume()
        _shared.listed = time.monotonic()

    def _default(self) -> int:
        try:
            return int(self._library.query_devices(kind="input")["index"])
        except (self.error, ValueError):
            return -1

    def _interface(self, interfaces: Any) -> int:
        default = self._default()
        return next((number for number, interface in enumerate(interfaces) if default in interface["devices"]), 0)


def find_microphones() -> list[FoundMicrophone]:
    """The microphones of the system's own sound interface; DeviceError where PortAudio is missing."""
    found: dict[str, FoundMicrophone] = {}
    for microphone in PortAudio().find():
        found.setdefault(microphone.label, microphone)
    return list(found.values())


def _none_found() -> Sentence:
    match platform.system():
        case "Darwin":
            return _NONE_ON_A_MAC()
        case "Windows":
            return _NONE_ON_WINDOWS()
    return _NONE()
