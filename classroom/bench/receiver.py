"""One student's end that costs almost nothing: connected by aiortc's ICE and DTLS, then read from its plain socket.

It counts headers and decrypts nothing, except in a receiver that keeps its packets for a later look. It sends reports
once a second. To get socket and keys it uses the inside of aiortc as ``webrtc/aiortc_internals.py`` does, for
measurements only.
"""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import time
from collections.abc import Callable
from typing import Any, Final

from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from classroom.bench.tally import Tally, key_frame_request, receiver_report, sender_reports
from classroom.webrtc.aiortc_internals import selected_path

__all__ = ["Receiver"]

_HEADER: Final = struct.Struct("!BBHII")
_BUFFER: Final = 2048
_ROOM: Final = 4 * 1024 * 1024
"""Bytes of a socket's buffer. Few processes read the sockets of a whole class, each at its own pace."""


class Receiver:
    """A connection that takes an offer. ``now`` is in seconds of a clock that all processes share.

    ``keeps`` says whether it keeps decrypted packets in ``kept``, with the time at which they were read.
    """

    def __init__(self, *, estimate: int, keeps: bool, now: Callable[[], float] = time.monotonic) -> None:
        self.tallies: dict[int, Tally] = {}
        self.pictures: set[int] = set()
        self.kept: list[tuple[float, bytes]] = []
        self._estimate = estimate
        self._keeps = keeps
        self._now = now
        self._ssrc = random.getrandbits(32)
        self._heard: dict[int, tuple[int, float]] = {}
        self._buffer = bytearray(_BUFFER)
        self._view = memoryview(self._buffer)
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
        self._dtls: Any = None
        self._protocol: Any = None
        self.socket: socket.socket | None = None
        self.connected: float | None = None

    async def answer(self, offer: str, taken: Callable[[Receiver], None]) -> str:
        """Answer. ``taken`` is called once it is connected. From then on ``drain`` must read its socket."""
        connection = self._connection
        await connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        for transceiver in connection.getTransceivers():
            # Each of aiortc's own receivers would start a thread to decode.
            transceiver.receiver.receive = _nothing  # type: ignore[method-assign,assignment]
            transceiver.receiver.stop = _nothing  # type: ignore[method-assign]
        self._dtls = connection.getTransceivers()[0].receiver.transport
        # Packets that come before the socket is taken pass through aiortc, and are counted in the same way.
        self._dtls._handle_rtp_data = self._early
        self._dtls._handle_rtcp_data = self._early_report

        def changed() -> None:
            if connection.connectionState == "connected" and self.socket is None:
                self._take()
                taken(self)

        connection.on("connectionstatechange", changed)
        await connection.setLocalDescription(await connection.createAnswer())
        self.pictures = _picture_ssrcs(offer)
        return connection.localDescription.sdp

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.close()

    def drain(self) -> None:
        """Read and count everything that waits in the socket."""
        if self.socket is None:
            return
        receive, buffer, unpack = self.socket.recvfrom_into, self._buffer, _HEADER.unpack_from
        now = self._now()
        while True:
            try:
                size, address = receive(buffer)
            except (BlockingIOError, OSError):
                return
            if size >= 12 and 128 <= buffer[0] < 192:
                _, kind, sequence, _, ssrc = unpack(buffer)
                if 192 <= kind <= 223:
                    self._report(self._dtls._rx_srtp.unprotect_rtcp(bytes(self._view[:size])), now)
                    continue
                tally = self.tallies.get(ssrc)
                if tally is None:
                    tally = self.tallies[ssrc] = Tally()
                tally.count(sequence, kind >= 128 and ssrc in self.pictures, size, now)
                if self._keeps:
                    self.kept.append((now, self._dtls._rx_srtp.unprotect(bytes(self._view[:size]))))
            else:
                self._protocol.datagram_received(bytes(self._view[:size]), address)

    def report(self) -> None:
        """Report what came, as a browser does about once a second."""
        path = selected_path(self._dtls) if self.socket is not None and self._dtls.state == "connected" else None
        if path is None:
            return
        now = self._now()
        blocks = []
        for ssrc, tally in self.tallies.items():
            middle, at = self._heard.get(ssrc, (0, now))
            blocks.append(tally.block(ssrc, last_report=middle, delay=now - at))
        said = receiver_report(self._ssrc, blocks, estimate=self._estimate, ssrcs=sorted(self.pictures))
        for ssrc in self.pictures:
            picture = self.tallies.get(ssrc)
            # Without a whole first picture a browser shows none of the later ones, and requests a key frame.
            if picture is not None and picture.first_frame is None and picture.lost > 0:
                said += key_frame_request(self._ssrc, ssrc)
                picture.begin_again()
        transport, address = path
        transport.sendto(self._dtls._tx_srtp.protect_rtcp(said), address)

    def _take(self) -> None:
        """Take the socket that ICE chose away from asyncio, and read it from now on."""
        path = selected_path(self._dtls)
        assert path is not None, "a connection that stands has a path"
        transport, _ = path
        self._protocol = transport.get_protocol()
        sock = transport.get_extra_info("socket")
        loop: Any = asyncio.get_running_loop()
        loop._remove_reader(sock.fileno())
        self.socket = sock._sock if hasattr(sock, "_sock") else sock
        assert self.socket is not None
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _ROOM)
        self.connected = self._now()

    async def _early(self, data: bytes, arrival_time_ms: int) -> None:
        _, kind, sequence, _, ssrc = _HEADER.unpack_from(data)
        now = self._now()
        tally = self.tallies.setdefault(ssrc, Tally())
        tally.count(sequence, kind >= 128 and ssrc in self.pictures, len(data), now)
        if self._keeps:
            self.kept.append((now, data))

    async def _early_report(self, data: bytes) -> None:
        self._report(data, self._now())

    def _report(self, data: bytes, now: float) -> None:
        for ssrc, middle in sender_reports(data).items():
            self._heard[ssrc] = (middle, now)


async def _nothing(*_: object) -> None:
    pass


def _picture_ssrcs(offer: str) -> set[int]:
    """The SSRCs of the first picture section of an offer."""
    found: set[int] = set()
    for section in offer.split("\nm=")[1:]:
        if section.startswith("video"):
            found |= {int(line[7:].split()[0]) for line in section.splitlines() if line.startswith("a=ssrc:")}
    return found
