"""The teacher sets the room: who comes in, and who comes back, over the real signaling."""

from __future__ import annotations

import pytest

from classroom.broadcaster import Broadcaster
from classroom.common.errors import CommandError
from classroom.features.base import RoomChanged
from classroom.features.room import RoomFeature
from classroom.features.students import StudentsFeature
from tests.integration.test_access import hello, lesson, peer, students, told
from tests.support.broadcast import eventually


def admitted(running: Broadcaster) -> dict[str, bool]:
    return {each["name"]: each["admitted"] for each in students(running).values()}


async def test_a_waiting_room_is_opened_and_closed_and_a_closed_lesson_takes_back_who_was_there() -> None:
    async with lesson("{}") as running, peer(running) as ada:
        changes: list[RoomChanged] = []
        running.events.listen(RoomChanged, changes.append)
        room = running.feature(RoomFeature)
        await hello(ada)
        ticket = (await told(ada, "welcome"))["ticket"]
        room.set(admit="approve")
        async with peer(running, b"Bob") as bob, peer(running, b"Eve") as eve:
            await hello(bob)
            await told(bob, "waiting")
            await hello(eve)
            await told(eve, "waiting")
            await eventually(lambda: admitted(running) == {"Ada": True, "Bob": False, "Eve": False})
            running.feature(StudentsFeature).remove("3", ban=False)
            room.set(admit="everyone")
            await told(bob, "welcome")
        room.set(closed=True)
        room.set(closed=True)
        assert room.room() == {"chat": "everyone", "floor": True, "admit": "everyone", "closed": True}
        assert len(changes) == 3, "what is so already is no change"
        async with peer(running, b"Cleo") as cleo, peer(running) as again, peer(running, b"Dan") as original:
            await hello(cleo)
            assert await told(cleo, "refused") == {"type": "refused", "why": "closed"}
            await hello(again, ticket=ticket)
            await told(again, "welcome")
            await again.watch()  # it was here before, so it gets an offer
            assert "Dan" not in admitted(running)
            room.set(closed=False)
            await original.watch()  # an old client that knocked while nobody was let in gets its offer now


async def test_a_command_that_changes_nothing_is_a_mistake() -> None:
    async with lesson("{}") as running:
        with pytest.raises(CommandError, match="Name at least one of chat, floor, admit, closed"):
            running.feature(RoomFeature).set()
