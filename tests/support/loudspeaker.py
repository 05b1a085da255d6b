"""What a browser really plays: the monitor of a sound card that nobody hears, with the time of each beep."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping
from typing import Final

import numpy as np
import pytest

__all__ = ["Loudspeaker", "loudspeaker"]

_RATE: Final = 48_000
_LOUD: Final = 1000
_APART: Final = 0.3
_BEHIND: Final = 200
"""Blocks of which the one that came fastest tells when samples are played; the others were held up on their way."""


class Loudspeaker:
    """``beeps`` are the seconds since 1970 at which one began to be played."""

    def __init__(self) -> None:
        self.beeps: list[float] = []
        self._count = 0
        self._loud = -1.0
        self._ways: deque[float] = deque(maxlen=_BEHIND)

    def take(self, samples: bytes, now: float) -> None:
        """Listen to samples that came at this second."""
        block = np.frombuffer(samples, "<i2")
        self._ways.append(now - (self._count + len(block)) / _RATE)
        for at in np.flatnonzero(np.abs(block.astype(np.int32)) > _LOUD):
            loud = (self._count + int(at)) / _RATE
            if loud - self._loud > _APART:
                self.beeps.append(min(self._ways) + loud)
            self._loud = loud
        self._count += len(block)


@contextlib.asynccontextmanager
async def loudspeaker(card: Mapping[str, str]) -> AsyncIterator[Loudspeaker]:
    """Listen to the sound card that ``bench.pulse.sound_card`` made."""
    program = shutil.which("parec")
    if program is None:
        pytest.skip("parec is not installed (apt-get install pulseaudio-utils)")
    process = await asyncio.create_subprocess_exec(
        *(program, "--device=classroom.monitor", "--latency-msec=10", "--rate=48000", "--channels=1"),
        "--format=s16le",
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, **card},
    )
    assert process.stdout is not None
    made = Loudspeaker()
    listening = asyncio.create_task(_listen(process.stdout, made), name="loudspeaker")
    try:
        yield made
    finally:
        process.terminate()
        await process.wait()
        await listening


async def _listen(stream: asyncio.StreamReader, made: Loudspeaker) -> None:
    half = b""
    while came := half + await stream.read(8192):
        if came == half:
            return
        whole = len(came) // 2 * 2
        made.take(came[:whole], time.time())
        half = came[whole:]
