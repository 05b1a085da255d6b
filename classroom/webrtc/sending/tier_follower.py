"""Follows one student's network: passes its reports to the choice of a tier, and the decisions to its feed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from classroom.media.rendition import Rendition
from classroom.webrtc.sending.feed import Feed
from classroom.webrtc.sending.tier_choice import NetworkState, TierChoice, TierDecision

__all__ = ["TierFollower"]

_MEASURED_OVER: Final = 0.8
"""Seconds at least over which the bit rate that was sent is measured."""

_UPDATES_AFTER: Final = 1.0
"""Seconds without a report after which the choice is updated as well: silence is information, too."""

_BROKEN_LOSS: Final = 0.2
_BROKEN_ESTIMATE: Final = 0.5
"""Share that is lost, or share of the sent bit rate that the browser expects to arrive: with these, a picture that is
replaced by a smaller one is no longer worth sending."""


class TierFollower:
    """Moves one student between the renditions of the negotiated codec."""

    def __init__(self, feed: Feed, renditions: Sequence[Rendition], *, now: float) -> None:
        self._feed = feed
        self._renditions = renditions
        self._choice = TierChoice(
            [(rendition.size[1], rendition.bit_rate) for rendition in renditions],
            now=now,
            least_share=renditions[0].least_share,
        )
        self._measured = now
        self._octets = feed.sent or 0
        self._sent = 0.0
        self._reports = 0
        self._reported = self._updated = now
        self.rendition = renditions[0]
        feed.choose(self.rendition)

    def shown(self, height: int, now: float) -> None:
        """The page shows the picture at this height, in pixels of its screen."""
        if self._feed.movable:
            self._apply(self._choice.shown(height, now))

    @property
    def small(self) -> bool:
        """Whether the network carries no picture as large as the page could show."""
        return self._choice.small

    def tend(self, now: float) -> None:
        """Choose again where no report has led to it recently. Call it about once a second."""
        if now - self._updated >= _UPDATES_AFTER:
            self.update(now)

    def update(self, now: float) -> None:
        """Choose again. Call it for each report."""
        if not self._feed.movable:
            return
        self._updated = now
        if now - self._measured >= _MEASURED_OVER:
            octets = self._feed.sent or 0
            self._sent = 8 * (octets - self._octets) / (now - self._measured)
            self._octets, self._measured = octets, now
        picture = self._feed.picture
        if picture.reports > self._reports:
            self._reports, self._reported = picture.reports, now
        network = NetworkState(
            reported=self._reported,
            sent=self._sent,
            estimate=picture.estimate,
            loss=picture.loss or 0.0,
            newest_loss=picture.losses.newest,
            round_trip=picture.last_round_trip,
            jitter=picture.jitter,
        )
        self._apply(self._choice.update(network, [rendition.attainable for rendition in self._renditions], now))

    def _apply(self, decision: TierDecision) -> None:
        rendition = self._renditions[decision.rendition]
        if rendition is not self.rendition:
            at_once = rendition.bit_rate < self.rendition.bit_rate and self._is_broken()
            self.rendition = rendition
            self._feed.choose(rendition, at_once=at_once)
        self._feed.limit(bit_rate=decision.bit_rate, key_frame_interval=decision.key_frame_interval)

    def _is_broken(self) -> bool:
        picture = self._feed.picture
        broken = picture.estimate is not None and picture.estimate < _BROKEN_ESTIMATE * self._sent
        return broken or (picture.loss or 0.0) > _BROKEN_LOSS
