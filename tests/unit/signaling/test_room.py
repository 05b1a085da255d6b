from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classroom.signaling.queue import Notice, RelayedMessage
from classroom.signaling.room import (
    Occupied,
    Overflowed,
    Replaced,
    Room,
    RoomFull,
    UnknownMember,
    clean_name,
    random_id,
)


def everything(room: Room, member_id: int, now: float = 0.0) -> list[Notice | RelayedMessage]:
    """All that waits for a member."""
    found: list[Notice | RelayedMessage] = []
    while True:
        ticket = room.begin_wait(member_id)
        event = room.collect(member_id, ticket, now)
        if event is None:
            room.end_wait(member_id, ticket, now)
            return found
        found.append(event)


def test_list_has_own_line_first_then_the_others_in_join_order() -> None:
    room = Room()
    for name in (b"a", b"b"):
        room.sign_in(name, 0.0)
    third = room.sign_in(b"c", 0.0)
    assert third.entries == (Notice(3, b"c", True), Notice(1, b"a", True), Notice(2, b"b", True))


def test_joins_messages_and_leaves_come_in_one_order() -> None:
    room = Room()
    room.sign_in(b"a", 0.0)
    room.sign_in(b"b", 0.0)
    room.post(2, 1, b"one", "text/plain")
    room.sign_in(b"c", 0.0)
    room.post(2, 1, b"two", None)
    room.sign_out(2)
    assert everything(room, 1) == [
        Notice(2, b"b", True),
        RelayedMessage(2, b"one", "text/plain"),
        Notice(3, b"c", True),
        RelayedMessage(2, b"two", None),
        Notice(2, b"b", False),
    ]


def test_hub_visibility_shows_a_student_itself_and_the_hub() -> None:
    room = Room(visibility="hub")
    early = room.sign_in(b"early", 0.0)
    hub = room.sign_in(b"lesson", 0.0, hub=True)
    late = room.sign_in(b"late", 0.0)
    assert [entry.id for entry in early.entries] == [early.id]
    assert [entry.id for entry in hub.entries] == [hub.id, early.id]
    assert [entry.id for entry in late.entries] == [late.id, hub.id]
    assert everything(room, early.id) == [Notice(hub.id, b"lesson", True)]
    assert everything(room, hub.id) == [Notice(late.id, b"late", True)]
    room.sign_out(late.id)
    assert everything(room, early.id) == []
    assert everything(room, hub.id) == [Notice(late.id, b"late", False)]


def test_a_student_writes_to_the_hub_only() -> None:
    room = Room(visibility="hub")
    a, b = room.sign_in(b"a", 0.0).id, room.sign_in(b"b", 0.0).id
    hub = room.sign_in(b"hub", 0.0, hub=True).id
    with pytest.raises(UnknownMember):
        room.post(a, b, b"psst", None)
    room.post(a, hub, b"hello", None)
    room.post(hub, b, b"offer", None)
    assert everything(room, hub) == [RelayedMessage(a, b"hello", None)]
    assert everything(room, b) == [Notice(hub, b"hub", True), RelayedMessage(hub, b"offer", None)]


def test_there_is_one_hub_and_another_may_follow_it() -> None:
    room = Room(visibility="hub")
    first = room.sign_in(b"hub", 0.0, hub=True).id
    with pytest.raises(ValueError, match="hub"):
        room.sign_in(b"other", 0.0, hub=True)
    room.sign_out(first)
    assert room.sign_in(b"again", 0.0, hub=True).id == 2


def test_only_a_wait_keeps_alive() -> None:
    room = Room()
    room.sign_in(b"idle", 0.0)
    room.sign_in(b"waits", 0.0)
    everything(room, 1, 0.0)
    room.sign_in(b"writes", 0.0)
    for event in (Notice(3, b"writes", True),):
        assert everything(room, 2, 0.0) == [event]
    room.begin_wait(2)
    room.post(3, 2, b"still here", None)
    assert room.expire(30.0) == ()
    assert room.expire(30.001) == (1, 3)
    assert room.expire(1e6) == ()
    assert 2 in room


def test_patience_begins_again_when_a_wait_ends() -> None:
    room = Room()
    room.sign_in(b"a", 0.0)
    ticket = room.begin_wait(1)
    assert room.collect(1, ticket, 100.0) is None
    room.end_wait(1, ticket, 100.0)
    assert room.expire(130.0) == ()
    assert room.expire(130.1) == (1,)


