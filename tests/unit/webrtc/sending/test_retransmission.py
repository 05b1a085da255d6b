"""What is sent again to one student, and what is refused."""

from __future__ import annotations

import pytest

from classroom.webrtc.rtp.feedback import Nack
from tests.support.streams import Student


def test_asking_for_everything_again_and_again_costs_little() -> None:
    student = Student()
    last = student.watch(60)
    everything = tuple((last - back) & 0xFFFF for back in range(360))
    for _ in range(200):
        student.stream.receive(Nack(1, everything))
    assert student.large.history.asked <= 2000
    before = student.connection.sent
    assert before
    # Who misses something a moment later is heard again.
    student.clock.advance(1.0)
    student.stream.receive(Nack(1, everything[:5]))
    assert student.connection.sent == before + 5


def test_on_a_full_network_less_is_repeated() -> None:
    repeated = []
    for loss in (0.0, 0.5):
        student = Student()
        last = student.watch(60)
        student.stream.feedback.loss = loss
        student.stream.receive(Nack(1, tuple((last - back) & 0xFFFF for back in range(300))))
        repeated.append(student.connection.sent)
    freely, full = repeated
    assert 0.2 < full / freely < 0.4  # 15 % of what is sent, instead of half of it


@pytest.mark.parametrize("repetitions", [True, False])
def test_without_a_stream_for_repetitions_what_srtp_takes_no_more_is_refused(repetitions: bool) -> None:
    student = Student()
    student.stream._retransmission._rtx_payload_type = 97 if repetitions else None
    last = student.watch(200)
    student.stream.receive(Nack(1, ((last - 1100) & 0xFFFF,)))
    assert (student.connection.sent, student.stream.feedback.refused) == ((1, 0) if repetitions else (0, 1))
    student.stream.receive(Nack(1, ((last - 900) & 0xFFFF,)))
    assert student.connection.sent == 1 + repetitions
