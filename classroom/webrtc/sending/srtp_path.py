"""One connection as a way out for packets: SRTP's keys, the path that ICE chose, and what comes back."""

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
sparing = LimitedLog(logger, lines=1)

_MOST_FAILURES: Final = 200
_FAILING_WITHIN: Final = 2.0
"""Packets that cannot be protected in so many seconds after which a connection sends no more."""


class SrtpPath:
    """Sends the packets of all streams of one connection, protected. Made when the connection stands.

    ``hear`` is given what the RTCP says that comes in.
    """

    def __init__(self, transport: RTCDtlsTransport, hear: Callable[[RtcpMessage], None]) -> None:
        self._transport = transport
        self._hear = hear
        self._deafen: Callable[[], None] = lambda: None
        self._srtp = Srtp(transport)
        self._chosen: object = None
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
        """Follow ICE, which may choose another path at any time."""
        chosen = None if self._closed or self._transport.state != "connected" else selected_path(self._transport)
        if chosen == self._chosen:
            return
        self._leave()
        self._chosen = chosen
        if chosen is not None:
            self._path = open_path(*chosen, queued_bytes(chosen[0]))
            self._deafen = intercept_rtcp(self._transport, self._hear)

    def send(
        self, layouts: PacketTemplates, *, payload_type: int, sequence: int, stamp: int, ssrc: int, extensions: bytes
    ) -> tuple[int, int]:
        """Send a portion of a frame; how many packets and octets of payload that was, (0, 0) where it cannot be."""
        path = self._path
        if path is None:
            return 0, 0
        srtp = self._srtp
        try:
            for _ in range(2):
                layout = layouts.get(len(extensions), srtp.tag)
                sealed = srtp.seal(
                    layout,
                    payload_type=payload_type,
                    sequence=sequence,
                    stamp=stamp,
                    ssrc=ssrc,
                    extensions=extensions,
                )
                if sealed is not None:
                    path.send(sealed, layout.runs)
                    return len(layout.packets), layout.octets
        except SrtpFault as fault:
            self._leave_out(fault)
        return 0, 0

    def report(self, report: bytes) -> None:
        """Send an RTCP packet."""
        if self._path is None:
            return
        try:
            sealed = self._srtp.seal_report(report)
        except SrtpFault as fault:
            self._give_up(fault)
        else:
            self._path.send(memoryview(sealed), [(0, len(sealed), len(sealed))])

    def close(self) -> None:
        """Send no more. May be called again."""
        self._closed = True
        self._chosen = None
        self._leave()

    def _leave_out(self, fault: SrtpFault) -> None:
        """One packet that cannot be protected, as one that is too old, ends nothing; many in a row are no accident."""
        now = time.monotonic()
        if now - self._failing_since > _FAILING_WITHIN:
            self._failing_since, self._failures = now, 0
        self._failures += 1
        sparing.warn("a packet is left out: %s", fault)
        if self._failures >= _MOST_FAILURES:
            self._give_up(fault)

    def _give_up(self, fault: SrtpFault) -> None:
        logger.error("a connection sends no more: %s", fault)
        self.close()

    def _leave(self) -> None:
        self._deafen()
        self._deafen = lambda: None
        if self._path is not None:
            self._path.close()
            self._path = None
