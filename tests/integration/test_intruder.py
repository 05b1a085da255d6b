"""A student who tries: it cannot read, send as, sign out, find, or be told of another, in a lesson of the real kind."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from classroom.broadcaster import Broadcaster
from classroom.common.clock import SystemClock
from classroom.signaling import AccessGuard, Joined, Left, Room
from tests.support.broadcast import LESSON, broadcasting, eventually
from tests.support.machine import Machine
from tests.support.native_client import NativeClient, NativeMessage, NativeReply, parse_reply
from tests.support.port import OpenPort, RawConnection, open_port, until

ELSEWHERE = "127.0.0.77"
"""Another address of this machine, for a client that is somebody else."""


def get(path: bytes) -> bytes:
    return b"GET " + path + b" HTTP/1.0\r\n\r\n"


def post(sender: int, target: int, body: bytes) -> bytes:
    head = b"POST /message?peer_id=%d&to=%d HTTP/1.0\r\nContent-Length: %d\r\nContent-Type: text/plain\r\n\r\n"
    return head % (sender, target, len(body)) + body


async def connect(port: int, request: bytes, address: str = "127.0.0.1") -> RawConnection:
    try:
        opened = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
    except OSError:
        pytest.skip(f"this system has no address {address}")
    connection = RawConnection(*opened)
    await connection.send(request)
    return connection


async def raw(port: int, request: bytes, address: str = "127.0.0.1") -> bytes:
    connection = await connect(port, request, address)
    try:
        return re.sub(rb"\r\nDate: [^\r]*", b"", await connection.read_all())
    finally:
        connection.close()


async def ask(port: int, request: bytes, address: str = "127.0.0.1") -> NativeReply:
    reply = parse_reply(await raw(port, request, address))
    assert reply is not None
    return reply


def guesses(*known: int) -> list[int]:
    """Ids that would be others' if ids were counted, and those around what is known."""
    around = {number + step for number in known for step in (-2, -1, 1, 2)}
    return sorted(({*range(6), 2**31 - 1} | around) - set(known))


@asynccontextmanager
async def hall(clients: int = 1) -> AsyncIterator[tuple[OpenPort, list[NativeClient]]]:
    """A port as a lesson has it, with the hub and some students signed in."""
    guard = AccessGuard(passcode=None, banned=lambda address: False, clock=SystemClock())
    async with open_port(Room(visibility="hub", ids="random"), guard=guard) as opened:
        await opened.member.sign_in("lesson")
        students = [NativeClient("127.0.0.1", opened.port, b"student%d" % number) for number in range(clients)]
        for student in students:
            await student.sign_in()
        await until(lambda: opened.switchboard.waiting == clients)
        try:
            yield opened, students
        finally:
            for student in students:
                await student.vanish()


async def test_nobody_but_the_broadcaster_acts_for_the_broadcaster() -> None:
    async with hall() as (opened, [victim]):
        hub = opened.member.id
        assert hub is not None
        own = (await ask(opened.port, get(b"/sign_in?intruder"))).peer_id
        for request in (
            get(b"/wait?peer_id=%d" % hub),
            get(b"/sign_out?peer_id=%d" % hub),
            post(hub, own, b"as the broadcaster"),
            post(hub, victim.id, b"as the broadcaster"),
            post(hub, hub, b"to itself"),
        ):
            assert (await ask(opened.port, request)).status == 500
        await opened.member.send(victim.id, b"from the broadcaster")
        assert (await victim.next_message()).body == b"from the broadcaster"
        assert opened.switchboard.size == 3


async def test_a_wait_from_elsewhere_does_not_take_over(caplog: pytest.LogCaptureFixture) -> None:
    async with hall() as (opened, [victim]):
        # Even who has learned the id, as from a log of a proxy, hears nothing while its owner waits.
        stolen = [await ask(opened.port, get(b"/wait?peer_id=%d" % victim.id), ELSEWHERE) for _ in range(3)]
        never = await ask(opened.port, get(b"/wait?peer_id=5"), "127.0.0.78")
        assert {(reply.status, reply.body) for reply in stolen} == {(500, never.body)}
        await opened.member.send(victim.id, b"for the owner")
        assert await victim.next_event() == NativeMessage(opened.member.id or 0, b"for the owner")
        assert victim.dropped is None
    assert "waits for them elsewhere" in caplog.text
    assert str(victim.id) not in caplog.text, "a secret is in the log"


