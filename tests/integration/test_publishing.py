"""A page that sends: aiortc stands for the browser, over the real control socket, and its colour is in the program."""

from __future__ import annotations

import asyncio
import contextlib
import fractions
import threading
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
from aiortc import AudioStreamTrack, RTCPeerConnection, RTCRtpSender, RTCSessionDescription, VideoStreamTrack
from av import AudioFrame, VideoFrame

from classroom.broadcaster import Broadcaster
from classroom.features.reports import ReportsFeature
from classroom.media.frames import SAMPLE_RATE
from tests.support.broadcast import BUSY_MACHINE, TOKEN, broadcasting, eventually
from tests.support.teacher import Caller, calling

pytestmark = pytest.mark.timeout(120)

LESSON = """
lesson: {title: "Sent by a page"}
sources:
  laptop: {kind: browser}
  phone:  {kind: browser}
  pause:  {kind: card, title: "Back soon"}
audio:
  laptop: {source: laptop}
scenes: {talk: laptop, both: {layout: side-by-side, show: [laptop, phone]}, away: pause}
program: {size: 640x360, fps: 30, fallback: pause}
recording: {start: never}
"""

RED, GREEN, BLUE = (220, 30, 30), (30, 220, 30), (30, 30, 220)


class Colour(VideoStreamTrack):
    """A picture of one colour, with a little square that moves."""

    def __init__(self, colour: tuple[int, int, int]) -> None:
        super().__init__()
        self._colour = colour
        self._number = 0

    async def recv(self) -> VideoFrame:
        pts, time_base = await self.next_timestamp()
        self._number += 1
        pixels = np.full((240, 320, 3), self._colour, np.uint8)
        pixels[:20, self._number * 4 % 300 :][:, :20] = 255
        frame = VideoFrame.from_ndarray(pixels, format="rgb24")
        frame.pts, frame.time_base = pts, time_base
        return frame


class Hum(AudioStreamTrack):
    """A steady tone of 440 Hz."""

    async def recv(self) -> AudioFrame:
        silence = await super().recv()
        assert isinstance(silence, AudioFrame)
        assert silence.pts is not None
        first = silence.pts * SAMPLE_RATE // silence.sample_rate
        samples = 0.5 * np.sin(2 * np.pi * 440 * (first + np.arange(960)) / SAMPLE_RATE)
        frame = AudioFrame.from_ndarray((samples * 32767).astype(np.int16).reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, first, fractions.Fraction(1, SAMPLE_RATE)
        return frame


@contextlib.asynccontextmanager
async def sending(
    caller: Caller, colour: tuple[int, int, int] | None, *, source: str = "laptop", sound: bool = False
) -> AsyncIterator[str]:
    """Send until the end of the block; the name of the peer."""
    connection = RTCPeerConnection()
    if colour is not None:
        connection.addTransceiver(Colour(colour), direction="sendonly")
    if sound:
        connection.addTransceiver(Hum(), direction="sendonly")
    try:
        await connection.setLocalDescription(await connection.createOffer())
        reply = await caller.ask("peer.offer", role="publish", source=source, sdp=connection.localDescription.sdp)
        peer = str(reply["result"]["peer"])
        assert (await caller.hears("welcome"))["ice_servers"] == []
        answer = await caller.hears("answer")
        assert answer["peer"] == peer
        await connection.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))
        yield peer
    finally:
        await connection.close()


def state(lesson: Broadcaster, source: str = "laptop") -> dict[str, Any]:
    sources = lesson.state()["sources"]
    assert isinstance(sources, dict)
    found: dict[str, Any] = sources[source]
    return found


def on_air(lesson: Broadcaster, colour: tuple[int, int, int], at: tuple[float, float] = (0.5, 0.7)) -> bool:
    frame = lesson._program.snapshot(None)
    if frame is None:
        return False
    pixels = frame.to_ndarray(format="rgb24")
    seen = pixels[int(at[1] * frame.height), int(at[0] * frame.width)]
    return bool(np.abs(seen.astype(int) - colour).max() < 60)


