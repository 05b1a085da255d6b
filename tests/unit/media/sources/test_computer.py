"""The sound of the computer, from a real sound server that plays into nothing."""

from __future__ import annotations

import math
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from classroom.clock import SystemClock
from classroom.errors import DeviceError
from classroom.media.frames import SAMPLE_RATE
from classroom.media.sources.computer import ComputerSound, offers_computer_sound
from classroom.media.supervisor import SourceRunner
from tests.support.waiting import wait_for

needs_server = pytest.mark.skipif(
    not (shutil.which("pulseaudio") and shutil.which("pacat") and offers_computer_sound()),
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
def player(frequency: float) -> Iterator[None]:
    """Some other program that plays a tone of amplitude 0.25."""
    wave = (0.25 * np.sin(np.arange(SAMPLE_RATE) * (2 * math.pi * frequency / SAMPLE_RATE))).astype("<f4")
    data = np.stack([wave, wave], 1).tobytes()
    playing = subprocess.Popen(
        ["pacat", "--raw", "--format=float32le", "--channels=2", f"--rate={SAMPLE_RATE}", "/dev/stdin"],
        stdin=subprocess.PIPE,
    )
    assert playing.stdin is not None
    os.set_blocking(playing.stdin.fileno(), True)
    try:
        playing.stdin.write(data * 20)
        playing.stdin.flush()
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
            with player(1000.0):
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


@pytest.mark.parametrize(
    ("system", "advice"), [("Darwin", "BlackHole"), ("Windows", "Stereo Mix"), ("Plan9", "no sound")]
)
def test_other_systems_are_told_what_does_it_there(monkeypatch: pytest.MonkeyPatch, system: str, advice: str) -> None:
    monkeypatch.setattr("platform.system", lambda: system)
    assert not offers_computer_sound()
    with pytest.raises(DeviceError, match=advice):
        ComputerSound(name="player", clock=SystemClock()).open()


def test_the_tool_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert not offers_computer_sound()
    with pytest.raises(DeviceError, match="apt install pulseaudio-utils"):
        ComputerSound(name="player", clock=SystemClock()).open()
