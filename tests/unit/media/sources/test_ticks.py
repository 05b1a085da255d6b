from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classroom.media.sources.ticks import TickSchedule


@given(start=st.floats(0, 1e6), rate=st.sampled_from([1, 10, 15, 25, 30, 50, 60]))
def test_ticks_lie_on_the_grid_of_the_clock_and_follow_each_other(start: float, rate: int) -> None:
    ticks = TickSchedule(rate, patience=0.5)
    first = ticks.due(start)
    assert start <= first < start + 1.001 / rate
    ticks.advance()
    second = ticks.due(first)
    assert second - first == pytest.approx(1 / rate, abs=1e-6)
    assert round(second * rate) == pytest.approx(second * rate, abs=1e-3)


def test_a_tick_falls_exactly_on_every_whole_second() -> None:
    ticks = TickSchedule(30, patience=1)
    seen = []
    for _ in range(90):
        seen.append(ticks.due(100.0))
        ticks.advance()
    assert {100.0, 101.0, 102.0} <= set(seen)


def test_a_late_reader_catches_up_within_its_patience_and_skips_beyond() -> None:
    ticks = TickSchedule(50, patience=0.5)
    assert ticks.due(10.0) == 10.0
    ticks.advance()
    assert ticks.due(10.4) == 10.02
    assert ticks.due(11.0) == 11.0
