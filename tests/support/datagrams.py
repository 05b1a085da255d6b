"""Datagrams that nobody sends who means well: of every first byte, cut off, over-long, forged."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator

from aioice import stun

__all__ = ["check", "forged"]

_LARGEST = 65_507


def forged() -> Iterator[bytes]:
    """Empty ones, over-long ones, and ones that begin like STUN, DTLS, RTP, RTCP, ZRTP and TURN's channels."""
    yield b""
    for size in (1, 2, 3, 11, 12, 13, 19, 20, 21, 1499, 1500, 1501, 9000, _LARGEST):
        for first in (0, 1, 3, 4, 16, 20, 21, 22, 23, 25, 32, 63, 64, 79, 80, 128, 143, 144, 191, 192, 255):
            yield bytes([first]) + os.urandom(size - 1)
    for first in range(256):
        yield bytes([first]) + os.urandom(40)
    yield from _stun()
    yield from _dtls()
    for kind in range(192, 224):  # RTCP of every kind
        yield struct.pack("!BBHL", 0x80, kind, 1, 7) + os.urandom(18)
    for size in range(12, 80):
        yield b"\x80\x60" + os.urandom(size)


def _stun() -> Iterator[bytes]:
    """Messages of STUN whose attributes are of every kind and of a length that is wrong for it."""
    for method in (1, 3, 8, 0x101, 0x111, 0x11, 0x3FFF):
        yield struct.pack("!HHI12s", method, 0, stun.COOKIE, os.urandom(12))
        for attribute in (1, 6, 8, 9, 0x0C, 0x0D, 0x14, 0x20, 0x24, 0x25, 0x8028, 0x8029, 0x802A, 0xFFFF):
            for size in (0, 1, 4, 8, 20):
                value = os.urandom(size) + bytes(-size % 4)
                yield (
                    struct.pack("!HHI12sHH", method, 4 + len(value), stun.COOKIE, os.urandom(12), attribute, size)
                    + value
                )


def _dtls() -> Iterator[bytes]:
    """Alerts and handshakes in every epoch that nobody has signed."""
    for version in (0xFEFF, 0xFEFD, 0xFEFC):
        for epoch in (0, 1, 2):
            for kind in (20, 21, 22, 23, 24, 26):
                for body in (b"\x02\x28", b"\x01\x00", b"\x01\x5a", b"", os.urandom(60)):
                    record = struct.pack("!BHHHLH", kind, version, epoch, 0, 5, len(body)) + body
                    yield record
                    yield record + record
    # One alert behind something else.
    yield (
        struct.pack("!BHHHLH", 23, 0xFEFD, 1, 0, 5, 4)
        + b"abcd"
        + struct.pack("!BHHHLH", 21, 0xFEFD, 0, 0, 6, 2)
        + b"\2\x28"
    )


def check(*, user: str, password: str, **attributes: object) -> bytes:
    """A check of connectivity as a peer sends it that knows the password."""
    message = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
    message.attributes = {"USERNAME": user, "PRIORITY": 1, "ICE-CONTROLLED": 1, **attributes}
    message.add_message_integrity(password.encode())
    return bytes(message)
