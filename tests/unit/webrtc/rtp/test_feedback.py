"""Receiver reports, losses, and what retransmissions may cost."""

from __future__ import annotations

import pytest

from classroom.webrtc.rtp.feedback import Feedback, LossStatistics, ReceiverReport, RetransmissionBudget


def test_a_report_of_the_receiver_becomes_values() -> None:
    feedback = Feedback()
    assert feedback.received(ReceiverReport(1, 0.25, 7, 900, 0, 0), rate=90_000, round_trip=0.1, now=1.0) == 7
    assert feedback.received(ReceiverReport(1, 0.0, 9, 900, 0, 0), rate=90_000, round_trip=0.2, now=2.0) == 2
    assert feedback.received(ReceiverReport(1, 0.0, 5, 900, 0, 0), rate=90_000, round_trip=None, now=3.0) == 0
    assert feedback.jitter == 0.01
    assert feedback.round_trip == pytest.approx(0.115)
    assert feedback.last_round_trip == 0.2
    assert (feedback.reports, feedback.refused) == (3, 0)


def test_loss_is_told_over_enough_packets_and_is_over_when_the_newest_came_through() -> None:
    losses = LossStatistics()
    assert losses.share is None
    lost = 0
    for tick in range(400):  # 200 packets a second, each fourth lost in the second half of the first second
        lost += tick % 4 == 0 and 100 <= tick < 200
        losses.add(tick / 200, highest=5000 + tick, lost=lost)
        share = losses.share
        if tick < 100:
            assert share in (None, 0.0)
        if tick == 199:
            assert share == pytest.approx(0.25, abs=0.02)
        if tick > 240:
            assert share == losses.newest == 0.0
    losses.add(3.0, highest=7, lost=0)
    assert losses.share is None


def test_nearly_nothing_is_repeated_where_the_network_is_full() -> None:
    budget, rate = RetransmissionBudget(now=0.0), 1_000_000
    sent = sum(1000 for tick in range(10_000) if budget.allow(1000, bit_rate=rate, full=True, now=tick / 1000))
    assert sent <= 0.15 * rate / 8 * 11


def test_who_asks_for_everything_again_gets_half_of_it() -> None:
    budget, rate = RetransmissionBudget(now=0.0), 1_000_000
    sent = sum(1000 for tick in range(10_000) if budget.allow(1000, bit_rate=rate, now=tick / 1000))
    assert sent <= 0.5 * rate / 8 * 10 + 0.5 * rate / 8
    assert sent > 0.4 * rate / 8 * 10
