"""Raised hands over the real signaling: the queue, who is told what, and whose place is kept."""

from __future__ import annotations

from typing import Any

import pytest

from classroom.broadcaster import Broadcaster
from classroom.common.errors import CommandError
from classroom.features.hands import HandsFeature
from classroom.features.room import RoomFeature
from tests.integration.test_access import hello, lesson, peer, students, told
from tests.support.broadcast import eventually
from tests.support.student import Student


async def class_news(page: Student, **expected: Any) -> None:
    """Wait until a page is told this of the class; what it was told before may come first."""
    for _ in range(10):
        said = await told(page, "class")
        if {"type": "class", "floor": True, **expected}.items() <= said.items():
            return
    pytest.fail(f"the class is not {expected}")


def queue(running: Broadcaster) -> list[str]:
    up = [each for each in students(running).values() if each["hand"]]
    return [each["name"] for each in sorted(up, key=lambda each: each["raised"])]


async def test_hands_are_in_order_and_a_page_that_comes_back_has_kept_its_place() -> None:
    async with lesson("{}") as running, peer(running) as ada, peer(running, b"Bob") as bob:
        hands = running.feature(HandsFeature)
        await hello(ada)
        ticket = (await told(ada, "welcome"))["ticket"]
        await class_news(ada, hand={"up": False})
        await hello(bob)
        await told(bob, "welcome")
        await ada.say({"type": "hand", "up": True})
        await class_news(ada, hand={"up": True, "place": 1, "of": 1})
        await bob.say({"type": "hand", "up": True})
        await class_news(bob, hand={"up": True, "place": 2, "of": 2})
        await bob.say({"type": "hand", "up": "yes"})  # means nothing
        await eventually(lambda: queue(running) == ["Ada", "Bob"])
        await ada.client.sign_out()
        async with peer(running) as again:
            await hello(again, ticket=ticket)
            await told(again, "welcome")
            await class_news(again, hand={"up": True, "place": 1, "of": 2})
            assert queue(running) == ["Ada", "Bob"]
            hands.lower("1")
            hands.lower("1")  # is down already
            await class_news(again, hand={"up": False})
            await class_news(bob, hand={"up": True, "place": 1, "of": 1})
            with pytest.raises(CommandError, match="99"):
                hands.lower("99")
            hands.lower(None)
            await class_news(bob, hand={"up": False})


async def test_nobody_waits_where_nobody_may_speak_and_who_is_not_let_in_has_no_hand() -> None:
    async with lesson("{}") as running, peer(running) as ada:
        room = running.feature(RoomFeature)
        await hello(ada)
        await told(ada, "welcome")
        room.set(admit="approve")
        async with peer(running, b"Eve") as eve:
            await hello(eve)
            await told(eve, "waiting")
            await eve.say({"type": "hand", "up": True})
            await ada.say({"type": "hand", "up": True})
            await eventually(lambda: queue(running) == ["Ada"])
        room.set(floor=False)
        assert queue(running) == []
        await class_news(ada, hand={"up": False}, floor=False)
        await ada.say({"type": "hand", "up": True})
        await class_news(ada, hand={"up": False}, floor=False)  # so that its button does not stay pressed
        assert queue(running) == []
