"""The parts of a viewer that need no student: the codec that was agreed on, and an end that leaves nothing open."""

from __future__ import annotations

import asyncio

import pytest
from aiortc import RTCPeerConnection

from classroom.peers import viewer
from classroom.peers.feed import PictureCodec
from classroom.peers.viewer import agreed_codec, close_to_the_end, preferences

HEAD = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"


def answer(*codecs: str, port: int = 9) -> str:
    numbers = range(96, 96 + len(codecs))
    lines = [f"m=video {port} UDP/TLS/RTP/SAVPF {' '.join(map(str, numbers))}", "c=IN IP4 0.0.0.0", "a=mid:0"]
    lines += [f"a=rtpmap:{number} {codec}/90000" for number, codec in zip(numbers, codecs, strict=True)]
    return HEAD + "\r\n".join(lines) + "\r\n"


@pytest.mark.parametrize(
    ("accepted", "ours", "agreed"),
    [
        (("H264", "VP8"), ("h264", "vp8"), "h264"),
        (("VP8", "H264"), ("h264", "vp8"), "h264"),
        (("H264", "VP8"), ("vp8", "h264"), "vp8"),
        (("VP8", "rtx"), ("h264", "vp8"), "vp8"),
        (("VP9",), ("h264", "vp8"), None),
    ],
)
def test_the_first_of_our_codecs_that_the_answer_takes(
    accepted: tuple[str, ...], ours: tuple[PictureCodec, ...], agreed: PictureCodec | None
) -> None:
    assert agreed_codec(answer(*accepted), ours) == agreed


def test_a_refused_picture_agrees_on_nothing() -> None:
    assert agreed_codec(answer("H264", port=0), ("h264",)) is None


@pytest.mark.parametrize("order", [("h264", "vp8"), ("vp8", "h264"), ("vp8",)])
def test_codecs_are_offered_in_the_order_of_the_lesson(order: tuple[PictureCodec, ...]) -> None:
    offered = [codec.mimeType.split("/")[1].lower() for codec in preferences(order)]
    assert list(dict.fromkeys(codec for codec in offered if codec != "rtx")) == list(order)
    assert "rtx" in offered


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
    second = asyncio.create_task(close_to_the_end(connection))
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
    monkeypatch.setattr(viewer, "_CLOSE_WITHIN", 0.05)
    connection = RTCPeerConnection()
    close = connection.close

    async def never() -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(connection, "close", never)
    await asyncio.wait_for(close_to_the_end(connection), 5)
    assert "did not close" in caplog.text
    await close()
