"""Colour profiles (ICC.1:2010) for pictures, written from their primaries."""

from __future__ import annotations

import struct

__all__ = ["display_p3", "gray_of_gamma"]

_SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
_P3_COLORANTS = {
    b"rXYZ": (0.51512, 0.24120, -0.00105),
    b"gXYZ": (0.29198, 0.69225, 0.04189),
    b"bXYZ": (0.15710, 0.06657, 0.78407),
}
"""Adapted to D50."""


def display_p3() -> bytes:
    """Display P3, in which phones photograph: the primaries of P3, the curve of sRGB."""
    curve = _parametric(3, _SRGB_CURVE)
    tags = {name: _xyz(*value) for name, value in _P3_COLORANTS.items()}
    return _profile("Display P3", b"RGB ", tags | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve))


def gray_of_gamma(gamma: float) -> bytes:
    """A gray profile, as of a scanner."""
    return _profile("Gray", b"GRAY", {b"kTRC": _parametric(0, (gamma,))})


def _profile(name: str, space: bytes, tags: dict[bytes, bytes]) -> bytes:
    description = b"desc\0\0\0\0" + struct.pack(">I", len(name) + 1) + name.encode() + b"\0" + b"\0" * 78
    parts = {b"desc": description, b"cprt": b"text\0\0\0\0none\0", b"wtpt": _xyz(0.9642, 1.0, 0.8249)} | tags
    start = 132 + 12 * len(parts)
    table, data = struct.pack(">I", len(parts)), b""
    for tag, content in parts.items():
        table += tag + struct.pack(">II", start + len(data), len(content))
        data += content + b"\0" * (-len(content) % 4)
    head = struct.pack(">I4sI4s4s4s", start + len(data), b"none", 0x04000000, b"mntr", space, b"XYZ ")
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + b"\0" * 28 + _fixed(0.9642, 1.0, 0.8249)
    return head.ljust(128, b"\0") + table + data


def _fixed(*values: float) -> bytes:
    return b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def _xyz(*values: float) -> bytes:
    return b"XYZ \0\0\0\0" + _fixed(*values)


def _parametric(kind: int, values: tuple[float, ...]) -> bytes:
    return b"para\0\0\0\0" + struct.pack(">HH", kind, 0) + _fixed(*values)
