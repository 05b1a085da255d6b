"""The wire does what is asked of it: measured with packets that really go through it."""

from __future__ import annotations

import asyncio
import json
import sys

import pytest

from tests.net.network import Network, Wire, unavailable
from tests.net.wire import Direction, Quality

pytestmark = pytest.mark.skipif(unavailable() is not None, reason=unavailable() or "")

ECHO = """
import socket
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); server.bind(("0.0.0.0", 9)); print("up", flush=True)
while True: server.sendto(*server.recvfrom(2000))
"""

PING = """
import json, socket, sys, time
host, count, size, gap = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); end.settimeout(gap); times = []
for number in range(count):
    began = time.monotonic(); end.sendto(number.to_bytes(4, "big") + bytes(size - 4), (host, 9))
    try:
        while int.from_bytes(end.recvfrom(2000)[0][:4], "big") != number: pass
        times.append(time.monotonic() - began)
    except TimeoutError: pass
print(json.dumps(times))
"""


async def ping(network: Network, wire: Wire, count: int, size: int = 100, patience: float = 0.5) -> list[float]:
    """Round trips of those of ``count`` packets that came back, in seconds."""
    echo = await asyncio.create_subprocess_exec(
        "ip", "netns", "exec", network.teacher, sys.executable, "-c", ECHO, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert echo.stdout is not None
        await asyncio.wait_for(echo.stdout.readline(), 30)
        asking = await asyncio.create_subprocess_exec(
            "ip", "netns", "exec", wire.namespace, sys.executable, "-c", PING,
            wire.teacher, str(count), str(size), str(patience), stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, _ = await asking.communicate()
        times: list[float] = json.loads(out)
        return times
    finally:
        echo.kill()
        await echo.wait()


async def test_it_delays_and_loses() -> None:
    async with Network() as network:
        wire = await network.plug_in(delay=0.04, loss=0.1)
        times = await ping(network, wire, 60, patience=0.3)
        assert 30 <= len(times) < 60  # 0.9 × 0.9 of 60 is 49, and a seed is a seed
        assert min(times) >= 0.08


async def test_an_outage_ends() -> None:
    async with Network() as network:
        wire = await network.plug_in()
        await wire.become(up=False)
        assert await ping(network, wire, 3, patience=0.2) == []
        await wire.become(up=True)
        assert len(await ping(network, wire, 3)) == 3


def test_a_rate_is_kept_and_a_full_queue_drops() -> None:
    direction, quality = Direction(1), Quality(rate=80_000, queue=0.25)
    arrivals = [direction.arrival(1000, 0.0, quality) for _ in range(6)]
    assert arrivals == [pytest.approx(0.1), pytest.approx(0.2), pytest.approx(0.3), None, None, None]
    assert direction.arrival(1000, 10.0, quality) == pytest.approx(10.1)


def test_it_is_the_same_each_time() -> None:
    quality = Quality(loss=0.3, jitter=0.02)
    runs = [[Direction(7).arrival(100, float(n), quality) for n in range(50)] for _ in range(2)]
    assert runs[0] == runs[1]
