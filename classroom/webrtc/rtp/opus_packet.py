"""Joins Opus packets to one (RFC 6716, section 3), without a decoder.

A packet of one byte means that its frame was lost (3.2.1): a decoder conceals the frame from those before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

__all__ = ["join", "joinable", "lost", "samples", "single"]

_MOST: Final = 5760
"""Samples at 48 kHz in a packet at most: 120 ms."""

_SILK: Final = (480, 960, 1920, 2880)
_HYBRID: Final = (480, 960)
_CELT: Final = (120, 240, 480, 960)

_LONGEST: Final = 1275
"""Bytes in a frame at most."""

_SHORT: Final = 252
"""A frame of fewer bytes has a length of one byte."""

_CODE: Final = 3
"""The bits of the first byte that say how many frames there are: 0 stands for one, 3 for a number that follows."""

_LENGTHS_DIFFER: Final = 0x80


def single(packet: bytes) -> bool:
    """Whether a packet has exactly one frame, as those of browsers do."""
    return 0 < len(packet) <= 1 + _LONGEST and packet[0] & _CODE == 0


def samples(packet: bytes) -> int:
    """How many samples at 48 kHz each frame of a packet has."""
    configuration = packet[0] >> 3
    if configuration < 12:
        return _SILK[configuration % 4]
    if configuration < 16:
        return _HYBRID[configuration % 2]
    return _CELT[configuration % 4]


def lost(before: bytes) -> bytes:
    """A packet that replaces one that was lost after ``before``, which is ``single``."""
    return before[:1]


def joinable(packets: Sequence[bytes]) -> bool:
    """Whether packets can be joined: each ``single``, of one kind apart from the lost ones, not too long together."""
    return (
        all(single(packet) for packet in packets)
        and len({samples(packet) for packet in packets}) == 1
        and len({packet[0] for packet in packets if len(packet) > 1}) <= 1
        and len(packets) * samples(packets[0]) <= _MOST
    )


def join(packets: Sequence[bytes]) -> bytes:
    """One packet with the frames of all of them; they are ``joinable``, or there is only one."""
    if len(packets) == 1:
        return packets[0]
    kind = next((packet[0] for packet in packets if len(packet) > 1), packets[0][0])
    frames = [packet[1:] for packet in packets]
    head = bytes([kind | _CODE, _LENGTHS_DIFFER | len(frames)])
    return b"".join((head, *(_length(frame) for frame in frames[:-1]), *frames))


def _length(frame: bytes) -> bytes:
    """The length of a frame in bytes, in the format of 3.2.1."""
    size = len(frame)
    if size < _SHORT:
        return bytes([size])
    first = _SHORT + size % 4
    return bytes([first, (size - first) // 4])
