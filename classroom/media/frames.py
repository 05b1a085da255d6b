"""The values that flow from sources to students: pictures, sound blocks and encoded packets.

Times called ``captured`` are clock seconds; time stamps called ``pts`` count units of ``time_base`` from the
start of the program, for picture (90 kHz) and sound (48 kHz) from the same instant.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, Literal, Protocol

import av
import numpy as np
import numpy.typing as npt

__all__ = [
    "PICTURE_TIME_BASE",
    "SAMPLE_RATE",
    "SOUND_TIME_BASE",
    "Codec",
    "Demand",
    "Encoded",
    "Picture",
    "PictureSlot",
    "Samples",
]

SAMPLE_RATE: Final = 48_000
"""Samples a second of all sound inside the house, Hz."""

PICTURE_TIME_BASE: Final = Fraction(1, 90_000)
SOUND_TIME_BASE: Final = Fraction(1, SAMPLE_RATE)

Codec = Literal["h264", "vp8", "opus"]

Samples = npt.NDArray[np.float32]
"""Sound of shape (n, 2): n stereo samples, full scale ±1."""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One picture of a source, in any size and pixel format.

    Nobody writes into ``frame`` after it was put into a slot. ``serial`` differs between different pictures of a
    source, so that a mixer can keep what it made of an unchanged one.
    """

    frame: av.VideoFrame
    captured: float
    serial: int


class PictureSlot:
    """Holds the newest picture of a source, and nothing else.

    One thread puts, any thread looks. Replacing a reference is atomic in Python, so there is no lock.
    """

    def __init__(self) -> None:
        self._newest: Picture | None = None

    def put(self, picture: Picture) -> None:
        """Replace the newest picture."""
        self._newest = picture

    def clear(self) -> None:
        """Forget the newest picture, as when its source is lost."""
        self._newest = None

    def newest(self) -> Picture | None:
        """The newest picture, or None before the first and after a loss."""
        return self._newest


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """One encoded picture or sound block, shared by all who subscribe.

    ``packet`` carries pts and time base; nobody writes into it. ``captured`` is when its tick, or its first sound,
    began, in clock seconds.
    """

    codec: Codec
    packet: av.Packet[Any]
    key: bool
    captured: float


class Demand(Protocol):
    """The only thing that travels upstream, from a subscriber to its encoder."""

    def key_frame(self) -> None:
        """Ask for a key frame soon; many requests become one. May be called from any thread."""
        ...
