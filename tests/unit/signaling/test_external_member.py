"""A member of somebody else's server, whose answers are made up: how it waits, and how much it lets wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from classroom.common.alarms import Alarms
from classroom.common.errors import WireError
from classroom.signaling import external_member
from classroom.signaling.client import ServerAddress, ServerReply, Unreachable
from classroom.signaling.external_member import AWAY, ExternalMember, listed_name
from classroom.signaling.member import Joined, Left
from classroom.signaling.room import NAME_LIMIT
from tests.support.broadcast import eventually


def member() -> tuple[ExternalMember, Alarms]:
    alarms = Alarms(lambda: None)
    return ExternalMember(ServerAddress.parse("http://192.0.2.1"), alarms=alarms), alarms


def answers(monkeypatch: pytest.MonkeyPatch, message: Callable[[], ServerReply]) -> None:
    """A server that knows one peer, never has news, and answers messages so."""

    async def ask(server: ServerAddress, target: str, **_: object) -> ServerReply:
        if target.startswith("/sign_in"):
            return ServerReply(200, 1, b"lesson,1,1\nstudent,2,1\n")
        if target.startswith("/wait"):
            await asyncio.Event().wait()
        if target.startswith("/message"):
            await asyncio.sleep(0)
            return message()
        return ServerReply(200, None, b"")

    monkeypatch.setattr(external_member, "ask", ask)


async def test_it_comes_back_at_longer_and_longer_pauses_and_never_all_at_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pauses: list[float] = []
    rest = asyncio.sleep

    async def ask(*_: object, **__: object) -> ServerReply:
        raise Unreachable("nothing listens there")

    async def sleep(seconds: float) -> None:
        if seconds:
            pauses.append(seconds)
        await rest(0)

    monkeypatch.setattr(external_member, "ask", ask)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    away, alarms = member()
    await away.sign_in("lesson")
    while len(pauses) < 60:
        await rest(0)
    await away.sign_out()
    for pause, usual in zip(pauses, [0.5, 1.0, 2.0, 4.0, *[5.0] * 100], strict=False):
        assert 0.8 * usual <= pause <= 1.2 * usual
    assert len(set(pauses[4:])) > 10
    assert not alarms.raised(), "the alarm ends with the lesson"
    said = [record for record in caplog.records if record.levelname != "DEBUG"]
    assert [record.levelname for record in said] == ["WARNING"], "it is said once"


async def test_after_many_messages_there_is_room_for_as_many(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, lambda: ServerReply(200, None, b""))
    here, _ = member()
    await here.sign_in("lesson")
    event = await anext(here.events())
    for _ in range(3):
        await asyncio.gather(*(here.send(event.peer.id, b"x") for _ in range(60)))  # type: ignore[union-attr]
    await here.sign_out()


async def test_a_message_that_takes_too_long_is_given_up_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost() -> ServerReply:
        raise Unreachable("nothing listens there")

    answers(monkeypatch, lost)
    monkeypatch.setattr(external_member, "_SEND_WITHIN", 0.05)
    here, alarms = member()
    await here.sign_in("lesson")
    event = await anext(here.events())
    with pytest.raises(WireError, match="The signaling server is away"):
        await here.send(event.peer.id, b"x")  # type: ignore[union-attr]
    assert AWAY not in {alarm.code for alarm in alarms.raised()}
    await here.sign_out()


@pytest.mark.parametrize(("status", "taken"), [(200, True), (404, False), (500, False), (199, False), (204, False)])
async def test_only_200_says_that_a_message_was_taken(
    status: int, taken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(monkeypatch, lambda: ServerReply(status, None, b""))
    here, _ = member()
    await here.sign_in("lesson")
    event = await anext(here.events())
    sending = asyncio.create_task(here.send(event.peer.id, b"x"))  # type: ignore[union-attr]
    await eventually(sending.done)
    assert isinstance(sending.exception(), WireError) is not taken
    await here.sign_out()


@pytest.mark.parametrize("letter", ["a", "é", "线", "😀"])
def test_a_long_name_is_cut_between_two_letters_where_it_is_full(letter: str) -> None:
    coded = listed_name(letter * NAME_LIMIT)
    one = len(listed_name(letter))
    assert len(coded) == NAME_LIMIT // one * one
    assert coded == listed_name(letter) * (NAME_LIMIT // one)


async def test_a_membership_that_goes_on_tells_only_of_those_who_left_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lists = iter([b"lesson,1,1\nstays,2,1\nleaves,3,1\n", b"lesson,9,1\nlesson,1,1\nstays,2,1\n"])
    first_wait = asyncio.Event()

    async def ask(server: ServerAddress, target: str, **_: object) -> ServerReply:
        if target.startswith("/sign_in"):
            return ServerReply(200, None, next(lists))
        if target.startswith("/wait") and first_wait.is_set():
            await asyncio.Event().wait()
        if target.startswith("/wait"):
            first_wait.set()
            raise Unreachable("nothing listens there")
        return ServerReply(200, None, b"")

    monkeypatch.setattr(external_member, "ask", ask)
    monkeypatch.setattr(external_member, "_FIRST_PAUSE", 0.01)
    here, _ = member()
    await here.sign_in("lesson")
    events = here.events()
    seen = [await asyncio.wait_for(anext(events), 20) for _ in range(3)]
    assert [type(event) for event in seen] == [Joined, Joined, Left]
    assert seen[2] == Left(seen[1].peer)  # type: ignore[union-attr]
    await here.send(seen[0].peer.id, b"still here")  # type: ignore[union-attr]
    await here.sign_out()
