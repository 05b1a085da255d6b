"""The feed of one student's connection, which adapts to the network: its rendition, bit rate and playout delay."""

from __future__ import annotations

from collections.abc import Callable

from aiortc import RTCPeerConnection

from classroom.webrtc.sending.capabilities import capabilities, preferences
from classroom.webrtc.sending.feed import OfferedProgram, PictureCodec, TimeLinePair
from classroom.webrtc.sending.playout_delay import AdaptivePlayoutDelay, PlayoutRule
from classroom.webrtc.sending.tier_follower import TierFollower

__all__ = ["AdaptiveFeed"]


class AdaptiveFeed:
    """Feeds a connection that has not offered yet, until ``close``. ``now`` is the time in seconds."""

    def __init__(
        self,
        program: OfferedProgram,
        connection: RTCPeerConnection,
        *,
        playout: PlayoutRule,
        now: Callable[[], float],
    ) -> None:
        self._program = program
        self._now = now
        self._playout_delay = AdaptivePlayoutDelay(playout)
        self._tier_follower: TierFollower | None = None
        self._closed = False
        self._feed = program.feed(
            connection,
            picture=preferences(tuple(program.pictures)),
            sound=capabilities("audio", ("audio/opus",)),
            delay=self._playout_delay.delay,
            reported=self._reported,
        )

    @property
    def round_trip(self) -> float | None:
        """Seconds to the student and back; None before a report."""
        return self._feed.picture.round_trip

    @property
    def loss(self) -> float | None:
        """The share (0…1) of picture packets that were recently lost; None before a report."""
        return self._feed.picture.loss

    @property
    def tier(self) -> str | None:
        """The name of the rendition that is sent; None before one is."""
        return self._tier_follower.rendition.name if self._tier_follower is not None else None

    @property
    def small(self) -> bool:
        """Whether the network carries no picture as large as the page could show."""
        return self._tier_follower is not None and self._tier_follower.small

    @property
    def time_lines(self) -> TimeLinePair:
        """When what has the time stamps of picture and sound was captured."""
        return self._feed.time_lines

    @property
    def silence(self) -> float | None:
        """Seconds since the student's end last sent anything; None before it could and where that is not known."""
        return self._feed.silence

    def start(self, codec: PictureCodec, *, height: int | None) -> None:
        """Send the picture in the negotiated codec; ``height`` is the page's, in pixels, where it is known."""
        self._tier_follower = TierFollower(self._feed, self._program.pictures[codec], now=self._now())
        if height is not None:
            self.shown(height)

    def shown(self, height: int) -> None:
        """The page shows the picture at this height, in pixels of its screen."""
        if self._tier_follower is not None:
            self._tier_follower.shown(height, self._now())

    def request_key_frame(self) -> None:
        """The student's page requests a key frame."""
        self._feed.request_key_frame()

    async def measure(self) -> None:
        """Follow the student's network. Call it about once a second."""
        await self._feed.measure()
        if self._tier_follower is not None and not self._closed:
            self._tier_follower.tend(self._now())

    def close(self) -> None:
        """Follow the network no more. The connection ends the feed itself."""
        self._closed = True

    def _reported(self, _newly_lost: int) -> None:
        if self._closed:
            return
        now, picture = self._now(), self._feed.picture
        self._playout_delay.report(
            jitter=picture.jitter,
            own=self._feed.send_jitter,
            loss=picture.loss or 0.0,
            round_trip=picture.round_trip,
            now=now,
        )
        if self._tier_follower is not None:
            self._tier_follower.update(now)
