"""Follows one student's network: what its reports say goes to the choice of a tier, and what is chosen to its feed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from classroom.media.rendition import Rendition
from classroom.webrtc.sending.feed import Feed
from classroom.webrtc.sending.tier_choice import NetworkState, TierChoice, TierDecision

__all__ = ["TierFollower"]

_MEASURED_OVER: Final = 0.8
"""Seconds at least over which it is measured how much was sent."""

_LOOKS_AFTER: Final = 1.0
"""Seconds without a report after which the choice is looked at all the same: silence says something too."""

_BROKEN_LOSS: Final = 0.2
_BROKEN_ESTIMATE: Final = 0.5
"""The share that is lost, or that the browser expects of what is sent, with which a picture that is left for a smaller
one is not worth sending any more."""


class TierFollower:
    """Moves one student between the renditions of the codec that was agreed on."""

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
        self._heard = self._updated = now
        self.rendition = renditions[0]
        feed.choose(self.rendition)

    def shown(self, height: int, now: float) -> None:
        """The page shows the picture this high, in pixels of its screen."""
        if self._feed.movable:
            self._apply(self._choice.shown(height, now))

    def tend(self, now: float) -> None:
        """Choose anew where no report has led to it lately; to be called about once a second."""
        if now - self._updated >= _LOOKS_AFTER:
            self.update(now)

    def update(self, now: float) -> None:
        """Choose anew; to be called for each report."""
        if not self._feed.movable:
            return
        self._updated = now
        if now - self._measured >= _MEASURED_OVER:
            octets = self._feed.sent or 0
            self._sent = 8 * (octets - self._octets) / (now - self._measured)
            self._octets, self._measured = octets, now
        picture = self._feed.picture
        if picture.reports > self._reports:
            self._reports, self._heard = picture.reports, now
        link = NetworkState(
            heard=self._heard,
            sent=self._sent,
            estimate=picture.estimate,
            loss=picture.loss or 0.0,
            newest_loss=picture.losses.newest,
            round_trip=picture.last_round_trip,
            jitter=picture.jitter,
        )
        self._apply(self._choice.update(link, [rendition.attainable for rendition in self._renditions], now))

    def _apply(self, choice: TierDecision) -> None:
        rendition = self._renditions[choice.rendition]
        if rendition is not self.rendition:
            at_once = rendition.bit_rate < self.rendition.bit_rate and self._is_broken()
            self.rendition = rendition
            self._feed.choose(rendition, at_once=at_once)
        self._feed.limit(wish=choice.wish, key_frames_every=choice.key_frames_every)

    def _is_broken(self) -> bool:
        picture = self._feed.picture
        broken = picture.estimate is not None and picture.estimate < _BROKEN_ESTIMATE * self._sent
        return broken or (picture.loss or 0.0) > _BROKEN_LOSS
