"""Streams from real servers: ffmpeg over UDP and HTTP, and an RTSP server that is killed and started again."""

from __future__ import annotations

import io
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import pytest
from PIL import Image

from classroom.clock import SystemClock
from classroom.errors import DeviceError
from classroom.media.sources import stream
from classroom.media.sources.decoding import Item
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


@contextmanager
def camera_over_http(pictures: int) -> Iterator[str]:
    """A camera that gives JPEG pictures one after the other, without a word on time, and then no more."""
    picture = io.BytesIO()
    Image.new("RGB", (160, 120), "green").save(picture, "JPEG")
    part = b"--part\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%b\r\n"
    body = part % (len(picture.getvalue()), picture.getvalue()) * pictures
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with listening.accept()[0] as connection:
                connection.recv(4096)
                head = b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=part\r\n\r\n"
                connection.sendall(head + body)
                over.wait(60)

        serving = threading.Thread(target=serve)
        serving.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/video"
        finally:
            over.set()
            serving.join()


def test_a_camera_over_http_that_sends_more_than_25_pictures_a_second_is_not_behind() -> None:
    with camera_over_http(400) as url, running(url) as runner:
        wait_for(lambda: runner.source.taken > 5, seconds=30)
        began = CLOCK.now()
        wait_for(lambda: runner.source.taken >= 395, seconds=30)
        # At 25 pictures a second, which libav makes of them, it would take 16 seconds.
        assert CLOCK.now() - began < 8.0


class _Jumping:
    """In the place of a decoding: pictures over HTTP, whose time is another after the first ten."""

    video = audio = None
    rate = 25.0
    without_time = False

    def __init__(self, *_: object, **__: object) -> None:
        self._times = iter([*(number / 25 for number in range(10)), *(3600 + number / 25 for number in range(10))])
        self._over = threading.Event()

    def next(self) -> Item:
        if (time := next(self._times, None)) is None:
            self._over.wait(10.0)
            return 3601.0, av.VideoFrame(64, 48, "yuv420p")
        return time, av.VideoFrame(64, 48, "yuv420p")

    def close(self) -> None:
        self._over.set()


def test_a_stream_whose_time_jumps_ahead_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "Decoding", _Jumping)
    with running("http://127.0.0.1/live.m3u8") as runner:
        wait_for(lambda: runner.source.taken >= 20, seconds=10)


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
