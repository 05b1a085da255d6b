from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classroom.media.stall_detector import ALARM_AFTER, FREEZE, STALL, Freezing, StallDetector


def watching(rate: float | None = 30.0, freezing: Freezing = "ignore") -> StallDetector:
    detector = StallDetector()
    detector.begin(rate, freezing, fresh=True)
    return detector


def play(detector: StallDetector, start: float, seconds: float, rate: float, prints: bool = True) -> float:
    """Deliver pictures, different ones or the same; the time of the last one."""
    now = start
    for number in range(max(1, round(seconds * rate))):
        now = start + number / rate
        detector.delivered(now, (start, number) if prints else "same")
    return now


def test_a_source_that_promises_nothing_may_stand_still() -> None:
    detector = watching(None)
    detector.delivered(0.0)
    assert detector.verdict(3600.0) == "well"


def test_before_its_first_picture_a_source_may_take_its_time() -> None:
    detector = watching()
    assert detector.verdict(100.0) == "well"
    assert detector.in_vain
    detector.delivered(100.0)
    assert not detector.in_vain


@pytest.mark.parametrize(
    ("rate", "limit"), [(60.0, 0.2), (30.0, 0.2), (25.0, 0.2), (15.0, 1 / 3), (10.0, 0.5), (5.0, 1.0)]
)
def test_it_is_stalled_after_five_frame_times_and_at_least_a_fifth_of_a_second(rate: float, limit: float) -> None:
    detector = watching(rate)
    last = play(detector, 0.0, 2.0, rate)
    assert detector.verdict(last + limit - 0.01) == "well"
    assert detector.due_in(last) == pytest.approx(limit)
    assert detector.verdict(last + limit + 0.01) == "stalled"


def test_one_that_may_pause_for_longer_is_waited_for() -> None:
    detector = StallDetector()
    detector.begin(None, "ignore", fresh=True, stall=1.0)
    detector.promise(25.0)
    last = play(detector, 0.0, 2.0, 25.0)
    assert detector.verdict(last + 0.99) == "well"
    assert detector.verdict(last + 1.01) == "stalled"


def test_what_is_not_due_yet_is_not_missed() -> None:
    detector = watching(25.0)
    last = play(detector, 0.0, 2.0, 25.0)
    detector.next_due = last + 10.0
    assert detector.verdict(last + 10.19) == "well"
    assert detector.due_in(last + 5.0) == pytest.approx(5.2, abs=0.01)
    assert detector.verdict(last + 10.21) == "stalled"


def test_one_late_picture_is_no_loss() -> None:
    detector = watching(30.0)
    last = play(detector, 0.0, 1.0, 30.0)
    assert detector.verdict(last + 0.15) == "well"
    assert detector.delivered(last + 0.15)
    assert detector.verdict(last + 0.16) == "well"


def test_one_good_picture_ends_a_stall() -> None:
    detector = watching()
    last = play(detector, 0.0, 1.0, 30.0)
    assert detector.verdict(last + 5.0) == "stalled"
    assert detector.delivered(last + 5.0)
    assert detector.verdict(last + 5.0) == "well"


def test_an_outage_does_not_make_the_watch_blind() -> None:
    detector = watching()
    last = play(detector, 0.0, 1.0, 30.0)
    back = last + 60.0
    detector.delivered(back)
    assert detector.verdict(back + 0.3) == "stalled"


@pytest.mark.parametrize("rate", [7.5, 4.0, 2.0, 1.0])
def test_a_camera_that_slows_down_in_the_dark_is_taken_as_it_is(rate: float) -> None:
    detector = watching(30.0)
    last = play(detector, 0.0, 2.0, 30.0)
    lost = 0
    for number in range(1, 40):
        now = last + number / rate
        lost += detector.verdict(now - 1e-6) == "stalled"
        detector.delivered(now)
    assert lost <= 10
    assert detector.verdict(last + 39 / rate + 1 / rate) == "well"


def test_a_camera_that_repeats_its_picture_is_frozen_until_it_shows_another() -> None:
    detector = watching(30.0, "fallback")
    last = play(detector, 0.0, 1.0, 30.0)
    detector.delivered(last, "still")
    again = play(detector, last + 1 / 30, FREEZE - 0.05, 30.0, prints=False)
    assert detector.verdict(again) == "well"
    play(detector, again + 1 / 30, 0.2, 30.0, prints=False)
    assert detector.verdict(last + 0.4) == "frozen"
    assert not detector.delivered(last + 0.41, "same")
    assert detector.delivered(last + 0.44, "other")
    assert detector.verdict(last + 0.44) == "well"


def test_a_frozen_camera_that_is_opened_anew_must_show_another_picture() -> None:
    detector = watching(30.0, "fallback")
    play(detector, 0.0, 1.0, 30.0, prints=False)
    assert detector.verdict(1.0) == "frozen"
    detector.begin(30.0, "fallback", fresh=False)
    assert not detector.delivered(2.0, "same")
    assert detector.verdict(2.0) == "frozen"
    assert detector.delivered(2.1, "other")
    detector.begin(30.0, "fallback", fresh=False)
    assert detector.delivered(3.0, "other"), "it was not frozen before"


def test_a_teachers_restart_lets_it_show_what_it_has() -> None:
    detector = watching(30.0, "fallback")
    play(detector, 0.0, 1.0, 30.0, prints=False)
    assert detector.verdict(1.0) == "frozen"
    detector.begin(30.0, "fallback", fresh=True)
    assert detector.delivered(2.0, "same")


def test_a_camera_that_doubles_its_pictures_in_the_dark_is_not_frozen() -> None:
    detector = watching(30.0, "fallback")
    for number in range(300):
        now = number / 30
        assert detector.verdict(now) == "well"
        assert detector.delivered(now, [number // 6])  # five pictures a second on a line that carries thirty


def test_one_that_may_stand_still_is_odd_after_three_seconds_but_stays_live() -> None:
    detector = watching(30.0, "alarm")
    last = play(detector, 0.0, ALARM_AFTER - 0.1, 30.0, prints=False)
    assert detector.verdict(last) == "well"
    last = play(detector, last, 0.5, 30.0, prints=False)
    assert detector.verdict(last) == "frozen"
    assert detector.delivered(last + 0.03, "same")
    assert detector.delivered(last + 0.06, "other")
    assert detector.verdict(last + 0.06) == "well"


def test_one_that_is_to_stand_still_is_left_alone() -> None:
    detector = watching(30.0, "ignore")
    last = play(detector, 0.0, 10.0, 30.0, prints=False)
    assert detector.verdict(last) == "well"


def test_a_promise_that_is_taken_back_ends_the_watch_and_one_that_is_given_begins_it_afresh() -> None:
    detector = watching(30.0)
    last = play(detector, 0.0, 1.0, 30.0)
    detector.promise(None)
    assert detector.verdict(last + 10.0) == "well"
    detector.promise(30.0)
    assert detector.verdict(last + 10.0) == "well"
    detector.delivered(last + 11.0)
    assert detector.verdict(last + 11.0 + STALL + 0.1) == "stalled"


@given(gaps=st.lists(st.floats(0.001, 0.1), min_size=1, max_size=60), outage=st.floats(1.6, 100.0))
def test_whatever_its_pace_a_source_above_ten_pictures_a_second_is_missed_within_half_a_second(
    gaps: list[float], outage: float
) -> None:
    detector = watching(30.0)
    now = 0.0
    detector.delivered(now)
    for gap in gaps:
        now += gap
        assert detector.verdict(now) == "well"
        detector.delivered(now)
    assert detector.verdict(now + 0.501) == "stalled"
    assert detector.delivered(now + outage)
