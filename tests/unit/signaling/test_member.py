from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classroom.common.clock import ManualClock, SystemClock
from classroom.common.errors import WireError
from classroom.signaling import Joined, Left, Message, Peer, PeerEvent, Room, RoomMember, Switchboard
from classroom.signaling.member import Member
from classroom.signaling.queue import Notice, RelayedMessage
from classroom.signaling.room import Replaced, UnknownMember
from classroom.signaling.switchboard import NothingNew, SwitchboardClosed


def hub_room() -> Switchboard:
    return Switchboard(room=Room(visibility="hub", ids="random"), clock=SystemClock())


async def take(events: AsyncIterator[PeerEvent], count: int) -> list[PeerEvent]:
    async with asyncio.timeout(5):
        return [await anext(events) for _ in range(count)]


async def test_the_hub_hears_of_early_and_late_students() -> None:
    switchboard = hub_room()
    early = switchboard.sign_in(b"early")
    member: Member = RoomMember(switchboard)
    assert await member.sign_in("Algebra, <week> 3") == [Peer(early.id, b"early")]
    assert await switchboard.wait(early.id) == Notice(member.id, b"Algebra_ _week_ 3", True)  # type: ignore[attr-defined]
    late = switchboard.sign_in(b"late")
    switchboard.post(late.id, member.id, b"hi", None)  # type: ignore[attr-defined]
    switchboard.sign_out(early.id)
    assert await take(member.events(), 3) == [
        Joined(Peer(late.id, b"late")),
        Message(late.id, b"hi"),
        Left(Peer(early.id, b"early")),
    ]


async def test_sending_reaches_the_student_and_says_when_there_is_none() -> None:
    switchboard = hub_room()
    student = switchboard.sign_in(b"s").id
    member = RoomMember(switchboard)
    with pytest.raises(WireError):
        await member.send(student, b"too early")
    await member.sign_in("x")
    await member.send(student, "提问", "application/json")
    await switchboard.wait(student)
    assert await switchboard.wait(student) == RelayedMessage(member.id or 0, "提问".encode(), "application/json")
    await member.remove(student)
    await member.remove(student)
    with pytest.raises(WireError):
        await member.send(student, b"gone")


async def test_events_end_with_the_membership() -> None:
    switchboard = hub_room()
    member = RoomMember(switchboard)
    await member.sign_in("x")

    async def collect() -> list[PeerEvent]:
        return [event async for event in member.events()]

    reader = asyncio.create_task(collect())
    switchboard.sign_in(b"s")
    await asyncio.sleep(0)
    await member.sign_out()
    await member.sign_out()
    assert all(isinstance(event, Joined) for event in await asyncio.wait_for(reader, 5))
    await member.sign_in("again")
    reader = asyncio.create_task(collect())
    await asyncio.sleep(0)
    switchboard.close()
    await asyncio.wait_for(reader, 5)


async def test_a_long_title_is_cut_between_characters() -> None:
    switchboard = hub_room()
    member = RoomMember(switchboard)
    await member.sign_in("课" * 300)
    listed = switchboard.sign_in(b"s").entries[1].name
    assert listed.decode() == "课" * 170


async def test_cancelling_a_wait_loses_nothing() -> None:
    switchboard = Switchboard(room=Room(), clock=ManualClock())
    a, b = switchboard.sign_in(b"a").id, switchboard.sign_in(b"b").id
    await switchboard.wait(a)
    for attempt in range(5):
        waiting = asyncio.create_task(switchboard.wait(a))
        await asyncio.sleep(0)
        assert switchboard.waiting == 1
        if not attempt:
            switchboard.post(b, a, b"kept", None)  # wakes it, and then the connection goes
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        if not attempt:
            break
    assert await switchboard.wait(a) == RelayedMessage(b, b"kept", None)


