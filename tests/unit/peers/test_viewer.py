"""The parts of a viewer that need no student: the codec that was agreed on, and who has vanished or failed."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import cast

import pytest
from aiortc import RTCPeerConnection

from classroom.peers.feed import Feed, PictureCodec, Program
from classroom.peers.messages import RestartWanted
from classroom.peers.viewer import Viewer, agreed_codec, preferences
from tests.support.broadcast import eventually

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
    made._connection = RTCPeerConnection()
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
    await eventually(lambda: made._inbox.qsize() == 1)
    assert feed.silence >= 10.0
    late, _ = watched(silence=10.1, absence=2.1)
    await late.measure()
    await late._take(late._inbox.get_nowait())
    assert late.state == "waiting"


async def test_who_is_removed_while_hanging_up_is_sent_nothing_any_more() -> None:
    made, _ = watched(silence=0.0, absence=0.0)
    connection = made._connection
    assert connection is not None
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


async def test_a_connection_that_failed_as_its_page_asked_for_another_ends_not_that_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made, _ = watched(silence=11.0, absence=11.0)
    new = RTCPeerConnection()

    async def offer() -> None:
        made._connection = new

    monkeypatch.setattr(made, "_offer", offer)
    made.deliver(RestartWanted())
    await made.measure()
    while not made._inbox.empty():
        await made._take(made._inbox.get_nowait())
    assert made._connection is new
    assert new.connectionState == "new"
    await new.close()
