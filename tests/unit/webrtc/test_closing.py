"""An end that leaves nothing open and keeps nobody waiting."""

from __future__ import annotations

import asyncio

import pytest
from aiortc import RTCPeerConnection

from classroom.webrtc import closing
from classroom.webrtc.closing import close_fully


async def test_a_connection_that_two_close_is_closed_although_one_is_cancelled() -> None:
    connection = RTCPeerConnection()
    transceiver = connection.addTransceiver("video", direction="sendonly")
    await connection.setLocalDescription(await connection.createOffer())
    stop, go_on = transceiver.stop, asyncio.Event()

    async def stop_slowly() -> None:
        await go_on.wait()
        await stop()

    transceiver.stop = stop_slowly  # type: ignore[method-assign]
    # aiortc closes by itself as well when the other end is gone; the viewer is the second then, and is cancelled.
    first = asyncio.create_task(connection.close())
    await asyncio.sleep(0)
    second = asyncio.create_task(close_fully(connection))
    for _ in range(3):
        await asyncio.sleep(0)
    second.cancel()
    await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await second
    await first
    assert connection.connectionState == "closed"


async def test_a_connection_that_never_closes_keeps_nobody_waiting(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(closing, "_CLOSE_WITHIN", 0.05)
    connection = RTCPeerConnection()
    close = connection.close

    async def never() -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(connection, "close", never)
    loop = asyncio.get_running_loop()
    began = loop.time()
    await asyncio.wait_for(close_fully(connection), 5)
    assert loop.time() - began > 0.04, "it was not given its time"
    assert "did not close" in caplog.text
    await close()
