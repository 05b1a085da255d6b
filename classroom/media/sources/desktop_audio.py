"""Desktop audio: what the loudspeakers play, from PulseAudio or PipeWire. Both offer it as the loudspeakers' monitor.

Their own tool ``parec`` delivers it. It is a process of its own on purpose: the library behind it keeps one
connection for the life of a program, and would not find a sound server that was restarted.
"""

from __future__ import annotations

import os
import platform
import select
import shutil
import subprocess
from typing import Final

import numpy as np

from classroom.common.clock import Clock
from classroom.common.errors import DeviceError
from classroom.common.sentences import Wording
from classroom.media.frames import SAMPLE_RATE, Samples

__all__ = ["DesktopAudio", "desktop_audio_tool"]

_TOOL: Final = "parec"
_FRAME: Final = 8
"""Bytes of a sample: two channels of float32."""

_ANSWER: Final = 0.5
"""Seconds in which the tool has found out that there is no sound server; an idle one may send nothing for that long."""

_WAIT: Final = 0.1

_MOST: Final = SAMPLE_RATE * _FRAME // 2
"""Bytes that are taken at once: half a second."""

_NO_ANSWER: Final = Wording(
    "computer.no_answer",
    "The computer's sound is not available: PulseAudio or PipeWire does not answer. Check that the "
    "computer plays sound at all; retrying automatically.",
)


class DesktopAudio:
    """Gives blocks in stereo at 48 kHz of what is played."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tool: subprocess.Popen[bytes] | None = None
        self._rest = b""

    def open(self, program: str) -> None:
        """Begin to listen by the tool at this path; DeviceError where no sound server answers."""
        options = ("--device=@DEFAULT_MONITOR@", "--raw", "--format=float32le", "--channels=2", "--latency-msec=20")
        self._tool = subprocess.Popen(
            [program, *options, f"--rate={SAMPLE_RATE}", "--client-name=classroom"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._rest = b""
        try:
            self._rest = self._receive(_ANSWER) or b""
        except DeviceError:
            self.close()
            raise

    def read(self) -> tuple[Samples, float] | None:
        """The next block (n, 2) and the clock second at which it began; None after a moment without one.

        DeviceError when the sound server is gone.
        """
        data = self._receive(_WAIT)
        if data is None:
            return None
        now = self._clock.now()
        data = self._rest + data
        whole = len(data) - len(data) % _FRAME
        self._rest = data[whole:]
        block = np.frombuffer(data[:whole], "<f4").reshape(-1, 2)
        return block, now - len(block) / SAMPLE_RATE

    def close(self) -> None:
        """Stop listening; does nothing where it is not open."""
        tool, self._tool = self._tool, None
        if tool is not None:
            tool.terminate()
            try:
                tool.wait(1.0)
            except subprocess.TimeoutExpired:
                tool.kill()
                tool.wait()
            if tool.stdout is not None:
                tool.stdout.close()

    def _receive(self, seconds: float) -> bytes | None:
        """What the tool delivers within this many seconds."""
        assert self._tool is not None
        assert self._tool.stdout is not None
        pipe = self._tool.stdout.fileno()
        if not select.select([pipe], [], [], seconds)[0]:
            return None
        data = os.read(pipe, _MOST)
        if not data:
            raise DeviceError(_NO_ANSWER())
        return data


def desktop_audio_tool() -> str | None:
    """The path of the tool; None where it is not there."""
    return shutil.which(_TOOL) if platform.system() == "Linux" else None
