"""From what a lesson says to a source that can be run."""

from __future__ import annotations

from pathlib import Path

from classroom.common.clock import Clock
from classroom.lesson.audio import ComputerInput, MicrophoneInput, ToneInput
from classroom.lesson.sources import (
    BrowserSource,
    CameraSource,
    CardSource,
    FileSource,
    PatternSource,
    ScreenSource,
    SlidesSource,
    StreamSource,
)
from classroom.media.sources.base import Source
from classroom.media.sources.browser import Browser
from classroom.media.sources.camera import Camera
from classroom.media.sources.card import Card
from classroom.media.sources.computer import ComputerSound
from classroom.media.sources.file import MediaFile
from classroom.media.sources.microphone import Microphone
from classroom.media.sources.pattern import Pattern
from classroom.media.sources.screen import DesktopArea, Screen
from classroom.media.sources.slides import Slides
from classroom.media.sources.stream import NetworkStream
from classroom.media.sources.tone import Tone

__all__ = ["PictureModel", "SoundModel", "build_picture_source", "build_sound_source"]

PictureModel = (
    CameraSource | ScreenSource | CardSource | PatternSource | SlidesSource | FileSource | StreamSource | BrowserSource
)
SoundModel = MicrophoneInput | ComputerInput | ToneInput


def build_picture_source(
    name: str, model: PictureModel, clock: Clock, folder: Path, *, size: tuple[int, int], fps: float
) -> Source:
    """The source that a lesson describes under ``sources``.

    Paths are relative to ``folder``, that of the lesson file; ``size`` (width, height in pixels) and ``fps`` are those
    of the program and are used where a source has none of its own.
    """
    match model:
        case CameraSource():
            wanted = (model.size.width, model.size.height) if model.size else None
            return Camera(name=name, clock=clock, device=model.device, size=wanted, fps=model.fps, frozen=model.frozen)
        case ScreenSource():
            region = model.region
            area = DesktopArea(region.x, region.y, region.width, region.height) if region else None
            return Screen(name=name, clock=clock, number=model.monitor, area=area, fps=model.fps, cursor=model.cursor)
        case CardSource():
            image = folder / model.image if model.image else None
            return Card(
                name=name,
                clock=clock,
                title=model.title,
                text=model.text,
                image=image,
                size=size,
                countdown=model.countdown if model.until is None else model.until,
            )
        case PatternSource():
            own = (model.size.width, model.size.height) if model.size else size
            return Pattern(name=name, clock=clock, size=own, fps=model.fps or fps)
        case BrowserSource():
            return Browser(name=name, clock=clock)
        case SlidesSource():
            return Slides(name=name, clock=clock, path=folder / model.file, size=size, password=model.password)
        case FileSource():
            path, largest = folder / model.path, max(size)
            return MediaFile(name=name, clock=clock, path=path, loop=model.loop, restart=model.restart, largest=largest)
        case StreamSource():
            return NetworkStream(name=name, clock=clock, url=model.url, largest=max(size))


def build_sound_source(name: str, model: SoundModel, clock: Clock) -> Source:
    """The source that a lesson describes under ``audio``; an input of kind ``source`` has none of its own."""
    match model:
        case MicrophoneInput():
            return Microphone(name=name, clock=clock, device=model.device)
        case ComputerInput():
            return ComputerSound(name=name, clock=clock, device=model.device)
        case ToneInput():
            return Tone(name=name, clock=clock, frequency=model.frequency)
