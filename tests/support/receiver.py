"""A student's end that decodes nothing: it keeps every packet as it came out of SRTP, and says what a test wants."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import av
from aiortc import RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.rtcrtpparameters import RTCRtpCodecCapability
from aiortc.rtp import HeaderExtensionsMap, RtcpPacket, RtpPacket

from classroom.common.clock import SystemClock
from classroom.media.codecs import VideoSettings
from classroom.media.encoder import VideoEncoder
from classroom.media.fanout import Fanout
from classroom.media.frames import Encoded
from classroom.media.rendition import Rendition
from classroom.webrtc.aiortc_guard import guard
from classroom.webrtc.aiortc_internals import offer_playout_delay
from classroom.webrtc.ice.check_budget import CheckBudget
from classroom.webrtc.rtp.datagram import DatagramPath
from classroom.webrtc.rtp.header import PlayoutDelay
from classroom.webrtc.sending.capabilities import preferences
from classroom.webrtc.sending.feed import Feed, OfferedProgram, OwnFeed
from classroom.webrtc.sending.transmitter import Transmitter
from tests.support.broadcast import eventually
from tests.support.student import with_one_codec

__all__ = ["Call", "Source", "call", "encoded", "sound"]

_BEGAN = SystemClock().now() - 10


class Source:
    """Pictures or sound that a test publishes itself, and the wishes for key frames that come back."""

    def __init__(self, codec: Literal["h264", "vp8", "opus"], name: str = "720p") -> None:
        self.wishes = 0
        self.fanout = Fanout(
            codec=codec,
            demand=self,
            loop=asyncio.get_running_loop(),
            on_first=lambda: None,
            on_last=lambda: None,
        )
        encoder = VideoEncoder(
            codec="h264",
            settings=VideoSettings((640, 360), 30, 1_500_000),
            clock=SystemClock(),
            publish=lambda _: None,
        )
        self.rendition = Rendition(
            "vp8" if codec == "vp8" else "h264", name, (640, 360), 1_500_000, self.fanout, self, encoder
        )

    def key_frame(self) -> None:
        self.wishes += 1


def encoded(number: int, size: int = 5000, *, key: bool = False, mark: int = 0x41) -> Encoded:
    """Something of the shape of an H.264 picture (or of ``size`` bytes of sound), stamped as picture ``number``."""
    packet: av.Packet[Any] = av.Packet(b"\0\0\0\1" + bytes([0x65 if key else 0x41]) + bytes([mark]) * size)
    packet.pts = number * 3000
    return Encoded("h264", packet, key, _BEGAN + number / 30)


def sound(number: int) -> Encoded:
    """20 ms of something of the shape of sound, with its number in its second byte."""
    packet: av.Packet[Any] = av.Packet(bytes([0x78, number % 256]) + bytes(199))
    packet.pts = number * 960
    return Encoded("opus", packet, True, _BEGAN + number / 50)


@dataclass
class Call:
    """A connection that stands, and what came over it."""

    feed: Feed
    sender: RTCPeerConnection
    receiver: RTCPeerConnection
    picture: Source
    sound: Source
    offer: str
    packets: list[RtpPacket] = field(default_factory=list)
    reports: list[Any] = field(default_factory=list)

    def ssrcs(self, kind: str = "video") -> list[int]:
        """The SSRCs that were offered: of the packets, and of their repetitions."""
        section = self.offer[self.offer.index(f"m={kind}") :].split("\r\nm=")[0]
        lines = [line for line in section.split("\r\n") if line.startswith("a=ssrc:") and "cname" in line]
        return [int(line[7:].split(" ")[0]) for line in lines]

    def of(self, ssrc: int) -> list[RtpPacket]:
        """The packets of one SSRC, as they came."""
        return [packet for packet in self.packets if packet.ssrc == ssrc]

    def picture_counter(self) -> int:
        """How many packets of the picture have left."""
        assert isinstance(self.feed, OwnFeed)
        return self.feed._picture.counters.packets

    def skipped(self) -> int:
        """How many pictures were not sent."""
        assert isinstance(self.feed, OwnFeed)
        return self.feed._picture.skipped

    @contextlib.contextmanager
    def deaf(self) -> Iterator[None]:
        """What is sent inside is lost on the way."""
        assert isinstance(self.feed, OwnFeed)
        srtp_path = self.feed._connection._path
        assert srtp_path is not None
        path, srtp_path._path = srtp_path._path, DatagramPath()
        srtp_path._path.send = lambda *_: None  # type: ignore[method-assign]
        try:
            yield
        finally:
            srtp_path._path = path

    async def say(self, *packets: Any) -> None:
        """Send RTCP to the sender."""
        transport = self.receiver.getTransceivers()[0].receiver.transport
        await transport._send_rtp(b"".join(bytes(packet) for packet in packets))

    async def arrived(self, ssrc: int, count: int) -> list[RtpPacket]:
        """Wait for so many packets of one SSRC."""
        await eventually(lambda: len(self.of(ssrc)) >= count, what=f"{count} packets, not {len(self.of(ssrc))}")
        return self.of(ssrc)


def _opus() -> list[RTCRtpCodecCapability]:
    return [each for each in RTCRtpSender.getCapabilities("audio").codecs if each.mimeType == "audio/opus"]


@contextlib.asynccontextmanager
async def call(
    *,
    repetitions: bool = True,
    delay: PlayoutDelay | None = None,
    offered: Callable[[RTCPeerConnection], None] = lambda _: None,
) -> AsyncIterator[Call]:
    """Connect a sender of classroom's with a receiver in this process, with or without RTX.

    ``offered`` is called when the sender listens and was not answered yet.
    """
    offer_playout_delay()
    transmitter = Transmitter(SystemClock())
    picture, voice = Source("h264"), Source("opus")
    program = OfferedProgram(
        pictures={"h264": [picture.rendition]}, sound=voice.fanout, sound_demand=voice, transmitter=transmitter
    )
    sender, receiver = RTCPeerConnection(), RTCPeerConnection()
    feed = program.feed(sender, picture=preferences(["h264"]), sound=_opus(), delay=delay, reported=lambda _: None)
    feed.choose(picture.rendition)
    guard(sender, CheckBudget(time.monotonic()))
    await sender.setLocalDescription(await sender.createOffer())
    offered(sender)
    offer = sender.localDescription.sdp if repetitions else with_one_codec(sender.localDescription.sdp, "H264")
    made = Call(feed, sender, receiver, picture, voice, sender.localDescription.sdp)
    await receiver.setRemoteDescription(RTCSessionDescription(offer, "offer"))
    await receiver.setLocalDescription(await receiver.createAnswer())
    transport = receiver.getTransceivers()[0].receiver.transport
    known = HeaderExtensionsMap()

    async def keep(data: bytes, arrival_time_ms: int) -> None:
        made.packets.append(RtpPacket.parse(data, known))

    async def hear(data: bytes) -> None:
        made.reports += RtcpPacket.parse(data)

    transport._handle_rtp_data = keep  # type: ignore[method-assign]
    transport._handle_rtcp_data = hear  # type: ignore[method-assign]
    await sender.setRemoteDescription(RTCSessionDescription(receiver.localDescription.sdp, "answer"))
    try:
        await eventually(lambda: picture.fanout.subscribers + voice.fanout.subscribers == 2, what="subscriptions")
        yield made
    finally:
        await sender.close()
        await receiver.close()
        await program.close()
