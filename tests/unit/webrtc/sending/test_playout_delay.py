"""How long a student's browser is told to hold pictures back."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from classroom.webrtc.sending.playout_delay import AdaptivePlayoutDelay

CLEAN = 0.004
"""Seconds of jitter on a wire that has none."""


def told(
    cushion: AdaptivePlayoutDelay, now: float, *, jitter: float = CLEAN, loss: float = 0.0, round_trip: float = 0.01
) -> int:
    cushion.report(jitter=jitter, loss=loss, round_trip=round_trip, now=now)
    assert cushion.delay is not None
    assert cushion.delay.least == cushion.delay.most
    return cushion.delay.least


def test_a_clean_network_has_none_however_far_away_the_student_is() -> None:
    cushion = AdaptivePlayoutDelay("auto")
    assert [told(cushion, now, round_trip=trip) for now, trip in enumerate((0.001, 0.1, 0.4))] == [0, 0, 0]


def test_it_is_as_long_as_what_is_lost_takes_to_come_again() -> None:
    assert told(AdaptivePlayoutDelay("auto"), 1.0, loss=0.05, round_trip=0.1) == 230
    assert told(AdaptivePlayoutDelay("auto"), 1.0, loss=0.05, round_trip=0.01) == 50
    assert told(AdaptivePlayoutDelay("auto"), 1.0, loss=0.001, round_trip=0.1) == 0, "one in a thousand is not worth it"


def test_it_grows_with_jitter_by_degrees() -> None:
    delays = [told(AdaptivePlayoutDelay("auto"), 1.0, jitter=jitter / 1000) for jitter in (10, 20, 30, 60, 400)]
    assert delays == [0, 80, 120, 240, 500]


def test_it_grows_at_once_and_shrinks_slowly() -> None:
    cushion = AdaptivePlayoutDelay("auto")
    assert told(cushion, 1.0, loss=0.05, round_trip=0.05) == 130
    assert told(cushion, 2.0, loss=0.05, round_trip=0.1) == 230
    after = [told(cushion, 3.0 + second) for second in range(40)]
    assert after[:8] == [230] * 8
    assert all(0 <= earlier - later <= 20 for earlier, later in pairwise(after))
    assert after[-1] == 0


@given(
    st.lists(
        st.tuples(st.floats(0.0, 3.0), st.floats(0.0, 2.0), st.floats(0.0, 1.0), st.none() | st.floats(0.0, 60.0)),
        max_size=40,
    )
)
def test_it_is_never_below_what_is_needed_nor_beyond_its_bounds(
    reports: list[tuple[float, float, float, float | None]],
) -> None:
    cushion, now = AdaptivePlayoutDelay("auto"), 5.0
    for passed, jitter, loss, round_trip in reports:
        now += passed
        alone = AdaptivePlayoutDelay("auto")
        for each in (cushion, alone):
            each.report(jitter=jitter, loss=loss, round_trip=round_trip, now=now)
        assert cushion.delay is not None
        assert alone.delay is not None
        assert alone.delay.least <= cushion.delay.least == cushion.delay.most <= 500


def test_a_number_stays_and_off_is_none() -> None:
    fixed = AdaptivePlayoutDelay(200.0)
    assert told(fixed, 1.0, jitter=1.0, loss=0.5) == 200
    off = AdaptivePlayoutDelay("off")
    off.report(jitter=1.0, loss=0.5, round_trip=1.0, now=1.0)
    assert off.delay is None