async def test_what_a_page_sends_is_on_air_and_heard_until_it_stops() -> None:
    async with broadcasting(LESSON) as lesson, calling(lesson) as caller:
        assert "'laptop' is not connected yet." in state(lesson)["why"]
        async with sending(caller, RED, sound=True) as peer:
            await eventually(lambda: state(lesson)["state"] == "live", what="live")
            await eventually(lambda: on_air(lesson, RED), what="red in the program")
            assert state(lesson)["size"] == (320, 240)
            await eventually(lambda: lesson.feature(ReportsFeature).levels()["laptop"][0] > -20, what="the tone")
            await caller.ask("peer.close", peer=peer)
            await eventually(lambda: state(lesson)["state"] == "lost", within=2, what="lost")
            await eventually(lambda: not on_air(lesson, RED), within=2, what="the fallback")
        async with sending(caller, BLUE):
            await eventually(lambda: on_air(lesson, BLUE), what="blue, by itself")


async def test_a_lost_websocket_ends_what_it_sends() -> None:
    async with broadcasting(LESSON) as lesson:
        async with calling(lesson) as caller, sending(caller, RED):
            await eventually(lambda: on_air(lesson, RED), what="red")
            caller.connection.transport.abort()
            await eventually(lambda: state(lesson)["state"] == "lost", within=2, what="lost")
        await eventually(lambda: not [task for task in asyncio.all_tasks() if "sender of" in task.get_name()])
        await eventually(lambda: not [each for each in threading.enumerate() if each.name.endswith("-decoder")])


async def test_the_newest_sender_replaces_the_one_before() -> None:
    async with broadcasting(LESSON) as lesson, calling(lesson) as first, calling(lesson) as second:
        async with sending(first, RED) as peer:
            await eventually(lambda: on_air(lesson, RED), what="red")
            async with sending(second, GREEN):
                assert await first.hears("closed") == {"peer": peer, "type": "closed", "why": "replaced"}
                await eventually(lambda: on_air(lesson, GREEN), what="green")
                assert "result" in await first.ask("peer.close", peer=peer)
                await _still_live(lesson)


async def _still_live(lesson: Broadcaster) -> None:
    taken = lesson._pool.sources()["laptop"].taken
    await eventually(lambda: lesson._pool.sources()["laptop"].taken > taken + 5, what="more pictures")
    assert state(lesson)["state"] == "live"


async def test_sound_alone_is_sent_as_well() -> None:
    async with broadcasting(LESSON) as lesson, calling(lesson) as caller, sending(caller, None, sound=True):
        await eventually(lambda: lesson.feature(ReportsFeature).levels()["laptop"][0] > -20, what="the tone")
        assert state(lesson)["state"] == "live"


@pytest.mark.parametrize("sdp", ["v=nonsense", "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"])
async def test_an_offer_that_cannot_be_read_costs_nothing_but_itself(sdp: str) -> None:
    async with broadcasting(LESSON) as lesson, calling(lesson) as caller:
        assert "result" in await caller.ask("peer.offer", role="publish", source="laptop", sdp=sdp)
        assert (await caller.hears("closed"))["why"] == "unusable"
        async with sending(caller, RED):
            await eventually(lambda: on_air(lesson, RED), what="red")


async def test_an_offer_of_more_tracks_than_any_page_has_or_without_opus_is_not_taken() -> None:
    many, telephone = RTCPeerConnection(), RTCPeerConnection()
    for _ in range(9):
        many.addTransceiver("audio", direction="sendonly")
    known = RTCRtpSender.getCapabilities("audio").codecs
    spoken = telephone.addTransceiver("audio", direction="sendonly")
    spoken.setCodecPreferences([codec for codec in known if codec.mimeType == "audio/PCMU"])
    offers = [(await each.createOffer()).sdp for each in (many, telephone)]
    await asyncio.gather(many.close(), telephone.close())
    async with broadcasting(LESSON) as lesson, calling(lesson) as caller:
        for offer in offers:
            assert "result" in await caller.ask("peer.offer", role="publish", source="laptop", sdp=offer)
            assert (await caller.hears("closed"))["why"] == "unusable"


