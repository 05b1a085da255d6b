"""A student of the native client's shape: raw signaling sockets, and a WebRTC end that decodes what comes."""

from __future__ import annotations

import asyncio
import json
import re
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame, VideoFrame

from tests.support.native_client import NativeClient

__all__ = ["Student", "student"]


class Student:
    """Answers the broadcaster's offer and keeps the newest decoded pictures and sound."""

    def __init__(self, client: NativeClient, codec: Literal["H264", "VP8"] | None = None) -> None:
        self.client = client
        self.codec = codec
        self.offers: list[dict[str, Any]] = []
        self.connection: RTCPeerConnection | None = None
        self.picture: VideoFrame | None = None
        self.pictures = 0
        self.sound: deque[AudioFrame] = deque(maxlen=250)
        self.arrived = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def offer(self, within: float = 30.0) -> dict[str, Any]:
        """Wait for the next offer."""
        while True:
            message = await self.client.next_message(within)
            value = json.loads(message.body)
            if value.get("type") == "offer":
                self.offers.append(value)
                self.peer = message.peer_id
                assert isinstance(value, dict)
                return value

    async def watch(self) -> None:
        """Take the next offer and answer it."""
        offer = await self.offer()
        connection = self.connection = RTCPeerConnection()
        connection.on("track", self._track)
        sdp = offer["sdp"] if self.codec is None else with_one_codec(offer["sdp"], self.codec)
        await connection.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        await connection.setLocalDescription(await connection.createAnswer())
        await self.say({"type": "answer", "sdp": connection.localDescription.sdp})

    async def say(self, message: dict[str, object] | str) -> None:
        """Send a message to the broadcaster."""
        body = message if isinstance(message, str) else json.dumps(message)
        await self.client.send_message(self.peer, body.encode())

    def pixel(self, x: float, y: float) -> tuple[int, int, int]:
        """Red, green, blue at a place of the newest picture; x and y from 0 to 1."""
        assert self.picture is not None
        rgb = self.picture.to_ndarray(format="rgb24")
        height, width = rgb.shape[:2]
        red, green, blue = rgb[min(height - 1, int(y * height)), min(width - 1, int(x * width))]
        return int(red), int(green), int(blue)

    def samples(self) -> npt.NDArray[np.float32]:
        """The sound of the last seconds, mono, full scale ±1."""
        blocks = [frame.to_ndarray().reshape(-1, 2).mean(axis=1) / 32768 for frame in self.sound]
        return np.concatenate(blocks).astype(np.float32) if blocks else np.zeros(0, np.float32)

    async def close(self) -> None:
        """Hang up without a word, as a tab that is closed."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.connection is not None:
            await self.connection.close()

    def _track(self, track: MediaStreamTrack) -> None:
        self._tasks.append(asyncio.create_task(self._receive(track)))

    async def _receive(self, track: MediaStreamTrack) -> None:
        try:
            while True:
                frame = await track.recv()
                if isinstance(frame, VideoFrame):
                    self.picture = frame
                    self.pictures += 1
                elif isinstance(frame, AudioFrame):
                    self.sound.append(frame)
                self.arrived.set()
        except MediaStreamError:
            return


def with_one_codec(sdp: str, codec: str) -> str:
    """The offer as an end sees it that knows no other picture codec."""
    head, video, rest = sdp.partition("m=video ")
    section, following, tail = rest.partition("\r\nm=")
    kept = set(re.findall(rf"a=rtpmap:(\d+) {codec}/", section))
    first, *lines = section.split("\r\n")
    port, protocol, *payloads = first.split(" ")
    first = " ".join([port, protocol, *(payload for payload in payloads if payload in kept)])
    about = re.compile(r"a=(?:rtpmap|fmtp|rtcp-fb):(\d+) ")
    lines = [line for line in lines if (match := about.match(line)) is None or match[1] in kept]
    return head + video + "\r\n".join([first, *lines]) + following + tail


@asynccontextmanager
async def student(
    port: int, *, name: bytes = b"student@pc", codec: Literal["H264", "VP8"] | None = None
) -> AsyncIterator[Student]:
    """Sign a student in; the caller lets it watch."""
    async with NativeClient("127.0.0.1", port, name=name) as client:
        each = Student(client, codec)
        await client.sign_in()
        try:
            yield each
        finally:
            await each.close()