async def test_a_phone_that_changes_its_network_goes_on() -> None:
    async with hall() as (opened, [phone]):
        await phone.vanish()
        await until(lambda: opened.switchboard.waiting == 0)
        await opened.member.send(phone.id, b"while away")
        request = get(b"/wait?peer_id=%d" % phone.id)
        assert (await ask(opened.port, request, ELSEWHERE)).body == b"while away"
        hub = opened.member.id or 0
        assert (await ask(opened.port, post(phone.id, hub, b"still me"), ELSEWHERE)).status == 200
        assert (await ask(opened.port, get(b"/sign_out?peer_id=%d" % phone.id), ELSEWHERE)).status == 200


async def test_errors_tell_nothing() -> None:
    async with hall(2) as (opened, [first, second]):
        own = (await ask(opened.port, get(b"/sign_in?intruder"))).peer_id
        nobody = next(number for number in range(1000, 2000) if not opened.switchboard.is_guest(number))
        assert await raw(opened.port, post(own, first.id, b"x")) == await raw(opened.port, post(own, nobody, b"x"))
        assert await raw(opened.port, post(nobody, first.id, b"x")) == await raw(
            opened.port, post(nobody, nobody, b"x")
        )
        for path in (b"/wait?peer_id=%d", b"/sign_out?peer_id=%d"):
            hub = opened.member.id or 0
            assert await raw(opened.port, get(path % hub)) == await raw(opened.port, get(path % nobody))
        assert first.dropped is None
        assert second.dropped is None


async def test_another_student_and_nobody_are_answered_after_the_same_time(machine: Machine) -> None:
    async with hall() as (opened, [victim]):
        took: dict[int, list[float]] = {victim.id: [], 1000: []}
        own = {address: 0 for address in ("127.0.0.21", "127.0.0.22")}
        for (target, times), address in zip(took.items(), own, strict=True):
            sender = (await ask(opened.port, get(b"/sign_in?x"), address)).peer_id
            for _ in range(5):
                began = time.monotonic()
                assert (await ask(opened.port, post(sender, target, b"x"), address)).status == 500
                times.append(time.monotonic() - began)
        differences = [abs(one - other) for one, other in zip(*took.values(), strict=True)]
        assert max(differences) <= machine.allows(0.2)
        assert took[1000][-1] > 0.4, "guessing is not slowed"


async def test_guessing_is_slow_for_who_guesses_and_for_nobody_else(caplog: pytest.LogCaptureFixture) -> None:
    async with hall() as (opened, [victim]):
        hub = opened.member.id or 0
        loop = asyncio.get_running_loop()
        began = loop.time()
        scan = [asyncio.create_task(ask(opened.port, get(b"/wait?peer_id=%d" % number))) for number in range(1, 200)]
        await asyncio.sleep(0.5)
        answered = sum(1 for each in scan if each.done())
        assert answered <= 6, "ids can be tried as fast as the machine answers"
        asked = loop.time()
        await victim.send_message(hub, b"from the same address")
        await opened.member.send(victim.id, b"and back")
        assert (await victim.next_message()).body == b"and back"
        newcomer = await ask(opened.port, get(b"/sign_in?newcomer"))
        assert newcomer.status == 200
        assert loop.time() - asked < 2.0, "students at the same address had to wait for the guesses"
        replies = await asyncio.gather(*scan)
        assert {reply.status for reply in replies} == {500}
        assert loop.time() - began > 3.5
    lines = [record for record in caplog.records if "unknown id" in record.getMessage()]
    assert 1 <= len(lines) <= 4


async def test_a_member_that_was_away_learns_it_at_once(machine: Machine) -> None:
    async with hall() as (opened, [client]):
        opened.switchboard.sign_out(client.id)
        began = time.monotonic()
        assert (await ask(opened.port, get(b"/wait?peer_id=%d" % client.id))).status == 500
        assert time.monotonic() - began <= machine.allows(0.5)


