from __future__ import annotations

from classroom.media.detectors import (
    BlackDetector,
    ClippingDetector,
    InstabilityDetector,
    OverloadDetector,
    SilenceDetector,
)


def test_a_picture_is_black_when_it_has_been_for_three_seconds() -> None:
    black = BlackDetector()
    assert not black.look(0.0, True)
    assert not black.look(2.9, True)
    assert black.look(3.0, True)
    assert not black.look(3.5, False)
    assert not black.look(4.0, True)


def test_a_microphone_is_silent_after_a_minute_without_even_the_room() -> None:
    silence = SilenceDetector()
    assert not any(silence.listen(now / 10, -90.0, open_=True) for now in range(600))
    assert silence.listen(60.0, -90.0, open_=True)


def test_a_quiet_room_is_not_silence() -> None:
    silence = SilenceDetector()
    assert not any(silence.listen(now, -65.0 if now % 10 == 0 else -80.0, open_=True) for now in range(600))


def test_a_muted_microphone_is_never_silent_and_begins_anew_when_it_is_opened() -> None:
    silence = SilenceDetector()
    assert not any(silence.listen(now, -100.0, open_=False) for now in range(600))
    assert not silence.listen(600.0, -100.0, open_=True)
    assert not silence.listen(659.0, -100.0, open_=True)
    assert silence.listen(660.0, -100.0, open_=True)


def test_a_silence_ends_with_a_sound_that_is_clearly_one() -> None:
    silence = SilenceDetector()
    silence.listen(0.0, -100.0, open_=True)
    assert silence.listen(60.0, -100.0, open_=True)
    assert silence.listen(61.0, -65.0, open_=True), "a crackle does not make it come and go"
    assert not silence.listen(62.0, -40.0, open_=True)
    assert not silence.listen(63.0, -100.0, open_=True)


def test_one_loud_moment_is_no_clipping_and_several_are_until_it_was_clean_for_a_while() -> None:
    clipping = ClippingDetector()
    assert not clipping.listen(0.0, 0.0)
    assert not any(clipping.listen(now, -20.0) for now in (1.0, 2.0, 3.0, 10.0))
    heard = [clipping.listen(20.0 + tenth / 10, 0.0 if tenth % 2 else -6.0) for tenth in range(12)]
    assert heard[8:] == [False, True, True, True]
    assert clipping.listen(25.0, -6.0)
    assert not clipping.listen(26.2, -6.0)


def test_clipping_that_goes_on_is_told_once_and_not_taken_back_in_between() -> None:
    clipping = ClippingDetector()
    heard = [clipping.listen(tenth / 10, 0.0 if tenth % 30 < 6 else -6.0) for tenth in range(600)]
    assert heard.index(True) == 4
    assert all(heard[4:])


def test_a_computer_is_too_slow_when_it_misses_a_tick_in_ten_for_five_seconds() -> None:
    overload = OverloadDetector()
    assert not any(overload.look(second / 2, second * 15, 0) for second in range(20))
    heard = [overload.look(10.0 + half / 2, 300 + half * 12, half * 3) for half in range(20)]
    assert heard[0] is False
    assert heard[-1] is True
    assert heard.index(True) >= 5
    after = [overload.look(20.0 + half / 2, 540 + half * 15, 60) for half in range(14)]
    assert after[0]
    assert not after[-1]


def test_a_single_hold_up_is_no_overload() -> None:
    overload = OverloadDetector()
    missed = 0
    for half in range(60):
        missed += 6 if half == 20 else 0
        assert not overload.look(half / 2, half * 15 - missed, missed)


def test_three_short_losses_within_half_a_minute_are_worth_a_word() -> None:
    unsteady = InstabilityDetector()
    assert not unsteady.look(0.0, 1)
    assert not unsteady.look(5.0, 2)
    assert unsteady.look(20.0, 3)
    assert unsteady.look(49.0, 3)
    assert not unsteady.look(51.0, 3)


def test_losses_far_apart_are_not_and_a_source_that_is_new_begins_anew() -> None:
    unsteady = InstabilityDetector()
    assert not any(unsteady.look(20.0 * loss, loss) for loss in range(20))
    assert not unsteady.look(1000.0, 0)
    assert not unsteady.look(1001.0, 1)
