"""A wire with delay, jitter, loss, a rate and outages between two network namespaces, as a process of its own.

Many kernels are built without netem, but TUN devices are everywhere: this process reads the packets of one device and
writes them to the other when their time has come. ``python -m tests.net.wire NAMESPACE DEVICE NAMESPACE DEVICE``
attaches to two TUN devices, says ``ready`` on standard output, and takes its settings as JSON lines on standard input:
``{"delay": s, "jitter": s, "loss": 0…1, "rate": bits/s or null, "queue": s, "up": bool}``. It ends with its input.
"""

from __future__ import annotations

import ctypes
import fcntl
import heapq
import json
import os
import random
import select
import struct
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

__all__ = ["Direction", "Quality"]

_TUNSETIFF: Final = 0x400454CA
_IFF_TUN: Final = 0x0001
_IFF_NO_PI: Final = 0x1000
_CLONE_NEWNET: Final = 0x40000000
_LARGEST: Final = 65_536


@dataclass(frozen=True)
class Quality:
    """How well a wire works; the same in both directions. Times in seconds, rate in bits a second."""

    delay: float = 0.0
    jitter: float = 0.0
    loss: float = 0.0
    rate: float | None = None
    queue: float = 0.3
    """Packets that would wait longer than this for their turn are dropped, as by a router."""
    up: bool = True


class Direction:
    """One direction of a wire as a pure function of time: when, if ever, a packet arrives."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._busy_until = 0.0
        self._last = 0.0

    def arrival(self, size: int, now: float, quality: Quality) -> float | None:
        """When a packet of ``size`` bytes that is sent now arrives; None when it is lost. Nothing is reordered."""
        if not quality.up or self._random.random() < quality.loss:
            return None
        start = max(now, self._busy_until)
        if quality.rate is not None:
            if start - now > quality.queue:
                return None
            start += size * 8 / quality.rate
            self._busy_until = start
        self._last = max(self._last, start + quality.delay + self._random.random() * quality.jitter)
        return self._last


def _attach(namespace: str, device: str) -> int:
    with Path(f"/run/netns/{namespace}").open("rb") as handle:
        if ctypes.CDLL(None, use_errno=True).setns(handle.fileno(), _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"cannot enter the namespace {namespace}")
    tunnel = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tunnel, _TUNSETIFF, struct.pack("16sH22x", device.encode(), _IFF_TUN | _IFF_NO_PI))
    return tunnel


def main() -> None:
    """Carry packets until standard input ends."""
    ends = [_attach(*sys.argv[1:3]), _attach(*sys.argv[3:5])]
    directions = [Direction(1), Direction(2)]
    quality = Quality()
    due: list[tuple[float, int, int, bytes]] = []
    carried = 0
    poll = select.poll()
    for end in (*ends, 0):
        poll.register(end, select.POLLIN)
    print("ready", flush=True)
    settings = b""
    while True:
        wait = None if not due else max(0.0, (due[0][0] - time.monotonic()) * 1000)
        ready = {descriptor for descriptor, _ in poll.poll(wait)}
        if 0 in ready:
            read = os.read(0, 65_536)
            if not read:
                return
            *lines, settings = (settings + read).split(b"\n")
            for line in lines:
                quality = replace(quality, **json.loads(line))
        for side, end in enumerate(ends):
            while end in ready:
                try:
                    packet = os.read(end, _LARGEST)
                except BlockingIOError:
                    break
                arrival = directions[side].arrival(len(packet), time.monotonic(), quality)
                if arrival is not None:
                    carried += 1
                    heapq.heappush(due, (arrival, carried, ends[1 - side], packet))
        now = time.monotonic()
        while due and due[0][0] <= now:
            _, _, target, packet = heapq.heappop(due)
            try:
                os.write(target, packet)
            except BlockingIOError:
                continue  # the kernel's own queue is full, and then a wire loses packets, too


if __name__ == "__main__":
    main()
