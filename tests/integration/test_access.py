"""Who may come in: the passcode, approval, removal and bans, over real sockets and with old clients."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from classroom.broadcaster import Broadcaster
from classroom.common.errors import CommandError
from classroom.features.students import StudentsFeature
from tests.support.broadcast import broadcasting, eventually
from tests.support.native_client import Dropped, NativeClient
from tests.support.port import ask
from tests.support.student import Student

LESSON = """
lesson: {title: "Algebra"}
sources:
  red: {kind: camera, device: "lavfi:color=c=red:size=320x240:rate=15"}
scenes:
  red: red
program: {size: 320x240, fps: 15, fallback: red}
recording: {start: never}
"""


@contextlib.asynccontextmanager
async def lesson(access: str) -> AsyncIterator[Broadcaster]:
    async with broadcasting(f"{LESSON}access: {access}\n") as running:
        yield running


@contextlib.asynccontextmanager
async def peer(running: Broadcaster, name: bytes = b"Ada") -> AsyncIterator[Student]:
    """Somebody signed in who has said nothing yet."""
    async with NativeClient("127.0.0.1", running.port, name=name) as client:
        each = Student(client)
        await client.sign_in()
        [each.peer] = client.peers
        try:
            yield each
        finally:
            await each.close()


async def hello(student: Student, **more: str) -> None:
    await student.say({"type": "hello", "app": "classroom", "version": 1, **more})


async def told(student: Student, kind: str) -> dict[str, Any]:
    """The next message of a type; what comes before it is left out."""
    while True:
        value = json.loads((await student.client.next_message(30.0)).body)
        if value["type"] == kind:
            assert isinstance(value, dict)
            return value


def students(running: Broadcaster) -> dict[str, dict[str, Any]]:
    section = running.state()["students"]
    assert isinstance(section, dict)
    return section


async def listed(running: Broadcaster, *names: str) -> dict[str, str]:
    """Wait for students to be listed; their numbers by name."""
    await eventually(lambda: set(names) <= {each["name"] for each in students(running).values()}, what=f"{names}")
    return {each["name"]: number for number, each in students(running).items()}


def sign_in(arguments: str) -> bytes:
    return f"GET /sign_in?{arguments} HTTP/1.0\r\n\r\n".encode()


# The passcode


async def test_an_original_client_gets_in_with_name_and_passcode() -> None:
    async with lesson("{passcode: '密码 1&2'}") as running:
        async with peer(running, name=b"Ada&pass=%E5%AF%86%E7%A0%81%201%262") as watcher:
            await watcher.offer()
            assert (await listed(running, "Ada")) == {"Ada": "1"}
        with pytest.raises(Dropped, match="403"):
            async with NativeClient("127.0.0.1", running.port, name=b"Ada&pass=wrong") as client:
                await client.sign_in()


@pytest.mark.parametrize("arguments", ["Ada", "Ada&pass=", "Ada&pass=wrong", "Ada&pass=%ff", "Ada&Pass=right"])
async def test_without_the_passcode_there_is_a_sentence_and_a_hint(arguments: str) -> None:
    async with lesson("{passcode: right}") as running:
        reply = await ask(running.port, sign_in(arguments))
        assert reply.startswith(b"HTTP/1.0 403 Refused\r\n")
        assert b"\r\nX-Classroom-Refused: passcode\r\n" in reply
        assert b"passcode" in reply.partition(b"\r\n\r\n")[2]
        assert students(running) == {}


async def test_a_wrong_passcode_is_slow_and_the_right_one_is_not() -> None:
    async with lesson("{passcode: right}") as running:
        loop = asyncio.get_running_loop()
        guesses = [asyncio.create_task(ask(running.port, sign_in(f"Eve&pass={number}"))) for number in range(6)]
        await asyncio.wait(guesses, return_when=asyncio.FIRST_COMPLETED)
        # The others wait still; somebody behind the same address who knows it does not.
        began = loop.time()
        async with peer(running, name=b"Ada&pass=right") as watcher:
            assert [guess for guess in guesses if not guess.done()]
            await watcher.offer()
        assert loop.time() - began < 30
        for reply in await asyncio.gather(*guesses):
            assert reply.startswith(b"HTTP/1.0 403")


# Approval


async def test_a_page_waits_and_is_let_in() -> None:
    async with lesson("{admit: approve}") as running, peer(running) as watcher:
        await hello(watcher)
        waiting = await told(watcher, "waiting")
        assert waiting["title"] == "Algebra"
        assert "ice_servers" not in waiting
        number = (await listed(running, "Ada"))["Ada"]
        assert students(running)[number]["state"] == "waiting"
        assert students(running)[number]["admitted"] is False
        running.feature(StudentsFeature).admit(number)
        assert students(running)[number]["admitted"] is True
        welcome = await told(watcher, "welcome")
        assert welcome["ticket"] == waiting["ticket"]
        await watcher.watch()
        await eventually(lambda: watcher.picture is not None, what="a picture")
        running.feature(StudentsFeature).admit(number)  # twice is the same as once


async def test_an_original_client_waits_in_silence_and_gets_its_offer_when_let_in() -> None:
    async with lesson("{admit: approve}") as running, peer(running) as watcher:
        number = (await listed(running, "Ada"))["Ada"]
        assert students(running)[number]["admitted"] is False
        running.feature(StudentsFeature).admit(number)
        # The first thing that it ever gets is the offer.
        assert json.loads((await watcher.client.next_message(30.0)).body)["type"] == "offer"


async def test_a_page_that_is_refused_is_told_and_signed_out() -> None:
    async with lesson("{admit: approve}") as running, peer(running) as watcher:
        await hello(watcher)
        await told(watcher, "waiting")
        running.feature(StudentsFeature).remove((await listed(running, "Ada"))["Ada"], ban=False)
        assert await told(watcher, "refused") == {"type": "refused", "why": "teacher"}
        with pytest.raises(Dropped):  # its wait fails: it is signed out, even if it does not go by itself
            await watcher.client.next_event(30.0)


async def test_all_who_still_wait_are_admitted_where_some_have_left_and_told_when_it_is_full() -> None:
    async with lesson("{admit: approve, max_students: 2}") as running, peer(running, b"Bob") as bob:
        await hello(bob)
        await told(bob, "waiting")
        async with peer(running) as left:
            await hello(left)
            await told(left, "waiting")
        await eventually(lambda: "gone" in [each["state"] for each in students(running).values()])
        async with peer(running, b"Cleo") as cleo, peer(running, b"Dan") as dan:
            for each in (cleo, dan):
                await hello(each)
                await told(each, "waiting")
            with pytest.raises(CommandError, match="All 2 places are taken"):
                running.feature(StudentsFeature).admit(None)
            found = {each["name"]: each["admitted"] for each in students(running).values()}
            assert found == {"Ada": False, "Bob": True, "Cleo": True, "Dan": False}


async def test_an_original_client_that_is_refused_is_signed_out() -> None:
    async with lesson("{admit: approve}") as running, peer(running) as watcher:
        running.feature(StudentsFeature).remove((await listed(running, "Ada"))["Ada"], ban=False)
        with pytest.raises(Dropped):
            await watcher.client.next_event(30.0)


async def test_a_page_that_comes_back_keeps_its_number_and_its_admission() -> None:
    async with lesson("{admit: approve}") as running, peer(running) as before:
        await hello(before)
        ticket = (await told(before, "waiting"))["ticket"]
        number = (await listed(running, "Ada"))["Ada"]
        running.feature(StudentsFeature).admit(number)
        await before.watch()
        await eventually(lambda: students(running)[number]["state"] == "watching")
        # Its network changes: the old connection says nothing any more, and the page signs in from elsewhere.
        async with peer(running) as after:
            await hello(after, ticket=ticket)
            assert (await told(after, "welcome"))["ticket"] == ticket
            assert list(students(running)) == [number]
            await after.watch()
            await eventually(lambda: after.picture is not None, what="a picture")
            # The page that was left behind, if it still listens, does not fight for its place.
            assert await told(before, "refused") == {"type": "refused", "why": "replaced"}


async def test_a_browser_that_signs_in_under_the_same_name_is_one_row() -> None:
    async with lesson("{}") as running, peer(running) as before:
        await hello(before, device="mark")
        await told(before, "welcome")
        number = (await listed(running, "Ada"))["Ada"]
        async with peer(running) as after, peer(running) as classmate, peer(running, b"Bob") as neighbour:
            await hello(after, device="mark")
            await told(after, "welcome")
            assert await told(before, "refused") == {"type": "refused", "why": "replaced"}
            await hello(classmate, device="another")
            await hello(neighbour, device="mark")
            await told(classmate, "welcome")
            await told(neighbour, "welcome")
            found = sorted(each["name"] for each in students(running).values())
            assert found == ["Ada", "Ada", "Bob"], "another browser, and another name, are somebody else"
            assert number in students(running)


async def test_another_name_is_looked_at_again() -> None:
    async with lesson("{admit: approve}") as running, peer(running) as before:
        await hello(before)
        ticket = (await told(before, "waiting"))["ticket"]
        number = (await listed(running, "Ada"))["Ada"]
        running.feature(StudentsFeature).admit(number)
        async with peer(running, name=b"The%20headmaster") as after:
            await hello(after, ticket=ticket)
            await told(after, "waiting")
            assert students(running)[number]["name"] == "The headmaster"
            assert students(running)[number]["admitted"] is False


async def test_an_invented_ticket_is_worth_nothing() -> None:
    async with lesson("{admit: approve}") as running, peer(running) as watcher:
        await hello(watcher, ticket="invented")
        assert (await told(watcher, "waiting"))["ticket"] != "invented"


async def test_who_is_let_in_takes_a_place() -> None:
    async with lesson("{admit: approve, max_students: 1}") as running, peer(running) as one, peer(running, b"Bob"):
        numbers = await listed(running, "Ada", "Bob")
        running.feature(StudentsFeature).admit(numbers["Ada"])
        with pytest.raises(CommandError, match="All 1 places are taken") as caught:
            running.feature(StudentsFeature).admit(numbers["Bob"])
        assert caught.value.code == CommandError.NOT_POSSIBLE
        assert students(running)[numbers["Bob"]]["admitted"] is False
        await one.client.sign_out()
        await eventually(lambda: students(running)[numbers["Ada"]]["state"] == "gone")
        running.feature(StudentsFeature).admit(numbers["Bob"])


# A full lesson


async def test_the_place_of_who_left_is_free_and_a_page_that_returns_keeps_its_own() -> None:
    async with lesson("{max_students: 1}") as running, peer(running) as one:
        await hello(one)
        ticket = (await told(one, "welcome"))["ticket"]
        async with peer(running, name=b"Bob") as two:
            await hello(two)
            assert await told(two, "refused") == {"type": "refused", "why": "full"}
        async with peer(running) as again:
            await hello(again, ticket=ticket)
            await told(again, "welcome")
            await again.client.sign_out()
        async with peer(running, name=b"Bob") as two:
            await hello(two)
            await told(two, "welcome")


# Removal and bans


async def test_a_removed_student_loses_the_picture_and_may_come_again() -> None:
    async with lesson("{admit: everyone}") as running, peer(running) as watcher:
        await hello(watcher)
        ticket = (await told(watcher, "welcome"))["ticket"]
        await eventually(lambda: "1" in students(running))
        running.feature(StudentsFeature).remove("1", ban=False)
        assert students(running)["1"]["state"] == "gone"
        assert await told(watcher, "refused") == {"type": "refused", "why": "removed"}
        async with peer(running) as again:
            await hello(again, ticket=ticket)
            assert (await told(again, "welcome"))["ticket"] != ticket


@pytest.mark.parametrize("known", [{"ticket": "kept"}, {"device": "mark"}, {}])
async def test_a_banned_student_is_recognised(known: dict[str, str]) -> None:
    """Everybody here comes from the loopback, so the address cannot be banned: ticket, browser, or name must do."""
    async with lesson("{admit: everyone}") as running, peer(running) as watcher:
        await hello(watcher, device="mark")
        ticket = (await told(watcher, "welcome"))["ticket"]
        running.feature(StudentsFeature).remove((await listed(running, "Ada"))["Ada"], ban=True)
        assert await told(watcher, "refused") == {"type": "refused", "why": "banned"}
        name = b"Somebody%20else" if known else b"%20ADA"
        async with peer(running, name=name) as again:
            await hello(again, **({"ticket": ticket} if "ticket" in known else known))
            assert await told(again, "refused") == {"type": "refused", "why": "banned"}
        async with peer(running, name=b"Bob") as other:
            await hello(other, device="another")
            await told(other, "welcome")


async def test_a_banned_original_client_gets_no_offer_any_more() -> None:
    async with lesson("{admit: everyone}") as running, peer(running) as watcher:
        await watcher.offer()
        running.feature(StudentsFeature).remove((await listed(running, "Ada"))["Ada"], ban=True)
        with pytest.raises(Dropped):
            await watcher.client.next_event(30.0)
        async with peer(running) as again, peer(running, name=b"Bob") as other:
            await other.offer()
            assert again.client._events.empty()


async def test_the_other_tab_of_a_banned_student_goes_too() -> None:
    async with lesson("{admit: everyone}") as running, peer(running) as one, peer(running, b"Ada2") as two:
        for each in (one, two):
            await hello(each, device="mark")
            await told(each, "welcome")
        running.feature(StudentsFeature).remove((await listed(running, "Ada"))["Ada"], ban=True)
        assert (await told(two, "refused"))["why"] == "banned"


async def test_who_has_just_left_can_be_banned() -> None:
    async with lesson("{admit: everyone}") as running:
        async with peer(running) as watcher:
            await hello(watcher, device="mark")
            await told(watcher, "welcome")
            await watcher.client.sign_out()
        await eventually(lambda: students(running)["1"]["state"] == "gone")
        running.feature(StudentsFeature).remove("1", ban=False)
        running.feature(StudentsFeature).remove("1", ban=True)
        async with peer(running, name=b"Eve") as again:
            await hello(again, device="mark")
            await told(again, "refused")


async def test_nobody_is_removed_by_a_wrong_number() -> None:
    async with lesson("{admit: everyone}") as running, peer(running):
        before = await listed(running, "Ada")
        students = running.feature(StudentsFeature)
        for command in (students.admit, lambda number: students.remove(number, ban=True)):
            with pytest.raises(CommandError) as caught:
                command("7")
            assert caught.value.code == CommandError.UNKNOWN_NAME
            assert caught.value.data == {"known": ["1"]}
        assert await listed(running, "Ada") == before
        async with peer(running) as again:
            await again.offer()
