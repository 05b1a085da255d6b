from __future__ import annotations

from pathlib import Path

import pytest

from classroom.common.clock import ManualClock
from classroom.common.errors import DeviceError
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
from classroom.media.sources import build_picture_source, build_sound_source
from classroom.media.sources.browser import Browser
from classroom.media.sources.camera import Camera
from classroom.media.sources.card import Card
from classroom.media.sources.computer import ComputerSound
from classroom.media.sources.factory import PictureModel
from classroom.media.sources.file import MediaFile
from classroom.media.sources.microphone import Microphone
from classroom.media.sources.pattern import Pattern
from classroom.media.sources.screen import DesktopArea, Screen
from classroom.media.sources.slides import Slides
from classroom.media.sources.stream import NetworkStream
from classroom.media.sources.tone import Tone
from tests.support.films import hdr_film


def built(model: PictureModel, folder: Path = Path("/lessons")) -> object:
    return build_picture_source("it", model, ManualClock(), folder, size=(854, 480), fps=24)


def test_a_camera_gets_its_device_size_and_rate() -> None:
    camera = built(CameraSource.model_validate({"kind": "camera", "device": "Cam", "size": "640x480", "fps": 25}))
    assert isinstance(camera, Camera)
    assert (camera._device, camera._size, camera._fps) == ("Cam", (640, 480), 25)


def test_a_screen_gets_its_monitor_region_rate_and_pointer() -> None:
    region = {"x": 1, "y": 2, "width": 64, "height": 48}
    model = ScreenSource.model_validate({"kind": "screen", "monitor": 2, "region": region, "fps": 5, "cursor": False})
    screen = built(model)
    assert isinstance(screen, Screen)
    assert (screen._number, screen._area, screen._fps, screen._cursor) == (2, DesktopArea(1, 2, 64, 48), 5, False)


def test_a_card_is_drawn_at_the_size_of_the_program_with_an_image_beside_the_lesson(tmp_path: Path) -> None:
    card = built(CardSource.model_construct(title="Pause", text="", image=Path("logo.png")), tmp_path)
    assert isinstance(card, Card)
    with pytest.raises(DeviceError, match=str(tmp_path / "logo.png")):
        card.open()
    plain = built(CardSource.model_validate({"kind": "card", "title": "Pause"}))
    assert isinstance(plain, Card)
    plain.open()
    plain.read()
    assert plain.picture is not None
    newest = plain.picture.newest()
    assert newest is not None
    assert (newest.frame.width, newest.frame.height) == (854, 480)


def test_a_film_in_hdr_is_mapped_at_no_more_than_the_size_of_the_program(tmp_path: Path) -> None:
    path = hdr_film(tmp_path / "phone.mp4", (1280, 720), "smpte2084", count=1)
    film = built(FileSource.model_validate({"kind": "file", "path": path}))
    assert isinstance(film, MediaFile)
    assert film.picture is not None
    film.open()
    film.close()
    newest = film.picture.newest()
    assert newest is not None
    assert (newest.frame.width, newest.frame.height) == (854, 480)


def test_files_slides_and_streams_get_what_is_theirs(tmp_path: Path) -> None:
    film = built(
        FileSource.model_validate({"kind": "file", "path": tmp_path / "a.mp4", "loop": True, "restart": False})
    )
    assert isinstance(film, MediaFile)
    assert (film._path, film._loop, film._restart) == (tmp_path / "a.mp4", True, False)
    slides = built(SlidesSource.model_validate({"kind": "slides", "file": tmp_path / "a.pdf"}))
    assert isinstance(slides, Slides)
    assert (slides._path, slides._size) == (tmp_path / "a.pdf", (854, 480))
    stream = built(StreamSource.model_validate({"kind": "stream", "url": "rtsp://camera/1"}))
    assert isinstance(stream, NetworkStream)
    assert stream._url == "rtsp://camera/1"


@pytest.mark.parametrize(
    ("written", "size", "fps"),
    [({}, (854, 480), 24), ({"size": "320x240", "fps": 10}, (320, 240), 10)],
)
def test_a_pattern_takes_after_the_program_where_it_has_nothing_of_its_own(
    written: dict[str, object], size: tuple[int, int], fps: float
) -> None:
    pattern = built(PatternSource.model_validate({"kind": "pattern"} | written))
    assert isinstance(pattern, Pattern)
    assert ((pattern._width, pattern._height), pattern._fps) == (size, fps)
    assert pattern.sound is not None


def test_a_browser_has_picture_and_sound() -> None:
    browser = built(BrowserSource())
    assert isinstance(browser, Browser)
    assert browser.picture is not None
    assert browser.sound is not None


def test_sounds_are_built_from_inputs() -> None:
    microphone = build_sound_source("mic", MicrophoneInput(device="Headset"), ManualClock())
    tone = build_sound_source("hum", ToneInput(frequency=1000.0), ManualClock())
    assert isinstance(microphone, Microphone)
    assert microphone._device == "Headset"
    computer = build_sound_source("film", ComputerInput(device="BlackHole"), ManualClock())
    assert isinstance(computer, ComputerSound)
    assert computer._device == "BlackHole"
    assert isinstance(tone, Tone)
    assert tone._step == pytest.approx(1000 / 48000)
