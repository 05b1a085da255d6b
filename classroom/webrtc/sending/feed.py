"""What is fed into one student's connection: our own streams, or packets that go aiortc's public way.

Both take picture and sound of the program as they were encoded for everybody. The own streams cost a fraction, hear
what the browser asks for, and can be moved from one rendition to another; the public way works with any aiortc.
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
from classroom.webrtc.sending.memory import GcSchedule
from classroom.webrtc.sending.packet_track import PacketTrack
from classroom.webrtc.sending.stream import Stream
from classroom.webrtc.sending.transmitter import Transmitter

__all__ = ["Feed", "OfferedProgram", "OwnFeed", "PictureCodec", "PublicFeed", "Reported"]

PictureCodec = Literal["h264", "vp8"]
Reported = Callable[[int], None]
"""Called for each report on the picture, with how many packets are newly lost."""

Codecs = Sequence[RTCRtpCodecCapability]

_PICTURE_UNITS: Final = 90_000
_OVERHEAD: Final = 28
"""Bytes of RTP header and extensions of a packet, which a receiver counts as well."""


class Feed(Protocol):
    """Picture and sound on the way to one student."""

    @property
    def picture(self) -> Feedback:
        """What the student's reports say of the picture."""
        ...

    @property
    def silence(self) -> float | None:
        """Seconds since the student's end last said anything; None before it could and where that is not known."""
        ...

    @property
    def sent(self) -> int | None:
        """Octets of the picture that were sent, which is what a browser's estimate is about; None where not known."""
        ...

    @property
    def movable(self) -> bool:
        """Whether the picture can be moved to another rendition."""
        ...

    def choose(self, rendition: Rendition, *, at_once: bool = False) -> None:
        """Send this picture, from its next key frame on; ``at_once`` sends nothing else until then."""
        ...

    def limit(self, *, wish: float | None, key_frames_every: float | None) -> None:
        """Wish for fewer bits a second, or take key frames only, with so many seconds between; None is no limit."""
        ...

    def want_key_frame(self) -> None:
        """The student's page wishes for a key frame."""
        ...

    async def measure(self) -> None:
        """Read the reports, where they do not come by themselves."""
        ...


class OfferedProgram:
    """What there is to watch: the renditions of the picture in each codec, the largest first, and the sound.

    ``transmitter`` sends it; None is to go aiortc's public way.
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
        self.tidier = GcSchedule()

    def feed(
        self,
        connection: RTCPeerConnection,
        *,
        picture: Codecs,
        sound: Codecs,
        delay: PlayoutDelay | None,
        reported: Reported,
    ) -> Feed:
        """Let a connection that has not offered yet send the program, in the first of the codecs that is agreed on."""
        self.tidier.begin()
        if self.transmitter is None:
            return PublicFeed(connection, self, picture=picture, sound=sound, delay=delay, reported=reported)
        return OwnFeed(connection, self, self.transmitter, picture=picture, sound=sound, delay=delay, reported=reported)

    async def close(self) -> None:
        """Send to nobody any more."""
        self.tidier.close()
        if self.transmitter is not None:
            await self.transmitter.close()


class OwnFeed:
    """Our own streams in the place of aiortc's senders."""

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
        self._line = transmitter.line()

        def stream(kind: Literal["video", "audio"], codecs: Codecs, heard: Reported) -> Stream:
            transceiver = connection.addTransceiver(kind, direction="sendonly")
            transceiver.setCodecPreferences(list(codecs))
            held_back = delay if kind == "video" else None
            made = Stream(kind=kind, line=self._line, sender=transceiver.sender, delay=held_back, reported=heard)
            self._line.join(made)
            replace_sender(transceiver.sender, made)
            return made

        # Sound leads the bundle: a browser that refuses the leading section, as Firefox does with a picture in a format
        # that it does not know, does not connect at all.
        self._sound = stream("audio", sound, lambda _: None)
        self._picture = stream("video", picture, reported)
        self._sound.choose(transmitter.distribution(program.sound, program.sound_demand))

    @property
    def picture(self) -> Feedback:
        """What the student's reports say of the picture."""
        return self._picture.feedback

    @property
    def silence(self) -> float | None:
        """Seconds since the student's end last said anything; None before it could."""
        heard = self._line.last_heard
        return None if heard is None else self._line.now() - heard

    @property
    def sent(self) -> int | None:
        """Octets of the picture that were sent, with their headers.

        Browsers estimate from the packets with a send time (abs-send-time), which sound's do not have.
        """
        counters = self._picture.counters
        return counters.octets + _OVERHEAD * counters.packets

    def choose(self, rendition: Rendition, *, at_once: bool = False) -> None:
        """Send this picture, from its next key frame on; ``at_once`` sends nothing else until then."""
        self._picture.choose(self._transmitter.distribution(rendition.fanout, rendition.demand), at_once=at_once)

    def limit(self, *, wish: float | None, key_frames_every: float | None) -> None:
        """Wish for fewer bits a second, or take key frames only, with so many seconds between; None is no limit."""
        self._picture.limit(wish=wish, key_frames_every=key_frames_every)

    def want_key_frame(self) -> None:
        """The student's page wishes for a key frame."""
        self._picture.want_key_frame()

    async def measure(self) -> None:
        """Do nothing: reports come by themselves."""


class PublicFeed:
    """Tracks of packets, which aiortc sends. It drops a browser's request for a key frame where packets are encoded.

    So picture packets that are newly lost ask for one here, which mends the picture of an old client; our own page
    asks by itself.
    """

    movable = False
    silence: float | None = None
    sent: int | None = None

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
        self._wishes = KeyFrameLimit(now=asyncio.get_running_loop().time())
        track = PacketTrack("audio", program.sound)
        connection.addTransceiver(track, direction="sendonly").setCodecPreferences(list(sound))
        with playout_delay_for_new_senders(delay):
            connection.addTransceiver(self._track, direction="sendonly").setCodecPreferences(list(picture))

    @property
    def picture(self) -> Feedback:
        """What the student's reports say of the picture."""
        return self._feedback

    def choose(self, rendition: Rendition, *, at_once: bool = False) -> None:
        """Send this picture; only before the connection stands."""
        self._demand = rendition.demand
        self._track.choose(rendition.fanout)

    def limit(self, *, wish: float | None, key_frames_every: float | None) -> None:
        """Do nothing: who cannot be moved gets all or, where the network drops it, less."""

    def want_key_frame(self) -> None:
        """The student's page wishes for a key frame, or has lost some of the picture."""
        if self._demand is not None and self._wishes.allow(now=asyncio.get_running_loop().time()):
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
                self.want_key_frame()
            self._reported(newly_lost)