def test_who_ends_its_wait_is_absent_at_once() -> None:
    room = Room()
    member = room.sign_in(b"a", 10.0).id
    ticket = room.begin_wait(member)
    assert room.absence(member, 40.0) == 0.0
    room.end_wait(member, ticket, 41.0)
    assert room.absence(member, 44.0) == 3.0
    assert room.absence(99, 44.0) == 0.0


def test_whose_wait_was_answered_may_not_have_got_the_answer_yet() -> None:
    room = Room()
    member = room.sign_in(b"a", 0.0).id
    room.sign_in(b"b", 0.0)
    ticket = room.begin_wait(member)
    # As when an outage of ten seconds begins half a second before.
    assert room.collect(member, ticket, 0.5) is not None
    room.end_wait(member, ticket, 0.5)
    assert room.absence(member, 10.0) == 0.0
    assert room.absence(member, 13.5) == 3.0
    ticket = room.begin_wait(member)
    room.end_wait(member, ticket, 20.0)
    assert room.absence(member, 21.0) == 1.0


def test_who_signed_in_and_never_asked_is_absent_as_one_who_was_answered() -> None:
    room = Room()
    member = room.sign_in(b"a", 10.0).id
    assert room.absence(member, 19.0) == 0.0
    assert room.absence(member, 22.0) == 2.0


def answered(room: Room, member: int, turn: int | None) -> Notice | RelayedMessage | None:
    """What a wait is answered, of which nobody knows whether it arrives."""
    return room.collect(member, room.begin_wait(member, turn=turn), 0.0)


def test_the_same_turn_is_answered_with_what_was_lost_on_its_way() -> None:
    room = Room()
    room.sign_in(b"a", 0.0)
    room.sign_in(b"b", 0.0)
    room.post(2, 1, b"hello", None)
    came = Notice(2, b"b", True)
    assert answered(room, 1, 7) == came
    assert answered(room, 1, 7) == came
    assert answered(room, 1, 8) == RelayedMessage(2, b"hello", None)
    assert answered(room, 1, 8) == RelayedMessage(2, b"hello", None)
    assert answered(room, 1, 9) is None
    room.post(2, 1, b"again", None)
    assert answered(room, 1, 9) == RelayedMessage(2, b"again", None)
    assert answered(room, 1, 10) is None


def test_without_a_turn_what_was_answered_is_gone_as_in_the_original() -> None:
    room = Room()
    room.sign_in(b"a", 0.0)
    room.sign_in(b"b", 0.0)
    assert answered(room, 1, None) == Notice(2, b"b", True)
    assert answered(room, 1, None) is None
    room.post(2, 1, b"x", None)
    assert answered(room, 1, 5) == RelayedMessage(2, b"x", None)
    assert answered(room, 1, None) is None


@pytest.mark.parametrize("turn", [0, 6, 9, 2**40])
def test_a_turn_that_does_not_follow_is_somebody_elses(turn: int) -> None:
    """After a restart ids may begin at 1 again, and a page that does not know that still asks with its old one."""
    room = Room()
    room.sign_in(b"a", 0.0)
    pending = room.begin_wait(1, turn=7)
    with pytest.raises(Occupied):
        room.begin_wait(1, turn=turn)
    room.sign_in(b"b", 0.0)
    assert room.collect(1, pending, 0.0) == Notice(2, b"b", True)


def test_a_wait_that_ended_with_nothing_new_is_no_absence() -> None:
    room = Room()
    room.sign_in(b"a", 0.0)
    ticket = room.begin_wait(1, turn=7)
    assert room.collect(1, ticket, 0.0) is None
    room.end_wait(1, ticket, 25.0, hung_up=False)
    assert room.absence(1, 34.0) == 0.0
    assert room.absence(1, 37.0) == 2.0
    assert room.expire(55.0) == ()
    assert room.expire(55.1) == (1,)


def test_the_hub_never_expires() -> None:
    room = Room(visibility="hub")
    room.sign_in(b"hub", 0.0, hub=True)
    assert room.expire(1e9) == ()


