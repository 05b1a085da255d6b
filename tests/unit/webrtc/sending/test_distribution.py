"""Who comes while others watch: what it is sent at once, and when a key frame has to be made for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import av
import pytest

from classroom.common.clock import ManualClock
from classroom.media.fanout import Fanout
from classroom.media.frames import Encoded
from classroom.webrtc.rtp.header import PacketTemplates, send_time
from classroom.webrtc.rtp.packet_cache import PacketCache, RtpFrame
from classroom.webrtc.sending.distribution import Distribution
from classroom.webrtc.sending.stream import Stream
from tests.support.broadcast import eventually


class Newcomer:
    """A student as a distribution sees it: takes nothing before a key frame."""

    requested_bit_rate = None

    def __init__(self) -> None:
        self.begun = False
        self.ready = True
        self.taken: list[int] = []
        self.packets = 0
        self.in_order = True
        self.stamped: list[bytes] = []
        self.before_sending: Callable[[], None] = lambda: None

    def accept(self, distribution: Distribution, frame: RtpFrame, history: PacketCache) -> tuple[int, int] | None:
        if not self.ready or (not self.begun and not frame.key):
            return None
        self.begun = True
        self.taken.append(frame.pts)
        return frame.index, 0

    def send(self, templates: PacketTemplates, sequence: int, stamp: int, sent: bytes) -> None:
        self.before_sending()
        self.stamped.append(sent)
        self.in_order &= sequence == self.packets
        self.packets += len(templates.get(0, 0).packets)


class Lesson:
    """A distribution that runs, and how often a key frame was demanded."""

    def __init__(self) -> None:
        self.wishes = 0
        self.clock = ManualClock(100.0)
        nothing = lambda: None  # noqa: E731
        self.fanout = Fanout(
            codec="h264", demand=self, loop=asyncio.get_running_loop(), on_first=nothing, on_last=nothing
        )
        self.distribution = Distribution(self.fanout, self, self.clock)

    def key_frame(self) -> None:
        self.wishes += 1

    async def join(self) -> Newcomer:
        newcomer = Newcomer()
        self.distribution.add(cast(Stream, newcomer))
        await eventually(lambda: self.fanout.subscribers == 1)
        return newcomer

    async def show(self, number: int, watching: Newcomer, *, key: bool = False, size: int = 2000) -> None:
        packet: av.Packet[Any] = av.Packet(b"\0\0\0\1" + bytes([0x65 if key else 0x41]) * size)
        packet.pts = number
        self.fanout.publish(Encoded("h264", packet, key, self.clock.now()))
        await eventually(lambda: watching.taken[-1:] == [number])


@asynccontextmanager
async def lesson() -> AsyncIterator[Lesson]:
    made = Lesson()
    running = asyncio.create_task(made.distribution.run())
    try:
        yield made
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_it_ends_with_the_program_although_somebody_watches() -> None:
    made = Lesson()
    running = asyncio.create_task(made.distribution.run())
    first = await made.join()
    await made.show(1, first, key=True)
    made.fanout.close()
    await asyncio.wait_for(running, 10)


async def test_who_comes_soon_after_a_key_frame_is_sent_all_since_and_needs_none() -> None:
    async with lesson() as made:
        first = await made.join()
        before = made.wishes
        assert made.wishes
        await made.show(1, first, key=True, size=30_000)
        await made.show(2, first)
        await made.show(3, first)
        others = [await made.join() for _ in range(5)]
        assert [other.taken for other in others] == [[1, 2, 3]] * 5  # at once: it is one portion
        assert others[0].packets > 25
        assert made.wishes == before
        await made.show(4, first)
        assert [other.taken for other in others] == [[1, 2, 3, 4]] * 5


async def test_a_lot_is_sent_in_portions_and_what_comes_meanwhile_comes_after_it() -> None:
    async with lesson() as made:
        first = await made.join()
        await made.show(1, first, key=True, size=40_000)
        for number in range(2, 8):
            await made.show(number, first, size=30_000)
        newcomer = Newcomer()
        made.distribution.add(cast(Stream, newcomer))
        assert newcomer.taken == [1]
        await made.show(8, first, size=30_000)
        await made.show(9, first)
        await eventually(lambda: newcomer.taken == list(range(1, 10)))
        await made.show(10, first)
        assert newcomer.taken == list(range(1, 11))
        assert newcomer.in_order


async def test_who_leaves_while_it_is_led_in_is_sent_no_more() -> None:
    faults: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, fault: faults.append(fault))
    async with lesson() as made:
        first = await made.join()
        await made.show(1, first, key=True, size=40_000)
        await made.show(2, first, size=40_000)
        newcomer = Newcomer()
        made.distribution.add(cast(Stream, newcomer))
        made.distribution.remove(cast(Stream, newcomer))
        await made.show(3, first)
        await asyncio.sleep(0.05)  # longer than the next portion would have been away
        assert newcomer.taken == [1]
    assert faults == []


async def test_who_cannot_be_sent_to_yet_has_a_key_frame_made_for_it() -> None:
    async with lesson() as made:
        first = await made.join()
        await made.show(1, first, key=True)
        before = made.wishes
        newcomer = Newcomer()
        newcomer.ready = False
        made.distribution.add(cast(Stream, newcomer))
        assert (newcomer.taken, made.wishes) == ([], before + 1)
        newcomer.ready = True
        await made.show(2, first, key=True)
        assert newcomer.taken == [2]


async def test_without_a_recent_key_frame_one_is_made() -> None:
    async with lesson() as made:
        first = await made.join()
        before = made.wishes
        await made.show(1, first, key=True)
        made.clock.advance(3.0)
        await made.show(2, first)
        late = await made.join()
        assert late.taken == []
        assert made.wishes == before + 1


async def test_a_program_that_stood_still_is_not_taken_for_the_present() -> None:
    async with lesson() as made:
        first = await made.join()
        before = made.wishes
        await made.show(1, first, key=True)
        made.clock.advance(0.5)
        assert (await made.join()).taken == []
        assert made.wishes == before + 1


async def test_what_is_too_much_at_once_is_not_sent_at_once() -> None:
    async with lesson() as made:
        first = await made.join()
        before = made.wishes
        await made.show(1, first, key=True, size=300_000)
        assert (await made.join()).taken == []
        assert made.wishes == before + 1


async def test_who_watches_already_goes_on_where_it_is() -> None:
    async with lesson() as made:
        first = await made.join()
        before = made.wishes
        await made.show(1, first, key=True)
        moved = Newcomer()
        moved.begun = True
        made.distribution.add(cast(Stream, moved))
        assert moved.taken == []
        assert made.wishes == before + 1


async def test_who_is_moved_in_the_middle_of_a_picture_is_sent_the_rest_of_it_before() -> None:
    async with lesson() as made:
        first, other = await made.join(), await made.join()
        await made.show(1, first, key=True, size=400_000)
        assert 0 < first.packets < 300
        made.distribution.remove(cast(Stream, first))
        whole = first.packets
        assert whole > 340
        await eventually(lambda: other.packets == whole)
        await made.show(2, other)
        assert (first.packets, first.in_order, other.in_order) == (whole, True, True)


async def test_who_goes_before_it_was_noticed_leaves_no_encoder_running() -> None:
    async with lesson() as made:
        await asyncio.sleep(0)
        newcomer = cast(Stream, Newcomer())
        made.distribution.add(newcomer)
        made.distribution.remove(newcomer)
        for _ in range(5):
            await asyncio.sleep(0)
        assert made.fanout.subscribers == 0
        await made.join()


async def test_a_picture_with_nothing_in_it_is_passed_over() -> None:
    async with lesson() as made:
        first = await made.join()
        await made.show(1, first, key=True)
        packet: av.Packet[Any] = av.Packet(b"\0\0\0\1")
        packet.pts = 2
        made.fanout.publish(Encoded("h264", packet, False, made.clock.now()))
        await made.show(3, first)
        assert first.taken == [1, 3]


async def test_each_student_is_told_when_its_own_packets_left() -> None:
    async with lesson() as made:
        several = [await made.join() for _ in range(8)]
        left: list[bytes] = []

        def takes_a_while() -> None:
            left.append(send_time(made.clock.now()))
            made.clock.advance(0.001)

        await made.show(1, several[-1], key=True)
        for each in several:
            each.stamped.clear()
            each.before_sending = takes_a_while
        await made.show(2, several[-1])
        assert [each.stamped for each in several] == [[stamp] for stamp in left]
        assert len(set(left)) == len(several)


async def test_the_event_loop_gets_its_turn_while_many_are_sent_to() -> None:
    async with lesson() as made:
        many = [await made.join() for _ in range(60)]
        turns = 0

        def takes_a_while() -> None:
            made.clock.advance(0.001)

        async def others() -> None:
            nonlocal turns
            while True:
                await asyncio.sleep(0)
                turns += 1

        for each in many:
            each.before_sending = takes_a_while
        at: list[int] = []
        many[0].before_sending = many[-1].before_sending = lambda: at.append(turns)
        working = asyncio.create_task(others())
        await asyncio.sleep(0)
        await made.show(1, many[-1], key=True)
        working.cancel()
        # Sixty milliseconds of sending, some two at a time.
        assert at[-1] - at[0] >= 15


async def test_who_cannot_be_sent_to_keeps_it_from_nobody_and_fills_no_log(caplog: pytest.LogCaptureFixture) -> None:
    def fails() -> None:
        raise OSError("no such device")

    async with lesson() as made:
        broken, well = await made.join(), await made.join()
        broken.before_sending = fails
        await made.show(1, well, key=True)
        for number in range(2, 100):
            await made.show(number, well)
        assert well.taken == list(range(1, 100))
        late = Newcomer()
        late.before_sending = fails
        made.distribution.add(cast(Stream, late))
        await made.show(100, well)
        broken.before_sending = lambda: None
        await made.show(101, well)
        assert broken.taken[-1] == 101
    assert 0 < len(caplog.records) < 5


async def test_it_measures_how_unevenly_it_sends() -> None:
    async with lesson() as room:
        watching = await room.join()
        await room.show(0, watching, key=True)
        await room.show(1, watching)
        assert room.distribution.jitter.largest == 0.0
        packet: av.Packet[Any] = av.Packet(b"\0\0\0\1" + b"\x41" * 100)
        packet.pts = 2
        room.fanout.publish(Encoded("h264", packet, False, room.clock.now() - 0.32))
        await eventually(lambda: watching.taken[-1:] == [2])
        assert room.distribution.jitter.largest == pytest.approx(0.02)
