"""What one student's connection sends: our own streams, or packets that aiortc sends through its public interface.

Both take the picture and sound of the program, which are encoded once for all students. Our own streams cost a
fraction, receive the browser's requests, and can move from one rendition to another. The public interface works with
any version of aiortc.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal, Protocol

from aiortc import RTCPeerConnection
from aiortc.rtcrtpparameters import RTCRtpCodecCapability

from classroom.media.fanout import Fanout
from classroom.media.frames import Demand
from classroom.media.rendition import Rendition
from classroom.webrtc.aiortc_internals import playout_delay_for_new_senders, replace_sender
from classroom.webrtc.rtp.feedback import Feedback, KeyFrameLimit, ReceiverReport
from classroom.webrtc.rtp.header import PlayoutDelay
from classroom.webrtc.rtp.rtcp_writer import TimeLine
from classroom.webrtc.sending.distribution import Distribution
from classroom.webrtc.sending.gc_schedule import GcSchedule
from classroom.webrtc.sending.packet_track import PacketTrack
from classroom.webrtc.sending.stream import Stream
from classroom.webrtc.sending.transmitter import Transmitter

__all__ = ["Feed", "OfferedProgram", "OwnFeed", "PictureCodec", "PublicFeed", "Reported", "TimeLinePair"]

PictureCodec = Literal["h264", "vp8"]
Reported = Callable[[int], None]
"""Called for each report on the picture, with how many packets are newly lost."""

TimeLinePair = tuple[TimeLine | None, TimeLine | None]
"""Those of picture and sound; each is None before anything was sent, and where it is not known."""

Codecs = Sequence[RTCRtpCodecCapability]

_PICTURE_UNITS: Final = 90_000
_OVERHEAD: Final = 28
"""Bytes of RTP header and extensions of a packet, which a receiver counts as well."""


class Feed(Protocol):
    """The picture and sound that one student is sent."""

    @property
    def picture(self) -> Feedback:
        """The student's reports on the picture."""
        ...

    @property
    def silence(self) -> float | None:
        """Seconds since the student's end last sent anything; None before it could and where that is not known."""
        ...

    @property
    def sent(self) -> int | None:
        """Octets of the picture that were sent, which a browser's estimate is based on; None where not known."""
        ...

    @property
    def send_jitter(self) -> float:
        """Seconds of jitter of the picture that this computer makes itself; 0 where it is not known."""
        ...

    @property
    def time_lines(self) -> TimeLinePair:
        """When what has the time stamps of picture and sound was captured."""
        ...

    @property
    def movable(self) -> bool:
        """Whether the picture can be moved to another rendition."""
        ...

    def choose(self, rendition: Rendition, *, at_once: bool = False) -> None:
        """Send this picture, from its next key frame on; ``at_once`` sends nothing else until then."""
        ...

    def limit(self, *, bit_rate: float | None, key_frame_interval: float | None) -> None:
        """Request fewer bits a second, or take key frames only, this many seconds apart; None is no limit."""
        ...

    def request_key_frame(self) -> None:
        """The student's page requests a key frame."""
        ...

    async def measure(self) -> None:
        """Read the reports, where they do not arrive automatically."""
        ...


class OfferedProgram:
    """What a student is offered: the renditions of the picture in each codec, the largest first, and the sound.

    ``transmitter`` sends it; with None aiortc does.
    """

    def __init__(
        self,
        *,
        pictures: Mapping[PictureCodec, Sequence[Rendition]],
        sound: Fanout,
        sound_demand: Demand,
        transmitter: Transmitter | None,
    ) -> None:
        self.pictures = {codec: tuple(renditions) for codec, renditions in pictures.items()}
        self.sound = sound
        self.sound_demand = sound_demand
        self.transmitter = transmitter
        self.gc_schedule = GcSchedule()

    def feed(
        self,
        connection: RTCPeerConnection,
        *,
        picture: Codecs,
        sound: Codecs,
        delay: PlayoutDelay | None,
        reported: Reported,
    ) -> Feed:
        """Let a connection that has not offered yet send the program, in the codec that is negotiated."""
        self.gc_schedule.begin()
        if self.transmitter is None:
            return PublicFeed(connection, self, picture=picture, sound=sound, delay=delay, reported=reported)
        return OwnFeed(connection, self, self.transmitter, picture=picture, sound=sound, delay=delay, reported=reported)

    async def close(self) -> None:
        """Stop sending."""
        self.gc_schedule.close()
        if self.transmitter is not None:
            await self.transmitter.close()