def test_a_second_wait_replaces_the_first() -> None:
    room = Room()
    room.sign_in(b"a", 0.0)
    first = room.begin_wait(1)
    assert room.collect(1, first, 0.0) is None
    room.take_ready()
    second = room.begin_wait(1)
    assert room.take_ready() == {first}
    room.sign_in(b"b", 0.0)
    assert room.take_ready() == {second}
    with pytest.raises(Replaced):
        room.collect(1, first, 0.0)
    room.end_wait(1, first, 0.0)
    assert room.collect(1, second, 0.0) == Notice(2, b"b", True)


def test_a_wait_from_another_address_does_not_take_over() -> None:
    room = Room()
    room.sign_in(b"a", 0.0)
    first = room.begin_wait(1, "10.0.0.1")
    with pytest.raises(Occupied):
        room.begin_wait(1, "10.0.0.2")
    assert room.take_ready() == frozenset()
    assert room.collect(1, first, 0.0) is None
    room.end_wait(1, first, 0.0)
    second = room.begin_wait(1, "10.0.0.2")  # as a phone that has changed its network
    with pytest.raises(Occupied):
        room.begin_wait(1, "10.0.0.1")
    assert room.collect(1, second, 0.0) is None


def test_the_hub_is_known_as_such_and_only_while_it_is_there() -> None:
    room = Room(visibility="hub")
    student = room.sign_in(b"a", 0.0).id
    hub = room.sign_in(b"hub", 0.0, hub=True).id
    assert room.is_hub(hub)
    assert not room.is_hub(student)
    room.sign_out(hub)
    assert not room.is_hub(hub)


def test_names_and_queues_have_the_limits_of_the_room() -> None:
    room = Room(visibility="hub", name_limit=4, queue_bytes=10)
    hub = room.sign_in(b"a long title", 0.0, hub=True)
    student = room.sign_in(b"a long name", 0.0)
    assert student.entries == (Notice(student.id, b"a lo", True), Notice(hub.id, b"a long title", True))
    room.post(student.id, hub.id, b"x" * 10, None)
    with pytest.raises(Overflowed):
        room.post(student.id, hub.id, b"x", None)


def test_who_was_dropped_for_a_message_is_told() -> None:
    room = Room(queue_limit=1)
    slow = room.sign_in(b"slow", 0.0, address="10.0.0.7").id
    talker = room.sign_in(b"talker", 0.0).id
    room.post(talker, slow, b"x", None)
    with pytest.raises(Overflowed) as overflow:
        room.post(talker, slow, b"x", None)
    assert (overflow.value.dropped, overflow.value.address) == (slow, "10.0.0.7")


def test_signing_out_stirs_the_own_wait_which_then_is_unknown() -> None:
    room = Room()
    room.sign_in(b"a", 0.0)
    ticket = room.begin_wait(1)
    room.sign_out(1)
    assert ticket in room.take_ready()
    with pytest.raises(UnknownMember):
        room.collect(1, ticket, 0.0)


def test_a_full_queue_drops_its_owner_and_says_so() -> None:
    room = Room(queue_limit=256)
    for name in (b"slow", b"talker", b"watcher"):
        room.sign_in(name, 0.0)
    everything(room, 2)
    for _ in range(256):
        room.post(2, 1, b"x", None)
    assert 1 in room
    with pytest.raises(UnknownMember):
        room.post(2, 1, b"x", None)
    assert 1 not in room
    assert everything(room, 2) == everything(room, 3) == [Notice(1, b"slow", False)]


def test_a_queue_is_bounded_in_bytes_too() -> None:
    room = Room()
    room.sign_in(b"slow", 0.0)
    room.sign_in(b"talker", 0.0)
    for _ in range(12):
        room.post(2, 1, bytes(320 * 1024), None)
    assert len(everything(room, 1)) == 13
    for _ in range(12):
        room.post(2, 1, bytes(320 * 1024), None)
    with pytest.raises(UnknownMember):
        room.post(2, 1, bytes(320 * 1024), None)
    assert 1 not in room
    assert 2 in room


def test_whoever_stays_hears_of_a_class_that_leaves_at_once() -> None:
    room = Room()
    room.sign_in(b"stays", 0.0)
    for _ in range(400):
        room.sign_in(b"leaves", 0.0)
    assert len(everything(room, 1)) == 400
    room.begin_wait(1)
    assert len(room.expire(31.0)) == 400
    assert everything(room, 1, 31.0) == [Notice(number, b"leaves", False) for number in range(2, 402)]


