"""One student's connection: offers the program, takes the answer, and feeds packets until the student leaves.

A viewer runs as one task with a bounded inbox, so that whatever a peer sends, and however slowly a candidate
resolves, only this student waits. It knows nothing of signaling: it is given messages and a way to send.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, assert_never

from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCIceServer,
    RTCPeerConnection,
    RTCSessionDescription,
)

from classroom.common.errors import WireError
from classroom.common.limited_log import LimitedLog
from classroom.webrtc.aiortc_guard import guard
from classroom.webrtc.aiortc_internals import negotiated_codec
from classroom.webrtc.blocked_network import BlockDetector
from classroom.webrtc.candidates import MOST_CANDIDATES, read_candidate
from classroom.webrtc.closing import close_fully
from classroom.webrtc.description import BAD_DESCRIPTION, Candidate, check_description
from classroom.webrtc.ice.check_budget import CheckBudget
from classroom.webrtc.messages import Answer, Bye, KeyFrameWanted, Offer, PictureSize, RestartWanted
from classroom.webrtc.open_files import OUT_OF_FILES
from classroom.webrtc.rejected_media import accept_rejected_media
from classroom.webrtc.sending.capabilities import capabilities, preferences
from classroom.webrtc.sending.feed import Feed, OfferedProgram, PictureCodec
from classroom.webrtc.sending.playout_delay import AdaptivePlayoutDelay, PlayoutSetting
from classroom.webrtc.sending.tier_follower import TierFollower

__all__ = [
    "Viewer",
    "ViewerMessage",
    "ViewerState",
]

logger = logging.getLogger(__name__)
sparing = LimitedLog(logger)

ViewerState = Literal["waiting", "watching", "gone"]
ViewerMessage = Answer | Candidate | Bye | KeyFrameWanted | PictureSize | RestartWanted

_INBOX: Final = 128
_ANSWER_WITHIN: Final = 60.0
"""Seconds a peer has to connect before its half-made connection is given up; it stays signed in."""

_SILENT_FOR: Final = 10.0
"""Seconds without a report after which a student who does not fetch messages either has vanished.

In an outage of the network its last request stays open, so that the connection is kept, and goes on afterwards.
"""

_ABSENT_FOR: Final = 2.0
"""Seconds without a request for that. Who ends one and is there asks again at once."""

_LOOKED_EVERY: Final = 1.0
"""Seconds between two looks at who has vanished; the last one comes when it is time."""

_LONGEST_FAULT: Final = 200
"""Letters of what is wrong with a description that are written; some of them are the peer's."""

_RESTART_EVERY: Final = 1.0
"""Seconds between two new offers to the same peer, at least."""


@dataclass(frozen=True, slots=True)
class _ConnectionFailed:
    """A connection came to its end, or never came about."""

    connection: RTCPeerConnection


