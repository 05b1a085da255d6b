"""Durations and times of day, as they may be written."""

from __future__ import annotations

from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classroom.lesson.times import LONGEST, seconds_of, time_of
from tests.support.lessons import faults, report

LESSON = """\
sources:
  pause: {{kind: card, title: Pause, {key}: {value}}}
scenes: {{away: pause}}
"""


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("90s", 90), ("5m", 300), ("5min", 300), ("1h30m", 5400), ("1h 30m 5s", 5405), ("0:05:00", 300),
        ("24h", 86400), (90, 90), (0, 0), (1.5, 1.5), (" 5m ", 300),
    ],
)  # fmt: skip
def test_durations(written: object, seconds: float) -> None:
    assert seconds_of(written) == seconds


@pytest.mark.parametrize(
    "written", ["", " ", "5", "m", "5:00", "0:65:00", "-5m", "25h", "5 minutes", None, True, -1, []]
)
def test_what_is_no_duration(written: object) -> None:
    assert seconds_of(written) is None


@given(st.integers(0, LONGEST))
def test_every_second_can_be_written_in_both_ways(seconds: int) -> None:
    hours, minutes, rest = seconds // 3600, seconds // 60 % 60, seconds % 60
    assert seconds_of(f"{hours}:{minutes:02d}:{rest:02d}") == seconds
    assert seconds_of(f"{hours}h{minutes}m{rest}s") == seconds


@given(st.text() | st.integers() | st.floats() | st.none())
def test_anything_is_a_duration_or_none(value: object) -> None:
    seconds = seconds_of(value)
    assert seconds is None or 0 <= seconds <= LONGEST


@pytest.mark.parametrize(
    ("written", "moment"),
    [("10:15", time(10, 15)), ("9:05", time(9, 5)), ("10:15:30", time(10, 15, 30)), ("23:59:59", time(23, 59, 59))],
)
def test_times_of_day(written: str, moment: time) -> None:
    assert time_of(written) == moment
    assert time_of(str(moment)) == moment


@pytest.mark.parametrize("written", ["24:00", "10:60", "10", 10, "10.15", None, "ten"])
def test_what_is_no_time_of_day(written: object) -> None:
    assert time_of(written) is None


def test_faults_say_how_to_write_it() -> None:
    assert faults(LESSON.format(key="countdown", value="5:00")) == [
        "2:48: sources.pause.countdown: expects a time such as 90s, 5m, 1h30m or 0:05:00, at most 24h, not '5:00'; for "
        "minutes and seconds write '0:05:00'"
    ]
    assert faults(LESSON.format(key="until", value="25:00")) == [
        "2:44: sources.pause.until: expects a time of day such as \"10:15\", not '25:00'"
    ]


def test_a_card_counts_to_one_thing_only() -> None:
    assert faults(LESSON.format(key="until", value="10:15, countdown: 5m")) == [
        "2:51: sources.pause.countdown: write until or countdown, not both"
    ]
    assert report(LESSON.format(key="until", value="10:15")).faults == ()
