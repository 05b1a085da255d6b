"""The servers that are compared: classroom's own audience, and stock aiortc with an encoder for each student.

Both run in this process. ``grow`` sets the number of students. ``janus.py`` has the third server.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Sequence
from typing import Final, Protocol

import av
import numpy as np
from aiortc import MediaStreamTrack, RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError

from classroom.bench.recorded import BIT_RATE
from classroom.bench.sender import Codec
from classroom.bench.stage import FPS, Planes, yuv_frame
from classroom.bench.students import Students
from classroom.common.alarms import Alarms
from classroom.common.clock import Clock, SystemClock, WallClock
from classroom.common.errors import SetupError
from classroom.common.free_memory import MemoryWatch
from classroom.common.tasks import run_supervised
from classroom.lesson.sections import IceModel
from classroom.media.frames import PICTURE_TIME_BASE, SAMPLE_RATE, SOUND_TIME_BASE
from classroom.media.sound import BLOCK, BLOCK_SECONDS
from classroom.students.audience import Audience
from classroom.students.page_clock import PageClock
from classroom.students.room_rules import RoomRules
from classroom.students.settings import AdmissionRules, AudienceAlarms, PeerChannel, ViewerSettings
from classroom.webrtc.aiortc_internals import offer_playout_delay
from classroom.webrtc.blocked_network import BlockedStudentsAlarm
from classroom.webrtc.ice.server_check import StudentRelayFaults
from classroom.webrtc.ice.servers import IceServers
from classroom.webrtc.open_files import OpenFilesAlarm
from classroom.webrtc.sending.capabilities import preferences
from classroom.webrtc.sending.feed import OfferedProgram
from classroom.webrtc.sending.playout_delay import PlayoutRule

__all__ = ["ClassroomServer", "ServerUnderTest", "StockServer", "house"]

_AT_ONCE: Final = 10
_JOINS_WITHIN: Final = 60.0


class ServerUnderTest(Protocol):
    """A server with students."""

    async def grow(self, number: int) -> None:
        """Let students join until their number is ``number``."""
        ...


class ClassroomServer:
    """Classroom's audience with receivers of ``students``. Signaling is a call instead of a request."""

    def __init__(self, program: OfferedProgram, students: Students) -> None:
        self._students = students
        self._peers = itertools.count(1)
        self._answering: set[asyncio.Task[None]] = set()
        self._keeping: set[int] = set()
        self.joined: dict[int, float] = {}
        """When each student asked to join, in clock seconds, by the id of its receiver."""

        self.ids: dict[int, int] = {}
        """The id of each peer's receiver."""

        self._knocked: dict[int, float] = {}
        self._answered: dict[int, asyncio.Future[None]] = {}
        unheard = Alarms(lambda: None)
        self.audience = Audience(
            admission=AdmissionRules(title="bench", language="en", most=100_000),
            rules=RoomRules(),
            viewers=ViewerSettings(
                program,
                IceServers(IceModel()),
                PlayoutRule("auto" if offer_playout_delay() else "off"),
                monitor=program,
            ),
            peers=PeerChannel(self._said, None),
            alarms=AudienceAlarms(
                MemoryWatch(unheard),
                OpenFilesAlarm(unheard),
                StudentRelayFaults(unheard),
                BlockedStudentsAlarm(unheard, own=None),
            ),
            page_clock=PageClock(WallClock(SystemClock()), fps=FPS),
            changed=lambda: None,
        )

    async def grow(self, number: int) -> None:
        """Let students join, ten at a time, until ``number`` of them have answered."""
        while len(self.ids) < number:
            await self.join(min(_AT_ONCE, number - len(self.ids)))

    async def join(self, count: int, *, keeps: int = 0) -> list[int]:
        """Let ``count`` students join at once, and return their peers once all have answered.

        The first ``keeps`` of them keep what they get.
        """
        loop = asyncio.get_running_loop()
        peers = [next(self._peers) for _ in range(count)]
        self._keeping |= set(peers[:keeps])
        answered = [self._answered.setdefault(peer, loop.create_future()) for peer in peers]
        for peer in peers:
            self._knocked[peer] = loop.time()
            self.audience.joined(peer, f"student {peer}")
        try:
            await asyncio.wait_for(asyncio.gather(*answered), _JOINS_WITHIN)
        except TimeoutError as late:
            raise SetupError("Not all students could join in a minute; is this machine very busy?") from late
        return peers

    async def leave(self, peers: Sequence[int]) -> None:
        """Let students leave, and close both ends."""
        for peer in peers:
            await self.audience.left(peer)
        await self._students.close([self.ids.pop(peer) for peer in peers])

    async def close(self) -> None:
        """Disconnect all students."""
        for task in self._answering:
            task.cancel()
        await asyncio.gather(*self._answering, return_exceptions=True)
        await self.audience.close()
        await self._students.close(self.ids.values())
        self.ids.clear()

    async def _said(self, peer: int, text: str) -> None:
        said = json.loads(text)
        if said.get("type") == "offer":
            task = asyncio.create_task(self._answer(peer, said["sdp"]))
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)

    async def _answer(self, peer: int, offer: str) -> None:
        number, sdp = await self._students.answer(offer, keeps=peer in self._keeping)
        self.joined[number] = self._knocked.pop(peer)
        await self.audience.message(peer, json.dumps({"type": "answer", "sdp": sdp}).encode())
        self.ids[peer] = number
        self._answered.pop(peer).set_result(None)


