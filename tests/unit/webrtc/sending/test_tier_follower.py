"""From a student's reports to what is fed to it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from classroom.media.rendition import Rendition
from classroom.webrtc.rtp.feedback import Feedback
from classroom.webrtc.sending.feed import TimeLinePair
from classroom.webrtc.sending.tier_follower import TierFollower


class Fed:
    """A feed that notes what it is told."""

    silence: float | None = None
    send_jitter = 0.0
    time_lines: TimeLinePair = (None, None)

    def __init__(self, *, movable: bool = True) -> None:
        self.movable = movable
        self.picture = Feedback()
        self.sent: int | None = 0 if movable else None
        self.chosen: list[str] = []
        self.at_once = False
        self.limits: list[tuple[float | None, float | None]] = []

    def choose(self, rendition: Rendition, *, at_once: bool = False) -> None:
        self.chosen.append(rendition.name)
        self.at_once = at_once

    def limit(self, *, bit_rate: float | None, key_frame_interval: float | None) -> None:
        self.limits.append((bit_rate, key_frame_interval))

    def request_key_frame(self) -> None:
        pass

    async def measure(self) -> None:
        pass


RENDITIONS = [
    cast(Rendition, SimpleNamespace(name=name, size=(0, height), bit_rate=rate, attainable=0.6 * rate, least_share=0.6))
    for name, height, rate in (("720p", 720, 1_500_000), ("360p", 360, 500_000), ("180p", 180, 150_000))
]


def reports(fed: Fed, steering: TierFollower, first: int, end: int, **values: Any) -> None:
    """A report each half second on 1.5 Mbit/s that were sent, from one second to another."""
    for half in range(2 * first + 1, 2 * end + 1):
        assert fed.sent is not None
        fed.sent += 94_000
        fed.picture.reports += 1
        for name, value in values.items():
            setattr(fed.picture, name, value)
        steering.update(half / 2)


def test_a_good_network_keeps_all() -> None:
    fed = Fed()
    steering = TierFollower(fed, RENDITIONS, now=0.0)
    reports(fed, steering, 0, 20, estimate=2_000_000, loss=0.0, last_round_trip=0.01)
    assert fed.chosen == ["720p"]
    assert set(fed.limits) == {(None, None)}


def test_a_network_that_fills_up_gets_less_within_three_seconds() -> None:
    fed = Fed()
    steering = TierFollower(fed, RENDITIONS, now=0.0)
    reports(fed, steering, 0, 5, estimate=2_000_000, loss=0.0, last_round_trip=0.01)
    assert not fed.at_once
    reports(fed, steering, 5, 8, estimate=400_000, loss=0.3, last_round_trip=0.2)
    assert fed.at_once, "what is lost anyway is not sent any more"
    assert fed.chosen[0] == "720p"
    assert len(fed.chosen) > 1
    assert steering.rendition.name == fed.chosen[-1] != "720p"


def test_heavy_loss_alone_is_enough_where_a_browser_makes_no_estimate() -> None:
    fed = Fed()
    steering = TierFollower(fed, RENDITIONS, now=0.0)
    reports(fed, steering, 0, 5, loss=0.0, last_round_trip=0.01)
    assert fed.chosen == ["720p"]
    reports(fed, steering, 5, 8, loss=0.4, last_round_trip=0.01)
    assert len(fed.chosen) > 1


def test_it_looks_again_only_where_no_report_came_for_a_second() -> None:
    fed = Fed()
    steering = TierFollower(fed, RENDITIONS, now=0.0)
    reports(fed, steering, 0, 2, estimate=2_000_000, loss=0.0, last_round_trip=0.01)
    before = len(fed.limits)
    steering.tend(2.9)
    assert len(fed.limits) == before
    steering.tend(3.0)
    assert len(fed.limits) == before + 1
    steering.tend(3.5)
    assert len(fed.limits) == before + 1


def test_a_small_page_starts_small() -> None:
    fed = Fed()
    steering = TierFollower(fed, RENDITIONS, now=0.0)
    steering.shown(300, 0.1)
    assert fed.chosen == ["720p", "360p"]
    assert steering.rendition.name == "360p"


def test_what_cannot_be_moved_stays() -> None:
    fed = Fed(movable=False)
    steering = TierFollower(fed, RENDITIONS, now=0.0)
    fed.picture.loss = 0.9
    for second in range(20):
        steering.update(float(second))
    steering.shown(100, 21.0)
    assert fed.chosen == ["720p"]
    assert fed.limits == []
