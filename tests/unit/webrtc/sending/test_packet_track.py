"""A track of encoded packets, as aiortc reads it."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import av
import pytest
from aiortc.mediastreams import MediaStreamError

from classroom.media.fanout import Fanout
from classroom.media.frames import Encoded
from classroom.webrtc.sending.packet_track import PacketTrack
from tests.support.broadcast import eventually


def fanout() -> Fanout:
    def nothing() -> None:
        """Nothing to do."""

    return Fanout(
        codec="vp8",
        demand=SimpleNamespace(key_frame=nothing),
        loop=asyncio.get_running_loop(),
        on_first=nothing,
        on_last=nothing,
    )


def packet(number: int) -> Encoded:
    made: av.Packet[Any] = av.Packet(bytes([number]))
    made.pts = number
    return Encoded("vp8", made, True, 0.0)


async def test_it_subscribes_with_the_first_packet_and_ends_when_it_is_stopped() -> None:
    source = fanout()
    track = PacketTrack("video", source)
    assert source.subscribers == 0, "an encoder would run for a connection that may never be established"
    reading = asyncio.create_task(track.recv())
    await eventually(lambda: source.subscribers == 1)
    source.publish(packet(7))
    assert (await reading).pts == 7
    waiting = asyncio.create_task(track.recv())
    await asyncio.sleep(0)
    track.stop()
    with pytest.raises(MediaStreamError):
        await waiting
    assert source.subscribers == 0
    with pytest.raises(MediaStreamError):
        await track.recv()


async def test_one_that_was_stopped_before_it_was_read_never_subscribes() -> None:
    source = fanout()
    track = PacketTrack("audio", source)
    track.stop()
    with pytest.raises(MediaStreamError):
        await track.recv()
    assert source.subscribers == 0


async def test_it_sends_what_was_chosen_for_it_and_counts_what_was_left_out() -> None:
    track = PacketTrack("video", None)
    with pytest.raises(MediaStreamError):
        await track.recv()
    assert track.dropped == 0
    source = fanout()
    track.choose(source)
    reading = asyncio.create_task(track.recv())
    await eventually(lambda: source.subscribers == 1)
    for number in range(100):
        source.publish(packet(number))
        await asyncio.sleep(0)
    assert (await reading).pts == 0
    assert 0 < track.dropped < 100
    track.stop()
