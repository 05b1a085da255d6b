"""A computer that has no socket left for one more student: it is told so, and nobody is offered what cannot connect."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import socket
import sys
from typing import Any

import pytest
from aiortc import RTCPeerConnection

from classroom.webrtc import aiortc_guard as guard
from classroom.webrtc.ice.check_budget import CheckBudget
from tests.support.broadcast import broadcasting, eventually
from tests.support.native_client import Dropped, NativeClient
from tests.support.process import teaching

if sys.platform == "win32":
    pytest.skip("this system has no such limit", allow_module_level=True)

import resource

HELLO = json.dumps({"type": "hello", "app": "classroom", "version": 1}).encode()


async def what_it_is_told(client: NativeClient, kinds: tuple[str, ...], within: float = 60.0) -> dict[str, Any]:
    """The next message to a student that is one of these."""
    async with asyncio.timeout(within):
        while True:
            value = json.loads((await client.next_message(within)).body)
            if value.get("type") in kinds:
                assert isinstance(value, dict)
                return value


async def knock(stack: contextlib.AsyncExitStack, port: int, number: int) -> NativeClient:
    """A page that has signed in and said hello."""
    client = await stack.enter_async_context(NativeClient("127.0.0.1", port, name=b"student %d" % number))
    await client.sign_in()
    hub = next(iter(client.peers))
    await client.send_message(hub, HELLO)
    return client


async def test_a_newcomer_is_refused_and_the_teacher_is_told_until_there_is_room(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("classroom.webrtc.open_files._OVER", 2.0)
    async with broadcasting() as lesson, contextlib.AsyncExitStack() as stack:

        def told() -> bool:
            return any("students.few_files" in str(alarm) for alarm in [lesson.state()["alarms"]])

        first = await knock(stack, lesson.port, 0)
        assert "a=candidate:" in (await what_it_is_told(first, ("offer",)))["sdp"]
        monkeypatch.setattr(guard, "is_reserved", lambda _: True)
        with caplog.at_level(logging.INFO, "classroom"):
            for number in range(1, 8):
                refused = await what_it_is_told(await knock(stack, lesson.port, number), ("refused", "offer"))
                assert refused == {"type": "refused", "why": "full"}
        assert told()
        assert len([each for each in caplog.records if "too few files" in each.getMessage()]) == 1
        assert not [each for each in caplog.records if each.exc_info]
        monkeypatch.undo()
        later = await knock(stack, lesson.port, 9)
        assert "a=candidate:" in (await what_it_is_told(later, ("offer",)))["sdp"]
        await eventually(lambda: not told())


async def test_no_offer_goes_out_where_there_is_no_socket_at_all() -> None:
    connection = RTCPeerConnection()
    connection.addTransceiver("video", direction="sendonly")
    guard.guard(connection, CheckBudget(0.0))
    offer = await connection.createOffer()
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.socket() as probe:
        next_free = probe.fileno()
    resource.setrlimit(resource.RLIMIT_NOFILE, (next_free, before[1]))
    try:
        with pytest.raises(OSError, match="open files"):
            await connection.setLocalDescription(offer)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    await connection.close()


async def test_a_class_that_takes_all_files_leaves_the_lesson_well_and_the_log_short() -> None:
    shell = ("sh", "-c", 'ulimit -n 128; exec "$@"', "sh")
    async with (
        teaching("config/demo.yaml", "--port", "0", within=shell) as running,
        contextlib.AsyncExitStack() as stack,
    ):
        offered = refused = late = 0

        async def join(number: int) -> None:
            nonlocal offered, refused, late
            try:
                client = await asyncio.wait_for(knock(stack, running.port, number), 20)
                said = await what_it_is_told(client, ("refused", "offer"), within=20)
            except (TimeoutError, OSError, Dropped):
                late += 1  # its connection waits to be accepted, or is turned away
                return
            refused += said["type"] == "refused"
            if said["type"] == "offer":
                offered += 1
                assert "a=candidate:" in said["sdp"]

        for number in range(0, 60, 5):
            await asyncio.gather(*(join(number + each) for each in range(5)))
            if refused + late > 5:
                break
        assert offered > 3
        assert refused + late > 5
        assert not [line for line in running.log if "Traceback" in line], "\n".join(running.log)
        lines = [line for line in running.log if line.startswith("classroom: ")]
        assert len(lines) <= 16, "\n".join(running.log)
        assert running.process.returncode is None
        await stack.aclose()
        assert await running.interrupt() == 0
