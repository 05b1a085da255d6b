"""Packets to many: keys first, nobody waits for anybody."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import av
import pytest

from classroom.media.fanout import Fanout, Subscription, SubscriptionClosed
from classroom.media.frames import Encoded


class Encoder:
    """Notes what the fan-out asks of it."""

    def __init__(self) -> None:
        self.demands = 0
        self.log: list[str] = []
        self.ended = asyncio.Event()

    def key_frame(self) -> None:
        self.demands += 1

    def end(self) -> None:
        self.log.append("last")
        self.ended.set()


def packet(number: int, key: bool = False) -> Encoded:
    made: av.Packet[Any] = av.Packet(bytes([number % 256]))
    made.pts = number
    return Encoded("h264", made, key, float(number))


def fanout(encoder: Encoder, linger: float = 0.05) -> Fanout:
    return Fanout(
        codec="h264",
        demand=encoder,
        loop=asyncio.get_running_loop(),
        on_first=lambda: encoder.log.append("first"),
        on_last=encoder.end,
        linger=linger,
    )


async def settle() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


def publish(target: Fanout, *packets: Encoded) -> None:
    """From another thread, as encoders do."""

    def run() -> None:
        for one in packets:
            target.publish(one)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


async def take(subscription: Subscription, count: int) -> list[int | None]:
    async with asyncio.timeout(5):
        return [(await subscription.get()).packet.pts for _ in range(count)]


async def test_everybody_gets_the_same_packets_from_a_key_frame_on() -> None:
    encoder = Encoder()
    hub = fanout(encoder)
    one = hub.subscribe()
    publish(hub, packet(1), packet(2, key=True), packet(3))
    await settle()
    other = hub.subscribe()
    assert encoder.demands == 2
    publish(hub, packet(4), packet(5, key=True), packet(6))
    await settle()
    assert await take(one, 5) == [2, 3, 4, 5, 6]
    assert await take(other, 2) == [5, 6]
    assert (one.dropped, other.dropped, hub.subscribers, hub.published) == (1, 1, 2, 6)


async def test_who_is_too_slow_skips_to_the_next_key_and_asks_for_one() -> None:
    encoder = Encoder()
    hub = fanout(encoder)
    slow, quick = hub.subscribe(limit=3), hub.subscribe(limit=50)
    publish(hub, packet(0, key=True), *(packet(number) for number in range(1, 6)))
    await settle()
    assert encoder.demands == 3
    publish(hub, packet(6, key=True), packet(7))
    await settle()
    assert await take(slow, 2) == [6, 7]
    assert slow.dropped == 6
    assert await take(quick, 8) == list(range(8))
    assert quick.dropped == 0


async def test_a_key_frame_that_finds_a_full_queue_replaces_it() -> None:
    hub = fanout(Encoder())
    slow = hub.subscribe(limit=2)
    publish(hub, packet(0, key=True), packet(1), packet(2, key=True), packet(3))
    await settle()
    assert await take(slow, 2) == [2, 3]


async def test_the_encoder_runs_only_while_somebody_subscribes_and_a_little_longer() -> None:
    encoder = Encoder()
    hub = fanout(encoder)
    first = hub.subscribe()
    second = hub.subscribe()
    first.close()
    first.close()
    assert encoder.log == ["first"]
    second.close()
    again = hub.subscribe()  # within the linger: as if nothing had happened
    await asyncio.sleep(0.15)
    assert encoder.log == ["first"]
    again.close()
    await asyncio.wait_for(encoder.ended.wait(), 5)
    assert encoder.log == ["first", "last"]
    hub.subscribe()
    assert encoder.log == ["first", "last", "first"]
    hub.close()
    assert encoder.log == ["first", "last", "first", "last"]


async def test_close_ends_those_who_wait() -> None:
    hub = fanout(Encoder())
    subscription = hub.subscribe()
    waiting = asyncio.ensure_future(subscription.get())
    await settle()
    subscription.close()
    with pytest.raises(SubscriptionClosed):
        await asyncio.wait_for(waiting, 5)
    with pytest.raises(SubscriptionClosed):
        await subscription.get()


async def test_a_subscription_can_be_iterated() -> None:
    hub = fanout(Encoder())
    seen = []
    async with hub.subscribe() as packets, asyncio.timeout(5):
        publish(hub, packet(0, key=True), packet(1))
        async for encoded in packets:
            seen.append(encoded.packet.pts)
            if len(seen) == 2:
                hub.close()
    assert seen == [0, 1]
    assert hub.subscribers == 0


async def test_a_loop_that_is_held_up_loses_packets_up_to_a_key_and_memory_stays_bounded() -> None:
    encoder = Encoder()
    hub = fanout(encoder)
    subscription = hub.subscribe(limit=1000)
    publish(hub, packet(0, key=True), *(packet(number) for number in range(1, 100)))
    assert hub.lost == 40
    demands = encoder.demands
    assert demands >= 2
    await settle()
    publish(hub, packet(100), packet(101), packet(102, key=True), packet(103))
    await settle()
    assert await take(subscription, 62) == [*range(60), 102, 103]
    assert hub.lost == 42


def test_publishing_after_the_loop_has_closed_does_nothing() -> None:
    async def make() -> Fanout:
        return fanout(Encoder())

    with loop_of_its_own() as loop:
        hub = loop.run_until_complete(make())
    for number in range(200):
        hub.publish(packet(number, key=True))
    assert hub.published == 0
    assert hub.lost == 0


@contextmanager
def loop_of_its_own() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    try:
        yield loop
    finally:
        loop.close()


async def test_a_queue_for_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        fanout(Encoder()).subscribe(limit=0)
