"""Uses private parts of aiortc, aioice and pylibsrtp; only ``aiortc_guard.py`` does so as well.

aiortc connects (ICE, DTLS) and is not changed. Sending over an established connection is done here, because aiortc
would packetize, protect and send each packet again for each student, at several times the cost. That needs its SRTP
keys, its socket, and the RTCP that arrives. It also has no hook for the RTP header extension playout-delay
(http://www.webrtc.org/experiments/rtp-hdrext/playout-delay), which sets the size of a browser's jitter buffer.

``aiortc_names.py`` lists every private name.
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
limited_log = LimitedLog(logger, lines=1, span=60.0)

_ID: Final = 5
_ONE_BYTE_HEADERS: Final = 0xBEDE
"""The profile of one-byte extension headers (RFC 8285, section 4.2)."""

_BUFFER: Final = "_RTCRtpReceiver__jitter_buffer"
"""The attribute of a receiver for its jitter buffer; where it is absent, aiortc's own stays in use."""

_NACK_GENERATOR: Final = "_RTCRtpReceiver__nack_generator"
"""The attribute of a video receiver for its NACK generator; where it is absent, aiortc's own stays in use."""

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
    """Replaces aiortc's sender on a connection."""

    def start(self, transport: RTCDtlsTransport, parameters: RTCRtpSendParameters) -> None:
        """The connection is established."""
        ...

    def stop(self) -> None:
        """The connection is closed, whether it was ever established or not."""
        ...


def replace_sender(sender: RTCRtpSender, outgoing: OutgoingStream) -> None:
    """Let ``outgoing`` send instead of aiortc's own loops, which are then never started."""

    async def send(parameters: RTCRtpSendParameters) -> None:
        outgoing.start(sender.transport, parameters)

    async def stop() -> None:
        outgoing.stop()

    sender.send = send  # type: ignore[method-assign]
    sender.stop = stop  # type: ignore[method-assign]


def offered_ssrcs(sender: RTCRtpSender) -> tuple[int, int]:
    """The SSRCs that were offered for a sender's packets and for their retransmissions."""
    return sender._ssrc, sender._rtx_ssrc


def negotiated_codec(connection: RTCPeerConnection, codecs: Sequence[_Codec]) -> _Codec | None:
    """The one of ``codecs`` in which a connection sends its picture, after the answer; None where it sends none.

    An answer may accept a codec by name but in another profile, which aiortc does not accept.
    """
    for transceiver in connection.getTransceivers():
        if transceiver.kind == "video" and transceiver.currentDirection in ("sendonly", "sendrecv"):
            name = transceiver._codecs[0].mimeType.lower() if transceiver._codecs else ""
            return next((codec for codec in codecs if name == f"video/{codec}"), None)
    return None


def selected_path(transport: RTCDtlsTransport) -> tuple[asyncio.DatagramTransport, tuple[str, int]] | None:
    """The transport and the peer's address that ICE selected; None while there is none."""
    pair = transport.transport._connection._nominated.get(1)
    return None if pair is None else (pair.protocol.transport, pair.remote_addr)


def queued_bytes(transport: Any) -> Callable[[], int]:
    """A function that returns how many bytes wait in a transport that ICE selected.

    A relayed transport gives each datagram to a task, and then to a stream, which keeps everything while it is slow.
    """
    if not isinstance(transport, TurnTransport):
        return getattr(transport, "get_write_buffer_size", lambda: 0)
    relay: Any = transport._TurnTransport__inner_protocol  # type: ignore[attr-defined]
    tasks: set[object] = transport._TurnTransport__send_tasks  # type: ignore[attr-defined]
    return lambda: int(relay.transport.get_write_buffer_size()) + _DATAGRAM * len(tasks)


def replace_jitter_buffer(receiver: RTCRtpReceiver, buffer: SoundJitterBuffer) -> bool:
    """Replace the jitter buffer of an audio receiver; False where this version of aiortc does not have one."""
    if not hasattr(receiver, _BUFFER):
        return False
    setattr(receiver, _BUFFER, buffer)
    return True


def repeat_nacks(receiver: RTCRtpReceiver, clock: Clock) -> None:
    """Let a video receiver repeat its NACKs until a packet comes or is given up; aiortc alone sends each once."""
    if hasattr(receiver, _NACK_GENERATOR) and hasattr(receiver, _BUFFER):
        nacks = NackGenerator(clock)
        setattr(receiver, _NACK_GENERATOR, nacks)
        setattr(receiver, _BUFFER, PictureJitterBuffer(nacks))


