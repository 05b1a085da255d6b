"""Streams from real servers: ffmpeg over UDP and HTTP, and an RTSP server that is killed and started again."""

from __future__ import annotations

import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from classroom.clock import SystemClock
from classroom.errors import DeviceError
from classroom.media.sources.stream import NetworkStream, without_password
from classroom.media.supervisor import SourceRunner
from tests.support.clips import clip
from tests.support.waiting import wait_for

CLOCK = SystemClock()
PYTHON = "/usr/bin/python3"
SERVER = Path(__file__).parents[3] / "support" / "rtsp_server.py"
TEST_PICTURE = ("-re", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25", "-f", "lavfi", "-i", "sine=frequency=440")


def free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def process(*command: str, folder: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
    started = subprocess.Popen(
        command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield started
    finally:
        started.kill()
        started.wait()


@contextmanager
def running(url: str) -> Iterator[SourceRunner]:
    source = NetworkStream(name="board", clock=CLOCK, url=url)
    runner = SourceRunner(source, CLOCK, lambda: None, back_off=(0.2,))
    runner.start()
    try:
        yield runner
    finally:
        runner.stop(5.0)


def ffmpeg(*arguments: str) -> tuple[str, ...]:
    return ("ffmpeg", "-loglevel", "quiet", "-nostdin", *arguments)


def test_mpeg_ts_over_udp_has_picture_and_sound() -> None:
    url = f"udp://127.0.0.1:{free_port(socket.SOCK_DGRAM)}"
    sending = ffmpeg(
        *TEST_PICTURE,
        "-c:v",
        "libx264",
        "-pix_fmt",
        "yuv420p",
        "-g",
        "10",
        "-preset",
        "ultrafast",
        "-c:a",
        "aac",
        "-f",
        "mpegts",
        f"{url}?pkt_size=1316",
    )
    with process(*sending), running(url) as runner:
        wait_for(lambda: runner.status.state == "live", seconds=30)
        wait_for(lambda: runner.status.size == (320, 180), seconds=30)
        wait_for(lambda: runner.source.sound is not None and runner.source.sound.level.peak_db > -40)
        wait_for(lambda: runner.status.fps is not None and 15 <= runner.status.fps <= 35)


def test_a_stream_that_stops_sending_is_lost_after_a_second_and_live_when_it_goes_on() -> None:
    url = f"udp://127.0.0.1:{free_port(socket.SOCK_DGRAM)}"
    pictures = ("-re", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25", "-c:v", "mpeg2video", "-g", "5")
    with process(*ffmpeg(*pictures, "-f", "mpegts", f"{url}?pkt_size=1316")) as sender, running(url) as runner:
        wait_for(lambda: runner.status.state == "live" and runner.source.taken > 25, seconds=30)
        assert runner.source.expected_rate == pytest.approx(25, abs=1)
        sender.send_signal(signal.SIGSTOP)
        stopped = CLOCK.now()
        wait_for(lambda: runner.status.state == "lost")
        assert CLOCK.now() - stopped > 0.9
        assert runner.status.fault == "stalled"
        wait_for(lambda: "sends nothing" in (runner.status.why or ""))
        sender.send_signal(signal.SIGCONT)
        wait_for(lambda: runner.status.state == "live", seconds=30)


def test_a_file_over_http_plays_at_its_own_pace(tmp_path: Path) -> None:
    port = free_port(socket.SOCK_STREAM)
    clip(tmp_path / "film.mp4", seconds=5.0)
    server = ("python3", "-m", "http.server", str(port), "--bind", "127.0.0.1")
    with process(*server, folder=tmp_path), running(f"http://127.0.0.1:{port}/film.mp4") as runner:
        wait_for(lambda: runner.status.state == "live", seconds=30)
        began, taken = CLOCK.now(), runner.source.taken
        wait_for(lambda: CLOCK.now() - began > 2.0)
        # 25 pictures a second, and not all that the network gives.
        assert runner.source.taken - taken < 2.5 * 30


def test_an_rtsp_server_that_is_killed_and_comes_back() -> None:
    probe = subprocess.run([PYTHON, "-c", "import gi; gi.require_version('GstRtspServer', '1.0')"], check=False)
    if probe.returncode:
        pytest.skip("the system's Python has no GStreamer RTSP server")
    port = free_port(socket.SOCK_STREAM)
    with running(f"rtsp://127.0.0.1:{port}/board") as runner:
        wait_for(lambda: runner.status.state == "lost", seconds=30)  # it was never there, and is waited for
        assert "does not answer" in (runner.status.why or "")
        for _ in range(2):
            with process(PYTHON, str(SERVER), str(port)):
                wait_for(lambda: runner.status.state == "live" and runner.status.size == (320, 180))
                sound = runner.source.sound
                wait_for(lambda sound=sound: sound is not None and sound.level.peak_db > -40)  # type: ignore[misc]
            wait_for(lambda: runner.status.state == "lost")
            picture = runner.source.picture
            assert picture is not None
            assert picture.newest() is None


def test_passwords_are_not_shown() -> None:
    assert without_password("rtsp://ada:secret@host:554/live?key=1") == "rtsp://host:554/live"
    source = NetworkStream(name="board", clock=CLOCK, url="http://ada:secret@127.0.0.1:9/live?key=geheim")
    with pytest.raises(DeviceError) as caught:
        source.open()
    assert "secret" not in str(caught.value)
    assert "geheim" not in str(caught.value)
