"""One connection as a way out for packets: SRTP's keys, the path that ICE chose, and what comes back."""

from __future__ import annotations

import logging
from collections.abc import Callable

from aiortc import RTCDtlsTransport

from classroom.peers.datagram import Path, open_path
from classroom.peers.header import Layouts
from classroom.peers.rtcp import Heard
from classroom.peers.rtp import Srtp, SrtpFault, chosen_path, hear_directly, waiting_in

__all__ = ["Link"]

logger = logging.getLogger(__name__)


class Link:
    """Sends the packets of all streams of one connection, protected. Made when the connection stands.

    ``hear`` is given what the RTCP says that comes in.
    """

    def __init__(self, transport: RTCDtlsTransport, hear: Callable[[Heard], None]) -> None:
        self._transport = transport
        self._hear = hear
        self._deafen: Callable[[], None] = lambda: None
        self._srtp = Srtp(transport)
        self._chosen: object = None
        self._path: Path | None = None
        self._closed = False
        self.refresh()

    @property
    def ready(self) -> bool:
        """Whether packets can be sent now."""
        return self._path is not None

    def refresh(self) -> None:
        """Follow ICE, which may choose another path at any time."""
        chosen = None if self._closed or self._transport.state != "connected" else chosen_path(self._transport)
        if chosen == self._chosen:
            return
        self._leave()
        self._chosen = chosen
        if chosen is not None:
            self._path = open_path(*chosen, waiting_in(chosen[0]))
            self._deafen = hear_directly(self._transport, self._hear)

    def send(
        self, layouts: Layouts, *, payload_type: int, sequence: int, stamp: int, ssrc: int, extensions: bytes
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
            self._give_up(fault)
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

    def _give_up(self, fault: SrtpFault) -> None:
        logger.error("a connection sends no more: %s", fault)
        self.close()

    def _leave(self) -> None:
        self._deafen()
        self._deafen = lambda: None
        if self._path is not None:
            self._path.close()
            self._path = None
