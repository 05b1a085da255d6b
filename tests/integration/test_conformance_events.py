"""What waits for whom and for how long, at every signaling server: the original's model and ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.support.broadcast import eventually
from tests.support.native_client import NativeClient, NativeMessage, NativeNotice
from tests.support.port import RawConnection, until
from tests.support.signaling_servers import KINDS, Kind, Other, Served, get, post, served

PATIENCE = 0.5


@pytest.fixture(params=KINDS)
async def server(request: pytest.FixtureRequest) -> AsyncIterator[Served]:
    async with served(request.param) as each:
        yield each


async def test_events_are_kept_and_come_one_by_one_in_order(server: Served) -> None:
    guest = await server.guest(b"a")
    other = await server.other()
    for number in range(5):
        await other.send(guest.id, b"first %d" % number)
    expected = [(guest.id, b"%s,%d,1\n" % (other.name, other.id))]
    expected += [(other.id, b"first %d" % number) for number in range(5)]
    if server.everybody_sees_everybody:
        late = await server.guest(b"late")
        expected.append((guest.id, b"late,%d,1\n" % late.id))
    await other.send(guest.id, b"second")
    expected.append((other.id, b"second"))
    await other.sign_out()
    expected.append((guest.id, b"%s,%d,0\n" % (other.name, other.id)))
    assert [await guest.hears() for _ in expected] == expected


async def test_the_other_end_hears_in_order_too(server: Served) -> None:
    other = await server.other()
    guest = await server.guest(b"a")
    for number in range(5):
        await guest.send(other.id, b"%d" % number)
    await guest.sign_out()
    expected = [(other.id, b"a,%d,1\n" % guest.id)]
    expected += [(guest.id, b"%d" % number) for number in range(5)]
    expected += [(other.id, b"a,%d,0\n" % guest.id)]
    if not server.everybody_sees_everybody:
        # A broadcaster is not told of somebody who has come, written and left again before it looked.
        guest = await server.guest(b"b")
        assert await other.hears() == (other.id, b"b,%d,1\n" % guest.id)
        return
    assert [await other.hears() for _ in expected] == expected


async def test_any_body_goes_through_unchanged(server: Served) -> None:
    other = await server.other()
    guest = await server.guest(b"a")
    body = bytes(range(256)) * 400
    await guest.send(other.id, body)
    assert [await other.hears(), await other.hears()][1] == (guest.id, body)
    await other.send(guest.id, body)
    assert await guest.hears() == (other.id, body)


async def test_a_pending_wait_is_answered_at_once_and_only_once(server: Served) -> None:
    other = await server.other()
    guest = await server.guest(b"a")
    pending = await server.hang(guest.id)
    await other.send(guest.id, b"one")
    await other.send(guest.id, b"two")
    answer = await server.finish(pending)
    assert (answer.pragma, answer.body) == (other.id, b"one")
    assert server.waiting() == 0
    assert await guest.hears() == (other.id, b"two")


async def test_nobody_hears_of_itself(server: Served) -> None:
    guest = await server.guest(b"a")
    pending = await server.hang(guest.id)
    other = await server.other()
    answer = await server.finish(pending)
    assert (answer.pragma, answer.body) == (guest.id, b"%s,%d,1\n" % (other.name, other.id))


async def test_guests_hear_of_each_other_only_where_everybody_sees_everybody(server: Served) -> None:
    other = await server.other()
    guest = await server.guest(b"a")
    second = await server.guest(b"b")
    answer = await server.ask(*post(guest.id, second.id, b"psst"))
    assert answer.status == (b"200 OK" if server.everybody_sees_everybody else b"500 Error")
    if server.everybody_sees_everybody:
        assert await guest.hears() == (guest.id, b"b,%d,1\n" % second.id)
    await second.sign_out()
    await other.send(guest.id, b"end")
    if server.everybody_sees_everybody:
        assert await guest.hears() == (guest.id, b"b,%d,0\n" % second.id)
    assert await guest.hears() == (other.id, b"end")


async def test_who_comes_and_goes_between_two_waits(server: Served) -> None:
    other = await server.other()
    await (await server.guest(b"a")).sign_out()
    last = await server.guest(b"b")
    if not server.leaves_out_passers_by:
        lines = [(await other.hears())[1] for _ in range(2)]
        assert [line[:2] + line[-2:] for line in lines] == [b"a,1\n", b"a,0\n"]
    assert await other.hears() == (other.id, b"b,%d,1\n" % last.id)


@pytest.mark.parametrize("abort", [True, False])
async def test_a_wait_that_its_client_gave_up_loses_nothing(server: Served, abort: bool) -> None:
    other = await server.other()
    guest = await server.guest(b"a")
    pending = await server.hang(guest.id)
    if abort:
        pending.writer.transport.abort()
    else:
        pending.close()
    await until(lambda: server.waiting() == 0)
    await other.send(guest.id, b"kept")
    assert await guest.hears() == (other.id, b"kept")


async def test_a_second_wait_takes_the_place_of_the_first(server: Served) -> None:
    other = await server.other()
    guest = await server.guest(b"a")
    first = await server.hang(guest.id)
    second = await RawConnection.open(server.port, get(b"/wait?peer_id=%d-stray" % guest.id))
    if server.ends_orphans:
        answer = await server.finish(first)  # with a notification that tells nothing new
        assert answer.status == b"200 OK"
        assert (answer.pragma, answer.body) == (guest.id, b"%s,%d,1\n" % (other.name, other.id))
    else:
        with pytest.raises(TimeoutError):
            await first.read_all(0.3)
    await other.send(guest.id, b"for the second")
    assert (await server.finish(second)).body == b"for the second"
    first.close()


async def test_signing_out_with_a_wait_pending(server: Served) -> None:
    other = await server.other()
    guest = await server.guest(b"a")
    await other.hears()
    pending = await server.hang(guest.id)
    await guest.sign_out()
    assert await other.hears() == (other.id, b"a,%d,0\n" % guest.id)
    if server.ends_orphans:
        assert (await server.finish(pending)).status == b"500 Sorry"
    else:
        with pytest.raises(TimeoutError):
            await pending.read_all(0.3)
    pending.close()

    async def is_unknown() -> bool:
        answer = await server.ask(get(b"/sign_out?peer_id=%d" % guest.id))
        return answer.status == b"500 Sorry"

    await eventually(is_unknown, within=10)


@pytest.mark.parametrize("kind", KINDS)
async def test_who_does_not_wait_is_announced_as_gone(kind: Kind) -> None:
    async with served(kind, patience=PATIENCE) as server:
        other = await server.other()
        listening = asyncio.create_task(_two_events(other))
        if server.everybody_sees_everybody:
            await until(lambda: server.waiting() == 1)
        loop = asyncio.get_running_loop()
        began = loop.time()
        guest = await server.guest(b"a")
        # Messages do not keep anybody alive, only waits do.
        while (answer := await server.ask(*post(guest.id, guest.id, b"I am here"))).status == b"200 OK":
            assert loop.time() - began < 20
            await asyncio.sleep(0.1)
        assert answer.status == b"500 Error"
        assert loop.time() - began >= PATIENCE
        assert await listening == [(other.id, b"a,%d,1\n" % guest.id), (other.id, b"a,%d,0\n" % guest.id)]


async def _two_events(other: Other) -> list[tuple[int, bytes]]:
    return [await other.hears(), await other.hears()]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_pending_wait_is_never_ended_for_being_idle(kind: Kind) -> None:
    async with served(kind, patience=PATIENCE) as server:
        guest = await server.guest(b"a")
        pending = await server.hang(guest.id)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(pending.reader.read(1)), 3 * PATIENCE)
        assert server.waiting() == 1
        assert (await server.ask(*post(guest.id, guest.id, b"still"))).body == b"still"
        pending.close()


async def test_a_native_client_at_every_server(server: Served) -> None:
    other = await server.other()
    async with NativeClient("127.0.0.1", server.port, "李@pc".encode()) as client:
        assert await client.sign_in() == [NativeNotice(other.name, other.id, True)]
        own = client.id
        for number in range(3):
            await other.send(own, b'{"type": "offer", "sdp": "%d"}' % number)
        for number in range(3):
            assert await client.next_event() == NativeMessage(other.id, b'{"type": "offer", "sdp": "%d"}' % number)
        await client.send_message(other.id, b'{"type": "answer", "sdp": ""}')
        await client.hang_up(other.id)
        heard = [await other.hears() for _ in range(3)]
        assert heard == [
            (other.id, "李@pc".encode() + b",%d,1\n" % own),
            (own, b'{"type": "answer", "sdp": ""}'),
            (own, b"BYE"),
        ]
        await client.sign_out()
        assert await other.hears() == (other.id, "李@pc".encode() + b",%d,0\n" % own)
        assert client.dropped is None
