"""The SRTP path of one connection: its keys, the path that ICE selected, and the RTCP that arrives on it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

from aiortc import RTCDtlsTransport

from classroom.common.limited_log import LimitedLog
from classroom.webrtc.aiortc_internals import Srtp, SrtpFault, intercept_rtcp, queued_bytes, selected_path
from classroom.webrtc.rtp.datagram import DatagramPath, open_path
from classroom.webrtc.rtp.header import PacketTemplates
from classroom.webrtc.rtp.rtcp_reader import RtcpMessage

__all__ = ["SrtpPath"]

logger = logging.getLogger(__name__)
limited_log = LimitedLog(logger, lines=1)

_MOST_FAILURES: Final = 200
_FAILING_WITHIN: Final = 2.0
"""This many packets that cannot be protected, within this many seconds, and a connection stops sending."""


class SrtpPath:
    """Protects and sends the packets of all streams of one connection. Made when the connection is established.

    ``receive`` gets each RTCP message that arrives.
    """

    def __init__(self, transport: RTCDtlsTransport, receive: Callable[[RtcpMessage], None]) -> None:
        self._transport = transport
        self._receive = receive
        self._unsubscribe: Callable[[], None] = lambda: None
        self._srtp = Srtp(transport)
        self._selected: object = None
        self._path: DatagramPath | None = None
        self._closed = False
        self._failures = 0
        self._failing_since = float("-inf")
        self.refresh()

    @property
    def ready(self) -> bool:
        """Whether packets can be sent now."""
        return self._path is not None

    def refresh(self) -> None:
        """Follow ICE, which may select another path at any time."""
        selected = None if self._closed or self._transport.state != "connected" else selected_path(self._transport)
        if selected == self._selected:
            return
        self._disconnect()
        self._selected = selected
        if selected is not None:
            self._path = open_path(*selected, queued_bytes(selected[0]))
            self._unsubscribe = intercept_rtcp(self._transport, self._receive)

    def send(
        self, templates: PacketTemplates, *, payload_type: int, sequence: int, stamp: int, ssrc: int, extensions: bytes
    ) -> tuple[int, int]:
        """Send a portion of a frame; returns its packets and octets of payload, (0, 0) where it cannot be sent."""
        path = self._path
        if path is None:
            return 0, 0
        srtp = self._srtp
        try:
            for _ in range(2):
                template = templates.get(len(extensions), srtp.tag)
                sealed = srtp.seal(
                    template,
                    payload_type=payload_type,
                    sequence=sequence,
                    stamp=stamp,
                    ssrc=ssrc,
                    extensions=extensions,
                )
                if sealed is not None:
                    path.send(sealed, template.runs)
                    return len(template.packets), template.octets
        except SrtpFault as fault:
            self._skip(fault)
        return 0, 0

    def send_rtcp(self, packet: bytes) -> None:
        """Send an RTCP packet."""
        if self._path is None:
            return
        try:
            sealed = self._srtp.seal_rtcp(packet)
        except SrtpFault as fault:
            self._give_up(fault)
        else:
            self._path.send(memoryview(sealed), [(0, len(sealed), len(sealed))])

    def close(self) -> None:
        """Stop sending. May be called again."""
        self._closed = True
        self._selected = None
        self._disconnect()

    def _skip(self, fault: SrtpFault) -> None:
        """Skip one packet that cannot be protected, such as one that is too old; stop where it happens often."""
        now = time.monotonic()
        if now - self._failing_since > _FAILING_WITHIN:
            self._failing_since, self._failures = now, 0
        self._failures += 1
        limited_log.warn("a packet is skipped: %s", fault)
        if self._failures >= _MOST_FAILURES:
            self._give_up(fault)

    def _give_up(self, fault: SrtpFault) -> None:
        logger.error("a connection stops sending: %s", fault)
        self.close()

    def _disconnect(self) -> None:
        self._unsubscribe()
        self._unsubscribe = lambda: None
        if self._path is not None:
            self._path.close()
            self._path = None