class RtcpListener:
    """Receives the RTCP of a connection that concerns one SSRC; aiortc routes to it as if it were a sender.

    REMB and FIR name their streams inside and carry the SSRC 0 outside (RFC 5104, section 4.3.1.2).
    """

    def __init__(self, ssrc: int, receive: Callable[[RtcpMessage], None]) -> None:
        self._ssrc = ssrc
        self._receive = receive

    async def _handle_rtcp_packet(self, packet: Any) -> None:
        for message in _messages(packet, self._ssrc):
            self._receive(message)


def subscribe_rtcp(transport: RTCDtlsTransport, listener: RtcpListener, parameters: RTCRtpSendParameters) -> None:
    """Give a listener the RTCP that arrives."""
    transport._register_rtp_sender(listener, parameters)


def unsubscribe_rtcp(transport: RTCDtlsTransport, listener: RtcpListener) -> None:
    """Give a listener no more RTCP."""
    transport._unregister_rtp_sender(listener)


def intercept_rtcp(transport: RTCDtlsTransport, receive: Callable[[RtcpMessage], None]) -> Callable[[], None]:
    """Take RTCP off the path that ICE selected as it arrives; the function that is returned undoes this.

    Within aioice and aiortc each packet would be parsed as STUN, queued, and wake a task, which is most of the cost of
    an idle student. Without the interception, it reaches the listeners in this way.
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
        # A packet that is forged, too long or malformed (RFC 3550) is skipped, as in aiortc.
        with contextlib.suppress(pylibsrtp.Error, ValueError):
            for message in read_rtcp(session.unprotect_rtcp(bytes(data))):
                try:
                    receive(message)
                except Exception as fault:  # noqa: BLE001 - it must not stop the messages after it
                    limited_log.warn("a report of a student cannot be used: %s", type(fault).__name__)

    def undo() -> None:
        if vars(protocol).get("datagram_received") is datagram_received:
            del protocol.datagram_received

    protocol.datagram_received = datagram_received  # type: ignore[method-assign, assignment]
    return undo


def _messages(packet: Any, ssrc: int) -> Iterator[RtcpMessage]:
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
    """Protects packets of one connection in place (RFC 3711), in a buffer that all connections share.

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
        self, template: PacketTemplate, *, payload_type: int, sequence: int, stamp: int, ssrc: int, extensions: bytes
    ) -> memoryview | None:
        """Write a stream's headers into a template and protect all its packets; valid until the next call.

        None when the template was made for another tag length: ``tag`` is then updated, and the call may be repeated.
        """
        buffer, scratch, length = Srtp._buffer, Srtp._scratch, Srtp._length
        protect, context, write = self._protect, self._context, _HEAD.pack_into
        total, room = len(template.data), len(extensions)
        first = 0x90 if room else 0x80
        buffer[:total] = template.data
        for at, size, marker in template.packets:
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

    def seal_rtcp(self, packet: bytes) -> bytes:
        """Protect an RTCP packet. Raises SrtpFault where that fails."""
        try:
            sealed: bytes = self._session.protect_rtcp(packet)
        except pylibsrtp.Error as fault:
            raise SrtpFault("a report could not be protected") from fault
        return sealed


# Playout delay, for aiortc's own senders


def offer_playout_delay() -> bool:
    """Make aiortc offer the extension playout-delay; False where this version of aiortc is not supported."""
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
    """Let senders of aiortc that are made in this context send this delay in each packet; None sends none."""
    token = _for_new_senders.set(delay)
    try:
        yield
    finally:
        _for_new_senders.reset(token)


def _delaying_map(stock: type[Any]) -> type[Any]:
    """A subclass of aiortc's map of header extensions that adds the delay of its sender, where it has one."""

    class DelayingMap(stock):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self._delay = _for_new_senders.get()
            self._head = b""

        def configure(self, parameters: Any) -> None:
            """Use the negotiated ids."""
            super().configure(parameters)
            for extension in parameters.headerExtensions:
                if extension.uri == PLAYOUT_DELAY and 0 < extension.id < 15:
                    self._head = bytes([extension.id << 4 | 2])

        def set(self, values: Any) -> tuple[int, bytes]:
            """The header extensions of one packet."""
            profile, packed = super().set(values)
            if self._delay is None or not self._head or profile not in (0, _ONE_BYTE_HEADERS):
                return profile, packed
            # Zeros between elements are padding (RFC 8285, section 4.2), so ours can follow those of aiortc.
            return _ONE_BYTE_HEADERS, packed + self._head + self._delay.payload

    return DelayingMap
