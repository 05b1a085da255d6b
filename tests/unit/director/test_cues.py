"""The run of show: what comes when, what the teacher's command does to it, and what a saved lesson changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classroom.common.errors import CommandError
from classroom.director import Cue, RunOfShow

A, B, C = Cue("a", due=0.0), Cue("b", due=60.0), Cue("c", due=120.0)
BY_HAND = Cue("hand")

cues = st.lists(
    st.builds(
        Cue,
        scene=st.sampled_from("abcd"),
        title=st.sampled_from(["", "x"]),
        due=st.none() | st.integers(-60, 600).map(float),
    ),
    max_size=12,
)
moments = st.integers(0, 700).map(float)


def test_cues_come_at_their_time_and_once() -> None:
    show = RunOfShow([A, B, C])
    assert show.wakes() == 0
    assert show.due(0) == (A,)
    assert show.due(59.9) == ()
    assert show.wakes() == 60
    assert show.due(60) == (B,)
    assert show.due(60) == ()
    assert [show.state(place) for place in range(3)] == ["done", "done", "next"]


def test_after_a_pause_of_the_computer_all_come_in_their_order() -> None:
    assert RunOfShow([A, B, C]).due(1000) == (A, B, C)


def test_a_cue_never_comes_before_those_above_it() -> None:
    show = RunOfShow([C, B])
    assert show.due(60) == ()
    assert show.due(120) == (C, B)


def test_a_cue_without_a_time_waits_for_the_teacher_and_is_passed_over_by_a_later_one() -> None:
    show = RunOfShow([A, BY_HAND, B])
    show.due(0)
    assert show.next == 1
    assert show.wakes() == 60
    assert show.due(60) == (B,)
    assert [show.state(place) for place in range(3)] == ["done", "passed", "done"]
    assert show.next is None


def test_the_teacher_goes_on_before_the_time_and_what_follows_keeps_its_own() -> None:
    show = RunOfShow([A, BY_HAND, B, C])
    show.due(0)
    assert show.advance(5) == (BY_HAND,)
    assert show.advance(6) == (B,)
    assert show.due(60) == ()
    assert show.due(120) == (C,)
    with pytest.raises(CommandError):
        show.advance(121)


def test_the_teachers_command_holds_the_show_until_the_next_cue_is_asked_for() -> None:
    show = RunOfShow([A, B, C, Cue("d", due=180.0)])
    show.due(0)
    assert show.hold()
    assert not show.hold()
    assert show.wakes() is None
    assert show.due(130) == ()
    assert show.waiting(130) == 2
    assert show.next == 1
    assert show.advance(130) == (B, C)
    assert not show.held
    assert show.due(180) == (Cue("d", due=180.0),)


def test_the_next_cue_comes_early_where_none_is_due_while_held() -> None:
    show = RunOfShow([A, B])
    show.due(0)
    show.hold()
    assert show.advance(10) == (B,)


def test_there_is_nothing_to_hold_at_the_end() -> None:
    show = RunOfShow([A])
    show.due(0)
    assert not show.hold()
    assert not show.held


def test_what_was_before_the_beginning_is_left_out() -> None:
    show = RunOfShow([Cue("early", due=-120.0), A, B])
    assert [show.state(place) for place in range(3)] == ["passed", "next", "coming"]
    assert show.due(0) == (A,)


def test_a_new_list_goes_on_where_the_old_one_was() -> None:
    show = RunOfShow([A, B, C])
    show.due(60)
    show.replace([A, Cue("new", due=30.0), B, Cue("other", due=61.0), C], 90)
    assert [show.state(place) for place in range(5)] == ["done", "passed", "done", "passed", "next"]
    assert show.due(119) == ()
    assert show.due(120) == (C,)


def test_of_two_alike_only_the_one_that_came_is_done() -> None:
    show = RunOfShow([BY_HAND, BY_HAND])
    show.advance(1)
    show.replace([BY_HAND, BY_HAND, A], 1)
    assert show.next == 1


def test_a_cue_that_came_stays_done_when_its_title_is_written_anew() -> None:
    show = RunOfShow([A, Cue("hand", title="Qestions"), C])
    show.due(0)
    show.advance(5)
    show.replace([A, Cue("hand", title="Questions"), C], 6)
    assert [show.state(place) for place in range(3)] == ["done", "done", "next"]


def test_a_cue_that_came_and_is_gone_is_not_taken_for_one_that_is_to_come() -> None:
    first, second = Cue("hand", title="first"), Cue("hand", title="second")
    show = RunOfShow([first, B, second])
    show.advance(1)
    show.replace([B, Cue("hand", title="2nd")], 2)
    assert [show.state(place) for place in range(2)] == ["next", "coming"]
    show = RunOfShow([first, second])
    show.advance(1)
    show.replace([second], 2)
    assert show.next == 0


def test_a_cue_with_another_title_that_is_added_is_still_to_come() -> None:
    first = Cue("hand", title="first")
    show = RunOfShow([first, C])
    show.advance(1)
    show.replace([first, Cue("hand", title="again"), C], 2)
    assert [show.state(place) for place in range(3)] == ["done", "next", "coming"]


def test_what_waits_while_held_waits_also_with_another_title() -> None:
    show = RunOfShow([A, B])
    show.due(0)
    show.hold()
    show.replace([A, Cue("b", title="the proof", due=60.0)], 70)
    assert show.waiting(70) == 1


def test_what_waits_while_held_still_waits_after_a_change() -> None:
    show = RunOfShow([A, B, C])
    show.due(0)
    show.hold()
    show.replace([A, B, Cue("new", due=300.0)], 70)
    assert show.held
    assert show.waiting(70) == 1
    assert show.advance(70) == (B,)


@given(cues, st.lists(moments, max_size=8))
def test_each_comes_at_most_once_in_order_and_never_too_early(written: list[Cue], times: list[float]) -> None:
    show = RunOfShow(written)
    came: list[Cue] = []
    for now in sorted(times):
        fresh = show.due(now)
        assert all(cue.due is not None and 0 <= cue.due <= now for cue in fresh)
        came += fresh
        wakes = show.wakes()
        assert wakes is None or wakes > now
    places = iter(written)
    assert all(cue in places for cue in came)


@given(cues, moments)
def test_asking_for_the_next_one_always_comes_to_an_end(written: list[Cue], now: float) -> None:
    show = RunOfShow(written)
    for _ in range(len(written)):
        if show.next is None:
            break
        assert show.advance(now)
    assert show.next is None


@given(cues, cues, moments, st.booleans(), st.integers(0, 3))
def test_a_saved_list_brings_nothing_on_air_by_itself(
    old: list[Cue], new: list[Cue], now: float, hold: bool, steps: int
) -> None:
    show = RunOfShow(old)
    show.due(now)
    for _ in range(steps):
        if show.next is not None:
            show.advance(now)
    if hold:
        show.hold()
    show.replace(new, now)
    assert show.due(now) == ()
    show.replace(new, now)
    assert show.due(now) == ()
    assert {show.state(place) for place in range(len(new))} <= {"done", "passed", "next", "coming"}


@given(cues, moments)
def test_saving_the_same_list_changes_nothing(written: list[Cue], now: float) -> None:
    show = RunOfShow(written)
    show.due(now)
    before = [show.state(place) for place in range(len(written))]
    show.replace(written, now)
    assert [show.state(place) for place in range(len(written))] == before


def test_a_show_that_was_interrupted_goes_on_where_it_was() -> None:
    show = RunOfShow([A, B, C, BY_HAND])
    show.resume(done=[0], passed=[1], fresh=[], until=60.0, held=True)
    assert [show.state(place) for place in range(4)] == ["done", "passed", "next", "coming"]
    assert (show.held, show.due(500.0)) == (True, ())
    assert show.advance(500.0) == (C,)


def test_a_new_cue_that_would_be_over_does_not_come_after_an_interruption() -> None:
    show = RunOfShow([A, B, C])
    show.resume(done=[], passed=[], fresh=[0, 1, 2], until=90.0, held=False)
    assert show.due(90.0) == ()
    assert show.due(120.0) == (C,)


def test_what_became_due_while_the_lesson_was_interrupted_comes_at_once() -> None:
    show = RunOfShow([A, B, C])
    show.resume(done=[0], passed=[], fresh=[], until=30.0, held=False)
    assert show.due(70.0) == (B,)


def test_a_show_that_was_over_is_not_held() -> None:
    show = RunOfShow([A])
    show.resume(done=[0], passed=[], fresh=[], until=30.0, held=True)
    assert (show.next, show.held) == (None, False)
