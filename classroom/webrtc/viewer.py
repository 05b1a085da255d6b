"""One student's connection: offers the program, reads the answer, and sends the program until the student leaves.

A viewer runs as one task with a bounded inbox, so a peer that floods, or a candidate that resolves slowly, only
delays this student. It knows nothing of signaling: it is given messages and a function to send.
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
from classroom.webrtc.closing import close_fully
from classroom.webrtc.description import BAD_DESCRIPTION, Candidate, check_description
from classroom.webrtc.ice.check_budget import CheckBudget
from classroom.webrtc.messages import Answer, Bye, KeyFrameWanted, Offer, PictureSize, RestartWanted
from classroom.webrtc.open_files import OUT_OF_FILES
from classroom.webrtc.rejected_media import accept_rejected_media
from classroom.webrtc.remote_candidates import RemoteCandidates
from classroom.webrtc.sending.adaptive_feed import AdaptiveFeed
from classroom.webrtc.sending.feed import OfferedProgram, PictureCodec, TimeLinePair
from classroom.webrtc.sending.playout_delay import PlayoutRule

__all__ = ["Viewer", "ViewerMessage", "ViewerState"]

logger = logging.getLogger(__name__)
limited_log = LimitedLog(logger)

ViewerState = Literal["waiting", "watching", "gone"]
ViewerMessage = Answer | Candidate | Bye | KeyFrameWanted | PictureSize | RestartWanted

_INBOX: Final = 128
_ANSWER_WITHIN: Final = 60.0
"""Seconds that a peer has to connect before its connection is given up; the peer stays signed in."""

_SILENT_FOR: Final = 10.0
"""Seconds without a report after which a student who does not fetch messages either counts as gone.

In an outage of the network its last request stays open, so the connection is kept and continues afterwards.
"""

_ABSENT_FOR: Final = 2.0
"""Seconds without a request for messages. A page that is present sends the next one at once."""

_MEASURE_INTERVAL: Final = 1.0
"""Seconds between two calls of ``measure``; the last check before the limit has a timer of its own."""

_LONGEST_FAULT: Final = 200
"""Characters of an error in a description that are logged; some of them are the peer's."""

_OFFER_INTERVAL: Final = 1.0
"""Seconds between two offers to the same peer, at least."""


@dataclass(frozen=True, slots=True)
class _ConnectionFailed:
    """A connection has failed, or was never established."""

    connection: RTCPeerConnection


