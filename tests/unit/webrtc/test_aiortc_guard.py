"""What a guarded connection lets in: no network, no other end."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from aioice import stun
from aiortc import RTCPeerConnection

from classroom.webrtc import aiortc_guard
from classroom.webrtc.aiortc_guard import guard, is_unsigned_alert
from classroom.webrtc.ice.check_budget import CheckBudget
from tests.support.datagrams import check

SRTP = b"\x80" + bytes(30)


@contextlib.asynccontextmanager
async def guarded() -> AsyncIterator[Any]:
    """aioice's end of a connection that is guarded."""
    connection = RTCPeerConnection()
    connection.addTransceiver("video", direction="sendonly")
    guard(connection, CheckBudget(time.monotonic()))
    try:
        yield connection.getTransceivers()[0].sender.transport.transport._connection
    finally:
        await connection.close()


def taken(ice: Any, *addresses: tuple[str, int]) -> list[bool]:
    """From which of these a datagram is passed on."""
    found = []
    for address in addresses:
        before = ice._queue.qsize()
        ice.take(SRTP, address, 1)
        found.append(ice._queue.qsize() > before)
    return found


async def test_only_an_address_that_has_shown_the_password_is_heard_and_the_newest_64_are() -> None:
    addresses = [("192.0.2.1", port) for port in range(1, 67)]
    async with guarded() as ice:
        assert taken(ice, addresses[0]) == [False]
        for address in addresses[:64]:
            ice._know(address)
        assert all(taken(ice, *addresses[:64]))
        ice._know(addresses[0])
        assert all(taken(ice, *addresses[:64])), "it was known already"
        ice._know(addresses[64])
        assert taken(ice, addresses[0], addresses[1], addresses[64]) == [False, True, True]
        ice._nominated[1] = SimpleNamespace(remote_addr=addresses[1])
        ice._know(addresses[65])
        assert taken(ice, addresses[1], addresses[2], addresses[65]) == [True, False, True], "it is the path in use"
        ice._nominated.clear()


async def test_a_check_needs_the_right_name_and_the_right_password() -> None:
    async with guarded() as ice:
        name, password = f"{ice.local_username}:peer", ice.local_password
        ice.remote_username = "peer"
        checks = [(name, password), (name, "wrong" * 5), ("nobody:peer", password), ("nobody:peer", "wrong" * 5)]
        read = [stun.parse_message(check(user=user, password=word)) for user, word in checks]
        assert [ice._is_authentic(message) for message in read] == [True, False, False, False]


async def test_what_is_in_use_is_never_forgotten_to_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aiortc_guard, "MOST_PAIRS", 2)
    candidate = object()
    used, spare, gone = (SimpleNamespace(task=None, remote_candidate=candidate, number=each) for each in range(3))
    async with guarded() as ice:
        ice._check_list = [used, spare]
        ice._nominated = {1: used}
        ice._forget(used)
        ice._forget(gone)
        assert ice._check_list == [used, spare]
        assert ice._has_room(False)
        assert ice._check_list == [used]
        monkeypatch.setattr(aiortc_guard, "MOST_PAIRS", 1)
        assert not ice._has_room(False), "all are in use"
        assert ice._check_list == [used]
        ice._nominated, ice._check_list = {}, []


@pytest.mark.parametrize("epoch", [0, 1])
def test_alerts_are_told_apart_by_their_epoch(epoch: int) -> None:
    alert = b"\x15\xfe\xfd" + epoch.to_bytes(2, "big") + b"\0\0\0\0\0\1\0\2\2\x28"
    data = b"\x17\xfe\xfd\0\1\0\0\0\0\0\1\0\4abcd"
    assert is_unsigned_alert(alert) is (epoch == 0)
    assert is_unsigned_alert(data + alert) is (epoch == 0)
    assert not is_unsigned_alert(data)
