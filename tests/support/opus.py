"""Opus packets of a steady tone."""

from __future__ import annotations

import fractions

import numpy as np
from aiortc.codecs.opus import OpusEncoder
from av import AudioFrame

from classroom.media.frames import SAMPLE_RATE

__all__ = ["tone"]


def tone(count: int) -> list[bytes]:
    """Packets of 20 ms of 440 Hz at half of full scale."""
    encoder = OpusEncoder()
    packets: list[bytes] = []
    for number in range(count):
        at = (number * 960 + np.arange(960)) / SAMPLE_RATE
        samples = (0.5 * np.sin(2 * np.pi * 440 * at) * 32767).astype(np.int16)
        frame = AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, number * 960, fractions.Fraction(1, SAMPLE_RATE)
        packets += encoder.encode(frame)[0]
    return packets