class Viewer:
    """The broadcaster's end of one student's connection.

    ``send`` gives a JSON text to the peer and raises WireError when the peer is gone. ``changed`` is called when
    ``state`` changes. ``absence`` returns for how many seconds the peer has fetched no messages. ``near`` says that
    the peer is on this computer. ``run`` continues until it is cancelled, or this computer may open no more files.
    """

    def __init__(
        self,
        *,
        name: str,
        program: OfferedProgram,
        ice_servers: Callable[[], Sequence[RTCIceServer]],
        playout: PlayoutRule,
        send: Callable[[Offer], Awaitable[None]],
        changed: Callable[[], None],
        absence: Callable[[], float] = lambda: 0.0,
        near: bool = False,
    ) -> None:
        self._name = name
        self._near = near
        self._check_budget = CheckBudget(time.monotonic())
        self.without_files = False
        """Whether it ended because this computer may open no more files."""
        self._absence = absence
        self._program = program
        self._ice_servers = ice_servers
        self._playout = playout
        self._send = send
        self._changed = changed
        self._inbox: asyncio.Queue[ViewerMessage | _ConnectionFailed] = asyncio.Queue(_INBOX)
        self._state: ViewerState = "waiting"
        self._connection: RTCPeerConnection | None = None
        self._feed: AdaptiveFeed | None = None
        self._size: PictureSize | None = None
        self._codec: PictureCodec | None = None
        self._candidates = RemoteCandidates(name)
        self._offered = -_OFFER_INTERVAL
        self.block_detector = BlockDetector()

    @property
    def round_trip(self) -> float | None:
        """Seconds to the student and back; None before a report."""
        return self._feed.round_trip if self._feed is not None else None

    @property
    def loss(self) -> float | None:
        """The share (0…1) of picture packets that were recently lost; None before a report."""
        return self._feed.loss if self._feed is not None else None

    @property
    def tier(self) -> str | None:
        """The name of the rendition that is sent; None before one is."""
        return self._feed.tier if self._feed is not None else None

    @property
    def small(self) -> bool:
        """Whether the network carries no picture as large as the page could show."""
        return self._feed is not None and self._feed.small

    @property
    def absent(self) -> bool:
        """Whether the peer fetches no messages, as after its computer was closed."""
        return self._absence() > _ABSENT_FOR

    @property
    def time_lines(self) -> TimeLinePair:
        """When what has the time stamps of picture and sound was captured."""
        return self._feed.time_lines if self._feed is not None else (None, None)

    @property
    def state(self) -> ViewerState:
        """Whether the student sees the program."""
        return self._state

    @property
    def codec(self) -> PictureCodec | None:
        """The picture codec that was negotiated."""
        return self._codec

    def deliver(self, message: ViewerMessage) -> None:
        """Give a message of the peer to this viewer; where the inbox is full, the message is ignored."""
        try:
            self._inbox.put_nowait(message)
        except asyncio.QueueFull:
            limited_log.warn("%s sends too many messages; one is ignored", self._name)

    async def run(self) -> None:
        """Offer, and serve until cancelled; a fault of the peer is logged and affects no other student."""
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
        """The next message; a connection that is not established in time counts as failed."""
        with contextlib.suppress(TimeoutError):
            return await asyncio.wait_for(self._inbox.get(), _ANSWER_WITHIN if self._is_connecting() else None)
        if self._is_connecting() and self._connection is not None:
            logger.info("%s did not connect within %d s", self._name, _ANSWER_WITHIN)
            return _ConnectionFailed(self._connection)
        # It is established now: old clients send nothing more after their answer.
        return await self._inbox.get()

    def _is_connecting(self) -> bool:
        return self._connection is not None and self._state != "watching"

    async def _take(self, message: ViewerMessage | _ConnectionFailed) -> None:
        match message:
            case Answer(sdp):
                await self._accept(sdp)
            case Candidate():
                self._candidates.add(self._connection, message)
            case KeyFrameWanted():
                self._request_key_frame()
            case PictureSize():
                self._shown(message)
            case RestartWanted():
                await self._restart()
            case Bye():
                self.block_detector.reset()
                await self._end_connection()
            case _ConnectionFailed(connection):
                if connection is self._connection:  # it may have been replaced
                    await self._end_connection()
            case _:
                assert_never(message)

    async def _end_connection(self) -> None:
        await self._hang_up()
        self._set("waiting")

    async def _restart(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._offered < _OFFER_INTERVAL:
            return
        await self._end_connection()
        await self._offer()

    async def _offer(self) -> None:
        """Make a connection that sends picture and sound, and offer it with all its candidates."""
        self._offered = asyncio.get_running_loop().time()
        connection = RTCPeerConnection(
            RTCConfiguration(iceServers=list(self._ice_servers()), bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        )
        self._connection = connection
        self._candidates.restart()
        self._codec = None
        self._feed = AdaptiveFeed(self._program, connection, playout=self._playout, now=_now)

        def connection_changed() -> None:
            self._connection_changed(connection)

        connection.on("connectionstatechange", connection_changed)
        connection.on("iceconnectionstatechange", lambda: self.block_detector.ice_state(connection.iceConnectionState))
        guard(connection, self._check_budget, near=self._near)
        await connection.setLocalDescription(await connection.createOffer())
        description = connection.localDescription
        await self._send(Offer(description.sdp))

    async def _accept(self, sdp: str) -> None:
        connection = self._connection
        if connection is None or connection.signalingState != "have-local-offer":
            limited_log.warn("%s answered without an open offer", self._name)
            return
        try:
            description = check_description(sdp, "answer")
            accepted = accept_rejected_media(description.sdp, connection.localDescription.sdp)
            await connection.setRemoteDescription(RTCSessionDescription(sdp=accepted, type="answer"))
        except (*BAD_DESCRIPTION, WireError) as fault:
            limited_log.warn("the answer of %s cannot be used: %s", self._name, str(fault)[:_LONGEST_FAULT])
            await self._hang_up()
            return
        self.block_detector.answered(_now())
        self._agree(negotiated_codec(connection, tuple(self._program.pictures)))
        first = connection.getTransceivers()[0].mid
        for line in dict.fromkeys(each.line for each in description.candidates):
            self._candidates.add(connection, Candidate(line, first, 0))  # all sections share one transport

    def _agree(self, codec: PictureCodec | None) -> None:
        """Send the picture in the negotiated codec, which is not always the first one of the answer."""
        if codec is None:
            names = " or ".join(self._program.pictures)
            limited_log.warn(
                "%s cannot be sent the picture, because its browser does not support %s", self._name, names
            )
        elif self._feed is not None:
            self._codec = codec
            self._feed.start(codec, height=self._size.height if self._size is not None else None)

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
        if self._feed is not None:
            self._feed.shown(size.height)

    def _request_key_frame(self) -> None:
        if self._feed is not None and self._state == "watching":
            self._feed.request_key_frame()

    async def measure(self) -> None:
        """Follow the student's network, and give up a connection whose other end is gone. Call it once a second."""
        self.block_detector.update(_now(), absent=self.absent)
        feed = self._feed
        if feed is None or self._state != "watching":
            return
        await feed.measure()
        self._check_alive()

    def _check_alive(self) -> None:
        silence = self._feed.silence if self._feed is not None else None
        if silence is None or not self.absent:
            return
        if silence >= _SILENT_FOR:
            logger.info("%s has sent nothing for %d s", self._name, _SILENT_FOR)
            self._fail()
        elif silence > _SILENT_FOR - _MEASURE_INTERVAL:
            asyncio.get_running_loop().call_later(_SILENT_FOR - silence, self._check_alive)

    def _fail(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(asyncio.QueueFull):
                self._inbox.put_nowait(_ConnectionFailed(self._connection))

    async def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if self._feed is not None:
            self._feed.close()
            self._feed = None
        try:
            await self._candidates.cancel()
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
