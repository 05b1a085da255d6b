"""A fault inside one part of a running lesson costs that part a moment, and never the lesson."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import av
import pytest
from aiortc import RTCPeerConnection

from classroom.broadcaster import Broadcaster
from classroom.features.reports import ReportsFeature
from classroom.media.frames import Picture
from classroom.webrtc import viewer
from tests.support.broadcast import broadcasting, eventually
from tests.support.native_client import NativeClient
from tests.support.student import student


@pytest.fixture
async def lesson() -> AsyncIterator[Broadcaster]:
    async with broadcasting() as running:
        yield running


async def test_a_fault_at_one_peers_message_leaves_the_others_their_lesson(
    lesson: Broadcaster, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    audience = lesson._audience
    serve, faults = audience.message, 0

    async def fail_once(peer: int, body: bytes) -> None:
        nonlocal faults
        if body == b"poison":
            faults += 1
            raise ZeroDivisionError
        await serve(peer, body)

    monkeypatch.setattr(audience, "message", fail_once)
    async with student(lesson.port, name=b"bad") as bad:
        await bad.offer()
        await bad.say("poison")
        await eventually(lambda: faults == 1)
        async with student(lesson.port, name=b"good") as good:
            await good.watch()
            await eventually(lambda: good.pictures > 5)
    assert not lesson._stopping.is_set()
    assert "ZeroDivisionError" in caplog.text


async def test_a_picture_that_cannot_be_drawn_small_costs_only_its_thumbnail(lesson: Broadcaster) -> None:
    async def drawn() -> set[str | None]:
        return {each.source for each in await lesson.feature(ReportsFeature).thumbnails()}

    async def all_drawn() -> bool:
        return await drawn() == {None, "bars", "red", "pause"}

    await eventually(all_drawn)
    unusable = av.VideoFrame(64, 64, "yaf32le")
    lesson._pool.slots["pause"].put(Picture(unusable, 0.0, -1))
    assert await drawn() == {None, "bars", "red"}


async def test_whoever_leaves_does_not_keep_others_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    closing, done = asyncio.Event(), asyncio.Event()

    async def slowly(connection: RTCPeerConnection) -> None:  # as a relay that has gone away makes it
        closing.set()
        await done.wait()
        await connection.close()

    monkeypatch.setattr(viewer, "close_fully", slowly)
    async with broadcasting() as running, NativeClient("127.0.0.1", running.port, b"leaves") as leaves:
        await leaves.sign_in()
        await leaves.next_message()
        await leaves.sign_out()
        await asyncio.wait_for(closing.wait(), 20)
        async with NativeClient("127.0.0.1", running.port, b"comes") as comes:
            await comes.sign_in()
            assert b'"offer"' in (await comes.next_message()).body
        done.set()
