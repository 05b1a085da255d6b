"""Streams from real servers: ffmpeg over UDP and HTTP, and an RTSP server that is killed and started again."""

from __future__ import annotations

import io
import math
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from classroom.common.clock import ManualClock, SystemClock
from classroom.common.errors import DeviceError
from classroom.media.sources import stream
from classroom.media.sources.base import Source
from classroom.media.sources.decoding import Item
from classroom.media.sources.stream import _LATE, NetworkStream
from classroom.media.supervisor import SourceRunner
from tests.support.clips import clip
from tests.support.free_port import free_port
from tests.support.waiting import wait_for

CLOCK = SystemClock()
PYTHON = "/usr/bin/python3"
SERVER = Path(__file__).parents[3] / "support" / "rtsp_server.py"
TEST_PICTURE = ("-re", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25", "-f", "lavfi", "-i", "sine=frequency=440")


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
        wait_for(lambda: "sends no picture" in (runner.status.why or ""))
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
        more = runner.source.taken - taken
        # 25 pictures a second, and not all that the network gives; those that this machine was late with come together.
        assert more <= 25 * (CLOCK.now() - began + _LATE) + 2


@dataclass
class LiveServer:
    """A server of a clip of 40 seconds, and the clock second at which that began for those who watch it live."""

    url: str
    began: float = math.inf

    def behind(self, source: Source) -> float:
        """By how many seconds, up to 4, the picture that is shown is behind; inf where it cannot tell."""
        time, _ = _shown(source)
        return math.inf if time is None else (CLOCK.now() - self.began - time) % 4.0


def apart(source: Source) -> float:
    """How many seconds, up to a quarter, the beeps of a clip come after its flashes; inf where it cannot tell."""
    time, captured = _shown(source)
    assert source.sound is not None
    if time is None or source.sound.end is None:
        return math.inf
    start = source.sound.end - 1.2
    loud = np.abs(source.sound.read(start, 57_600)).max(axis=1) > 0.1
    begins = [at for at in np.flatnonzero(loud) if at > 9600 and not loud[at - 9600 : at].any()]
    if not begins:
        return math.inf
    return (start + begins[-1] / 48_000 - (captured - time) + 0.25) % 0.5 - 0.25


def _shown(source: Source) -> tuple[float | None, float]:
    """The time of the clip's picture that is shown, up to 4 s, and the clock second of it; None for a flash."""
    newest = source.picture.newest() if source.picture else None
    if newest is None:
        return None, 0.0
    light = round(float(np.frombuffer(bytes(newest.frame.planes[0]), np.uint8).mean()))
    return (None if light > 150 else (light - 16) / 25), newest.captured


@contextmanager
def live_over_http(folder: Path, *, at_once: float, held_up: tuple[float, float] = (0.0, 0.0)) -> Iterator[LiveServer]:
    """A server that sends the first seconds of a clip ``at_once`` and the rest as it comes.

    From second ``held_up[0]`` of the clip on it sends no picture until second ``held_up[1]``, and then what is behind.
    """
    clip(folder / "live.ts", seconds=40.0)
    pieces: list[tuple[float, bytes]] = []
    data = (folder / "live.ts").read_bytes()
    with av.open(str(folder / "live.ts")) as container:
        begin = (container.start_time or 0) / av.time_base
        places = [(p.pos, float(p.dts * p.time_base) - begin) for p in container.demux() if p.dts is not None and p.pos]
    places.sort()
    ends = [*(place for place, _ in places[1:]), len(data)]
    start = 0
    for (_, time), end in zip(places, ends, strict=True):
        pieces.append((time, data[start:end]))
        start = end
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = LiveServer(f"http://127.0.0.1:{listening.getsockname()[1]}/live.ts")

        def serve() -> None:
            with suppress(OSError), listening.accept()[0] as connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: video/mp2t\r\n\r\n")
                server.began = CLOCK.now() - at_once
                for time, piece in pieces:
                    due = held_up[1] if held_up[0] <= time < held_up[1] else time
                    if over.wait(max(0.0, server.began + due - CLOCK.now())):
                        return
                    connection.sendall(piece)

        serving = threading.Thread(target=serve)
        serving.start()
        try:
            yield server
        finally:
            over.set()
            with suppress(OSError):
                socket.create_connection(listening.getsockname()).close()
            serving.join()


def test_what_a_live_server_sends_at_once_at_the_beginning_is_left_out(tmp_path: Path) -> None:
    with live_over_http(tmp_path, at_once=3.0) as server, running(server.url) as runner:
        wait_for(lambda: server.behind(runner.source) < 0.5, seconds=15)
        wait_for(lambda: abs(apart(runner.source)) < 0.05, seconds=15)


def test_what_a_live_server_sends_at_once_after_a_pause_is_left_out(tmp_path: Path) -> None:
    with live_over_http(tmp_path, at_once=0.5, held_up=(4.0, 5.8)) as server, running(server.url) as runner:
        wait_for(lambda: 6.0 < CLOCK.now() - server.began < 30.0, seconds=30)
        wait_for(lambda: server.behind(runner.source) < 0.5, seconds=10)
        wait_for(lambda: abs(apart(runner.source)) < 0.05, seconds=10)


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


@contextmanager
def answering(head: bytes, parts: Sequence[bytes], *, connections: int = 1) -> Iterator[str]:
    """A server that answers each of some connections with these parts, 0.05 s apart, and then stays silent."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            for _ in range(connections):
                with suppress(OSError), listening.accept()[0] as connection:
                    connection.recv(4096)
                    connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: " + head + b"\r\n\r\n")
                    for part in parts:
                        connection.sendall(part)
                        over.wait(0.05)
                    over.wait(0.0 if connections > 1 else 60)

        serving = threading.Thread(target=serve, daemon=True)
        serving.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/video"
        finally:
            over.set()


def jpegs() -> list[bytes]:
    """Forty pictures, of which each is a little lighter."""
    written = []
    for number in range(40):
        picture = io.BytesIO()
        Image.new("RGB", (160, 120), (40 + 4 * number, 90, 90)).save(picture, "JPEG")
        written.append(picture.getvalue())
    return written


MULTIPART = b"multipart/x-mixed-replace; boundary=part"
PART = b"Content-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n"


@pytest.mark.parametrize("first", [PART, b"", b"\r\nHello\r\n"], ids=["headers", "picture", "words"])
def test_a_camera_over_http_that_begins_without_a_boundary_is_shown_as_it_comes(first: bytes) -> None:
    pictures = jpegs()
    start = first % len(pictures[0]) if b"%d" in first else first
    parts = [start + pictures[0]] + [b"\r\n--part\r\n" + PART % len(each) + each for each in pictures[1:]]
    with answering(MULTIPART, parts, connections=2) as url:
        source = NetworkStream(name="board", clock=CLOCK, url=url)
        source.open()
        try:
            shades: list[float] = []
            while len(shades) < 30:
                source.read()
                newest = source.picture.newest() if source.picture else None
                assert newest is not None
                shades.append(float(newest.frame.to_ndarray(format="rgb24")[..., 0].mean()))
            assert np.diff(shades) == pytest.approx(4.0, abs=2.5), "each of them, in their order"
        finally:
            source.close()


def test_a_page_in_place_of_a_camera_is_no_answer() -> None:
    with answering(b"text/html", [b"<html>" + b"Log in first. " * 50], connections=4) as url:
        source = NetworkStream(name="board", clock=CLOCK, url=url)
        with pytest.raises(DeviceError, match="does not answer"):
            source.open()


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
    without_time = endless = False

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


class _Steady:
    """In the place of a decoding: a camera of 25 pictures a second, whose clock it moves on, but for one pause."""

    video = audio = None
    rate = 25.0

    def __init__(self, clock: ManualClock, *, live: bool, pause: float) -> None:
        self.without_time, self.endless = not live, True
        self._clock, self._pause, self.number = clock, pause, 0
        self.over = threading.Event()

    def next(self) -> Item:
        self.number += 1
        if self.number > 300:
            self.over.wait(10.0)
        self._clock.advance(0.04 + (self._pause if self.number == 100 else 0.0))
        return self._clock.now(), av.VideoFrame(64, 48, "yuv420p")

    def close(self) -> None:
        self.over.set()


@pytest.mark.parametrize("live", [True, False])
@pytest.mark.parametrize(("pause", "patience"), [(0.0, 0.35), (0.2, 0.72), (0.5, 1.0)])
def test_a_stream_may_send_nothing_for_as_long_as_its_pauses_make_likely(
    monkeypatch: pytest.MonkeyPatch, live: bool, pause: float, patience: float
) -> None:
    clock = ManualClock()
    camera = _Steady(clock, live=live, pause=pause)
    monkeypatch.setattr(stream, "Decoding", lambda *_, **__: camera)
    source = NetworkStream(name="board", clock=clock, url="http://127.0.0.1/video")
    source.open()
    assert source.stall == 1.0
    while camera.number < 300:
        source.read()
    assert source.stall == pytest.approx(patience, abs=0.01)
    camera.over.set()
    source.close()


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
    source = NetworkStream(name="board", clock=CLOCK, url="http://ada:secret@127.0.0.1:9/live?key=geheim")
    with pytest.raises(DeviceError) as caught:
        source.open()
    assert "secret" not in str(caught.value)
    assert "geheim" not in str(caught.value)
