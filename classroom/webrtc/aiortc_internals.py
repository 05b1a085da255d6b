"""Reaches into aiortc, aioice and pylibsrtp for what they do not offer; only ``guard.py`` does besides.

aiortc connects (ICE, DTLS) and stays as it is; what is sent over a connection that stands is ours, because aiortc
would pack, protect and send each packet anew for each student, several times as dear. For that we need its SRTP keys,
its socket, and the reports that come back. It also has no hook for the RTP header extension playout-delay
(http://www.webrtc.org/experiments/rtp-hdrext/playout-delay), which takes a browser's cushion against jitter away.

Every name that is no public interface is in ``internals.py``.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import struct
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from typing import Any, Final, Protocol, TypeVar

import aiortc.codecs
import aiortc.rtcrtpsender
import aiortc.rtp
import pylibsrtp
from aioice.turn import TurnTransport
from aiortc import RTCDtlsTransport, RTCPeerConnection, RTCRtpReceiver, RTCRtpSender
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpSendParameters

from classroom.common.clock import Clock
from classroom.common.limited_log import LimitedLog
from classroom.webrtc.aiortc_names import FOR_DELAY, attribute
from classroom.webrtc.rtp.feedback import KeyFrameRequest, Nack, ReceiverReport, Remb
from classroom.webrtc.rtp.header import PLAYOUT_DELAY, PacketTemplate, PlayoutDelay
from classroom.webrtc.rtp.picture_jitter_buffer import NackGenerator, PictureJitterBuffer
from classroom.webrtc.rtp.rtcp_reader import RtcpMessage, read_rtcp
from classroom.webrtc.rtp.sound_jitter_buffer import SoundJitterBuffer

__all__ = [
    "PlayoutDelay",
    "RtcpListener",
    "RtcpMessage",
    "Srtp",
    "SrtpFault",
    "intercept_rtcp",
    "negotiated_codec",
    "offer_playout_delay",
    "offered_ssrcs",
    "playout_delay_for_new_senders",
    "queued_bytes",
    "repeat_nacks",
    "replace_jitter_buffer",
    "replace_sender",
    "selected_path",
    "subscribe_rtcp",
    "unsubscribe_rtcp",
]

logger = logging.getLogger(__name__)
sparing = LimitedLog(logger, lines=1, span=60.0)

_ID: Final = 5
_ONE_BYTE_HEADERS: Final = 0xBEDE
"""The profile of one-byte extension headers (RFC 8285, section 4.2)."""

_BUFFER: Final = "_RTCRtpReceiver__jitter_buffer"
"""Where a receiver has its buffer; without it aiortc's own goes on."""

_MISSING: Final = "_RTCRtpReceiver__nack_generator"
"""Where a receiver of pictures has its list of what is missing; without it aiortc's own goes on."""

_DATAGRAM: Final = 1200
"""Bytes of a datagram, about."""

_NACK: Final = 1
_PLI: Final = 1
_FIR: Final = 4
_REMB: Final = 15

_Codec = TypeVar("_Codec", bound=str)

_for_new_senders: ContextVar[PlayoutDelay | None] = ContextVar("playout delay of new senders", default=None)


class SrtpFault(Exception):
    """libsrtp refused to protect a packet."""


# Connections


class OutgoingStream(Protocol):
    """What takes the place of aiortc's sender on a connection."""

    def start(self, transport: RTCDtlsTransport, parameters: RTCRtpSendParameters) -> None:
        """The connection stands."""
        ...

    def stop(self) -> None:
        """The connection is being closed, whether it ever stood or not."""
        ...


def replace_sender(sender: RTCRtpSender, outgoing: OutgoingStream) -> None:
    """Let ``outgoing`` send instead of aiortc's own loops, which are never started then."""

    async def send(parameters: RTCRtpSendParameters) -> None:
        outgoing.start(sender.transport, parameters)

    async def stop() -> None:
        outgoing.stop()

    sender.send = send  # type: ignore[method-assign]
    sender.stop = stop  # type: ignore[method-assign]


def offered_ssrcs(sender: RTCRtpSender) -> tuple[int, int]:
    """The SSRCs that were offered for a sender's packets and for their repetitions."""
    return sender._ssrc, sender._rtx_ssrc


def negotiated_codec(connection: RTCPeerConnection, codecs: Sequence[_Codec]) -> _Codec | None:
    """The one of our codecs that a connection sends its picture in, once it was answered; None where it sends none.

    What an answer accepts by name only may be another profile, which aiortc does not take.
    """
    for transceiver in connection.getTransceivers():
        if transceiver.kind == "video" and transceiver.currentDirection in ("sendonly", "sendrecv"):
            name = transceiver._codecs[0].mimeType.lower() if transceiver._codecs else ""
            return next((codec for codec in codecs if name == f"video/{codec}"), None)
    return None


def selected_path(transport: RTCDtlsTransport) -> tuple[asyncio.DatagramTransport, tuple[str, int]] | None:
    """The transport and the peer's address that ICE chose; None while there is none."""
    pair = transport.transport._connection._nominated.get(1)
    return None if pair is None else (pair.protocol.transport, pair.remote_addr)


