"""Strangers, students and guests who misbehave, as fast as one process can; run as a process of its own.

``python -m tests.support.attacks`` reads one JSON object (the fields of Victim and the attack's name) from its standard
input, attacks until the time is over, and ends. What breaks off meanwhile is begun again: an attacker does not mind.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import socket
import struct
import sys
import time
import zlib
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import asdict, dataclass, field
from typing import Final

from tests.support.native_client import Dropped, NativeClient

__all__ = ["ATTACKS", "FROM_INSIDE", "Victim", "attack"]

ELSEWHERE: Final = "127.0.0.9"
"""Where the attacker sits: not where the student does."""


@dataclass(frozen=True)
class Victim:
    """A lesson: its port, the addresses on which a student's media travel, a guest's key, the teacher's token."""

    port: int
    media: list[tuple[str, int]] = field(default_factory=list)
    key: str = ""
    token: str = ""
    seconds: float = 3.0


Attack = Callable[[Victim], Coroutine[None, None, None]]
ATTACKS: Final[dict[str, Attack]] = {}
FROM_INSIDE: Final = {"a page that says too much", "candidates of other people", "a guest that reads nothing",
                      "a teacher's script that reads nothing"}  # fmt: skip
"""Attacks of those who are in; a closed port has none."""


def named(name: str) -> Callable[[Attack], Attack]:
    def keep(work: Attack) -> Attack:
        ATTACKS[name] = work
        return work

    return keep


