from __future__ import annotations

import sys

import pytest
import yaml

from classroom.lesson.audio import ComputerInput, MicrophoneInput
from classroom.lesson.sources import CameraSource, ScreenSource
from classroom.media import devices
from classroom.media.devices import list_devices
from classroom.media.sources.cameras import FoundCamera
from classroom.media.sources.portaudio import FoundMicrophone
from tests.support.display import VirtualDisplay
from tests.support.sound_library import Library

ODD = 'Webcam "HD": 高清 #1, {left}'


def test_each_device_comes_with_text_that_a_lesson_understands(monkeypatch: pytest.MonkeyPatch) -> None:
    cameras = [FoundCamera(ODD, "v4l2", "/dev/video0"), FoundCamera("Second", "v4l2", "/dev/video2")]
    monkeypatch.setattr(devices, "find_cameras", lambda: cameras)
    monkeypatch.setattr(devices, "forbidden_cameras", list)
    monkeypatch.setattr(devices, "find_microphones", lambda: [FoundMicrophone(ODD, 0, 1, 48000.0)])
    monkeypatch.delenv("XDG_SESSION_TYPE", raising=False)
    with VirtualDisplay(640, 360) as display:
        monkeypatch.setenv("DISPLAY", display.name)
        found = list_devices()
    assert found.notes == ()
    sources = yaml.safe_load("\n".join(device.yaml for device in found.cameras + found.screens))
    assert CameraSource.model_validate(sources["camera"]).device == ODD
    assert CameraSource.model_validate(sources["camera2"]).device == "Second"
    assert ScreenSource.model_validate(sources["screen"]).monitor == 1
    assert "640x360" in found.screens[0].label
    inputs = yaml.safe_load(found.microphones[0].yaml)
    assert MicrophoneInput.model_validate(inputs["mic"]).device == ODD


def test_a_machine_without_anything_is_told_why_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr(devices, "find_cameras", list)
    monkeypatch.setattr(devices, "forbidden_cameras", list)
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    for variable in ("DISPLAY", "WAYLAND_DISPLAY", "XDG_SESSION_TYPE"):
        monkeypatch.delenv(variable, raising=False)
    found = list_devices()
    assert (found.cameras, found.microphones, found.screens) == ((), (), ())
    camera, microphone, screen = found.notes
    assert "No camera" in camera
    assert "Install classroom again with it" in microphone
    assert "no display" in screen


def test_a_camera_of_another_user_and_a_wayland_session_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr(devices, "find_cameras", list)
    monkeypatch.setattr(devices, "forbidden_cameras", lambda: ["HD Webcam"])
    monkeypatch.setattr(devices, "find_microphones", list)
    monkeypatch.setenv("XDG_SESSION_TYPE", "wayland")
    camera, microphone, screen = list_devices().notes
    assert "HD Webcam" in camera
    assert "usermod -aG video" in camera
    assert "No microphone" in microphone
    assert "Wayland" in screen


def test_the_machine_at_hand_can_be_listed() -> None:
    found = list_devices()
    parts = [found.cameras, found.microphones, found.screens]
    if not any(word in note for note in found.notes for word in ("extra audio", "PortAudio is missing")):
        parts.append(found.computer)
    assert len(found.notes) == sum(not part for part in parts)


@pytest.fixture
def elsewhere(library: Library, monkeypatch: pytest.MonkeyPatch) -> Library:
    """The sound of another system, without its cameras and screens."""
    monkeypatch.setattr(devices, "find_cameras", list)
    monkeypatch.setattr(devices, "forbidden_cameras", list)
    monkeypatch.setattr(devices, "find_monitors", list)
    return library


def test_what_hears_the_computer_is_told_from_microphones(elsewhere: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.system", lambda: "Windows")
    for name in ("CABLE Output (VB-Audio Virtual ", "Headset", "立体声混音 (Realtek(R) Audio)"):
        elsewhere.add(name)
    found = list_devices()
    assert [each.label for each in found.microphones] == ["Headset"]
    inputs = yaml.safe_load("\n".join(each.yaml for each in found.computer))
    chosen = [ComputerInput.model_validate(each).device for each in inputs.values()]
    assert chosen == ["立体声混音 (Realtek(R) Audio)", "CABLE Output (VB-Audio Virtual "]


def test_a_system_where_nothing_hears_the_computer_is_told_what_does(
    elsewhere: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    elsewhere.add("Headset")
    found = list_devices()
    assert found.computer == ()
    assert any("BlackHole" in note for note in found.notes)


def test_linux_offers_it_by_itself(elsewhere: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    assert [each.yaml for each in list_devices().computer] == ["player: {kind: computer}"]


def test_a_microphone_that_is_a_choice_of_the_system_is_called_so(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [FoundMicrophone(label, number, 1, 48000.0) for number, label in enumerate(("default", "pulse", "Headset"))]
    monkeypatch.setattr(devices, "find_microphones", lambda: found)
    listed = list_devices().microphones
    assert [each.label for each in listed] == [
        "the system's own choice", "pulse (the choice of the sound server)", "Headset",
    ]  # fmt: skip
    assert listed[0].yaml == "mic: {kind: microphone}"
    assert yaml.safe_load(listed[1].yaml) == {"mic2": {"kind": "microphone", "device": "pulse"}}