def queued_bytes(transport: Any) -> Callable[[], int]:
    """What tells how many bytes wait in a transport that ICE chose.

    A relayed one gives each datagram to a task of its own, and on to a stream that keeps all there is where it is slow.
    """
    if not isinstance(transport, TurnTransport):
        return getattr(transport, "get_write_buffer_size", lambda: 0)
    relay: Any = transport._TurnTransport__inner_protocol  # type: ignore[attr-defined]
    tasks: set[object] = transport._TurnTransport__send_tasks  # type: ignore[attr-defined]
    return lambda: int(relay.transport.get_write_buffer_size()) + _DATAGRAM * len(tasks)


def replace_jitter_buffer(receiver: RTCRtpReceiver, window: SoundJitterBuffer) -> bool:
    """Let a window give out what a receiver of sound decodes; whether it does, as another aiortc stays as it is."""
    if not hasattr(receiver, _BUFFER):
        return False
    setattr(receiver, _BUFFER, window)
    return True


def repeat_nacks(receiver: RTCRtpReceiver, clock: Clock) -> None:
    """Let a receiver of pictures ask for what is missing until it comes or is given up; another aiortc asks once."""
    if hasattr(receiver, _MISSING) and hasattr(receiver, _BUFFER):
        missing = NackGenerator(clock)
        setattr(receiver, _MISSING, missing)
        setattr(receiver, _BUFFER, PictureJitterBuffer(missing))


class RtcpListener:
    """Hears what a connection's RTCP says about one SSRC; aiortc routes to it as to a sender of its own.

    REMB and FIR name their streams inside and carry the SSRC 0 outside (RFC 5104, section 4.3.1.2).
    """

    def __init__(self, ssrc: int, heard: Callable[[RtcpMessage], None]) -> None:
        self._ssrc = ssrc
        self._heard = heard

    async def _handle_rtcp_packet(self, packet: Any) -> None:
        for said in _understand(packet, self._ssrc):
            self._heard(said)


def subscribe_rtcp(transport: RTCDtlsTransport, ear: RtcpListener, parameters: RTCRtpSendParameters) -> None:
    """Let an ear hear what comes back."""
    transport._register_rtp_sender(ear, parameters)


def unsubscribe_rtcp(transport: RTCDtlsTransport, ear: RtcpListener) -> None:
    """Let it hear no more."""
    transport._unregister_rtp_sender(ear)


def intercept_rtcp(transport: RTCDtlsTransport, hear: Callable[[RtcpMessage], None]) -> Callable[[], None]:
    """Take RTCP off the path that ICE chose as it comes in; what is returned undoes it.

    On its way through aioice and aiortc each report would be tried as STUN, queued, and wake a task, which is most of
    what an idle student costs. Where this is not done, or undone, it takes that way to the ears.
    """
    pair = transport.transport._connection._nominated.get(1)
    if pair is None:
        return lambda: None
    protocol = pair.protocol
    usual = protocol.datagram_received
    session = transport._rx_srtp

    def datagram_received(data: Any, address: Any) -> None:
        if len(data) < 2 or not 127 < data[0] < 192 or not aiortc.rtp.is_rtcp(data):
            usual(data, address)
            return
        # What was forged or is too long, or does not follow RFC 3550, is left out, as aiortc does.
        with contextlib.suppress(pylibsrtp.Error, ValueError):
            for said in read_rtcp(session.unprotect_rtcp(bytes(data))):
                try:
                    hear(said)
                except Exception as fault:  # noqa: BLE001 - it must not end the way of what comes after it
                    sparing.warn("a report of a student cannot be used: %s", type(fault).__name__)

    def undo() -> None:
        if vars(protocol).get("datagram_received") is datagram_received:
            del protocol.datagram_received

    protocol.datagram_received = datagram_received  # type: ignore[method-assign, assignment]
    return undo