async def test_a_guest_sends_its_source_and_may_and_learns_nothing_else() -> None:
    async with broadcasting(LESSON) as lesson, calling(lesson) as teacher:
        invited = (await teacher.ask("source.invite", source="phone"))["result"]
        alarms: Any = lesson.state()["alarms"]
        assert [alarm["source"] for alarm in alarms if alarm["code"] not in BUSY_MACHINE] == ["laptop"]
        assert invited["address"] is None
        assert invited["code"] is None
        key = invited["path"].partition("&key=")[2]
        assert invited["path"] == f"/send#source=phone&key={key}"
        assert (await teacher.ask("source.invite", source="phone"))["result"]["path"] == invited["path"]
        async with calling(lesson, key=key) as guest:
            known = {"revision", "source", "title", "language", "secure_addresses", "on_air", "sound"}
            assert set(guest.greeting["result"]) == known
            for method, params in (
                ("program.switch", {"scene": "away"}),
                ("methods", {}),
                ("watch", {"thumbnails": True}),
                ("lesson.end", {}),
                ("source.invite", {"source": "laptop"}),
                ("peer.offer", {"role": "monitor"}),
                ("peer.offer", {"role": "publish", "source": "laptop", "sdp": "v=0"}),
            ):
                error = (await guest.ask(method, **params))["error"]
                assert (error["code"], error["message"]) == (
                    -32003,
                    "This link is for sending the source 'phone' only.",
                )
            async with sending(guest, BLUE, source="phone"):
                await teacher.ask("program.switch", scene="both")
                await eventually(lambda: on_air(lesson, BLUE, (0.75, 0.55)), what="blue on the right")
                assert key not in str(lesson.state())
                assert "result" in await teacher.ask("source.uninvite", source="phone")
                await eventually(lambda: state(lesson, "phone")["state"] == "lost", within=2, what="lost")
            assert guest.news == ["guest"]  # that it is seen, and nothing else


@pytest.mark.parametrize("hello", [{"key": "wrong"}, {"key": ""}, {"key": TOKEN}, {"key": 3}, {"token": ""}])
async def test_a_wrong_key_is_a_wrong_token(hello: dict[str, object]) -> None:
    async with broadcasting(LESSON) as lesson, calling(lesson) as teacher:
        await teacher.ask("source.invite", source="phone")
        async with calling(lesson, **hello) as stranger:
            assert stranger.greeting["error"]["code"] == -32001
            await asyncio.wait_for(stranger.connection.wait_closed(), 10)
            assert stranger.connection.close_code == 4401


async def test_a_guest_with_a_key_gets_no_wrong_tokens_forgiven() -> None:
    async with broadcasting(LESSON) as lesson, calling(lesson) as teacher:
        path = (await teacher.ask("source.invite", source="phone"))["result"]["path"]
        async with calling(lesson, token="guess") as stranger:
            assert "error" in stranger.greeting
        async with calling(lesson, key=path.partition("&key=")[2]) as guest:
            assert "result" in guest.greeting
        throttle = lesson._sessions._guesses._throttle
        assert throttle.failed("127.0.0.1", asyncio.get_running_loop().time()) > 0.5, "the next guess waits longer"


async def test_a_key_lets_four_in_at_once_and_nobody_after_it_was_revoked() -> None:
    async with broadcasting(LESSON) as lesson, calling(lesson) as teacher, contextlib.AsyncExitStack() as stack:
        path = (await teacher.ask("source.invite", source="phone"))["result"]["path"]
        key = path.partition("&key=")[2]
        guests = [await stack.enter_async_context(calling(lesson, key=key)) for _ in range(5)]
        assert ["result" in guest.greeting for guest in guests] == [True] * 4 + [False]
        await teacher.ask("source.uninvite", source="phone")
        for guest in guests:
            await asyncio.wait_for(guest.connection.wait_closed(), 10)
        async with calling(lesson, key=key) as late:
            assert late.greeting["error"]["code"] == -32001
        assert (await teacher.ask("source.invite", source="phone"))["result"]["path"] != path


@pytest.mark.parametrize(
    ("source", "code", "known"), [("nobody", -32002, {"known": ["laptop", "phone"]}), ("pause", -32003, None)]
)
async def test_only_browser_sources_can_be_invited(source: str, code: int, known: dict[str, object] | None) -> None:
    async with broadcasting(LESSON) as lesson, calling(lesson) as teacher:
        for method in ("source.invite", "source.uninvite"):
            error = (await teacher.ask(method, source=source))["error"]
            assert error["code"] == code
            assert known is None or error["data"]["known"] == known["known"]
