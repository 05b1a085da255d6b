"""The sound of this computer: what its loudspeakers play, as from a film in another window.

On Linux PulseAudio and PipeWire offer it as the monitor of the loudspeakers, and their own tool ``parec`` hands it
over. It is a process of its own on purpose: the library behind it keeps one connection for the life of a program, and
would not find a sound server that was started anew. Other systems offer no such thing to a program; there a driver that
plays into a microphone does it, which is a source of kind ``microphone``.
"""

from __future__ import annotations

import os
import platform
import select
import shutil
import subprocess
from typing import Final

import numpy as np

from classroom.clock import Clock
from classroom.errors import DeviceError
from classroom.media.frames import SAMPLE_RATE
from classroom.media.sources.base import Source

__all__ = ["ComputerSound", "offers_computer_sound"]

_TOOL: Final = "parec"
_FRAME: Final = 8
"""Bytes of a sample: two channels of float32."""

_WAIT: Final = 0.1
_QUIET: Final = 1.0
"""Seconds without a block after which it is taken for silence: an idle sound server may send nothing."""

_MOST: Final = SAMPLE_RATE * _FRAME // 2
"""Bytes that are taken at once: half a second."""

_ELSEWHERE: Final = {
    "Darwin": "macOS gives no program the sound of the computer. Install BlackHole (existential.audio/blackhole), let "
    "the computer play into it, and write kind: microphone, device: BlackHole.",
    "Windows": "Windows offers the sound of the computer as a microphone: enable 'Stereo Mix' in the recording "
    "devices, or install a virtual cable, and write kind: microphone with its name as the device.",
}


class ComputerSound(Source):
    """What this computer plays, at 48 kHz in stereo."""

    kind = "computer"

    def __init__(self, *, name: str, clock: Clock) -> None:
        super().__init__(name=name, clock=clock, sound=True)
        self._tool: subprocess.Popen[bytes] | None = None
        self._rest = b""
        self._heard = 0.0

    def open(self) -> None:
        """Begin to listen; DeviceError where the system does not offer this, saying what to do instead."""
        if platform.system() != "Linux":
            raise DeviceError(_ELSEWHERE.get(platform.system(), "This system offers no sound of the computer."))
        program = shutil.which(_TOOL)
        if program is None:
            raise DeviceError(
                f"The sound of the computer needs {_TOOL} (Debian, Ubuntu: sudo apt install pulseaudio-utils)."
            )
        options = ("--device=@DEFAULT_MONITOR@", "--raw", "--format=float32le", "--channels=2", "--latency-msec=20")
        self._tool = subprocess.Popen(
            [program, *options, f"--rate={SAMPLE_RATE}", "--client-name=classroom"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._rest, self._heard = b"", self.clock.now()

    def read(self) -> None:
        """Write what came into the sound buffer; DeviceError when the sound server is gone, or not there."""
        assert self._tool is not None
        assert self._tool.stdout is not None
        assert self.sound is not None
        pipe = self._tool.stdout.fileno()
        if not select.select([pipe], [], [], _WAIT)[0]:
            if self.clock.now() - self._heard > _QUIET:
                self._heard = self.clock.now()
                self.taken += 1
            return
        data = os.read(pipe, _MOST)
        now = self.clock.now()
        if not data:
            raise DeviceError(
                "The sound of the computer cannot be had: PulseAudio or PipeWire does not answer. Check that the "
                "computer plays sound at all; it is tried again."
            )
        data = self._rest + data
        whole = len(data) - len(data) % _FRAME
        self._rest = data[whole:]
        block = np.frombuffer(data[:whole], "<f4").reshape(-1, 2)
        self.sound.write(block, now - len(block) / SAMPLE_RATE)
        self._heard = now
        self.taken += 1

    def close(self) -> None:
        """Stop listening."""
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


def offers_computer_sound() -> bool:
    """Whether this system offers what it plays."""
    return platform.system() == "Linux" and shutil.which(_TOOL) is not None
