"""What keeps a picture from a student: the network, or anything else."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

from classroom.common.alarms import Alarms
from classroom.webrtc.blocked_network import BLOCKED_AFTER, BlockDetector, BlockedStudentsAlarm
from classroom.webrtc.ice.servers import OwnTurnServer


def looked(detector: BlockDetector, seconds: int, *, begin: int = 0, absent: bool = False) -> BlockDetector:
    for second in range(begin + 1, begin + seconds + 1):
        detector.update(float(second), absent=absent)
    return detector


def trying() -> BlockDetector:
    detector = BlockDetector()
    detector.answered(0.0)
    return detector


def test_a_student_who_answers_and_never_connects_is_behind_a_network_that_blocks() -> None:
    assert not looked(trying(), int(BLOCKED_AFTER) - 1).blocked
    assert looked(trying(), int(BLOCKED_AFTER)).blocked


def test_a_new_offer_to_the_same_student_begins_nothing_anew() -> None:
    detector = looked(trying(), 10)
    detector.answered(10.0)
    detector.ice_state("checking")
    assert looked(detector, 5, begin=10).blocked


def test_a_student_who_never_answered_waits_for_us_and_not_for_the_network() -> None:
    assert not looked(BlockDetector(), 60).blocked


def test_one_check_that_gets_through_ends_it() -> None:
    detector = looked(trying(), 20)
    detector.ice_state("completed")
    assert not detector.blocked
    assert not looked(detector, 60, begin=20).blocked


def test_a_student_who_hung_up_is_tried_no_more() -> None:
    detector = trying()
    detector.reset()
    assert not looked(detector, 60).blocked


def test_a_student_who_fetches_no_messages_either_has_lost_more_than_the_way() -> None:
    detector = looked(trying(), 60, absent=True)
    assert not detector.blocked
    assert looked(detector, 15, begin=60).blocked


def test_time_in_which_we_were_too_busy_to_look_does_not_count() -> None:
    detector = trying()
    detector.update(40.0, absent=False)
    assert not detector.blocked


def sentence(count: int, port: int | None) -> str | None:
    alarms = Alarms(lambda: None)
    own = None if port is None else cast("OwnTurnServer", SimpleNamespace(port=port))
    BlockedStudentsAlarm(alarms, own=own).tell(count)
    raised = [str(alarm.sentence) for alarm in alarms.raised() if alarm.code == "ice.blocked"]
    return raised[0] if raised else None


def test_the_teacher_is_told_how_many_and_what_helps() -> None:
    assert sentence(0, None) is None
    assert (sentence(1, None) or "").startswith(
        "1 student cannot get the picture: the network blocks it. Start the lesson with --relay"
    )
    assert "3 students cannot get the picture" in (sentence(3, None) or "")


def test_with_the_relay_running_its_port_is_what_helps() -> None:
    told = sentence(1, 3479) or ""
    assert "Open port 3479 for TCP" in told
    assert "--relay" not in told


def test_the_alarm_goes_by_itself() -> None:
    alarms = Alarms(lambda: None)
    blocked = BlockedStudentsAlarm(alarms, own=None)
    blocked.tell(2)
    assert [alarm.code for alarm in alarms.raised()] == ["ice.blocked"]
    blocked.tell(0)
    assert not alarms.raised()
