"""Which rendition a student gets, on links that are played through without a clock."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classroom.webrtc.rtp.feedback import LossStatistics
from classroom.webrtc.sending.tier_choice import NetworkState, TierChoice, TierDecision

RENDITIONS = ((720, 1_500_000.0), (360, 500_000.0), (180, 150_000.0))
RATES = [rate for _, rate in RENDITIONS]
STEP = 0.05
PACKET = 9_600.0


class Network:
    """A link with a queue, a browser's estimate and reports, as media go through it in steps of 50 ms.

    The estimate is that of libwebrtc's receiver: 0.85 of what arrives when the queue grows, else 8 % more each second,
    up to 1.5 times of what arrives. It comes three times a second, a receiver report once a second and with each loss.
    """

    def __init__(
        self,
        capacity: Callable[[float], float],
        *,
        loss: float = 0.0,
        round_trip: float = 0.05,
        busy: Callable[[float], float] = lambda _: 1.0,
        longest_queue: float = 0.3,
        alone: bool = True,
        estimates: bool = True,
        page: int | None = None,
    ) -> None:
        self.capacity, self.loss, self.round_trip = capacity, loss, round_trip
        self.busy, self.longest_queue, self.alone, self.estimates = busy, longest_queue, alone, estimates
        self.chance = random.Random(5)
        self.choice = TierChoice(RENDITIONS, now=0.0)
        if page is not None:
            self.choice.shown(page, 0.0)
        self.now = 0.0
        self.rates = list(RATES)
        self.queue = 0.0
        self.estimate = 1_500_000.0
        self.arrived: list[float] = [1_500_000.0 * STEP] * 10
        self.sent: list[float] = [1_500_000.0 * STEP] * 20
        self.counted = [0, 0]
        self.told = 0
        self.losses = LossStatistics()
        self.link = NetworkState(0.0, 0.0)
        self.log: list[tuple[float, TierDecision]] = [(0.0, self.choice.decision)]

    def run(self, until: float) -> Network:
        while self.now < until:
            self._step()
        return self

    def at(self, moment: float) -> TierDecision:
        return [choice for when, choice in self.log if when <= moment][-1]

    @property
    def moves(self) -> list[tuple[float, int]]:
        """When another rendition was chosen, and which."""
        found: list[tuple[float, int]] = []
        for when, choice in self.log:
            if not found or found[-1][1] != choice.rendition:
                found.append((round(when, 2), choice.rendition))
        return found[1:]

    def _step(self) -> None:
        self.now += STEP
        choice = self.choice.decision
        current = choice.rendition
        wish = RATES[current] if choice.bit_rate is None or not self.alone else choice.bit_rate
        goal = max(0.6 * RATES[current], min(RATES[current], wish))
        self.rates[current] += (goal - self.rates[current]) * STEP / 0.5
        for other in {0, 1, 2} - {current}:
            self.rates[other] = RATES[other] * (0.6 if self.alone else 1)
        bits = self.rates[current] * self.busy(self.now) * STEP
        if choice.key_frame_interval is not None:
            bits = 0.25 * RATES[current] / choice.key_frame_interval * STEP
        packets = max(1, round(bits / PACKET)) if bits else 0
        lost = sum(self.chance.random() < self.loss for _ in range(packets))
        capacity = self.capacity(self.now)
        before = self.queue
        self.queue += bits * (1 - lost / packets if packets else 1)
        over = max(0.0, self.queue - self.longest_queue * max(capacity, 1.0) - capacity * STEP)
        self.queue -= over
        arrived = min(self.queue, capacity * STEP)
        self.queue -= arrived
        self.counted[0] += packets
        self.counted[1] += lost + round(over / PACKET)
        self.arrived = [*self.arrived[1:], arrived]
        self.sent = [*self.sent[1:], bits]
        self._report(growing=self.queue > before + 1 or over > 0)

    def _report(self, *, growing: bool) -> None:
        tick = round(self.now / STEP)
        through = sum(self.arrived) / (len(self.arrived) * STEP)
        if self.queue > 0.05 * self.capacity(self.now) and growing:
            self.estimate = min(self.estimate, 0.85 * through)
        else:
            limit = max(self.estimate, 1.5 * through + 10_000)
            self.estimate = min(limit, self.estimate * 1.08**STEP)
        dead = self.capacity(self.now) == 0
        delay = self.queue / max(1.0, self.capacity(self.now))
        if not dead and (tick % 7 == 0 or tick % 20 == 0 or self.counted[1] > self.told):
            loss, trip = self.link.loss, self.link.round_trip
            if tick % 20 == 0:
                trip = self.round_trip + delay
            if tick % 20 == 0 or self.counted[1] > self.told:
                self.losses.add(self.now, highest=self.counted[0], lost=self.counted[1])
                self.told = self.counted[1]
                loss = loss if self.losses.share is None else self.losses.share
            sent = sum(self.sent) / (len(self.sent) * STEP)
            estimate = self.estimate if self.estimates else None
            self.link = NetworkState(self.now, sent, estimate, loss, trip, 0.005, self.losses.newest)
        chosen = self.choice.update(self.link, self.rates, self.now)
        if chosen != self.log[-1][1]:
            self.log.append((self.now, chosen))


def steady(bits: float) -> Callable[[float], float]:
    return lambda _: bits


def slides(now: float) -> float:
    """A page of text: a second of much to send every ten, else almost nothing."""
    return 1.0 if now % 10 < 1.0 else 0.05


def cut(now: float) -> float:
    return 400_000 if 20 <= now < 60 else 2_500_000


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize("estimates", [True, False])
@pytest.mark.parametrize("longest_queue", [0.05, 0.3, 1.5])
def test_it_goes_down_within_three_seconds_and_comes_back(alone: bool, estimates: bool, longest_queue: float) -> None:
    network = Network(cut, alone=alone, estimates=estimates, longest_queue=longest_queue).run(150)
    assert network.at(19.9) == TierDecision(0)
    assert network.at(23.0).rendition > 0
    assert network.at(59.9).rendition > 0
    assert network.at(149).rendition == 0
    assert len(network.moves) <= 9, network.moves


def test_alone_it_settles_on_a_bit_rate_that_fits() -> None:
    """400 kbit/s carry the tier of 500 when its encoder goes down to 300."""
    network = Network(steady(400_000)).run(90)
    assert network.at(90).rendition == 1
    assert [moment for moment, _ in network.moves if moment > 45] == []


def test_the_bit_rate_goes_down_before_a_tier_is_left() -> None:
    network = Network(lambda now: 1_200_000 if now > 20 else 2_500_000).run(60)
    assert network.moves == []
    wishes = [choice.bit_rate for _, choice in network.log if choice.bit_rate is not None]
    assert wishes
    assert min(wishes) > 0.6 * RATES[0]


def test_where_others_want_the_full_rate_it_leaves_the_tier_instead() -> None:
    network = Network(lambda now: 1_000_000 if now > 20 else 2_500_000, alone=False).run(40)
    assert 20 < network.moves[0][0] <= 23
    assert network.moves[0][1] == 1


@pytest.mark.parametrize("busy", [steady(1.0), slides], ids=["camera", "slides"])
@pytest.mark.parametrize("loss", [0.0, 0.02, 0.05])
def test_a_lossy_wireless_network_with_room_keeps_the_full_picture(busy: Callable[[float], float], loss: float) -> None:
    network = Network(steady(6_000_000), loss=loss, busy=busy).run(300)
    lowest = [moment for moment, rendition in network.moves if rendition == 2]
    assert not lowest
    spent = _seconds_in(network, 0, 300)
    assert spent >= 270, network.moves


def test_heavy_loss_that_no_smaller_picture_mends_becomes_the_usual_one() -> None:
    network = Network(steady(6_000_000), loss=0.3).run(400)
    assert _seconds_in(network, 0, 400) > 200, network.moves


def test_a_delay_is_no_reason() -> None:
    assert Network(steady(3_000_000), round_trip=0.3).run(60).moves == []


def test_attempts_to_go_up_become_rare() -> None:
    network = Network(steady(700_000), alone=False).run(600)
    ups = [moment for moment, rendition in network.moves if rendition == 0]
    assert len(ups) <= 8, network.moves
    waits = [later - earlier for earlier, later in pairwise(ups)]
    assert waits[-1] >= 100
    assert _seconds_in(network, 0, 600) < 40


def test_a_link_too_thin_for_the_smallest_gets_key_frames_only_and_recovers() -> None:
    network = Network(lambda now: 60_000 if 10 <= now < 50 else 2_500_000).run(200)
    assert network.at(20).key_frame_interval is not None
    assert network.at(20).rendition == 2
    assert network.at(199) == TierDecision(0)


def test_an_outage_changes_nothing() -> None:
    network = Network(lambda now: 0 if 20 <= now < 30 else 2_500_000).run(60)
    assert [rendition for moment, rendition in network.moves if moment < 30.0] == []
    assert network.at(45).rendition == 0


def test_a_phone_starts_with_the_smallest_that_covers_it_and_grows_with_its_page() -> None:
    assert [Network(steady(1), page=height).choice.decision.rendition for height in (0, 180, 200, 396, 397, 1400)] == [
        2,
        2,
        1,
        1,
        0,
        0,
    ]
    network = Network(steady(6_000_000), page=200).run(60)
    assert network.moves == []
    assert network.choice.decision == TierDecision(1)
    assert network.choice.shown(800, network.now) == TierDecision(0)
    assert network.run(120).choice.decision == TierDecision(0)


def test_a_page_that_becomes_small_gives_up_the_large_picture_after_a_while() -> None:
    network = Network(steady(6_000_000), page=800).run(10)
    network.choice.shown(100, network.now)
    network.run(14)
    assert network.choice.decision == TierDecision(0)
    network.choice.shown(800, network.now)  # only turned for a moment
    assert network.run(30).moves == []
    network.choice.shown(100, network.now)
    assert network.run(40).choice.decision == TierDecision(2)


def test_a_lesson_without_tiers_knows_only_the_key_frames() -> None:
    choice = TierChoice([(720, 1_500_000.0)], now=0.0)
    for step in range(200):
        now = step / 10
        link = NetworkState(now, 1_500_000.0, 200_000.0 if now > 5 else 1_600_000.0, 0.5 if now > 5 else 0.0, 0.05)
        chosen = choice.update(link, [1_500_000.0], now)
    assert chosen.rendition == 0
    assert chosen.key_frame_interval is not None


class Reported:
    """A choice that gets ten made-up reports a second, and when it moved."""

    def __init__(self) -> None:
        self.choice = TierChoice(RENDITIONS, now=0.0)
        self.now = 0.0
        self.moves: list[tuple[float, int]] = []

    def say(self, until: float, **values: Any) -> TierDecision:
        while self.now < until - 0.05:
            self.now += 0.1
            known = {"sent": 1_500_000.0, "estimate": 2_000_000.0, "round_trip": 0.02, **values}
            before = self.choice.decision.rendition
            after = self.choice.update(NetworkState(reported=self.now, **known), RATES, self.now).rendition
            if after != before:
                self.moves.append((round(self.now, 1), after))
        return self.choice.decision


def test_what_a_lower_bit_rate_may_mend_is_given_a_second_and_a_half_and_the_rest_less() -> None:
    enough, too_little = Reported(), Reported()
    for each, estimate in ((enough, 1_000_000.0), (too_little, 600_000.0)):
        each.say(10.0)
        each.say(12.4, estimate=estimate)
    assert 11.6 <= enough.moves[0][0] <= 11.9
    assert 10.7 <= too_little.moves[0][0] <= 11.0
    assert enough.moves[0][1] == too_little.moves[0][1] == 1


def test_a_picture_counts_as_small_only_where_the_network_made_it_so() -> None:
    made = Reported()
    made.say(10.0)
    assert made.choice.small is False
    made.choice.shown(200, made.now)
    made.say(16.0)
    assert (made.choice.decision.rendition, made.choice.small) == (1, False)
    made.say(18.0, estimate=100_000.0, sent=500_000.0)
    assert (made.choice.decision.rendition, made.choice.small) == (2, True)


def test_after_a_step_down_the_queue_has_two_seconds_to_drain() -> None:
    made = Reported()
    made.say(10.0)
    made.say(11.0, estimate=600_000.0)
    made.say(15.0, estimate=200_000.0, sent=500_000.0)
    (first, _), (second, _) = made.moves
    assert 2.0 <= second - first <= 2.3


def test_after_a_step_up_it_is_measured_for_two_and_a_half_seconds() -> None:
    made = Reported()
    made.say(10.0)
    made.say(11.0, estimate=600_000.0)
    made.say(19.5, sent=500_000.0)
    [(_, small), (up, large)] = made.moves
    assert (small, large) == (1, 0)
    made.say(up + 1.5, sent=900_000.0)
    made.say(up + 4.0, sent=900_000.0, loss=0.2)
    assert 2.5 <= made.moves[2][0] - up <= 2.8


def test_an_estimate_that_never_fell_does_not_say_how_much_fits() -> None:
    made = Reported()
    made.say(10.0, estimate=1_000_000.0)
    assert made.choice.decision == TierDecision(0)
    wanted = made.say(10.1, estimate=1_000_000.0, loss=0.06).bit_rate
    assert wanted == pytest.approx(0.94 * 1_500_000.0)


@pytest.mark.parametrize(
    ("round_trip", "loss", "is_full"), [(0.3, 0.06, True), (0.2, 0.06, False), (0.3, 0.02, False), (0.3, 0.0, False)]
)
def test_without_an_estimate_it_takes_loss_and_delay_together(round_trip: float, loss: float, is_full: bool) -> None:
    made = Reported()
    made.say(10.0, estimate=None)
    made.say(13.0, estimate=None, round_trip=round_trip, loss=loss)
    assert (made.choice.decision != TierDecision(0)) is is_full


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="largest first"):
        TierChoice([(180, 1.0), (360, 2.0)], now=0.0)
    with pytest.raises(ValueError, match="largest first"):
        TierChoice([], now=0.0)
    with pytest.raises(ValueError, match="a rate for each"):
        TierChoice(RENDITIONS, now=0.0).update(NetworkState(0.0, 0.0), [1.0], 0.0)


REPORTS = st.tuples(
    st.floats(0.0, 5.0),
    st.floats(0.0, 5e6),
    st.none() | st.floats(0.0, 5e6),
    st.floats(0.0, 1.0),
    st.none() | st.floats(0.0, 5.0),
    st.floats(0.0, 2.0),
    st.none() | st.integers(0, 3000),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(REPORTS, max_size=80))
def test_whatever_is_reported_the_choice_is_sound_and_always_the_same(
    reports: list[tuple[float, float, float | None, float, float | None, float, int | None]],
) -> None:
    one, other = (TierChoice(RENDITIONS, now=0.0) for _ in range(2))
    now, last_step, before = 0.0, 0.0, one.decision
    for passed, sent, estimate, loss, round_trip, jitter, height in reports:
        now += passed
        if height is not None:
            assert one.shown(height, now) == other.shown(height, now)
            before, last_step = one.decision, now
        link = NetworkState(now, sent, estimate, loss, round_trip, jitter)
        chosen = one.update(link, RATES, now)
        assert chosen == other.update(link, RATES, now)
        assert 0 <= chosen.rendition < len(RENDITIONS)
        assert chosen.bit_rate is None or chosen.bit_rate >= 0
        if chosen.key_frame_interval is not None:
            assert chosen.rendition == len(RENDITIONS) - 1
        if chosen.rendition < before.rendition:
            assert chosen.rendition == before.rendition - 1
            assert now - last_step >= 8.0 - 1e-6
        if chosen.rendition != before.rendition:
            last_step = now
        before = chosen


def _seconds_in(network: Network, rendition: int, until: float) -> float:
    marks = [(0.0, 0), *network.moves, (until, -1)]
    return sum(end - start for (start, which), (end, _) in pairwise(marks) if which == rendition)