@contextlib.asynccontextmanager
async def house(program: OfferedProgram, students: Students) -> AsyncIterator[ClassroomServer]:
    """A running audience."""
    async with contextlib.AsyncExitStack() as stack:
        each = ClassroomServer(program, students)
        run_supervised(stack, "reading reports", each.audience.measure)
        try:
            yield each
        finally:
            await each.close()


class StockServer:
    """Students of stock aiortc. Each has a connection and an encoder, for the same pictures and sound."""

    def __init__(self, students: Students, clock: Clock, codec: Codec, pictures: Sequence[Planes]) -> None:
        self._students = students
        self._clock = clock
        self._codec = codec
        self._pictures = pictures
        self._connections: list[RTCPeerConnection] = []
        self._ids: list[int] = []

    async def grow(self, number: int) -> None:
        """Let students join until their number is ``number``."""
        while len(self._connections) < number:
            connection = RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
            self._connections.append(connection)
            picture = connection.addTransceiver(_Pictures(self._pictures, self._clock), direction="sendonly")
            picture.setCodecPreferences(preferences([self._codec]))
            connection.addTransceiver(_Tone(self._clock), direction="sendonly")
            await connection.setLocalDescription(await connection.createOffer())
            identifier, sdp = await self._students.answer(connection.localDescription.sdp, estimate=BIT_RATE)
            self._ids.append(identifier)
            await connection.setRemoteDescription(RTCSessionDescription(sdp, "answer"))

    async def close(self) -> None:
        """Disconnect all students."""
        await asyncio.gather(*(connection.close() for connection in self._connections))
        await self._students.close(self._ids)


class _Pictures(MediaStreamTrack):
    """Pictures that aiortc encodes for one student. A tick that comes while it still encodes is left out."""

    kind = "video"

    def __init__(self, pictures: Sequence[Planes], clock: Clock) -> None:
        super().__init__()
        # Each student needs its own frames, because aiortc's encoder writes into them.
        self._frames = [yuv_frame(*planes) for planes in pictures]
        self._clock = clock
        self._zero = clock.now()
        self._tick = 0

    async def recv(self) -> av.VideoFrame:
        """The next picture, at its tick."""
        if self.readyState != "live":
            raise MediaStreamError
        self._tick = max(self._tick + 1, int((self._clock.now() - self._zero) * FPS) + 1)
        await asyncio.sleep(max(0.0, self._zero + self._tick / FPS - self._clock.now()))
        frame = self._frames[self._tick % len(self._frames)]
        frame.pts, frame.time_base = round(self._tick * 90_000 / FPS), PICTURE_TIME_BASE
        return frame


class _Tone(MediaStreamTrack):
    """A tone that aiortc encodes for one student."""

    kind = "audio"

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        wave = 3000 * np.sin(2 * np.pi * 200 * np.arange(BLOCK) / SAMPLE_RATE)
        self._samples = np.repeat(wave.astype(np.int16), 2).reshape(1, -1)
        self._clock = clock
        self._zero = clock.now()
        self._block = 0

    async def recv(self) -> av.AudioFrame:
        """The next 20 ms."""
        if self.readyState != "live":
            raise MediaStreamError
        self._block += 1
        await asyncio.sleep(max(0.0, self._zero + self._block * BLOCK_SECONDS - self._clock.now()))
        frame = av.AudioFrame.from_ndarray(self._samples, format="s16", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, self._block * BLOCK, SOUND_TIME_BASE
        return frame
