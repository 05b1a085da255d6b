"""How long a student's browser is told to hold pictures back."""

from __future__ import annotations

import random
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from classroom.webrtc.rtp.send_jitter import SendJitter
from classroom.webrtc.sending.playout_delay import AdaptivePlayoutDelay, PlayoutRule, PlayoutSetting

CLEAN = 0.004
"""Seconds of jitter on a wire that has none."""


def delay_of(setting: PlayoutSetting) -> AdaptivePlayoutDelay:
    return AdaptivePlayoutDelay(PlayoutRule(setting))


def told(
    adaptive: AdaptivePlayoutDelay, now: float, *, jitter: float = CLEAN, loss: float = 0.0, round_trip: float = 0.01
) -> int:
    adaptive.report(jitter=jitter, loss=loss, round_trip=round_trip, now=now)
    assert adaptive.delay is not None
    assert adaptive.delay.least == adaptive.delay.most
    return adaptive.delay.least


def test_a_clean_network_has_none_however_far_away_the_student_is() -> None:
    adaptive = delay_of("auto")
    assert [told(adaptive, now, round_trip=trip) for now, trip in enumerate((0.001, 0.1, 0.4))] == [0, 0, 0]


def test_it_is_as_long_as_what_is_lost_takes_to_come_again() -> None:
    assert told(delay_of("auto"), 1.0, loss=0.05, round_trip=0.1) == 230
    assert told(delay_of("auto"), 1.0, loss=0.05, round_trip=0.01) == 50
    assert told(delay_of("auto"), 1.0, loss=0.001, round_trip=0.1) == 0, "one in a thousand is not worth it"


def test_it_grows_with_jitter_by_degrees() -> None:
    delays = [told(delay_of("auto"), 1.0, jitter=jitter / 1000) for jitter in (10, 20, 30, 60, 400)]
    assert delays == [0, 80, 120, 240, 500]


def test_it_grows_at_once_and_shrinks_slowly() -> None:
    adaptive = delay_of("auto")
    assert told(adaptive, 1.0, loss=0.05, round_trip=0.05) == 130
    assert told(adaptive, 2.0, loss=0.05, round_trip=0.1) == 230
    after = [told(adaptive, 3.0 + second) for second in range(40)]
    assert after[:8] == [230] * 8
    assert all(0 <= earlier - later <= 20 for earlier, later in pairwise(after))
    assert after[-1] == 0


class Link:
    """A lesson of 30 pictures a second, which it and a network delay; the browser reports each second."""

    def __init__(self) -> None:
        self.cushion = AdaptivePlayoutDelay(PlayoutRule("auto"))
        self.own = SendJitter()
        self.random = random.Random(7)
        self.jitter, self.age, self.free, self.tick = 0.0, 0.0, 0.0, 0

    def run(self, seconds: int, *, held_up: float, network: float) -> list[int]:
        delays = []
        for _ in range(30 * seconds):
            self.tick += 1
            captured = self.tick / 30
            if self.random.random() < 0.1:
                self.free = captured + self.random.uniform(0, held_up)
            sent = max(captured, self.free)
            self.own.add(sent - captured, sent)
            age = sent - captured + 0.02 + self.random.uniform(0, network)
            self.jitter += (abs(age - self.age) - self.jitter) / 16
            self.age = age
            if self.tick % 30 == 0:
                self.cushion.report(jitter=self.jitter, own=self.own.largest, loss=0.0, round_trip=0.04, now=captured)
                assert self.cushion.delay is not None
                delays.append(self.cushion.delay.least)
        return delays


def test_a_computer_that_is_too_busy_is_no_network_with_jitter() -> None:
    link = Link()
    assert max(link.run(15, held_up=1.2, network=0.005)) < 150
    assert max(link.run(10, held_up=0.0, network=0.005)[2:]) < 150
    assert max(link.run(10, held_up=0.0, network=0.12)) >= 100, "and a network with jitter still is one"


@given(
    st.lists(
        st.tuples(st.floats(0.0, 3.0), st.floats(0.0, 2.0), st.floats(0.0, 1.0), st.none() | st.floats(0.0, 60.0)),
        max_size=40,
    )
)
def test_it_is_never_below_what_is_needed_nor_beyond_its_bounds(
    reports: list[tuple[float, float, float, float | None]],
) -> None:
    adaptive, now = delay_of("auto"), 5.0
    for passed, jitter, loss, round_trip in reports:
        now += passed
        alone = delay_of("auto")
        for each in (adaptive, alone):
            each.report(jitter=jitter, loss=loss, round_trip=round_trip, now=now)
        assert adaptive.delay is not None
        assert alone.delay is not None
        assert alone.delay.least <= adaptive.delay.least == adaptive.delay.most <= 500


def test_a_number_stays_and_off_is_none() -> None:
    fixed = delay_of(200.0)
    assert told(fixed, 1.0, jitter=1.0, loss=0.5) == 200
    off = delay_of("off")
    off.report(jitter=1.0, loss=0.5, round_trip=1.0, now=1.0)
    assert off.delay is None
