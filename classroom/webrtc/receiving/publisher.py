"""One page that sends its camera, its microphone or its screen: answers its offer, and receives picture and sound.

aiortc decodes each track in a thread of its own; here frames only get their capture time and are put into the source.
"""

from __future__ import annotations

import asyncio
import logging
import math
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Final

import numpy as np
from aiortc import (
    MediaStreamTrack,
    RTCBundlePolicy,
    RTCConfiguration,
    RTCIceServer,
    RTCPeerConnection,
    RTCRtpReceiver,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame, VideoFrame

from classroom.common.clock import Clock
from classroom.common.errors import CommandError, WireError
from classroom.common.limited_log import LimitedLog
from classroom.common.sentences import Wording
from classroom.common.tasks import end
from classroom.media.frames import SAMPLE_RATE
from classroom.media.sources.browser import Browser
from classroom.webrtc.aiortc_guard import guard
from classroom.webrtc.aiortc_internals import repeat_nacks, replace_jitter_buffer
from classroom.webrtc.candidates import MOST_CANDIDATES
from classroom.webrtc.closing import close_fully
from classroom.webrtc.description import BAD_DESCRIPTION, Candidate, check_description
from classroom.webrtc.ice.check_budget import CheckBudget
from classroom.webrtc.messages import OVER, UNUSABLE, Answer, Bye, Closed, CloseReason, Tell, read
from classroom.webrtc.receiving.capture_time import CaptureClock
from classroom.webrtc.remote_candidates import add_candidate
from classroom.webrtc.rtp.sound_jitter_buffer import SoundJitterBuffer

__all__ = ["Publisher"]

logger = logging.getLogger(__name__)
limited_log = LimitedLog(logger)

_ONLY_CANDIDATES = Wording("peer.only_candidates", "A page that sends is answered: it only names candidates.")

_OPUS: Final = re.compile(r"^a=rtpmap:\d+ opus/48000/2", re.IGNORECASE | re.MULTILINE)
"""Every browser offers it (RFC 7874). The rest, such as PCMU, has other rates and channels, and telephones' quality."""

_CONNECT_WITHIN: Final = 30.0
_LONGEST_FAULT: Final = 200
_PICTURES_HELD: Final = 1
"""How many pictures aiortc's jitter buffer waits for before it releases one."""

_USUALLY_HELD: Final = 4
"""How many packets of sound aiortc's own buffer holds back."""

_SOUND_HELD: Final = 3
"""How many packets ours holds back, 60 ms: a picture waits 33 ms, and for a tick, and took longer to capture.

With the four of aiortc, sound was in the program 35 to 70 ms after the picture of its moment.
"""


class Publisher:
    """Answers an offer at once, and delivers until it is closed, replaced, or the connection fails.

    ``source`` returns the source to deliver to, None when the lesson no longer has it. ``gone`` is called at the end.
    """

    def __init__(
        self,
        *,
        name: str,
        sdp: str,
        source: Callable[[], Browser | None],
        ice_servers: Sequence[RTCIceServer],
        tell: Tell,
        gone: Callable[[Publisher], None],
        clock: Clock,
    ) -> None:
        self._name = name
        self._source = source
        self._tell = tell
        self._gone = gone
        self._clock = clock
        self._over = asyncio.Event()
        self._connected = asyncio.Event()
        self._candidates: asyncio.Queue[Candidate] = asyncio.Queue(MOST_CANDIDATES)
        self._kinds: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._connection = RTCPeerConnection(
            RTCConfiguration(iceServers=list(ice_servers), bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        )
        self._connection.on("track", self._take_track)
        self._connection.on("connectionstatechange", self._changed)
        self._task = asyncio.create_task(self._run(sdp), name=f"publisher of {name}")
        self._task.add_done_callback(_report)

    def take(self, message: Mapping[str, object]) -> None:
        """Read a message of the page. Raises CommandError when it cannot be read or comes too late."""
        if self._over.is_set():
            raise CommandError.not_possible(OVER())
        try:
            parsed = read(message)
        except WireError as fault:
            raise CommandError.not_possible(UNUSABLE(fault=str(fault))) from fault
        match parsed:
            case Candidate(line=""):
                return
            case Candidate():
                if not self._candidates.full():
                    self._candidates.put_nowait(parsed)
            case Bye():
                self._end("ended")
            case _:
                raise CommandError.not_possible(_ONLY_CANDIDATES())

    def replace(self) -> None:
        """Close: another page sends this source from now on."""
        self._end("replaced")

    def remove(self) -> None:
        """Close: the lesson no longer has this source."""
        self._end("removed")

    async def close(self) -> None:
        """End the connection."""
        self._end(None)
        await end(self._task)

    def _end(self, why: CloseReason | None) -> None:
        if self._over.is_set():
            return
        self._over.set()
        self._gone(self)
        if why is not None:
            logger.info("the sender of %s is closed: %s", self._name, why)
            self._tell(Closed(why))

    async def _run(self, sdp: str) -> None:
        try:
            if await self._answer(sdp):
                self._keep(self._add_candidates(), "candidates")
                self._keep(self._give_up(), "patience")
                await self._over.wait()
        finally:
            self._end("ended")
            for task in self._tasks:
                task.cancel()
            try:
                await asyncio.gather(*self._tasks, return_exceptions=True)
            finally:
                await close_fully(self._connection)

    async def _answer(self, sdp: str) -> bool:
        try:
            description = check_description(sdp, "offer")
            await self._connection.setRemoteDescription(RTCSessionDescription(sdp=description.sdp, type="offer"))
            if not self._kinds:
                raise ValueError("it sends neither picture nor sound")
            if "audio" in self._kinds and not _OPUS.search(description.sdp):
                raise ValueError("it cannot send its sound as Opus")
            guard(self._connection, CheckBudget(time.monotonic()))
            await self._connection.setLocalDescription(await self._connection.createAnswer())
        except (*BAD_DESCRIPTION, WireError, OSError) as fault:
            limited_log.warn("the offer for %s cannot be used: %s", self._name, str(fault)[:_LONGEST_FAULT])
            self._end("unusable")
            return False
        self._tell(Answer(self._connection.localDescription.sdp))
        for candidate in description.candidates:
            if not self._candidates.full():
                self._candidates.put_nowait(candidate)
        return True

    async def _add_candidates(self) -> None:
        """Add the candidates that the page names, each in a task of its own."""
        for _ in range(MOST_CANDIDATES):
            candidate = await self._candidates.get()
            work = add_candidate(self._connection, candidate, peer=f"the sender of {self._name}")
            self._keep(work, "candidate")

    async def _give_up(self) -> None:
        try:
            await asyncio.wait_for(self._connected.wait(), _CONNECT_WITHIN)
        except TimeoutError:
            self._end("failed")

    def _changed(self) -> None:
        match self._connection.connectionState:
            case "connected":
                self._connected.set()
            case "failed":
                self._end("failed")
            case "closed":
                self._end("ended")

    def _take_track(self, track: MediaStreamTrack) -> None:
        """Receive one track of each kind; aiortc does not decode a track from which no frame is read."""
        if track.kind in ("video", "audio") and track.kind not in self._kinds:
            self._kinds.add(track.kind)
            if track.kind == "video":
                for receiver in self._receivers(track):
                    repeat_nacks(receiver, self._clock)
                self._keep(self._receive_pictures(track), "video")
            else:
                self._keep(self._receive_sound(track, self._hold_back(track)), "audio")

    def _hold_back(self, track: MediaStreamTrack) -> int:
        """Replace the jitter buffers of a track's receivers; returns how many packets they hold back."""
        replaced = [replace_jitter_buffer(each, SoundJitterBuffer(_SOUND_HELD)) for each in self._receivers(track)]
        return _SOUND_HELD if all(replaced) else _USUALLY_HELD

    def _receivers(self, track: MediaStreamTrack) -> list[RTCRtpReceiver]:
        return [each.receiver for each in self._connection.getTransceivers() if each.receiver.track is track]

    async def _receive_pictures(self, track: MediaStreamTrack) -> None:
        capture_clock = CaptureClock(_PICTURES_HELD)
        async for source, frame, stamp, arrived in self._frames(track):
            if isinstance(frame, VideoFrame):
                source.put_picture(frame, capture_clock.capture_time(stamp, arrived))

    async def _receive_sound(self, track: MediaStreamTrack, held: int) -> None:
        capture_clock = CaptureClock(0)
        packet = math.inf
        async for source, frame, stamp, arrived in self._frames(track):
            if isinstance(frame, AudioFrame):
                samples = frame.to_ndarray().reshape(-1, 2).astype(np.float32) / 32768.0
                length = len(samples) / SAMPLE_RATE
                # After a loss, a block has several packets, and only the last one was held back for the full time.
                packet = min(packet, length)
                # A block cannot be sent before its last sample was heard; its time is that of the first one.
                sent = capture_clock.capture_time(stamp + length, arrived - held * packet)
                source.put_sound(samples, sent - length)

    async def _frames(self, track: MediaStreamTrack) -> AsyncIterator[tuple[Browser, object, float, float]]:
        """The frames of a track: the source, the frame, its time stamp and when it was released, in seconds."""
        try:
            while not self._over.is_set():
                frame = await track.recv()
                arrived = self._clock.now()
                source = self._source()
                if source is None:
                    self._end("removed")
                elif not self._over.is_set() and frame.pts is not None and frame.time_base is not None:
                    yield source, frame, float(frame.pts * frame.time_base), arrived
        except MediaStreamError:
            logger.debug("the %s of %s ended", track.kind, self._name)

    def _keep(self, work: object, what: str) -> None:
        assert asyncio.iscoroutine(work)
        task: asyncio.Task[None] = asyncio.create_task(work, name=f"{what} of the sender of {self._name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(_report)


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (fault := task.exception()) is not None:
        logger.error("%s ended by a fault of its own", task.get_name(), exc_info=fault)
