"""What a stream uses of the two objects that know it: its connection, and the distributions that send to it.

Both call the stream, so they import it. These Protocols let the stream call them without an import in return.
"""

from __future__ import annotations

from typing import Protocol, TypeVar

from aiortc import RTCDtlsTransport
from aiortc.rtcrtpparameters import RTCRtpSendParameters

from classroom.media.frames import Demand
from classroom.webrtc.aiortc_internals import RtcpListener
from classroom.webrtc.rtp.header import PacketTemplates

__all__ = ["FrameSource", "StreamConnection"]

_Stream_contra = TypeVar("_Stream_contra", contravariant=True)


class FrameSource(Protocol[_Stream_contra]):
    """One rendition, or the sound, as a source of frames. ``Distribution`` is one."""

    @property
    def demand(self) -> Demand:
        """Where a key frame is requested."""
        ...

    def add(self, stream: _Stream_contra) -> None:
        """Send to this stream as well."""
        ...

    def remove(self, stream: _Stream_contra) -> None:
        """Send to this stream no more, except the rest of a frame that it has partly received."""
        ...

    def bit_rate_requested(self) -> None:
        """Read the bit rates that the streams request; one of them has changed."""
        ...


class StreamConnection(Protocol[_Stream_contra]):
    """The connection that a student's streams share. ``RtpConnection`` is one."""

    opened: float | None
    """When the connection was established, in clock seconds."""

    @property
    def ready(self) -> bool:
        """Whether packets can be sent now."""
        ...

    def now(self) -> float:
        """The clock, in seconds."""
        ...

    def open(self, transport: RTCDtlsTransport, parameters: RTCRtpSendParameters) -> None:
        """Take the transport, which is established."""
        ...

    def subscribe(self, listener: RtcpListener, parameters: RTCRtpSendParameters) -> None:
        """Give a listener the RTCP that arrives."""
        ...

    def send(
        self, templates: PacketTemplates, *, payload_type: int, sequence: int, stamp: int, ssrc: int, extensions: bytes
    ) -> tuple[int, int]:
        """Send packets; returns how many were sent, and the octets of their payloads."""
        ...

    def note_activity(self) -> None:
        """Note that the other end has sent something."""
        ...

    def report_soon(self) -> None:
        """Send sender reports at the next opportunity."""
        ...

    def round_trip(self, *, last_report: int, delay: int) -> float | None:
        """Seconds to the other end and back; None where the receiver report does not tell."""
        ...

    def stopped(self, stream: _Stream_contra) -> None:
        """Say that a stream has ended, to the other end as well."""
        ...