def _understand(packet: Any, ssrc: int) -> Iterator[RtcpMessage]:
    kinds = aiortc.rtp
    if isinstance(packet, kinds.RtcpRrPacket | kinds.RtcpSrPacket):
        for block in packet.reports:
            if block.ssrc == ssrc:
                yield ReceiverReport(
                    ssrc,
                    block.fraction_lost / 256,
                    block.packets_lost,
                    block.jitter,
                    block.lsr,
                    block.dlsr,
                    block.highest_sequence,
                )
    elif isinstance(packet, kinds.RtcpRtpfbPacket):
        if packet.fmt == _NACK and packet.media_ssrc == ssrc:
            yield Nack(ssrc, tuple(packet.lost))
    elif isinstance(packet, kinds.RtcpPsfbPacket):
        if packet.fmt == _PLI and packet.media_ssrc == ssrc:
            yield KeyFrameRequest((ssrc,))
        elif packet.fmt == _FIR and packet.media_ssrc == ssrc:
            named = tuple(each for (each,) in struct.iter_unpack("!L4x", packet.fci[: len(packet.fci) // 8 * 8]))
            yield KeyFrameRequest((*named, ssrc))
        elif packet.fmt == _REMB and ssrc:
            with contextlib.suppress(ValueError, struct.error):
                bit_rate, ssrcs = kinds.unpack_remb_fci(packet.fci)
                if ssrc in ssrcs:
                    yield Remb(bit_rate, tuple(ssrcs))


# SRTP

_SIZE: Final = 1 << 16
_HEAD: Final = struct.Struct("!BBHII")


class Srtp:
    """Protects packets of one connection where they lie (RFC 3711), in a buffer that all connections share.

    ``tag`` is how many bytes protection adds, as far as is known.
    """

    _scratch: Any = None
    _buffer: memoryview
    _length: Any

    def __init__(self, transport: RTCDtlsTransport) -> None:
        library, foreign = attribute("pylibsrtp._binding", "lib"), attribute("pylibsrtp._binding", "ffi")
        if Srtp._scratch is None:
            Srtp._scratch = foreign.new("unsigned char[]", _SIZE)
            Srtp._buffer = memoryview(foreign.buffer(Srtp._scratch))
            Srtp._length = foreign.new("int *")
        self._session = transport._tx_srtp
        self._context = self._session._srtp[0]
        self._protect = library.srtp_protect
        self.tag = 10

    def seal(
        self, layout: PacketTemplate, *, payload_type: int, sequence: int, stamp: int, ssrc: int, extensions: bytes
    ) -> memoryview | None:
        """Write a stream's headers into a layout and protect all its packets; what is returned is valid until the next.

        None when it was laid out for another tag: ``tag`` is right now, and it may be tried again.
        """
        buffer, scratch, length = Srtp._buffer, Srtp._scratch, Srtp._length
        protect, context, write = self._protect, self._context, _HEAD.pack_into
        total, room = len(layout.template), len(extensions)
        first = 0x90 if room else 0x80
        buffer[:total] = layout.template
        for at, size, marker in layout.packets:
            write(buffer, at, first, marker | payload_type, sequence & 0xFFFF, stamp, ssrc)
            if room:
                buffer[at + 12 : at + 12 + room] = extensions
            length[0] = size
            if protect(context, scratch + at, length):
                raise SrtpFault("a packet could not be protected")
            sequence += 1
        if (tag := length[0] - size) != self.tag:
            self.tag = tag
            return None
        return buffer[:total]

    def seal_report(self, report: bytes) -> bytes:
        """Protect an RTCP packet; SrtpFault where that cannot be."""
        try:
            sealed: bytes = self._session.protect_rtcp(report)
        except pylibsrtp.Error as fault:
            raise SrtpFault("a report could not be protected") from fault
        return sealed


# Playout delay, for aiortc's own senders


def offer_playout_delay() -> bool:
    """Offer the extension playout-delay, once; False where this aiortc is not the one that is known here."""
    for module, name in FOR_DELAY:
        if not hasattr(importlib.import_module(module), name):
            logger.warning("this aiortc has no %s.%s: pictures are shown without playout delay", module, name)
            return False
    extensions = aiortc.codecs.HEADER_EXTENSIONS["video"]
    if any(extension.uri == PLAYOUT_DELAY for extension in extensions):
        return True
    if any(extension.id == _ID for kind in aiortc.codecs.HEADER_EXTENSIONS.values() for extension in kind):
        logger.warning("this aiortc uses the id %d: pictures are shown without playout delay", _ID)
        return False
    extensions.append(RTCRtpHeaderExtensionParameters(id=_ID, uri=PLAYOUT_DELAY))
    aiortc.rtp.HeaderExtensionsMap = _delaying_map(aiortc.rtp.HeaderExtensionsMap)  # type: ignore[misc]
    return True


@contextlib.contextmanager
def playout_delay_for_new_senders(delay: PlayoutDelay | None) -> Iterator[None]:
    """Senders of aiortc that are made inside carry this delay in each packet; None is none."""
    token = _for_new_senders.set(delay)
    try:
        yield
    finally:
        _for_new_senders.reset(token)


def _delaying_map(stock: type[Any]) -> type[Any]:
    """A map of one sender or receiver, as aiortc's but with the delay of that sender where it has one."""

    class DelayingMap(stock):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self._delay = _for_new_senders.get()
            self._head = b""

        def configure(self, parameters: Any) -> None:
            """Take the ids that were agreed on."""
            super().configure(parameters)
            for extension in parameters.headerExtensions:
                if extension.uri == PLAYOUT_DELAY and 0 < extension.id < 15:
                    self._head = bytes([extension.id << 4 | 2])

        def set(self, values: Any) -> tuple[int, bytes]:
            """The header extensions of one packet."""
            profile, packed = super().set(values)
            if self._delay is None or not self._head or profile not in (0, _ONE_BYTE_HEADERS):
                return profile, packed
            # Zeros between elements are padding (RFC 8285, section 4.2), so ours goes behind those of aiortc.
            return _ONE_BYTE_HEADERS, packed + self._head + self._delay.payload

    return DelayingMap
