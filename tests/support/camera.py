"""A camera of its own process, which can be unplugged, stopped and frozen.

It sends raw pictures over TCP, which libav opens as a camera: red above, and below their number in black and white.
"""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.support.free_port import free_port

__all__ = ["BITS", "CameraProcess", "camera_process"]

BITS = 8
"""Columns of the lower half, the lowest bit of the picture's number at the left."""

_SIZE = (320, 180)
_RATE = 30


class CameraProcess:
    """The camera; ``device`` is what a lesson calls it."""

    def __init__(self) -> None:
        self.port = free_port()
        self.device = f"yuv4mpegpipe:tcp://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[str] | None = None

    def plug_in(self) -> None:
        """Start it; it can be opened when this returns."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(self.port)],
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def unplug(self) -> None:
        """Kill it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None

    def stop(self) -> None:
        """Let it send nothing, and yet not be gone."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it send again."""
        self._signal(signal.SIGCONT)

    def freeze(self) -> None:
        """Let it send the same picture again and again."""
        self._signal(signal.SIGUSR1)

    def thaw(self) -> None:
        """Let its pictures move again."""
        self._signal(signal.SIGUSR2)

    def _signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)


@contextlib.contextmanager
def camera_process() -> Iterator[CameraProcess]:
    """A camera that is plugged in, and unplugged in the end."""
    camera = CameraProcess()
    camera.plug_in()
    try:
        yield camera
    finally:
        camera.unplug()


def _picture(number: int) -> bytes:
    width, height = _SIZE
    half, column = height // 2, width // BITS
    red = bytes([81]) * width
    code = b"".join(bytes([235 if number >> bit & 1 else 16]) * column for bit in range(BITS))
    u = bytes([90]) * (width * half // 4) + bytes([128]) * (width * half // 4)
    v = bytes([240]) * (width * half // 4) + bytes([128]) * (width * half // 4)
    return b"FRAME\n" + red * half + code * half + u + v


def _serve(port: int) -> None:
    frozen = False

    def freeze(number: int, _: object) -> None:
        nonlocal frozen
        frozen = number == signal.SIGUSR1

    signal.signal(signal.SIGUSR1, freeze)
    signal.signal(signal.SIGUSR2, freeze)
    listener = socket.create_server(("127.0.0.1", port))
    print("ready", flush=True)
    number = 0
    while True:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            connection.sendall(b"YUV4MPEG2 W%d H%d F%d:1 Ip A1:1 C420jpeg\n" % (*_SIZE, _RATE))
            due = time.monotonic()
            while True:
                number += not frozen
                connection.sendall(_picture(number))
                due = max(due + 1 / _RATE, time.monotonic())
                time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