async def test_signing_out_with_a_wait_pending_is_no_guess(machine: Machine) -> None:
    async with hall(12) as (opened, students):
        for student in students:
            request = get(b"/sign_out?peer_id=%d" % student.id)
            began = time.monotonic()
            await ask(opened.port, request)
            assert time.monotonic() - began <= machine.allows(1.0)


@asynccontextmanager
async def attended(running: Broadcaster) -> AsyncIterator[list[NativeClient]]:
    """Three students who have their offers."""
    students = [NativeClient("127.0.0.1", running.port, name) for name in (b"amy", b"ben", b"cho")]
    try:
        for student in students:
            await student.sign_in()
            message = await student.next_message()
            assert json.loads(message.body)["type"] == "offer"
        yield students
    finally:
        for student in students:
            await student.vanish()


def names(running: Broadcaster) -> set[str]:
    """The students as the teacher sees them."""
    students = running.state()["students"]
    assert isinstance(students, dict)
    return {each["name"] for each in students.values()}


async def offered_again(student: NativeClient, hub: int) -> NativeMessage:
    """Ask for another offer until it comes: there is at most one a second."""
    while True:
        await student.send_message(hub, b'{"type": "restart"}')
        try:
            event = await student.next_event(1.2)
        except TimeoutError:
            continue
        assert isinstance(event, NativeMessage)
        return event


async def test_the_whole_attempt_in_a_running_lesson() -> None:
    async with broadcasting(LESSON) as running, attended(running) as students:
        reply = await ask(running.port, get(b"/sign_in?mallory"))
        own = reply.peer_id
        # The list has itself and the broadcaster, though it knows that amy, ben and cho are there.
        lines = reply.body.decode().splitlines()
        assert [line.split(",")[0] for line in lines] == ["mallory", "A test lesson"]
        hub = int(lines[1].split(",")[1])
        tried = guesses(own, hub)
        assert not {student.id for student in students} & set(tried), "ids can be guessed"
        # From many addresses at once, so that the test need not wait for the answers that are held back.
        attempts: list[bytes] = []
        for number in (*tried, hub):
            attempts += [get(b"/wait?peer_id=%d" % number), get(b"/sign_out?peer_id=%d" % number)]
            attempts += [post(number, hub, b"BYE"), post(own, number, b"psst")] if number != hub else []
            attempts += [post(number, student.id, b'{"type": "offer"}') for student in students]
        attempts += [post(own, student.id, b"psst") for student in students]
        attempts += [
            get(path) for path in (b"/wait?peer_id=amy", b"/sign_out?peer_id=ben", b"/wait?name=cho", b"/quit")
        ]
        replies = await asyncio.gather(
            *(ask(running.port, request, f"127.0.1.{1 + n % 100}") for n, request in enumerate(attempts))
        )
        assert not {reply.status for reply in replies} & {200}
        # Nobody was signed out, hung up on, or sent anything by another than the broadcaster.
        with pytest.raises(TimeoutError):
            await students[0].next_event(0.3)
        for student in students:
            assert student.dropped is None
            event = await offered_again(student, hub)
            assert event.peer_id == hub
            assert json.loads(event.body)["type"] == "offer"
        await eventually(lambda: {"amy", "ben", "cho"} <= names(running), what="the students are still there")
        # Its own news is its own offer, and no word of anybody else.
        news = await ask(running.port, get(b"/wait?peer_id=%d" % own))
        assert (news.peer_id, json.loads(news.body)["type"]) == (hub, "offer")
        pending = await connect(running.port, get(b"/wait?peer_id=%d" % own))
        leaver = students.pop()
        await leaver.sign_out()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(pending.reader.read(1), 0.5)
        pending.close()


async def test_the_hub_hears_only_of_what_happened() -> None:
    async with hall() as (opened, [victim]):
        events = opened.member.events()
        joined = await asyncio.wait_for(anext(events), 10)
        assert isinstance(joined, Joined)
        for number in guesses(victim.id)[:3]:
            await raw(opened.port, get(b"/sign_out?peer_id=%d" % number), ELSEWHERE)
        left = victim.id
        await victim.sign_out()
        event = await asyncio.wait_for(anext(events), 10)
        assert isinstance(event, Left)
        assert event.peer.id == left
