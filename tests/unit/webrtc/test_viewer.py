"""The parts of a viewer that need no student: the codec that was agreed on, and who has vanished or failed."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import re
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiortc import RTCPeerConnection

from classroom.common.clock import SystemClock
from classroom.webrtc.messages import Offer, RestartWanted
from classroom.webrtc.sending.adaptive_feed import AdaptiveFeed
from classroom.webrtc.sending.capabilities import preferences
from classroom.webrtc.sending.feed import OfferedProgram, PictureCodec
from classroom.webrtc.sending.playout_delay import PlayoutRule
from classroom.webrtc.sending.transmitter import Transmitter
from classroom.webrtc.viewer import Viewer
from tests.support.broadcast import eventually
from tests.support.receiver import Source

VP8 = "VP8/90000"
H264 = "H264/90000"


def answer(offer: str, *codecs: tuple[str, str]) -> str:
    """An answer to an offer of ours that takes sound, and the picture in these codecs, with these parameters (fmtp)."""
    head, sound, _ = re.split(r"(?=m=)", offer)
    transport = [line for line in sound.splitlines() if re.match(r"a=(ice-ufrag|ice-pwd|fingerprint)", line)]
    transport.append("a=setup:active")
    numbers = range(110, 110 + len(codecs))
    mids = re.findall(r"a=mid:(\S+)", offer)
    lines = [head.strip(), "m=audio 9 UDP/TLS/RTP/SAVPF 96", f"a=mid:{mids[0]}", "a=rtcp-mux", "a=recvonly"]
    lines += ["a=rtpmap:96 opus/48000/2", *transport]
    lines += [f"m=video 9 UDP/TLS/RTP/SAVPF {' '.join(map(str, numbers))}", f"a=mid:{mids[1]}", "a=rtcp-mux"]
    for number, (codec, parameters) in zip(numbers, codecs, strict=True):
        lines += [f"a=rtpmap:{number} {codec}", *([f"a=fmtp:{number} {parameters}"] if parameters else [])]
    return "\r\n".join([*lines, "a=recvonly", *transport]) + "\r\n"


@pytest.mark.parametrize(
    ("accepted", "ours"),
    [
        ([(H264, "packetization-mode=1;profile-level-id=42e01f"), (VP8, "")], ("h264", "vp8")),
        ([(VP8, ""), (H264, "packetization-mode=1;profile-level-id=42e01f")], ("h264", "vp8")),
        ([(H264, "packetization-mode=1;profile-level-id=42e01f"), (VP8, "")], ("vp8", "h264")),
        ([(H264, "packetization-mode=0;profile-level-id=42e01f"), (VP8, "")], ("h264", "vp8")),
        ([(H264, "packetization-mode=1;profile-level-id=640c1f"), (VP8, "")], ("h264", "vp8")),
        ([(H264, ""), (VP8, "")], ("h264", "vp8")),
        ([("h264/90000", "packetization-mode=1;profile-level-id=42e034"), (VP8, "")], ("h264", "vp8")),
        ([(VP8, ""), ("rtx/90000", "apt=110")], ("h264", "vp8")),
    ],
)
async def test_what_is_sent_is_what_aiortc_negotiated(
    accepted: list[tuple[str, str]], ours: tuple[PictureCodec, ...]
) -> None:
    async with offering(ours) as (made, sent):
        offer = await sent.get()
        await made._accept(answer(offer, *accepted))
        assert made._connection is not None
        video = next(each for each in made._connection.getTransceivers() if each.kind == "video")
        assert f"video/{made.codec}" == video._codecs[0].mimeType.lower()
        assert video._codecs[0].payloadType in {
            110 + at for at, (codec, _) in enumerate(accepted) if codec.lower() == f"{made.codec}/90000"
        }
        stream = made._feed._feed._picture  # type: ignore[union-attr]
        fed = stream._switch.current
        assert fed._fanout.codec == made.codec


async def test_an_answer_that_comes_after_the_end_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    async with offering(("vp8",)) as (made, sent):
        said = answer(await sent.get(), (VP8, ""))
        connection = made._connection
        assert connection is not None
        await connection.close()
        await made._accept(said)
        assert made._connection is connection, "it is hung up when its end is noticed"
        assert "student 1 answered without an open offer" in caplog.messages


@contextlib.asynccontextmanager
async def offering(ours: tuple[PictureCodec, ...]) -> AsyncIterator[tuple[Viewer, asyncio.Queue[str]]]:
    """A viewer of a program in some codecs, and the descriptions that it sends."""
    sent: asyncio.Queue[str] = asyncio.Queue()
    voice = Source("opus")
    program = OfferedProgram(
        pictures={codec: [Source(codec).rendition] for codec in ours},
        sound=voice.fanout,
        sound_demand=voice,
        transmitter=Transmitter(SystemClock()),
    )

    async def send(offer: Offer) -> None:
        sent.put_nowait(offer.sdp)

    made = Viewer(
        name="student 1",
        program=program,
        ice_servers=list,
        playout=PlayoutRule("auto"),
        send=send,
        changed=lambda: None,
    )
    await made._offer()
    try:
        yield made, sent
    finally:
        await made._hang_up()
        await program.close()


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

    def close(self) -> None:
        """Nothing to end."""


def watched(*, silence: float, absence: float) -> tuple[Viewer, Silent]:
    async def send(offer: Offer) -> None:
        raise AssertionError(offer)

    made = Viewer(
        name="student",
        program=cast(OfferedProgram, SimpleNamespace(gc_schedule=SimpleNamespace(left=lambda: None))),
        ice_servers=list,
        playout=PlayoutRule("off"),
        send=send,
        changed=lambda: None,
        absence=lambda: absence,
    )
    feed = Silent(silence)
    made._feed, made._state = cast(AdaptiveFeed, feed), "watching"
    made._connection = RTCPeerConnection()
    return made, feed


@pytest.mark.parametrize(("silence", "absence"), [(9.0, 9.0), (60.0, 0.0), (60.0, 1.0)])
async def test_who_reports_or_fetches_messages_has_not_vanished(silence: float, absence: float) -> None:
    made, _ = watched(silence=silence, absence=absence)
    await made.measure()
    assert made._inbox.empty()


async def test_what_was_captured_when_is_known_while_something_is_sent() -> None:
    made, feed = watched(silence=0.0, absence=0.0)
    lines: Any = (object(), object())
    feed.time_lines = lines  # type: ignore[attr-defined]
    assert made.time_lines is lines
    made._feed = None
    assert made.time_lines == (None, None)


async def test_who_sends_too_much_loses_the_rest_and_nobody_else_notices(caplog: pytest.LogCaptureFixture) -> None:
    made, _ = watched(silence=0.0, absence=0.0)
    for _ in range(10_000):
        made.deliver(RestartWanted())
    assert 0 < made._inbox.qsize() < 1000
    assert 0 < len([record for record in caplog.records if "too many messages" in record.getMessage()]) < 10


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

    made._candidates._tasks.add(asyncio.create_task(resolve()))
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


@pytest.mark.parametrize(
    ("fault", "is_want_of_files"),
    [
        (OSError(errno.EMFILE, "Too many open files"), True),
        (OSError(errno.ENOBUFS, "No buffer space available"), True),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), False),
        (ConnectionError(), False),
    ],
)
async def test_only_want_of_open_files_is_taken_for_that(
    fault: OSError, is_want_of_files: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with offering(("vp8",)) as (made, _):

        async def offer() -> None:
            raise fault

        monkeypatch.setattr(made, "_offer", offer)
        running = asyncio.create_task(made.run())
        await asyncio.wait({running}, timeout=30)
        assert (running.exception() is None, made.without_files) == (is_want_of_files, is_want_of_files)