def test_a_room_is_bounded_when_nobody_says_so() -> None:
    room = Room()
    for _ in range(500):
        room.sign_in(b"never waits", 0.0)
    with pytest.raises(RoomFull):
        room.sign_in(b"one more", 0.0)


def test_a_student_that_floods_the_hub_is_dropped_and_nobody_else() -> None:
    room = Room(visibility="hub", queue_limit=256)
    hub = room.sign_in(b"hub", 0.0, hub=True).id
    good, bad = room.sign_in(b"good", 0.0).id, room.sign_in(b"bad", 0.0).id
    everything(room, hub)
    for _ in range(256):
        room.post(bad, hub, b"x", None)
    room.post(good, hub, b"hello", None)
    with pytest.raises(UnknownMember):
        room.post(bad, hub, b"x", None)
    assert hub in room
    assert good in room
    assert bad not in room
    waiting = everything(room, hub)
    assert len(waiting) == 258
    assert waiting[-2:] == [RelayedMessage(good, b"hello", None), Notice(bad, b"bad", False)]


def test_coming_and_going_unseen_leaves_no_trace_at_the_hub() -> None:
    room = Room(visibility="hub")
    hub = room.sign_in(b"hub", 0.0, hub=True).id
    stays = room.sign_in(b"stays", 0.0).id
    for _ in range(5000):
        passing = room.sign_in(b"passing", 0.0).id
        room.post(passing, hub, b"x", None)
        room.sign_out(passing)
    assert everything(room, hub) == [Notice(stays, b"stays", True)]


def test_a_room_takes_no_more_than_its_limit_beside_the_hub() -> None:
    room = Room(visibility="hub", max_members=2)
    room.sign_in(b"hub", 0.0, hub=True)
    first = room.sign_in(b"a", 0.0).id
    room.sign_in(b"b", 0.0)
    with pytest.raises(RoomFull):
        room.sign_in(b"c", 0.0)
    room.sign_out(first)
    room.sign_in(b"c", 0.0)


def test_the_limit_of_a_room_may_change_and_sends_nobody_away() -> None:
    room = Room(visibility="hub", max_members=1)
    room.sign_in(b"a", 0.0)
    room.max_members = 2
    room.sign_in(b"b", 0.0)
    room.max_members = 1
    assert room.size == 2
    with pytest.raises(RoomFull):
        room.sign_in(b"c", 0.0)


def test_random_ids_are_drawn_again_when_taken() -> None:
    drawn = iter([7, 7, 7, 9])
    room = Room(ids="random", draw=lambda: next(drawn))
    assert [room.sign_in(b"x", 0.0).id, room.sign_in(b"x", 0.0).id] == [7, 9]


def test_random_ids_fit_a_c_int() -> None:
    assert all(0 < random_id() < 2**31 for _ in range(1000))


def test_sequential_ids_are_never_used_again() -> None:
    room = Room()
    room.sign_out(room.sign_in(b"a", 0.0).id)
    assert room.sign_in(b"b", 0.0).id == 2


def test_a_member_without_a_name_gets_one() -> None:
    assert Room().sign_in(b"", 0.0).entries[0].name == b"peer_1"


def test_a_message_to_oneself_comes_straight_back() -> None:
    room = Room()
    room.sign_in(b"a", 0.0)
    assert room.post(1, 1, b"echo", "text/x") == RelayedMessage(1, b"echo", "text/x")
    assert everything(room, 1) == []


def test_reannouncement_names_somebody_known_or_nobody() -> None:
    room = Room(visibility="hub")
    a = room.sign_in(b"a", 0.0).id
    room.sign_in(b"b", 0.0)
    assert room.reannouncement(a) == Notice(0, b"nobody", False)
    hub = room.sign_in(b"hub", 0.0, hub=True).id
    assert room.reannouncement(a) == Notice(hub, b"hub", True)


@given(st.binary(max_size=2000))
def test_any_name_makes_one_line_without_markup(raw: bytes) -> None:
    name = clean_name(raw)
    assert len(name) == min(len(raw), 512)
    assert not set(name) & set(b",\r\n<>\0")
    allowed = set(range(256)) - set(b",\r\n<>\0")
    assert all(before == after for before, after in zip(raw, name, strict=False) if before in allowed)
