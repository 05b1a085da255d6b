"""The sound of the computer, from a real sound server that plays into nothing, and from what other systems list."""

from __future__ import annotations

import math
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest

from classroom.common.clock import ManualClock, SystemClock
from classroom.common.errors import DeviceError
from classroom.media.frames import SAMPLE_RATE
from classroom.media.sources import computer
from classroom.media.sources.computer import ComputerSound
from classroom.media.sources.desktop_audio import desktop_audio_tool
from classroom.media.sources.portaudio import PortAudio
from classroom.media.supervisor import SourceRunner
from tests.support.sound_library import Library
from tests.support.waiting import wait_for

needs_server = pytest.mark.skipif(
    not (shutil.which("pulseaudio") and shutil.which("pacat") and desktop_audio_tool()),
    reason="needs pulseaudio and pulseaudio-utils",
)


@contextmanager
def sound_server(folder: Path) -> Iterator[None]:
    """A sound server of our own, with loudspeakers that nobody hears."""
    socket = folder / "native"
    server = subprocess.Popen(
        ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no",
         f"--load=module-native-protocol-unix socket={socket} auth-anonymous=1",
         "--load=module-null-sink sink_name=nowhere"],
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_for(socket.exists, seconds=20.0)
        yield
    finally:
        server.terminate()
        server.wait(10)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path / 'native'}")
    for name in ("PULSE_RUNTIME_PATH", "XDG_RUNTIME_DIR", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    return tmp_path


@contextmanager
def player(folder: Path, frequency: float) -> Iterator[None]:
    """Some other program that plays a tone of amplitude 0.25 for a minute."""
    wave = (0.25 * np.sin(np.arange(SAMPLE_RATE) * (2 * math.pi * frequency / SAMPLE_RATE))).astype("<f4")
    tone = folder / "tone.raw"
    tone.write_bytes(np.stack([wave, wave], 1).tobytes() * 60)
    playing = subprocess.Popen(
        ["pacat", "--raw", "--format=float32le", "--channels=2", f"--rate={SAMPLE_RATE}", str(tone)]
    )
    try:
        yield
    finally:
        playing.kill()
        playing.wait(10)


def loudest(source: ComputerSound) -> float:
    """The strongest frequency in the last half second, Hz; 0 for silence."""
    assert source.sound is not None
    end = source.sound.end
    if end is None:
        return 0.0
    sound = source.sound.read(end - 0.5, SAMPLE_RATE // 2)[:, 0]
    if np.abs(sound).max() < 0.01:
        return 0.0
    return float(np.argmax(np.abs(np.fft.rfft(sound)))) * 2.0


@needs_server
@pytest.mark.timeout(120)
def test_what_the_computer_plays_is_heard_and_comes_back_with_its_server(folder: Path) -> None:
    clock = SystemClock()
    source = ComputerSound(name="player", clock=clock)
    runner = SourceRunner(source, clock, lambda: None, back_off=(0.1,))
    try:
        with sound_server(folder):
            runner.start()
            wait_for(lambda: runner.status.state == "live", seconds=20.0)
            with player(folder, 1000.0):
                wait_for(lambda: loudest(source) == 1000.0, seconds=20.0)
                assert source.sound is not None
                assert source.sound.end is not None
                assert abs(source.sound.end - clock.now()) < 1.0
        wait_for(lambda: runner.status.state == "lost", seconds=20.0)
        assert "PulseAudio" in str(runner.status.why)
        with sound_server(folder):
            wait_for(lambda: runner.status.state == "live", seconds=20.0)
    finally:
        runner.stop()
    assert runner.source.sound is not None
    assert runner.source.sound.end is None


@needs_server
def test_without_a_sound_server_it_says_what_to_check(folder: Path) -> None:
    source = ComputerSound(name="player", clock=SystemClock())
    runner = SourceRunner(source, source.clock, lambda: None)
    runner.start()
    try:
        wait_for(lambda: runner.status.state == "failed", seconds=30.0)
        assert "PulseAudio or PipeWire" in str(runner.status.why)
    finally:
        runner.stop()


@needs_server
@pytest.mark.timeout(120)
@pytest.mark.parametrize("device", ["default", "loopback"])
def test_without_a_sound_server_an_alsa_loopback_is_heard(
    folder: Path, monkeypatch: pytest.MonkeyPatch, device: str
) -> None:
    """ALSA calls a device by the name that its settings give it, and this one hears the loudspeakers of a server."""
    with sound_server(folder):
        settings = f'pcm.Loopback {{ type pulse server "unix:{folder / "native"}" device "nowhere.monitor" }}'
        (folder / ".asoundrc").write_text(settings)
        monkeypatch.setattr(computer, "desktop_audio_tool", lambda: None)
        audio = PortAudio()
        audio.begin(fresh=True)
        audio.end()
        source = ComputerSound(name="player", clock=SystemClock(), device=device)
        runner = SourceRunner(source, source.clock, lambda: None)
        runner.start()
        try:
            with player(folder, 1000.0):
                wait_for(lambda: loudest(source) == 1000.0, seconds=20.0)
            assert runner.status.state == "live"
        finally:
            runner.stop()


@pytest.mark.parametrize(
    ("system", "advice"),
    [("Darwin", "Install BlackHole"), ("Windows", "Enable 'Stereo Mix'"), ("Plan9", "does not offer")],
)
def test_where_nothing_hears_the_computer_a_sentence_says_what_does_it(
    library: Library, monkeypatch: pytest.MonkeyPatch, system: str, advice: str
) -> None:
    monkeypatch.setattr("platform.system", lambda: system)
    library.add("Headset")
    with pytest.raises(DeviceError, match=advice):
        ComputerSound(name="player", clock=SystemClock()).open()


def test_the_tool_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(DeviceError, match="apt install pulseaudio-utils"):
        ComputerSound(name="player", clock=SystemClock()).open()


def test_elsewhere_the_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.system", lambda: "Windows")
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(DeviceError, match="need the extra audio"):
        ComputerSound(name="player", clock=SystemClock()).open()


@contextmanager
def opened(clock: ManualClock, device: str = "default") -> Iterator[ComputerSound]:
    source = ComputerSound(name="player", clock=clock, device=device)
    with closing(source):
        source.open()
        yield source


@pytest.mark.parametrize("system", ["Windows", "Darwin", "Linux"])
def test_a_virtual_cable_is_heard_as_a_microphone_is(
    library: Library, monkeypatch: pytest.MonkeyPatch, system: str
) -> None:
    monkeypatch.setattr("platform.system", lambda: system)
    monkeypatch.setattr("shutil.which", lambda name: None)
    library.add("Headset")
    library.add("BlackHole 2ch", channels=2)
    block = np.stack([np.full(480, 0.25), np.full(480, -0.5)], axis=1).astype(np.float32)
    with opened(ManualClock(50.0)) as source:
        assert source.sound is not None
        assert library.streams[0].options["device"] == 1
        library.streams[0].deliver(block, age=0.02)
        source.read()
        assert source.taken == 1
        assert (source.sound.read(49.98, 480) == (0.25, -0.5)).all()
    assert library.streams[0].closed


@pytest.mark.parametrize("system", ["Windows", "Linux"])
def test_an_input_can_be_named_by_hand(library: Library, monkeypatch: pytest.MonkeyPatch, system: str) -> None:
    monkeypatch.setattr("platform.system", lambda: system)
    library.add("Stereo Mix (Realtek)")
    library.add("Line In (USB Mixer)")
    with opened(ManualClock(), "usb mixer"):
        assert library.streams[0].options["device"] == 1
    with pytest.raises(DeviceError, match="sound input 'Violin' was not found"), opened(ManualClock(), "Violin"):
        pass


def test_an_input_that_sends_nothing_while_nothing_is_played_is_no_fault(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.system", lambda: "Windows")
    library.add("Speakers (Realtek) [Loopback]")
    clock = ManualClock(50.0)
    with opened(clock) as source:
        for _ in range(3):
            clock.advance(2.0)
            source.read()
        assert source.taken == 3
        library.streams[0].active = False
        with pytest.raises(DeviceError, match=r"sound input 'Speakers \(Realtek\) \[Loopback\]' stopped"):
            source.read()


def test_a_cable_that_was_installed_since_is_found(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    source = ComputerSound(name="player", clock=ManualClock())
    with pytest.raises(DeviceError, match="BlackHole"):
        source.open()
    device = {"name": "BlackHole 2ch", "index": 0, "hostapi": 0, "max_input_channels": 2, "default_samplerate": 48000.0}
    library.plugged_in = [device]
    with closing(source):
        source.open()
        assert library.streams[0].active
