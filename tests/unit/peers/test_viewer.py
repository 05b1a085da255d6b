"""The parts of a viewer that need no student: the codec that was agreed on, and an end that leaves nothing open."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import cast

import pytest
from aiortc import RTCPeerConnection

from classroom.peers import viewer
from classroom.peers.feed import Feed, PictureCodec, Program
from classroom.peers.viewer import Viewer, agreed_codec, close_to_the_end, preferences

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


class Silent:
    """What is fed to a student who said something last so many seconds ago."""

    def __init__(self, silence: float) -> None:
        self._since = asyncio.get_running_loop().time() - silence

    @property
    def silence(self) -> float:
        return asyncio.get_running_loop().time() - self._since

    async def measure(self) -> None:
        """Nothing to read."""


def watched(*, silence: float, absence: float) -> tuple[Viewer, Silent]:
    async def send(text: str) -> None:
        raise AssertionError(text)

    made = Viewer(
        name="student",
        program=cast(Program, SimpleNamespace(tidier=SimpleNamespace(left=lambda: None))),
        ice_servers=list,
        playout_delay="off",
        send=send,
        changed=lambda: None,
        absence=lambda: absence,
    )
    feed = Silent(silence)
    made._feed, made._state = cast(Feed, feed), "watching"
    return made, feed


@pytest.mark.parametrize(("silence", "absence"), [(9.0, 9.0), (60.0, 0.0), (60.0, 1.0)])
async def test_who_reports_or_fetches_messages_has_not_vanished(silence: float, absence: float) -> None:
    made, _ = watched(silence=silence, absence=absence)
    await made.measure()
    assert made._inbox.empty()


async def test_who_does_neither_is_given_up_after_ten_seconds_and_not_with_the_next_look() -> None:
    made, feed = watched(silence=9.7, absence=9.0)
    await made.measure()
    assert made._inbox.empty()
    assert await asyncio.wait_for(made._inbox.get(), 20) == "failed"
    assert feed.silence >= 10.0
    late, _ = watched(silence=10.1, absence=2.1)
    await late.measure()
    assert late._inbox.get_nowait() == "failed"


async def test_who_is_removed_while_hanging_up_is_sent_nothing_any_more() -> None:
    made, _ = watched(silence=0.0, absence=0.0)
    connection = made._connection = RTCPeerConnection()
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def resolve() -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            await go_on.wait()

    made._resolving.add(asyncio.create_task(resolve()))
    await begun.wait()
    hanging_up = asyncio.create_task(made._hang_up())
    await asyncio.sleep(0)
    hanging_up.cancel()
    await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await hanging_up
    assert connection.connectionState == "closed"
