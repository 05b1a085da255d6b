"""Our own sender over a real connection (ICE, DTLS, SRTP): what arrives, and what it does with what comes back."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import time
from typing import Any, cast

import pylibsrtp
import pytest
from aioice import Candidate
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_FIR,
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    RtcpByePacket,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSdesPacket,
    RtcpSrPacket,
    RtpPacket,
    pack_remb_fci,
)

from classroom.webrtc.ice.interfaces import interfaces
from classroom.webrtc.rtp.packetizer import packetize
from classroom.webrtc.sending.feed import OwnFeed
from tests.support.broadcast import eventually
from tests.support.receiver import Call, Source, call, encoded, sound

PICTURE = packetize("h264", bytes(encoded(0, key=True).packet))


def numbers(packets: list[RtpPacket]) -> list[int]:
    return [packet.sequence_number for packet in packets]


async def one_picture(made: Call) -> list[RtpPacket]:
    made.picture.fanout.publish(encoded(0, key=True))
    return await made.arrived(made.ssrcs()[0], len(PICTURE))


async def test_packets_arrive_in_order_with_one_marker_for_each_picture() -> None:
    async with call() as made:
        first = await one_picture(made)
        made.picture.fanout.publish(encoded(1, 300))
        made.picture.fanout.publish(encoded(2, 60_000))
        packets = await made.arrived(made.ssrcs()[0], len(first) + 1 + 53)
        assert [packet.payload for packet in packets[: len(first)]] == PICTURE
        assert numbers(packets) == [(first[0].sequence_number + at) % 65536 for at in range(len(packets))]
        assert [packet.timestamp - packets[0].timestamp for packet in packets if packet.marker] == [0, 3000, 6000]
        assert len(first) > 3


async def test_a_picture_begins_with_a_key_frame() -> None:
    async with call() as made:
        assert made.picture.wishes
        made.picture.fanout.publish(encoded(0))
        made.picture.fanout.publish(encoded(1, key=True))
        [first, *_] = await made.arrived(made.ssrcs()[0], len(PICTURE))
        assert first.payload == PICTURE[0]


async def test_a_lost_packet_is_repeated_as_rtx() -> None:
    async with call() as made:
        packets = await one_picture(made)
        lost = packets[1]
        media, repeated = made.ssrcs()
        await made.say(RtcpRtpfbPacket(RTCP_RTPFB_NACK, 1, media, [lost.sequence_number, packets[-1].sequence_number]))
        [one, other] = await made.arrived(repeated, 2)
        assert one.payload == struct.pack("!H", lost.sequence_number) + lost.payload
        assert (one.timestamp, one.marker) == (lost.timestamp, 0)
        assert one.payload_type != lost.payload_type
        assert other.marker == 1
        assert numbers([one, other]) == [one.sequence_number, (one.sequence_number + 1) % 65536]


async def test_without_rtx_the_packet_itself_comes_again() -> None:
    async with call(repetitions=False) as made:
        media = made.ssrcs()[0]
        first = await one_picture(made)
        with made.deaf():
            made.picture.fanout.publish(encoded(1))
            await eventually(lambda: made.picture_counter() == 2 * len(PICTURE))
        made.picture.fanout.publish(encoded(2))
        packets = await made.arrived(media, 2 * len(PICTURE))
        lost = (packets[len(PICTURE)].sequence_number - 1) % 65536
        await made.say(RtcpRtpfbPacket(RTCP_RTPFB_NACK, 1, media, [lost]))
        again = (await made.arrived(media, len(packets) + 1))[-1]
        assert (again.sequence_number, again.marker, again.timestamp) == (lost, 1, first[0].timestamp + 3000)
        assert again.payload == packetize("h264", bytes(encoded(1).packet))[-1]


async def test_what_was_never_sent_is_not_repeated_and_asking_for_all_multiplies_nothing() -> None:
    async with call() as made:
        packets = await one_picture(made)
        media, repeated = made.ssrcs()
        unknown = [(packets[-1].sequence_number + 1) % 65536, (packets[0].sequence_number - 1) % 65536]
        for number in unknown:
            await made.say(RtcpRtpfbPacket(RTCP_RTPFB_NACK, 1, media, [number]))
        for _ in range(100):
            await made.say(RtcpRtpfbPacket(RTCP_RTPFB_NACK, 1, media, numbers(packets)))
        await eventually(lambda: made.feed.picture.refused > 100)
        octets = sum(len(packet.payload) for packet in made.of(repeated))
        assert octets < 10_000


async def test_wishes_for_a_key_frame_reach_the_encoder() -> None:
    async with call() as made:
        await one_picture(made)
        media = made.ssrcs()[0]
        for wish in (
            RtcpPsfbPacket(RTCP_PSFB_PLI, 1, media),
            RtcpPsfbPacket(RTCP_PSFB_FIR, 1, 0, struct.pack("!LB3x", media, 7)),
            RtcpPsfbPacket(RTCP_PSFB_FIR, 1, media, struct.pack("!LB3x", media, 8)),
        ):
            before = made.picture.wishes
            await made.say(wish)
            await eventually(lambda before=before: made.picture.wishes > before)


async def test_reports_become_values() -> None:
    async with call() as made:
        await one_picture(made)
        media = made.ssrcs()[0]
        await eventually(lambda: any(isinstance(each, RtcpSrPacket) for each in made.reports))
        report: RtcpSrPacket = next(
            each for each in made.reports if isinstance(each, RtcpSrPacket) and each.ssrc == media
        )
        middle = report.sender_info.ntp_timestamp >> 16 & 0xFFFF_FFFF
        block = RtcpReceiverInfo(media, 64, 3, 0, 900, middle, 0)
        await made.say(
            RtcpRrPacket(1, [block]),
            RtcpPsfbPacket(RTCP_PSFB_APP, 1, 0, pack_remb_fci(500_000, [media])),
        )
        feedback = made.feed.picture
        await eventually(lambda: feedback.estimate is not None)
        assert feedback.estimate is not None
        assert abs(feedback.estimate - 500_000) < 10
        assert (feedback.loss, feedback.lost, feedback.jitter) == (0.25, 3, 0.01)
        assert feedback.round_trip is not None
        assert 0 <= feedback.round_trip < 30
        assert made.feed.silence is not None


async def test_a_connection_that_cannot_protect_a_report_keeps_no_other_from_reporting() -> None:
    class Broken:
        def protect_rtcp(self, _: bytes) -> bytes:
            raise pylibsrtp.Error(11)

    async with call() as made:
        await one_picture(made)
        assert isinstance(made.feed, OwnFeed)
        line = made.feed._connection
        assert line._path is not None
        line._path._srtp._session = cast(pylibsrtp.Session, Broken())
        line.report()
        assert not line.ready


async def test_garbage_that_comes_back_ends_nothing() -> None:
    async with call() as made:
        await one_picture(made)
        media = made.ssrcs()[0]
        await made.say(RtcpPsfbPacket(RTCP_PSFB_APP, 1, 0, b"REMB\xff" + bytes(7)))
        await made.say(RtcpPsfbPacket(RTCP_PSFB_FIR, 1, 0, b"abcd"))
        await made.say(RtcpRtpfbPacket(RTCP_RTPFB_NACK, 1, media + 1, [1, 2, 3]))
        made.picture.fanout.publish(encoded(1))
        await made.arrived(media, 2 * len(PICTURE))


async def test_sound_and_picture_are_on_one_time_line_and_say_goodbye() -> None:
    async with call() as made:
        media, voice = made.ssrcs()[0], made.ssrcs("audio")[0]
        made.picture.fanout.publish(encoded(0, key=True))
        pictures = await made.arrived(media, len(PICTURE))
        number = 0
        while not made.of(voice):  # it begins when a browser has had time to open its loudspeakers
            made.sound.fanout.publish(sound(number))
            number += 1
            await asyncio.sleep(0.02)
        first = made.of(voice)[0].payload[1]
        for later in range(number, first + 12):
            made.sound.fanout.publish(sound(later))
        voices = await made.arrived(voice, 12)

        def last(ssrc: int) -> Any:
            return next(
                (each for each in reversed(made.reports) if isinstance(each, RtcpSrPacket) and each.ssrc == ssrc), None
            )

        await eventually(lambda: last(media) is not None and last(voice) is not None)
        await eventually(lambda: last(media).sender_info.packet_count == len(PICTURE))
        await eventually(lambda: last(voice).sender_info.packet_count == len(voices))
        seen, heard = last(media).sender_info, last(voice).sender_info
        assert seen.ntp_timestamp == heard.ntp_timestamp
        assert abs(seen.ntp_timestamp / 2**32 - 2_208_988_800 - time.time()) < 10
        assert seen.octet_count == sum(map(len, PICTURE))
        assert (heard.packet_count, heard.octet_count) == (len(voices), sum(len(packet.payload) for packet in voices))
        # Both are stamped 0 for the same instant, and sound is said to have been 15 ms later.
        since = (seen.rtp_timestamp - pictures[0].timestamp) % 2**32 / 90_000
        heard_since = (heard.rtp_timestamp - voices[0].timestamp) % 2**32 / 48_000 + first / 50
        assert abs(since - heard_since - 0.015) < 0.001
        assert any(isinstance(each, RtcpSdesPacket) for each in made.reports)
        await made.sender.close()
        again = made.ssrcs()[1]
        await eventually(
            lambda: (
                {media, again, voice}
                <= {ssrc for each in made.reports if isinstance(each, RtcpByePacket) for ssrc in each.sources}
            )
        )
        # Each in one packet after a report and a name (RFC 3550, section 6.1).
        goodbyes = [at for at, each in enumerate(made.reports) if isinstance(each, RtcpByePacket)]
        assert all(isinstance(made.reports[at - 2], RtcpSrPacket) for at in goodbyes)
        assert all(isinstance(made.reports[at - 1], RtcpSdesPacket) for at in goodbyes)


async def test_another_rendition_begins_at_its_key_frame_and_the_stream_goes_on() -> None:
    async with call() as made:
        media = made.ssrcs()[0]
        small = Source("h264", "360p")
        await one_picture(made)
        made.feed.choose(small.rendition)
        await eventually(lambda: small.fanout.subscribers == 1)
        assert small.wishes
        made.picture.fanout.publish(encoded(1, 300, mark=1))
        small.fanout.publish(encoded(1, 300, mark=2))
        await made.arrived(media, len(PICTURE) + 1)
        # Slower to encode than the other: its picture is one that was sent already, and yet time does not go back.
        small.fanout.publish(encoded(1, 300, key=True, mark=3))
        small.fanout.publish(encoded(2, 300, mark=4))
        packets = await made.arrived(media, len(PICTURE) + 3)
        made.picture.fanout.publish(encoded(2, 300, mark=5))
        await eventually(lambda: made.picture.fanout.subscribers == 0)
        assert [packet.payload[1] for packet in packets[len(PICTURE) :]] == [1, 3, 4]
        assert numbers(packets) == [(packets[0].sequence_number + at) % 65536 for at in range(len(packets))]
        stamps = [packet.timestamp - packets[0].timestamp for packet in packets[len(PICTURE) :]]
        assert stamps == [3000, 3001, 6000]
        # What came before the move is of no use any more; the rest is repeated as it was sent.
        await made.say(RtcpRtpfbPacket(RTCP_RTPFB_NACK, 1, media, numbers(packets[-3:])))
        again = await made.arrived(made.ssrcs()[1], 2)
        assert [packet.payload[2:] for packet in again] == [packet.payload for packet in packets[-2:]]
        assert [packet.timestamp for packet in again] == [packet.timestamp for packet in packets[-2:]]


async def test_a_move_in_the_middle_of_a_large_picture_keeps_the_order() -> None:
    async with call() as made:
        media = made.ssrcs()[0]
        small = Source("h264", "360p")
        await one_picture(made)
        made.feed.choose(small.rendition)
        await eventually(lambda: small.fanout.subscribers == 1)
        made.picture.fanout.publish(encoded(1, 60_000))
        small.fanout.publish(encoded(1, 300, key=True, mark=3))
        small.fanout.publish(encoded(2, 300, mark=4))
        packets = await made.arrived(media, len(PICTURE) + 53 + 2)
        assert numbers(packets) == [(packets[0].sequence_number + at) % 65536 for at in range(len(packets))]
        assert [packet.payload[1] for packet in packets[-2:]] == [3, 4]


async def test_what_a_broken_link_loses_anyway_is_not_sent_and_not_repeated_after_the_move() -> None:
    async with call() as made:
        media, repeated = made.ssrcs()
        small = Source("h264", "180p")
        before = await one_picture(made)
        made.feed.choose(small.rendition, at_once=True)
        await eventually(lambda: small.fanout.subscribers == 1)
        made.picture.fanout.publish(encoded(1, 300, mark=1))
        made.picture.fanout.publish(encoded(2, 300, key=True, mark=2))
        await eventually(lambda: made.skipped() == 2)
        small.fanout.publish(encoded(3, 300, key=True, mark=3))
        packets = await made.arrived(media, len(PICTURE) + 1)
        assert [packet.payload[1] for packet in packets[len(PICTURE) :]] == [3]
        await made.say(RtcpRtpfbPacket(RTCP_RTPFB_NACK, 1, media, numbers([*before, packets[-1]])))
        [again] = await made.arrived(repeated, 1)
        assert again.payload[2:] == packets[-1].payload
        assert made.feed.picture.refused == len(before)


async def test_who_is_moved_back_before_the_move_goes_on_with_a_key_frame() -> None:
    async with call() as made:
        await one_picture(made)
        small = Source("h264", "180p")
        made.feed.choose(small.rendition, at_once=True)
        wishes = made.picture.wishes
        made.feed.choose(made.picture.rendition)
        assert made.picture.wishes > wishes
        made.picture.fanout.publish(encoded(1, 300, mark=1))
        made.picture.fanout.publish(encoded(2, 300, key=True, mark=2))
        packets = await made.arrived(made.ssrcs()[0], len(PICTURE) + 1)
        assert packets[-1].payload[1] == 2


async def test_on_a_thin_link_key_frames_are_all_that_is_sent() -> None:
    async with call() as made:
        media = made.ssrcs()[0]
        await one_picture(made)
        made.feed.limit(bit_rate=None, key_frame_interval=4.0)
        made.picture.fanout.publish(encoded(1, 300, mark=1))
        made.picture.fanout.publish(encoded(30, 300, key=True, mark=2))
        made.picture.fanout.publish(encoded(150, 300, key=True, mark=3))
        made.picture.fanout.publish(encoded(151, 300, mark=4))
        await made.arrived(media, len(PICTURE) + 1)
        before = made.picture.wishes
        made.feed.limit(bit_rate=None, key_frame_interval=None)
        assert made.picture.wishes > before
        made.picture.fanout.publish(encoded(152, 300, mark=5))
        made.picture.fanout.publish(encoded(153, 300, key=True, mark=6))
        packets = await made.arrived(media, len(PICTURE) + 2)
        assert [packet.payload[1] for packet in packets[len(PICTURE) :]] == [3, 6]


async def test_the_encoder_hears_a_wish_only_from_all() -> None:
    async with call() as made:
        await one_picture(made)
        wishes: list[float | None] = []
        made.picture.fanout._on_bit_rate_request = wishes.append
        made.feed.limit(bit_rate=400_000.0, key_frame_interval=None)
        made.feed.limit(bit_rate=None, key_frame_interval=None)
        assert wishes == [400_000.0, None]


@pytest.mark.parametrize("repetitions", [True, False])
async def test_numbers_go_on_where_they_wrap(repetitions: bool) -> None:
    async with call(repetitions=repetitions) as made:
        assert isinstance(made.feed, OwnFeed)
        made.feed._picture._next = 65_536 - len(PICTURE) - 2
        media = made.ssrcs()[0]
        await one_picture(made)
        made.picture.fanout.publish(encoded(1))
        made.picture.fanout.publish(encoded(2))
        packets = await made.arrived(media, 3 * len(PICTURE))
        first = 65_536 - len(PICTURE) - 2
        assert numbers(packets) == [(first + at) % 65_536 for at in range(3 * len(PICTURE))]
        assert numbers(packets)[-1] == 2 * len(PICTURE) - 3
        # Both sides of the wrap are found again.
        await made.say(*(RtcpRtpfbPacket(RTCP_RTPFB_NACK, 1, media, [number]) for number in (65_535, 0)))
        if repetitions:
            again = await made.arrived(made.ssrcs()[1], 2)
            assert [packet.payload[2:] for packet in again] == [
                packet.payload for packet in packets if packet.sequence_number in (65_535, 0)
            ]


async def test_the_path_is_followed_that_ice_chose_later() -> None:
    """A peer that goes on from another of its addresses, which checks have shown."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        async with call() as made:
            await one_picture(made)
            ice = made.sender.getTransceivers()[0].sender.transport.transport._connection
            pair = ice._nominated[1]
            other.bind((interfaces().addresses[0], 0))
            other.settimeout(0.0)
            host, port = other.getsockname()
            protocol = next(each for each in ice._protocols if ":" not in each.local_candidate.host)
            ice._nominated[1] = type(pair)(protocol, Candidate("9", 1, "udp", 1, host, port, "host"))
            came: list[bytes] = []

            def goes_there() -> bool:
                made.picture.fanout.publish(encoded(1 + len(came)))
                with contextlib.suppress(BlockingIOError):
                    came.append(other.recv(2048))
                return any(data[0] & 0xC0 == 0x80 for data in came)

            await eventually(goes_there, what="packets at the other address")
            ice._nominated[1] = pair


