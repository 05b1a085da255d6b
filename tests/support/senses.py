"""Eyes and ears for a program's packets: when each flash and each beep in them begins, in seconds of the program."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import av
import numpy as np

from classroom.media.fanout import Subscription
from classroom.media.frames import SAMPLE_RATE, Codec
from classroom.media.program import Program
from tests.support.clips import brightness

__all__ = ["Ear", "Eye", "Senses", "beeps_after", "sensing"]

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


@dataclass(frozen=True)
class Senses:
    """What sees and hears a program."""

    eye: Eye
    ear: Ear


@contextlib.asynccontextmanager
async def sensing(program: Program) -> AsyncIterator[Senses]:
    """Look at a program that runs, and listen to it, until the end of the block."""
    senses = Senses(Eye(), Ear())

    async def take(subscription: Subscription, sense: Callable[[av.Packet[Any]], None]) -> None:
        async for encoded in subscription:
            sense(encoded.packet)

    subscriptions = program.fanout("h264").subscribe(), program.fanout("opus").subscribe()
    tasks = [
        asyncio.create_task(take(subscription, sense))
        for subscription, sense in zip(subscriptions, (senses.eye.look, senses.ear.hear), strict=True)
    ]
    try:
        yield senses
    finally:
        for subscription in subscriptions:
            subscription.close()
        await asyncio.gather(*tasks)


def beeps_after(flashes: Sequence[float], beeps: Sequence[float], within: float = 0.25) -> list[float]:
    """By how many seconds each flash's beep came after it, less than zero before it; of flashes that have a beep."""
    nearest = [min((beep - flash for beep in beeps), key=abs) for flash in flashes if beeps]
    return [late for late in nearest if abs(late) < within]
