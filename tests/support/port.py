"""A real port with signaling, pages and control on it, for tests that talk to it through sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web
from prometheus_client import CollectorRegistry

from classroom.common.clock import Clock, SystemClock
from classroom.common.limits import Limits
from classroom.control.connection import ControlConnection
from classroom.server import Site, SiteSettings, add_pages
from classroom.server.checkpoint import Checkpoint
from classroom.server.client_address import own_address
from classroom.server.health_endpoints import add_reports
from classroom.server.port_sharing import ConnectionPolicy
from classroom.signaling import Guard, Room, RoomMember, Switchboard, add_routes

__all__ = ["OpenPort", "RawConnection", "ask", "open_port", "until"]


@dataclass
class OpenPort:
    """What runs behind the port."""

    site: Site
    switchboard: Switchboard
    member: RoomMember
    registry: CollectorRegistry
    control: list[ControlConnection] = field(default_factory=list)

    @property
    def port(self) -> int:
        return self.site.port

    def site_is_busy(self) -> bool:
        """Whether any connection is open."""
        return self.site.connections > 0


@asynccontextmanager
async def open_port(
    room: Room | None = None,
    *,
    clock: Clock | None = None,
    tick: float = 1.0,
    guard: Guard | None = None,
    connection_limit: ConnectionPolicy | None = None,
    limits: Limits | None = None,
    everything_else: bool = False,
    folder: Path | None = None,
    metrics_token: str | None = None,
    checkpoint: Checkpoint | None = None,
    host: str = "127.0.0.1",
) -> AsyncIterator[OpenPort]:
    """Open a port on loopback; control echoes what it hears."""
    switchboard = Switchboard(
        room=room or Room(visibility="hub", ids="random"), clock=clock or SystemClock(), tick=tick
    )
    registry = CollectorRegistry()
    app = web.Application()
    if not everything_else:
        add_pages(app, folder=folder)
        add_reports(app, health=lambda: {"status": "on air"}, metrics=registry, metrics_token=metrics_token)
    add_routes(app, switchboard, guard=guard, limits=limits, own_address=own_address, everything_else=everything_else)
    if checkpoint is not None:
        app.middlewares.insert(0, checkpoint.middleware)
    connections: list[ControlConnection] = []

    async def control(connection: ControlConnection) -> None:
        connections.append(connection)
        connection.trust()
        async for message in connection:
            await connection.send(message)

    site = Site(
        SiteSettings(host=host, port=0, limits=limits or Limits()),
        control_handler=control,
        app=app,
        connection_limit=connection_limit,
        checkpoint=checkpoint,
    )
    async with site:
        yield OpenPort(site, switchboard, RoomMember(switchboard), registry, connections)


class RawConnection:
    """One TCP connection that sends and receives bytes as they are."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def open(cls, port: int, *packets: bytes) -> RawConnection:
        connection = cls(*await asyncio.open_connection("127.0.0.1", port))
        for packet in packets:
            await connection.send(packet)
        return connection

    async def send(self, packet: bytes) -> None:
        self.writer.write(packet)
        await self.writer.drain()

    async def read_all(self, deadline: float = 30.0) -> bytes:
        """Everything until the server closes."""
        return await asyncio.wait_for(self.reader.read(), deadline)

    def close(self) -> None:
        self.writer.close()


async def ask(port: int, *packets: bytes) -> bytes:
    """Send packets on a new connection and return everything until the server closes it."""
    connection = await RawConnection.open(port, *packets)
    try:
        return await connection.read_all()
    finally:
        connection.close()


async def until(condition: Callable[[], bool], deadline: float = 30.0) -> None:
    """Wait until a condition holds; TimeoutError at the deadline."""
    async with asyncio.timeout(deadline):
        while not condition():  # noqa: ASYNC110 - any condition, not only what can ring a bell
            await asyncio.sleep(0.005)