async def attack(name: str, victim: Victim) -> None:
    """Attack from another process until the time is over."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.attacks",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    said = json.dumps({"name": name, **asdict(victim)}).encode()
    try:
        await asyncio.wait_for(process.communicate(said), victim.seconds + 30)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, "the attacker itself failed"


# What they do


async def often(count: int, victim: Victim, once: Callable[[], Awaitable[None]]) -> None:
    """Do something in so many places at once, again and again until the time is over."""

    async def again() -> None:
        while True:
            try:
                await once()
            except (OSError, EOFError, Dropped, TimeoutError):
                await asyncio.sleep(0.001)  # not only refusals, or the attacker would take a whole processor for them

    try:
        async with asyncio.timeout(victim.seconds), asyncio.TaskGroup() as group:
            for _ in range(count):
                group.create_task(again())
    except TimeoutError:
        pass


async def connect(victim: Victim) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", victim.port, local_addr=(ELSEWHERE, 0))


async def flood(victim: Victim, data: bytes, *, first: bytes = b"", read: bool = True) -> None:
    """Send the same until the connection ends; what comes back is thrown away, or left where it is."""
    reader, writer = await connect(victim)
    try:
        writer.write(first)
        if first and read:
            await reader.readuntil(b"\r\n\r\n")

        async def swallow() -> None:
            while await reader.read(65536):
                pass
            raise EOFError

        async def pour() -> None:
            while True:
                writer.write(data)
                await writer.drain()
                await asyncio.sleep(0)

        works = [asyncio.create_task(pour())] + ([asyncio.create_task(swallow())] if read else [])
        try:
            await asyncio.gather(*works)
        finally:
            for work in works:
                work.cancel()
            await asyncio.gather(*works, return_exceptions=True)
    finally:
        writer.transport.abort()


def head(line: str, **headers: str) -> bytes:
    lines = [
        f"{line} HTTP/1.1",
        "Host: 127.0.0.1",
        *(f"{name.replace('_', '-')}: {it}" for name, it in headers.items()),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


UPGRADE: Final = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec_WebSocket_Version": "13",
                  "Sec_WebSocket_Key": "AAAAAAAAAAAAAAAAAAAAAA=="}  # fmt: skip


def handshake(**more: str) -> bytes:
    return head("GET /control", **UPGRADE, **more)


def frame(data: bytes, *, compressed: bool = False) -> bytes:
    """A masked text frame (RFC 6455 §5.2); the mask is zero."""
    size = len(data)
    length = struct.pack("!B", 128 | size) if size < 126 else (
        struct.pack("!BH", 254, size) if size < 65536 else struct.pack("!BQ", 255, size)
    )  # fmt: skip
    return bytes([0xC1 if compressed else 0x81]) + length + bytes(4) + data


def request(method: str, **params: object) -> bytes:
    return frame(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode())


@named("text before hello")
async def _(victim: Victim) -> None:
    await often(4, victim, lambda: flood(victim, frame(b"nonsense" * 4) * 200, first=handshake()))


@named("bombs before hello")
async def _(victim: Victim) -> None:
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = squeeze.compress(b"[" + b"1," * 520_000 + b"1]") + squeeze.flush(zlib.Z_SYNC_FLUSH)
    first = handshake(Sec_WebSocket_Extensions="permessage-deflate")
    await often(6, victim, lambda: flood(victim, frame(bomb[:-4], compressed=True) * 50, first=first))


@named("deep JSON before hello")
async def _(victim: Victim) -> None:
    await often(6, victim, lambda: flood(victim, frame(b"[" * 900_000), first=handshake()))


@named("guessed tokens")
async def _(victim: Victim) -> None:
    async def once() -> None:
        reader, writer = await connect(victim)
        try:
            writer.write(handshake() + request("hello", token=f"{random.getrandbits(60)}"))
            async with asyncio.timeout(0.3):
                await reader.read()
        finally:
            writer.transport.abort()

    await often(40, victim, once)


@named("names that are too long")
async def _(victim: Victim) -> None:
    async def once() -> None:
        path = random.choice(
            ["/assets/lib/" + "a" * 300, "/assets/lib/" + "a/" * 200, "/assets/lib/%00", "/" + "é" * 900]
        )
        await flood(victim, head(f"GET {path}") * 20)

    await often(8, victim, once)


@named("bodies that are no gzip")
async def _(victim: Victim) -> None:
    one = head("POST /message?peer_id=1&to=2", Content_Encoding="gzip", Content_Length="4") + b"junk"
    await often(8, victim, lambda: flood(victim, one * 20))


@named("answers that are not read")
async def _(victim: Victim) -> None:
    many = head("GET /assets/lib/receiver.js") * 50 + head("GET /metrics") * 50
    await often(60, victim, lambda: flood(victim, many, read=False))


@named("wrong bearer tokens")
async def _(victim: Victim) -> None:
    one = head("GET /metrics", Authorization="Bearer wrong", X_Forwarded_For="192.0.2.1")
    await often(30, victim, lambda: flood(victim, one))


@named("targets in a header")
async def _(victim: Victim) -> None:
    one = head("GET /", X_Classroom_Target="/sign_in?forged", X_Forwarded_For="192.0.2.1")
    await often(8, victim, lambda: flood(victim, one * 20))


@named("guessed ids")
async def _(victim: Victim) -> None:
    async def once() -> None:
        await flood(victim, head(f"GET /wait?peer_id={random.getrandbits(31)}") * 5)

    await often(40, victim, once)


@named("connections that say nothing")
async def _(victim: Victim) -> None:
    async def once() -> None:
        _, writer = await connect(victim)
        try:
            writer.write(random.choice([b"", b"CONNECT x:1 HTTP/1.1\r\n\r\n", b"GET / HT", b"\x16\x03\x01"]))
            await asyncio.sleep(0.2)
        finally:
            writer.transport.abort()

    await often(400, victim, once)


@named("odd datagrams")
async def _(victim: Victim) -> None:
    await throw(victim, lambda: [b"", bytes(65_000), os.urandom(random.randrange(1, 1400)), b"\xff" * 20])


@named("forged STUN, DTLS and SRTP")
async def _(victim: Victim) -> None:
    def forged() -> list[bytes]:
        user = b"abcd:efgh"
        binding = struct.pack("!HHI12s", 1, 24, 0x2112A442, os.urandom(12)) + struct.pack("!HH", 6, len(user)) + user
        return [
            binding + bytes(3) + struct.pack("!HHI", 0x24, 4, 1),
            struct.pack("!BHHIHH", 21, 0xFEFD, 0, 0, 1, 2) + b"\x02\x28",  # an alert that nobody has sealed
            struct.pack("!BHHIHH", 22, 0xFEFD, 0, 0, 1, 40) + os.urandom(40),
            struct.pack("!BBHII", 0x80, 96, 7, 7, 7) + os.urandom(900),
            struct.pack("!BBHI", 0x80, 203, 1, 7) + os.urandom(20),
        ]

    await throw(victim, forged)


async def throw(victim: Victim, make: Callable[[], list[bytes]]) -> None:
    """Throw datagrams at the ports of the media, 2000 a second: more is a load for any machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as thrower:
        until = time.monotonic() + victim.seconds
        while time.monotonic() < until:
            for data in make():
                for address in victim.media or [("127.0.0.1", 9)]:
                    try:
                        thrower.sendto(data, address)
                    except OSError:
                        continue
            await asyncio.sleep(0.005)


