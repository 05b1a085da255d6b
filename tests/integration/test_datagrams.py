"""No datagram ends a connection, whoever sends it; and what a student can have sent to others is bounded."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from aioice import Candidate
from aiortc import RTCPeerConnection
from hypothesis import example, given, settings
from hypothesis import strategies as st

from classroom.webrtc.aiortc_guard import MOST_PAIRS, guard
from classroom.webrtc.ice.check_budget import AT_ONCE, CHECKS, CheckBudget
from classroom.webrtc.ice.interfaces import interfaces
from tests.support.broadcast import eventually
from tests.support.datagrams import check, forged
from tests.support.receiver import Call, call, encoded

HERE = interfaces().addresses[0]


def ice_of(connection: Any) -> Any:
    """aioice's end of a connection."""
    return connection.getTransceivers()[0].sender.transport.transport._connection


def ports(connection: Any) -> list[tuple[str, int]]:
    """Where a connection listens."""
    return [(each.local_candidate.host, each.local_candidate.port) for each in ice_of(connection)._protocols]


@contextlib.contextmanager
def stranger(host: str) -> Iterator[socket.socket]:
    """A socket of this computer that belongs to nobody in the lesson."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.bind((host, 0))
        yield sock


@pytest.fixture
async def faults(caplog: pytest.LogCaptureFixture) -> AsyncIterator[list[str]]:
    """What the event loop was told of that nobody caught, and lines of the log with a traceback."""
    found: list[str] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: found.append(str(context)))
    with caplog.at_level(logging.INFO):
        yield found
    loop.set_exception_handler(None)
    assert found == []
    assert [record for record in caplog.records if record.exc_info] == []
    assert len([record for record in caplog.records if record.name.startswith("classroom")]) < 20


async def shows(made: Call, number: int) -> None:
    """That another picture comes over the same connection."""
    media = made.ssrcs()[0]
    before = len(made.of(media))
    made.picture.fanout.publish(encoded(number, key=True))
    await made.arrived(media, before + 1)
    assert made.sender.connectionState == "connected"


async def test_no_datagram_of_a_stranger_ends_a_connection(faults: list[str]) -> None:
    async with call() as made:
        await shows(made, 0)
        for host, port in ports(made.sender):
            with stranger(host) as sock:
                for number, data in enumerate(forged()):
                    with contextlib.suppress(OSError):
                        sock.sendto(data, (host, port))
                    if number % 20 == 0:
                        await asyncio.sleep(0)
        await asyncio.sleep(0.1)
        await shows(made, 1)


async def test_no_datagram_from_the_peers_own_address_ends_a_connection(faults: list[str]) -> None:
    async with call() as made:
        await shows(made, 0)
        theirs = ice_of(made.receiver)
        pair = theirs._nominated[1]
        for number, data in enumerate(forged()):
            pair.protocol.transport.sendto(data, pair.remote_addr)
            if number % 20 == 0:
                await asyncio.sleep(0)
        await asyncio.sleep(0.1)
        await shows(made, 1)


async def test_nor_one_that_comes_while_it_is_being_made(faults: list[str]) -> None:
    flooding: list[asyncio.Task[None]] = []

    async def flood(sender: Any) -> None:
        """Empty datagrams, alerts and noise at all of its ports, from before the answer on."""
        alert = b"\x15\xfe\xfd\0\0\0\0\0\0\0\1\0\2\2\x28"
        with stranger(HERE) as sock:
            while True:
                for host, port in ports(sender):
                    for data in (b"", alert, b"\x16\xfe\xfd" + os.urandom(40), bytes([130]) + os.urandom(1600)):
                        with contextlib.suppress(OSError):
                            sock.sendto(data, (host, port))
                await asyncio.sleep(0.002)  # what matters is what they are: any flood fills a socket

    async with call(offered=lambda sender: flooding.append(asyncio.create_task(flood(sender)))) as made:
        await shows(made, 0)
        flooding[0].cancel()
        await asyncio.gather(*flooding, return_exceptions=True)


@settings(max_examples=12, deadline=None)
@given(st.lists(st.binary(max_size=1600), min_size=50, max_size=200), st.randoms(use_true_random=False))
@example([b"", b"\x15\xfe\xfd\0\0\0\0\0\0\0\1\0\2\2\x28"], None)
async def test_any_bytes_are_dropped_or_read(pieces: list[bytes], random: Any) -> None:
    async with call() as made:
        ice = ice_of(made.sender)
        peer = ice._nominated[1].remote_addr
        for data in pieces:
            for protocol in ice._protocols:
                protocol.datagram_received(data, peer)
                protocol.datagram_received(data, ("192.0.2.77", 9))
        await shows(made, 0)


async def test_what_is_authentic_and_cannot_be_used_ends_nothing() -> None:
    async with call() as made:
        await shows(made, 0)
        transport = made.sender.getTransceivers()[0].sender.transport

        async def raises(_: bytes) -> None:
            raise IndexError("a fault of a parser")

        ice = ice_of(made.sender)
        for protocol in ice._protocols:
            vars(protocol).pop("datagram_received", None)  # reports go the long way now
        transport._handle_rtcp_data = raises  # type: ignore[assignment]
        for _ in range(3):
            await made.say(b"\x80\xc9\x00\x01\x00\x00\x00\x07")
        await asyncio.sleep(0.1)
        await shows(made, 1)


async def test_an_alert_that_the_peer_has_signed_ends_the_connection() -> None:
    async with call() as made:
        await shows(made, 0)
        await made.receiver.getTransceivers()[0].receiver.transport.stop()
        await eventually(lambda: made.sender.connectionState != "connected")


# What goes out


@contextlib.asynccontextmanager
async def half_made() -> AsyncIterator[Any]:
    """A connection that has offered and was answered, by somebody who is not there."""
    connection = RTCPeerConnection()
    connection.addTransceiver("video", direction="sendonly")
    guard(connection, CheckBudget(time.monotonic()), near=True)
    await connection.setLocalDescription(await connection.createOffer())
    ice = ice_of(connection)
    ice.remote_username, ice.remote_password = "peer", "p" * 22
    connecting = asyncio.create_task(ice.connect())
    try:
        yield connection
    finally:
        connecting.cancel()
        await asyncio.gather(connecting, return_exceptions=True)
        await connection.close()


def drained(socks: list[socket.socket]) -> tuple[int, int]:
    """How many datagrams and bytes have come."""
    packets = octets = 0
    for sock in socks:
        with contextlib.suppress(BlockingIOError):
            while data := sock.recv(2048):
                packets, octets = packets + 1, octets + len(data)
    return packets, octets


async def test_hundreds_of_candidates_are_few_checks_and_slow_ones() -> None:
    with contextlib.ExitStack() as stack:
        victims = [stack.enter_context(stranger(HERE)) for _ in range(254)]
        async with half_made() as connection:
            began = time.monotonic()
            ice = ice_of(connection)
            for victim in victims:
                host, port = victim.getsockname()[:2]
                await ice.add_remote_candidate(Candidate("1", 1, "udp", 1, host, port, "host"))
            await asyncio.sleep(3.0)
            seconds = time.monotonic() - began
            assert len(ice._check_list) <= MOST_PAIRS
            reached = sum(drained([victim])[0] > 0 for victim in victims)
            assert 0 < reached <= 32
        packets, _ = drained(victims)
        assert packets <= AT_ONCE + CHECKS * seconds + 1


async def test_checks_with_forged_senders_are_hardly_multiplied(faults: list[str]) -> None:
    with contextlib.ExitStack() as stack:
        strangers = [stack.enter_context(stranger(HERE)) for _ in range(300)]
        async with half_made() as connection:
            ice = ice_of(connection)
            await asyncio.sleep(0.1)
            host, port = next(each for each in ports(connection) if each[0] == HERE)
            sent = 0
            for _ in range(4):
                for sock in strangers:
                    data = check(user=f"{ice.local_username}:peer", password=ice.local_password)
                    sock.sendto(data, (host, port))
                    sent += len(data)
                    await asyncio.sleep(0)
            await asyncio.sleep(2.0)
            assert len(ice._check_list) <= MOST_PAIRS
            assert len(ice._remote_candidates) <= MOST_PAIRS
        _, octets = drained(strangers)
        assert 0 < octets < 1.3 * sent


async def test_who_does_not_know_the_password_gets_no_answer() -> None:
    async with half_made() as connection:
        ice = ice_of(connection)
        host, port = ports(connection)[0]
        with stranger(host) as sock:
            for data in (
                check(user=f"{ice.local_username}:peer", password="wrong" * 5),
                check(user="nobody:peer", password=ice.local_password),
                b"\0\1\0\0\x21\x12\xa4\x42" + bytes(12),
            ):
                sock.sendto(data, (host, port))
            await asyncio.sleep(0.3)
            assert drained([sock]) == (0, 0)
            sock.sendto(check(user=f"{ice.local_username}:peer", password=ice.local_password), (host, port))
            await eventually(lambda: drained([sock])[0] > 0)


async def test_a_student_who_walks_through_many_networks_is_followed() -> None:
    """More addresses than are remembered, each of which answers for a while."""
    async with call() as made:
        await shows(made, 0)
        ice, theirs = ice_of(made.sender), ice_of(made.receiver)
        for _ in range(MOST_PAIRS + 8):
            with stranger(HERE) as sock:
                ice.rules.check_budget = CheckBudget(time.monotonic())
                asked = check(user=f"{ice.local_username}:{theirs.local_username}", password=ice.local_password)
                sock.sendto(asked, next(each for each in ports(made.sender) if each[0] == HERE))
                came: list[int] = []

                def checked(sock: socket.socket = sock, came: list[int] = came) -> bool:
                    came.append(drained([sock])[0])
                    return sum(came) > 1

                await eventually(checked, what="an answer and a check in return")
        assert len(ice._check_list) <= MOST_PAIRS
        await shows(made, 1)