class OwnFeed:
    """Our own streams, which replace aiortc's senders."""

    movable = True

    def __init__(
        self,
        connection: RTCPeerConnection,
        program: OfferedProgram,
        transmitter: Transmitter,
        *,
        picture: Codecs,
        sound: Codecs,
        delay: PlayoutDelay | None,
        reported: Reported,
    ) -> None:
        self._transmitter = transmitter
        self._connection = transmitter.connection()

        def stream(kind: Literal["video", "audio"], codecs: Codecs, reported: Reported) -> Stream:
            transceiver = connection.addTransceiver(kind, direction="sendonly")
            transceiver.setCodecPreferences(list(codecs))
            made = Stream(
                kind=kind,
                connection=self._connection,
                sender=transceiver.sender,
                delay=delay if kind == "video" else None,
                reported=reported,
            )
            self._connection.add(made)
            replace_sender(transceiver.sender, made)
            return made

        # Sound leads the bundle: a browser that rejects the leading section does not connect at all. Firefox does so
        # with a picture in a format that it does not know.
        self._distribution: Distribution | None = None
        self._sound = stream("audio", sound, lambda _: None)
        self._picture = stream("video", picture, reported)
        self._sound.choose(transmitter.distribution(program.sound, program.sound_demand))

    @property
    def picture(self) -> Feedback:
        """The student's reports on the picture."""
        return self._picture.feedback

    @property
    def silence(self) -> float | None:
        """Seconds since the student's end last sent anything; None before it could."""
        last = self._connection.last_activity
        return None if last is None else self._connection.now() - last

    @property
    def sent(self) -> int | None:
        """Octets of the picture that were sent, with their headers.

        Browsers estimate from the packets with a send time (abs-send-time), which sound's do not have.
        """
        counters = self._picture.counters
        return counters.octets + _OVERHEAD * counters.packets

    @property
    def send_jitter(self) -> float:
        """Seconds of jitter of the picture that this computer makes itself."""
        return 0.0 if self._distribution is None else self._distribution.jitter.largest

    @property
    def time_lines(self) -> TimeLinePair:
        """When what has the time stamps of picture and sound was captured."""
        return self._picture.time_line, self._sound.time_line

    def choose(self, rendition: Rendition, *, at_once: bool = False) -> None:
        """Send this picture, from its next key frame on; ``at_once`` sends nothing else until then."""
        self._distribution = self._transmitter.distribution(rendition.fanout, rendition.demand)
        self._picture.choose(self._distribution, at_once=at_once)

    def limit(self, *, bit_rate: float | None, key_frame_interval: float | None) -> None:
        """Request fewer bits a second, or take key frames only, this many seconds apart; None is no limit."""
        self._picture.limit(bit_rate=bit_rate, key_frame_interval=key_frame_interval)

    def request_key_frame(self) -> None:
        """The student's page requests a key frame."""
        self._picture.request_key_frame()

    async def measure(self) -> None:
        """Do nothing: reports arrive automatically."""


class PublicFeed:
    """Tracks of encoded packets, which aiortc sends. For such a track it drops a browser's request for a key frame.

    So newly lost packets of the picture lead to one here, which repairs the picture of an old client; our own page
    requests it in a message.
    """

    movable = False
    silence: float | None = None
    sent: int | None = None
    send_jitter = 0.0
    time_lines: TimeLinePair = (None, None)

    def __init__(
        self,
        connection: RTCPeerConnection,
        program: OfferedProgram,
        *,
        picture: Codecs,
        sound: Codecs,
        delay: PlayoutDelay | None,
        reported: Reported,
    ) -> None:
        self._connection = connection
        self._reported = reported
        self._track = PacketTrack("video", None)
        self._demand: Demand | None = None
        self._feedback = Feedback()
        self._key_frame_limit = KeyFrameLimit(now=asyncio.get_running_loop().time())
        track = PacketTrack("audio", program.sound)
        connection.addTransceiver(track, direction="sendonly").setCodecPreferences(list(sound))
        with playout_delay_for_new_senders(delay):
            connection.addTransceiver(self._track, direction="sendonly").setCodecPreferences(list(picture))

    @property
    def picture(self) -> Feedback:
        """The student's reports on the picture."""
        return self._feedback

    def choose(self, rendition: Rendition, *, at_once: bool = False) -> None:
        """Send this picture; only before the connection is established."""
        self._demand = rendition.demand
        self._track.choose(rendition.fanout)

    def limit(self, *, bit_rate: float | None, key_frame_interval: float | None) -> None:
        """Do nothing: a student who cannot be moved gets everything that the network lets through."""

    def request_key_frame(self) -> None:
        """The student's page requests a key frame, or has lost some of the picture."""
        if self._demand is not None and self._key_frame_limit.allow(now=asyncio.get_running_loop().time()):
            self._demand.key_frame()

    async def measure(self) -> None:
        """Read the newest report on the picture from aiortc's statistics."""
        for report in (await self._connection.getStats()).values():
            if report.type != "remote-inbound-rtp" or report.kind != "video":
                continue
            reception = ReceiverReport(0, report.fractionLost / 256, report.packetsLost, report.jitter, 0, 0)
            newly_lost = self._feedback.received(
                reception, rate=_PICTURE_UNITS, round_trip=report.roundTripTime, now=asyncio.get_running_loop().time()
            )
            if newly_lost:
                self.request_key_frame()
            self._reported(newly_lost)
