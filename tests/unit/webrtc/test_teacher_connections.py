"""What a teacher's page is told while it watches."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

import pytest

from classroom.common.clock import ManualClock
from classroom.lesson.sections import IceModel
from classroom.webrtc.ice.servers import IceServers
from classroom.webrtc.messages import Offer
from classroom.webrtc.publishers import Publishers
from classroom.webrtc.teacher_connections import TeacherConnections
from classroom.webrtc.viewer import Viewer


class Idle:
    """Stands for a viewer that never comes to anything."""

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def measure(self) -> None:
        """There is nothing to measure."""


def make_viewer(name: str, send: Callable[[Offer], Awaitable[None]]) -> Viewer:
    return cast(Viewer, Idle())


def make_teachers(ice_servers: IceServers) -> TeacherConnections:
    publishers = Publishers(sources=dict, ice_servers=ice_servers, clock=ManualClock())
    return TeacherConnections(make_viewer=make_viewer, ice_servers=ice_servers, publishers=publishers)


async def test_passwords_for_relays_are_renewed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("classroom.webrtc.ice.servers._REFRESH_AT", 0.0)
    ice = IceModel.model_validate({"turn": {"urls": "turn:a", "secret": "s"}})
    teachers = make_teachers(IceServers(ice, wall=lambda: 1_000_000_000.0))
    told: asyncio.Queue[Mapping[str, Any]] = asyncio.Queue()
    monitor = teachers.begin("monitor", None, None, told.put_nowait)
    refreshing = asyncio.create_task(teachers.refresh_ice_servers())
    try:
        async with asyncio.timeout(10):
            assert (await told.get())["type"] == "welcome"
            renewed = await told.get()
    finally:
        refreshing.cancel()
        await asyncio.gather(refreshing, return_exceptions=True)
        await monitor.close()
    assert renewed["type"] == "ice_servers"
    assert renewed["ice_servers"][0]["username"] == "1000003600:monitor"


async def test_where_none_expires_there_is_nothing_to_renew() -> None:
    await make_teachers(IceServers(IceModel())).refresh_ice_servers()