async def test_a_packet_that_is_too_old_to_be_repeated_ends_nothing() -> None:
    async with call(repetitions=False) as made:
        media = made.ssrcs()[0]
        first = await one_picture(made)
        await made.arrived(media, len(PICTURE))
        for number in range(1, 12):
            made.picture.fanout.publish(encoded(number, 130_000))
            await eventually(lambda number=number: made.picture_counter() >= len(PICTURE) + 110 * number)
        await made.say(RtcpRtpfbPacket(RTCP_RTPFB_NACK, 1, media, [first[0].sequence_number]))
        await eventually(lambda: made.feed.picture.refused == 1)
        before = len(made.of(media))
        made.picture.fanout.publish(encoded(20, key=True))
        await made.arrived(media, before + len(PICTURE))


async def test_a_packet_that_cannot_be_protected_ends_nothing_and_hundreds_in_a_row_end_it() -> None:
    async with call() as made:
        await one_picture(made)
        assert isinstance(made.feed, OwnFeed)
        link = made.feed._connection._path
        assert link is not None
        protect, link._srtp._protect = link._srtp._protect, lambda *_: 9
        made.picture.fanout.publish(encoded(1))
        await eventually(lambda: link._failures > 0)
        link._srtp._protect = protect
        before = len(made.of(made.ssrcs()[0]))
        made.picture.fanout.publish(encoded(2, key=True))
        await made.arrived(made.ssrcs()[0], before + len(PICTURE))
        link._srtp._protect = lambda *_: 9
        for number in range(3, 300):
            made.picture.fanout.publish(encoded(number, 300))
            await asyncio.sleep(0)
        await eventually(lambda: not link.ready)