async def test_a_wait_with_a_time_limit_ends_and_loses_nothing() -> None:
    switchboard = Switchboard(room=Room(), clock=ManualClock())
    a, b = switchboard.sign_in(b"a").id, switchboard.sign_in(b"b").id
    assert await switchboard.wait(a, turn=1, within=60) == Notice(b, b"b", True)
    with pytest.raises(NothingNew):
        await switchboard.wait(a, turn=2, within=0.01)
    assert switchboard.waiting == 0
    assert switchboard.absence(a) == 0
    switchboard.post(b, a, b"kept", None)
    assert await switchboard.wait(a, turn=3, within=60) == RelayedMessage(b, b"kept", None)


async def test_nothing_is_handed_to_a_dead_connection() -> None:
    switchboard = Switchboard(room=Room(), clock=ManualClock())
    a, b = switchboard.sign_in(b"a").id, switchboard.sign_in(b"b").id
    with pytest.raises(ConnectionResetError):
        await switchboard.wait(a, alive=lambda: False)
    assert await switchboard.wait(a) == Notice(b, b"b", True)


async def test_a_replaced_wait_ends_and_the_new_one_gets_the_event() -> None:
    switchboard = Switchboard(room=Room(), clock=ManualClock())
    a = switchboard.sign_in(b"a").id
    first = asyncio.create_task(switchboard.wait(a))
    await asyncio.sleep(0)
    second = asyncio.create_task(switchboard.wait(a))
    with pytest.raises(Replaced):
        await asyncio.wait_for(first, 5)
    b = switchboard.sign_in(b"b").id
    assert await asyncio.wait_for(second, 5) == Notice(b, b"b", True)


async def test_expiry_runs_and_ends_with_the_switchboard() -> None:
    clock = ManualClock()
    async with Switchboard(room=Room(), clock=clock, tick=0.001) as switchboard:
        a = switchboard.sign_in(b"a").id
        watcher = switchboard.sign_in(b"b").id
        waiting = asyncio.create_task(switchboard.wait(watcher))
        await asyncio.sleep(0)
        clock.advance(31)
        assert await asyncio.wait_for(waiting, 5) == Notice(a, b"a", False)
        waiting = asyncio.create_task(switchboard.wait(watcher))
        await asyncio.sleep(0)
    with pytest.raises(SwitchboardClosed):
        await asyncio.wait_for(waiting, 5)
    with pytest.raises(SwitchboardClosed):
        await switchboard.wait(watcher)


async def test_a_stranger_cannot_wait() -> None:
    with pytest.raises(UnknownMember):
        await hub_room().wait(12345)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"%e5%ad%a6%e7%94%9fa", "学生a"),
        ("张三@host".encode(), "张三@host"),
        (b"John  Smith@pc", "John Smith@pc"),
        (b"%0d%0aX%00", "X"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"%E2%80%AEevil", "evil"),
        (b"%20", ""),
        (b"peer_5", ""),
        (b"peer_6", "peer_6"),
        (b"%E2%80%8B%E2%80%8B", ""),
        (b"%E3%85%A4", ""),
        (b"%CC%81%CC%82", ""),
        (b"A%E2%80%8BB", "AB"),
        (b"%D8%9CAda", "Ada"),
        (b"e%CC%81", "\u00e9"),
        (b"A" + b"%CC%88" * 60 + b"B", "\u00c4\u0308\u0308B"),
        (b"  %C2%A0 Ada%E2%80%83Lovelace ", "Ada Lovelace"),
        ("Việt Nguyễn".encode(), "Việt Nguyễn"),
        ("हिन्दी".encode(), "हिन्दी"),
        ("สมชาย".encode(), "สมชาย"),
        (b"a" * 512, "a" * 80),
    ],
)
def test_display_names(name: bytes, shown: str) -> None:
    assert Peer(5, name).display_name == shown


@given(st.binary(max_size=600))
def test_any_name_can_be_shown_on_one_line(name: bytes) -> None:
    shown = Peer(1, name).display_name
    assert len(shown) <= 80
    assert len(shown.splitlines()) <= 1
    assert shown == shown.strip()
    shown.encode()
