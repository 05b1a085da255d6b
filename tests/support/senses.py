"""Eyes and ears for a program's packets: when each flash and each beep in them begins, in seconds of the program."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import av
import numpy as np

from classroom.media.frames import SAMPLE_RATE, Codec
from tests.support.clips import brightness

__all__ = ["Ear", "Eye", "beeps_after"]

_BRIGHT: Final = 150
_LOUD: Final = 0.05
_PAUSE: Final = 0.05
"""Seconds of quiet before what is loud is another beep."""


class Eye:
    """Decodes pictures and notes when it gets bright."""

    def __init__(self, codec: Codec = "h264") -> None:
        self.flashes: list[float] = []
        self._context: Any = av.CodecContext.create(codec, "r")
        self._context.thread_count = 1
        self._bright = False

    def look(self, packet: av.Packet[Any]) -> None:
        """Take the next packet."""
        for frame in self._context.decode(packet):
            bright = brightness(frame) > _BRIGHT
            if bright and not self._bright:
                self.flashes.append(float(frame.pts * packet.time_base))
            self._bright = bright


class Ear:
    """Decodes sound and notes when it gets loud."""

    def __init__(self) -> None:
        self.beeps: list[float] = []
        self._context: Any = av.CodecContext.create("libopus", "r")
        self._context.sample_rate, self._context.layout = SAMPLE_RATE, "stereo"
        self._heard = -math.inf

    def hear(self, packet: av.Packet[Any]) -> None:
        """Take the next packet."""
        for frame in self._context.decode(packet):
            assert frame.format.name == "s16"
            samples = frame.to_ndarray().reshape(-1, 2)[:, 0].astype(np.float32) / 32768
            loud = float(frame.pts * packet.time_base) + np.nonzero(np.abs(samples) > _LOUD)[0] / SAMPLE_RATE
            if len(loud):
                quiet = np.diff(loud, prepend=self._heard)
                self.beeps += loud[quiet > _PAUSE].tolist()
                self._heard = float(loud[-1])


def beeps_after(flashes: Sequence[float], beeps: Sequence[float], within: float = 0.25) -> list[float]:
    """By how many seconds each flash's beep came after it, less than zero before it; of flashes that have a beep."""
    nearest = [min((beep - flash for beep in beeps), key=abs) for flash in flashes if beeps]
    return [late for late in nearest if abs(late) < within]
