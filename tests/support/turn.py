"""coturn, started by a test on loopback and on this machine's own address, with a configuration of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

__all__ = ["SECRET", "TurnServer", "needs_coturn", "own_address", "silent_port", "turn_server"]

SECRET = "what coturn and the lesson share"

_RELAYS = 60
"""Relay ports; each connection of a page takes one for each address and transport."""


@dataclass(frozen=True)
class TurnServer:
    """A running server."""

    address: str
    port: int
    tls_port: int
    log: Path

    @property
    def url(self) -> str:
        """How a lesson names it, by this machine's own address."""
        return f"turn:{self.address}:{self.port}"

    @property
    def local_url(self) -> str:
        """The same by loopback."""
        return f"turn:127.0.0.1:{self.port}"


def own_address() -> str:
    """The address by which this machine sends to others; loopback where there is no other."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"


@contextlib.contextmanager
def silent_port() -> Iterator[int]:
    """A UDP port of the loopback that takes everything and answers nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        yield int(silent.getsockname()[1])


def needs_coturn() -> str:
    """Where coturn is; the test is skipped where there is none, except where CI says there must be."""
    program = shutil.which("turnserver")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("There is no coturn. Install the package coturn.")
        pytest.skip("no coturn on this machine; install the package coturn")
    return program


@contextlib.asynccontextmanager
async def turn_server(
    folder: Path, *, secret: str = SECRET, certificate: Path | None = None
) -> AsyncIterator[TurnServer]:
    """Run coturn in a folder; the test is skipped where there is none, except where CI says there must be.

    ``certificate`` is a file with a chain and its key, for TLS.
    """
    program = needs_coturn()
    address = own_address()
    port = _free_ports(_RELAYS + 2)
    tls_port, lowest = port + 1, port + 2
    addresses = dict.fromkeys(("127.0.0.1", address))
    lines = [
        *(f"listening-ip={each}" for each in addresses),
        *(f"relay-ip={each}" for each in addresses),
        f"listening-port={port}",
        f"min-port={lowest}",
        f"max-port={lowest + _RELAYS - 1}",
        "use-auth-secret",
        f"static-auth-secret={secret}",
        "realm=classroom.test",
        "allow-loopback-peers",
        "no-cli",
        "no-dtls",
        *(
            [f"tls-listening-port={tls_port}", f"cert={certificate}", f"pkey={certificate}"]
            if certificate
            else ["no-tls"]
        ),
        "log-file=stdout",
        "simple-log",
        f"userdb={folder / 'turn.sqlite'}",
        f"pidfile={folder / 'turn.pid'}",
    ]
    configuration = folder / "turnserver.conf"
    configuration.write_text("\n".join(lines) + "\n", "utf-8")
    log = folder / "turn.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            program, "-c", str(configuration), stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        await _listening(address, port, process, log)
        yield TurnServer(address, port, tls_port, log)
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), 10)
            except TimeoutError:
                process.kill()
                await process.wait()


async def _listening(address: str, port: int, process: asyncio.subprocess.Process, log: Path) -> None:
    async with asyncio.timeout(30):
        while True:
            assert process.returncode is None, f"coturn ended; see {log}"
            try:
                _, writer = await asyncio.open_connection(address, port)
            except OSError:
                await asyncio.sleep(0.05)
                continue
            writer.close()
            return


def _free_ports(count: int) -> int:
    """The first of so many ports in a row that nobody uses now, below those that the system gives away."""
    places = list(range(21_000, 32_000, 128))
    begin = os.getpid() % len(places)  # so that runs at the same time do not meet
    for first in [*places[begin:], *places[:begin]]:
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            for port in range(first, first + count):
                for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                    stack.enter_context(socket.socket(socket.AF_INET, kind)).bind(("0.0.0.0", port))
            return first
    raise AssertionError("no ports are free")