class Viewer:
    """A student's end of the connection.

    ``send`` gives a JSON text to the peer and raises WireError when the peer is gone; ``changed`` is called whenever
    ``state`` changes; ``absence`` says for how many seconds the peer is known to fetch no messages; ``near`` says
    that it is on this computer. ``run`` goes on until it is cancelled, or this computer has no open file left.
    """

    def __init__(
        self,
        *,
        name: str,
        program: OfferedProgram,
        ice_servers: Callable[[], Sequence[RTCIceServer]],
        playout_delay: PlayoutSetting,
        send: Callable[[Offer], Awaitable[None]],
        changed: Callable[[], None],
        absence: Callable[[], float] = lambda: 0.0,
        near: bool = False,
    ) -> None:
        self._name = name
        self._near = near
        self._allowance = CheckBudget(time.monotonic())
        self.without_files = False
        """Whether it ended because this computer had no more open files to give."""
        self._absence = absence
        self._program = program
        self._ice_servers = ice_servers
        self._playout_delay = playout_delay
        self._playout_delay_control = AdaptivePlayoutDelay(playout_delay)
        self._send = send
        self._changed = changed
        self._inbox: asyncio.Queue[ViewerMessage | _ConnectionFailed] = asyncio.Queue(_INBOX)
        self._state: ViewerState = "waiting"
        self._connection: RTCPeerConnection | None = None
        self._feed: Feed | None = None
        self._tier_follower: TierFollower | None = None
        self._size: PictureSize | None = None
        self._codec: PictureCodec | None = None
        self._candidates = 0
        self._resolving: set[asyncio.Task[None]] = set()
        self._offered = -_RESTART_EVERY
        self.blockade = BlockDetector()

    @property
    def round_trip(self) -> float | None:
        """Seconds to the student and back; None before a report."""
        return self._feed.picture.round_trip if self._feed is not None else None

    @property
    def loss(self) -> float | None:
        """The share (0…1) of picture packets that were lost lately; None before a report."""
        return self._feed.picture.loss if self._feed is not None else None

    @property
    def tier(self) -> str | None:
        """The name of the rendition that is sent; None before one is."""
        return self._tier_follower.rendition.name if self._tier_follower is not None else None

    @property
    def state(self) -> ViewerState:
        """Whether the student sees the program."""
        return self._state

    @property
    def codec(self) -> PictureCodec | None:
        """The picture codec that was agreed on."""
        return self._codec

    def deliver(self, message: ViewerMessage) -> None:
        """Give a message of the peer to this viewer; one that floods is cut short."""
        try:
            self._inbox.put_nowait(message)
        except asyncio.QueueFull:
            sparing.warn("%s sends more than is taken; a message is left out", self._name)

    async def run(self) -> None:
        """Offer, and serve until cancelled; what the peer does wrong is logged and ends nothing else."""
        try:
            await self._offer()
            while True:
                await self._take(await self._next())
        except WireError as gone:
            logger.info("%s cannot be reached: %s", self._name, gone)
        except OSError as fault:
            if fault.errno not in OUT_OF_FILES:
                raise
            self.without_files = True
            logger.debug("%s cannot be offered the program: %s", self._name, fault)
        finally:
            try:
                await self._hang_up()
            finally:
                self._set("gone")

    async def _next(self) -> ViewerMessage | _ConnectionFailed:
        """The next message; a call that does not come about in time counts as failed."""
        with contextlib.suppress(TimeoutError):
            return await asyncio.wait_for(self._inbox.get(), _ANSWER_WITHIN if self._is_connecting() else None)
        if self._is_connecting() and self._connection is not None:
            logger.info("%s did not connect within %d s", self._name, _ANSWER_WITHIN)
            return _ConnectionFailed(self._connection)
        # It came about meanwhile: old clients have nothing more to say once they have answered.
        return await self._inbox.get()

    def _is_connecting(self) -> bool:
        return self._connection is not None and self._state != "watching"

    async def _take(self, message: ViewerMessage | _ConnectionFailed) -> None:
        match message:
            case Answer(sdp):
                await self._accept(sdp)
            case Candidate():
                self._add(message)
            case KeyFrameWanted():
                self._demand_key_frame()
            case PictureSize():
                self._shown(message)
            case RestartWanted():
                await self._restart()
            case Bye():
                self.blockade.over()
                await self._end_call()
            case _ConnectionFailed(connection):
                if connection is self._connection:  # or it was replaced meanwhile
                    await self._end_call()
            case _:
                assert_never(message)

    async def _end_call(self) -> None:
        await self._hang_up()
        self._set("waiting")

    async def _restart(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._offered < _RESTART_EVERY:
            return
        await self._end_call()
        await self._offer()

    async def _offer(self) -> None:
        """Make a connection that sends picture and sound, and offer it with all its candidates."""
        self._offered = asyncio.get_running_loop().time()
        connection = RTCPeerConnection(
            RTCConfiguration(iceServers=list(self._ice_servers()), bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        )
        self._connection = connection
        self._candidates = 0
        self._codec = None
        self._tier_follower = None
        self._playout_delay_control = AdaptivePlayoutDelay(self._playout_delay)
        self._feed = self._program.feed(
            connection,
            picture=preferences(tuple(self._program.pictures)),
            sound=capabilities("audio", ("audio/opus",)),
            delay=self._playout_delay_control.delay,
            reported=self._reported,
        )

        def connection_changed() -> None:
            self._connection_changed(connection)

        connection.on("connectionstatechange", connection_changed)
        connection.on("iceconnectionstatechange", lambda: self.blockade.path(connection.iceConnectionState))
        guard(connection, self._allowance, near=self._near)
        await connection.setLocalDescription(await connection.createOffer())
        description = connection.localDescription
        await self._send(Offer(description.sdp))

    async def _accept(self, sdp: str) -> None:
        connection = self._connection
        if connection is None or connection.signalingState != "have-local-offer":
            sparing.warn("%s answered without an open offer", self._name)
            return
        try:
            vetted = check_description(sdp, "answer")
            taken = accept_rejected_media(vetted.sdp, connection.localDescription.sdp)
            await connection.setRemoteDescription(RTCSessionDescription(sdp=taken, type="answer"))
        except (*BAD_DESCRIPTION, WireError) as fault:
            sparing.warn("the answer of %s cannot be used: %s", self._name, str(fault)[:_LONGEST_FAULT])
            await self._hang_up()
            return
        self.blockade.answered(_now())
        self._agree(negotiated_codec(connection, tuple(self._program.pictures)))
        first = connection.getTransceivers()[0].mid
        for line in dict.fromkeys(each.line for each in vetted.candidates):
            self._add(Candidate(line, first, 0))  # all sections have one way

    def _agree(self, codec: PictureCodec | None) -> None:
        """Send the picture in what was negotiated, which is not always what the answer seems to take first."""
        if codec is None:
            names = " or ".join(self._program.pictures)
            sparing.warn("%s cannot be shown the picture, for its browser knows no %s", self._name, names)
        elif self._feed is not None:
            self._codec = codec
            self._tier_follower = TierFollower(self._feed, self._program.pictures[codec], now=_now())
            if self._size is not None:
                self._tier_follower.shown(self._size.height, _now())

    def _add(self, candidate: Candidate) -> None:
        connection = self._connection
        if connection is None or connection.remoteDescription is None or not candidate.line:
            return
        self._candidates += 1
        if self._candidates > MOST_CANDIDATES:
            return
        task = asyncio.create_task(self._resolve(connection, candidate), name=f"candidate of {self._name}")
        self._resolving.add(task)
        task.add_done_callback(self._resolving.discard)

    async def _resolve(self, connection: RTCPeerConnection, candidate: Candidate) -> None:
        """Add a candidate; a name that nobody on this network knows (mDNS) costs its time-out and no more.

        The connection stands all the same: the peer's own checks reveal its address.
        """
        try:
            parsed = read_candidate(candidate.line)
            if parsed is not None:
                parsed.sdpMid, parsed.sdpMLineIndex = candidate.mid, candidate.line_index
                await asyncio.wait_for(connection.addIceCandidate(parsed), 5.0)
        except (*BAD_DESCRIPTION, WireError, TimeoutError, OSError) as fault:
            said = str(fault)[:_LONGEST_FAULT] or type(fault).__name__
            sparing.warn("a candidate of %s is left out: %s", self._name, said)

    def _connection_changed(self, connection: RTCPeerConnection) -> None:
        if connection is not self._connection:
            return
        match connection.connectionState:
            case "connected":
                self._set("watching")
            case "failed" | "closed":
                self._fail()

    def _shown(self, size: PictureSize) -> None:
        self._size = size
        if self._tier_follower is not None:
            self._tier_follower.shown(size.height, _now())

    def _demand_key_frame(self) -> None:
        if self._feed is not None and self._state == "watching":
            self._feed.request_key_frame()

    async def measure(self) -> None:
        """Follow the student's network, and give up a connection whose other end has vanished; once a second."""
        self.blockade.look(_now(), absent=self._absence() > _ABSENT_FOR)
        feed = self._feed
        if feed is None or self._state != "watching":
            return
        await feed.measure()
        if self._tier_follower is not None:
            self._tier_follower.tend(_now())
        self._look_for_life()

    def _reported(self, _newly_lost: int) -> None:
        feed = self._feed
        if feed is None:
            return
        now, picture = _now(), feed.picture
        self._playout_delay_control.report(
            jitter=picture.jitter, loss=picture.loss or 0.0, round_trip=picture.round_trip, now=now
        )
        if self._tier_follower is not None:
            self._tier_follower.update(now)

    def _look_for_life(self) -> None:
        silence = self._feed.silence if self._feed is not None else None
        if silence is None or self._absence() <= _ABSENT_FOR:
            return
        if silence >= _SILENT_FOR:
            logger.info("%s has not been heard of for %d s", self._name, _SILENT_FOR)
            self._fail()
        elif silence > _SILENT_FOR - _LOOKED_EVERY:
            asyncio.get_running_loop().call_later(_SILENT_FOR - silence, self._look_for_life)

    def _fail(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(asyncio.QueueFull):
                self._inbox.put_nowait(_ConnectionFailed(self._connection))

    async def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        self._feed = self._tier_follower = None
        resolving = list(self._resolving)
        for task in resolving:
            task.cancel()
        try:
            await asyncio.gather(*resolving, return_exceptions=True)
        finally:
            if connection is not None:
                try:
                    await close_fully(connection)
                finally:
                    self._program.gc_schedule.left()

    def _set(self, state: ViewerState) -> None:
        if state != self._state:
            self._state = state
            self._changed()


def _now() -> float:
    return asyncio.get_running_loop().time()
