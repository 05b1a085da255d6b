"""The teacher's monitor: the program over WebRTC, agreed on over the control websocket alone."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame, VideoFrame

from classroom.broadcaster import Broadcaster
from classroom.features.lesson import LessonFeature
from tests.support.broadcast import LESSON, broadcasting, eventually
from tests.support.student import student
from tests.support.teacher import calling

pytestmark = pytest.mark.timeout(120)


class Screen:
    """A WebRTC end that counts pictures."""

    def __init__(self) -> None:
        self.pictures = self.sounds = 0
        self.connection = RTCPeerConnection()
        self._tasks: list[asyncio.Task[None]] = []

    async def answer(self, sdp: str) -> str:
        self.connection.on("track", lambda track: self._tasks.append(asyncio.create_task(self._receive(track))))
        await self.connection.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        await self.connection.setLocalDescription(await self.connection.createAnswer())
        return self.connection.localDescription.sdp

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.connection.close()

    async def _receive(self, track: MediaStreamTrack) -> None:
        try:
            while True:
                frame = await track.recv()
                self.pictures += isinstance(frame, VideoFrame)
                self.sounds += isinstance(frame, AudioFrame)
        except MediaStreamError:
            return


async def test_a_monitor_gets_the_program_and_is_no_student() -> None:
    text = LESSON + "access: {max_students: 1}\n"
    screen = Screen()
    async with broadcasting(text) as lesson, student(lesson.port) as only, calling(lesson) as session:
        await only.offer()
        reply = await session.ask("peer.offer", role="monitor")
        peer = reply["result"]["peer"]
        assert (await session.hears("welcome"))["ice_servers"] == []
        offer = await session.hears("offer")
        assert offer["peer"] == peer
        answered = await session.ask("peer.answer", peer=peer, sdp=await screen.answer(offer["sdp"]))
        assert "result" in answered
        await eventually(lambda: screen.pictures > 10 and screen.sounds > 10, what="pictures and sound")
        assert lesson._program.teacher_sound.subscribers == 1, "its sound is the teachers'"
        assert "result" in await session.ask("peer.key_frame", peer=peer)
        assert lesson._audience.count().present <= 1

        assert "result" in await session.ask("peer.close", peer=peer)
        await eventually(lambda: screen.connection.connectionState == "closed", what="the end")
    await screen.close()


async def test_a_monitor_ends_with_its_websocket() -> None:
    screen = Screen()
    async with broadcasting() as lesson:
        async with calling(lesson) as session:
            await session.ask("peer.offer", role="monitor")
            offer = await session.hears("offer")
            await session.ask("peer.answer", peer=offer["peer"], sdp=await screen.answer(offer["sdp"]))
            await eventually(lambda: screen.pictures > 3)
        await eventually(lambda: screen.connection.connectionState == "closed", what="the end")
    await screen.close()


async def test_a_monitor_is_told_when_the_lesson_ends() -> None:
    async with broadcasting() as lesson:
        async with calling(lesson) as session:
            await session.ask("peer.offer", role="monitor")
            await session.hears("offer")
            lesson.feature(LessonFeature).end()
            async with asyncio.TaskGroup() as tasks:
                hearing = tasks.create_task(session.hears("ended"))
                tasks.create_task(_stop(lesson))
            assert hearing.result()["peer"] == "1"


async def _stop(lesson: Broadcaster) -> None:
    await lesson.__aexit__(None, None, None)


@pytest.mark.parametrize(
    ("method", "params", "code", "words"),
    [
        ("peer.offer", {"role": "publish", "source": "laptop", "sdp": "v=0"}, -32002, "There is no source 'laptop'."),
        ("peer.offer", {"role": "publish", "source": "bars", "sdp": "v=0"}, -32003, "of kind 'pattern'"),
        ("peer.offer", {"role": "publish", "source": "bars"}, -32003, "give the offer"),
        ("peer.offer", {"role": "monitor", "sdp": "v=0"}, -32003, "leave out source and sdp"),
        ("peer.answer", {"peer": "9", "sdp": "v=0"}, -32002, "There is no peer '9'."),
        ("peer.candidate", {"peer": "1", "candidate": "nonsense", "sdpMid": "0"}, -32003, "cannot be read"),
        ("peer.candidate", {"peer": "1", "candidate": ""}, -32003, "no media line"),
    ],
)
async def test_what_cannot_be_done_is_an_error(method: str, params: dict[str, Any], code: int, words: str) -> None:
    async with broadcasting() as lesson, calling(lesson) as session:
        assert (await session.ask("peer.offer", role="monitor"))["result"]["peer"] == "1"
        error = (await session.ask(method, **params))["error"]
        assert error["code"] == code
        assert words in error["message"]


async def test_a_broken_answer_costs_nothing_but_this_monitor() -> None:
    async with broadcasting() as lesson, calling(lesson) as session:
        await session.ask("peer.offer", role="monitor")
        offer = await session.hears("offer")
        assert "result" in await session.ask("peer.answer", peer=offer["peer"], sdp="v=nonsense")
        assert (await session.ask("peer.offer", role="monitor"))["result"]["peer"] == "2"
        await session.hears("offer")
