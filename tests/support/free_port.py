"""Ports that nobody else is given, for a server that must come back at the same address or starts a moment later.

A port that the system gave for a moment may be given to somebody else before it is used: several tests run side by
side. So these come from below the range out of which systems give ports by themselves (RFC 6335: 49152 and above;
Linux: 32768 and above), and each test process has a part of its own.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import socket
from collections.abc import Iterator

__all__ = ["free_port"]

_FIRST, _EACH, _PARTS = 10_000, 250, 40


def _own_ports() -> Iterator[int]:
    """The ports of this process, over and over: by its number among those that run side by side, else by chance."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    part = int(worker.removeprefix("gw")) % 20 if worker else random.randrange(20, _PARTS)
    first = _FIRST + part * _EACH
    return itertools.cycle(range(first, first + _EACH))


_ports = _own_ports()


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port of the loopback on which nothing listens, that no other test and, by chance, no other program is given."""
    for port in itertools.islice(_ports, _EACH):
        with socket.socket(socket.AF_INET, kind) as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("all ports of this process are in use")