@named("a page that says too much")
async def _(victim: Victim) -> None:
    async def once() -> None:
        async with NativeClient("127.0.0.1", victim.port, b"talker") as client:
            await client.sign_in()
            hub = next(iter(client.peers))
            large = json.dumps({"type": "hello", "app": "classroom", "version": 1, "more": [1] * 100_000}).encode()
            while True:
                await client.send_message(hub, large)

    await often(3, victim, once)


@named("candidates of other people")
async def _(victim: Victim) -> None:
    async def once() -> None:
        async with NativeClient("127.0.0.1", victim.port, b"pointer") as client:
            await client.sign_in()
            hub = next(iter(client.peers))
            while (offer := json.loads((await client.next_message()).body)).get("type") != "offer":
                pass
            await client.send_message(hub, json.dumps({"type": "answer", "sdp": pointing(offer["sdp"])}).encode())
            await asyncio.sleep(1.0)

    await often(5, victim, once)


def pointing(offer: str) -> str:
    """An answer to an offer whose candidates are all somebody else's."""
    skipped = ("a=candidate", "a=end-of", "a=ssrc", "a=msid", "a=ice-options", "c=", "a=rtcp:")
    lines = [line for line in offer.splitlines() if not line.startswith(skipped)]
    text = "\r\n".join(lines).replace("a=sendonly", "a=recvonly").replace("a=setup:actpass", "a=setup:active") + "\r\n"
    candidates = "".join(
        f"a=candidate:{n} 1 udp {n} 127.0.0.{n} {20_000 + n} typ host\r\n" for n in range(10, 254)
    )  # fmt: skip
    first, *sections = text.split("m=")
    return first + "".join(f"m={section}{candidates if not at else ''}" for at, section in enumerate(sections))


@named("a guest that reads nothing")
async def _(victim: Victim) -> None:
    hello = handshake() + request("hello", key=victim.key)
    await often(4, victim, lambda: flood(victim, request("peer.close") * 100, first=hello, read=False))


@named("a teacher's script that reads nothing")
async def _(victim: Victim) -> None:
    hello = handshake() + request("hello", token=victim.token)
    await often(2, victim, lambda: flood(victim, request("methods") * 500, first=hello, read=False))


@named("sign-ins without end")
async def _(victim: Victim) -> None:
    await often(30, victim, lambda: flood(victim, head(f"GET /sign_in?{random.getrandbits(30)}") * 5))


def main() -> None:
    """Attack as standard input says."""
    said = json.load(sys.stdin)
    name = said.pop("name")
    said["media"] = [tuple(each) for each in said["media"]]
    asyncio.run(_run(ATTACKS[name], Victim(**said)))


async def _run(work: Attack, victim: Victim) -> None:
    attacking = asyncio.create_task(work(victim))
    await asyncio.wait({attacking}, timeout=victim.seconds + 5)
    if attacking.done():
        attacking.result()
    # At once, whatever is still open: in Python 3.11 a task that waits for something with a time limit may miss that it
    # was cancelled (python/cpython#86296), and would go on for ever.
    os._exit(0)


if __name__ == "__main__":
    main()
