"""A stand-in for sounddevice: the sound cards that no test machine has, of this and of other systems."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from classroom.media.sources import portaudio

__all__ = ["Library", "PortAudioError", "Stream", "library"]


class PortAudioError(Exception):
    pass


class Stream:
    """A stream of the stand-in: the test plays PortAudio's thread and calls ``callback``."""

    def __init__(self, library: Library, **options: Any) -> None:
        self.library, self.options = library, options
        self.callback: Callable[..., None] = options["callback"]
        self.active = False
        self.closed = False
        library.streams.append(self)

    def start(self) -> None:
        if self.library.refuse_start:
            raise PortAudioError("Device unavailable")
        self.active = True

    def close(self, ignore_errors: bool = False) -> None:
        self.active, self.closed = False, True

    def deliver(self, samples: npt.NDArray[np.float32], *, age: float = 0.01, overflow: bool = False) -> None:
        time = SimpleNamespace(currentTime=100.0, inputBufferAdcTime=100.0 - age)
        self.callback(samples, len(samples), time, SimpleNamespace(input_overflow=overflow))


class Library(ModuleType):
    """The module, with the devices that a test adds."""

    PortAudioError = PortAudioError

    def __init__(self) -> None:
        super().__init__("sounddevice")
        self.devices: list[dict[str, Any]] = []
        self.default = 0
        self.rates: set[float] = {48000.0}
        self.streams: list[Stream] = []
        self.refuse_start = False
        self.listed_anew = 0
        self.plugged_in: list[dict[str, Any]] | None = None

    def add(self, name: str, channels: int = 1, rate: float = 48000.0, interface: int = 0) -> None:
        self.devices.append(
            {
                "name": name,
                "index": len(self.devices),
                "hostapi": interface,
                "max_input_channels": channels,
                "default_samplerate": rate,
            }
        )

    def query_devices(self, device: Any = None, kind: str | None = None) -> Any:
        if kind is None:
            return self.devices
        if not self.devices:
            raise PortAudioError("Error querying device -1")
        return self.devices[self.default]

    def query_hostapis(self) -> Any:
        numbers = {info["hostapi"] for info in self.devices} | {0}
        return [
            {"devices": [info["index"] for info in self.devices if info["hostapi"] == number]}
            for number in sorted(numbers)
        ]

    def check_input_settings(self, device: int, channels: int, dtype: str, samplerate: float) -> None:
        if samplerate not in self.rates:
            raise PortAudioError("Invalid sample rate")

    def InputStream(self, **options: Any) -> Stream:
        return Stream(self, **options)

    def _terminate(self) -> None:
        assert not [stream for stream in self.streams if not stream.closed], "an open stream would be cut off"

    def _initialize(self) -> None:
        self.listed_anew += 1
        if self.plugged_in is not None:
            self.devices = self.plugged_in


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Library:
    """Takes the place of sounddevice for the time of a test."""
    fake = Library()
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    monkeypatch.setattr(portaudio, "_shared", portaudio._Shared())
    return fake
