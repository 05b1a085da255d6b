"""Sends again the packets that one student misses: as a stream of their own (RFC 4588), or under their own number."""

from __future__ import annotations

import random
from collections import deque
from typing import Any, Final

from classroom.webrtc.rtp.feedback import Feedback, Nack, RetransmissionBudget
from classroom.webrtc.rtp.header import HeaderExtensions, PacketTemplates, send_time
from classroom.webrtc.rtp.packet_cache import PacketCache, RtpFrame
from classroom.webrtc.sending.ports import StreamConnection

__all__ = ["Retransmission"]

_SPANS: Final = 16
"""Spans of sequence numbers that are remembered. A new one starts where frames were not sent to this student."""

_WINDOW: Final = 1000
"""Packets back that may be sent again under their own number; SRTP accepts none older than 1024 (aiortc's window)."""

_FULL_LOSS: Final = 0.25
_SOME_LOSS: Final = 0.1
_TOO_MUCH: Final = 0.9
"""The share lost with which a network counts as full; less where the browser's estimate says so as well."""


class Retransmission:
    """The retransmissions of one stream, within a budget.

    ``ssrcs`` are the SSRCs that were offered for the stream and for its retransmissions. ``origin`` is the RTP time of
    presentation time 0. ``feedback`` counts the retransmissions that are refused.
    """

    def __init__(
        self, connection: StreamConnection[Any], *, ssrcs: tuple[int, int], origin: int, feedback: Feedback
    ) -> None:
        self._connection = connection
        self._ssrc, self._rtx_ssrc = ssrcs
        self._origin = origin
        self._feedback = feedback
        # In the lower half: SRTP must not take a lost first packet for one before a wrap.
        self._rtx_next = random.getrandbits(15)
        self._payload_type = 0
        self._rtx_payload_type: int | None = None
        self._extensions = HeaderExtensions({}, mid="", delay=None)
        self._spans: deque[tuple[int, int, PacketCache]] = deque(maxlen=_SPANS)
        self._restamped: deque[tuple[RtpFrame, int]] = deque(maxlen=8)
        self._budget = RetransmissionBudget(now=connection.now())
        self._oldest = 0

    @property
    def ssrc(self) -> int | None:
        """The SSRC of retransmissions; None where they are sent in the stream itself."""
        return None if self._rtx_payload_type is None else self._rtx_ssrc

    def negotiated(self, payload_type: int, rtx_payload_type: int | None, extensions: HeaderExtensions) -> None:
        """Use what the connection agreed on; without ``rtx_payload_type`` packets keep their own numbers."""
        self._payload_type, self._rtx_payload_type = payload_type, rtx_payload_type
        self._extensions = extensions

    def add_span(self, sequence: int, offset: int, cache: PacketCache) -> None:
        """Note that packets from this sequence number on are in the cache under their number plus ``offset``."""
        self._spans.append((sequence, offset, cache))

    def restamped(self, frame: RtpFrame, pts: int) -> None:
        """Note that a frame was sent with another presentation time than its own."""
        self._restamped.append((frame, pts))

    def restart(self, sequence: int) -> None:
        """Forget what is older than this sequence number: it is of another rendition, and of no more use."""
        self._oldest = sequence
        self._budget = RetransmissionBudget(now=self._connection.now())

    def answer(self, nack: Nack, *, following: int, paused: bool) -> None:
        """Send again what a receiver misses; ``following`` is the sequence number of the next packet.

        While the stream is ``paused`` nothing is sent again.
        """
        now = self._connection.now()
        for low_bits in nack.sequence[: self._budget.lookups(len(nack.sequence), now=now)]:
            self._repeat(low_bits, following=following, paused=paused)

    def _repeat(self, low_bits: int, *, following: int, paused: bool) -> None:
        """Send one packet again, if it is in the cache and within the budget."""
        behind = (following - low_bits) & 0xFFFF
        sequence = following - behind
        span = next((span for span in reversed(self._spans) if span[0] <= sequence < following), None)
        if span is None:
            return
        too_old = self._rtx_payload_type is None and behind >= _WINDOW
        if paused or sequence < self._oldest or too_old:
            self._feedback.refused += 1
            return
        _, offset, cache = span
        packet = cache.find(sequence + offset)
        if packet is None:
            return
        now, rate = self._connection.now(), cache.bit_rate
        if not self._budget.allow(len(packet.payload), bit_rate=rate, full=self._is_full(rate), now=now):
            self._feedback.refused += 1
            return
        frame = packet.frame
        pts = next((pts for restamped, pts in self._restamped if restamped is frame), frame.pts)
        payload, payload_type, ssrc, number = packet.payload, self._payload_type, self._ssrc, sequence
        if self._rtx_payload_type is not None:
            # RFC 4588, section 4: the original sequence number precedes the payload.
            payload = (sequence & 0xFFFF).to_bytes(2, "big") + payload
            payload_type, ssrc, number = self._rtx_payload_type, self._rtx_ssrc, self._rtx_next
            self._rtx_next += 1
        self._connection.send(
            PacketTemplates((payload,), ends=packet.last),
            payload_type=payload_type,
            sequence=number,
            stamp=(self._origin + pts) & 0xFFFF_FFFF,
            ssrc=ssrc,
            extensions=self._extensions.pack(send_time(now)),
        )

    def _is_full(self, bit_rate: float) -> bool:
        """Whether the reports show the losses of a network that is sent more than it carries."""
        loss, estimate = self._feedback.loss or 0.0, self._feedback.estimate
        return loss > _FULL_LOSS or (loss > _SOME_LOSS and estimate is not None and estimate < _TOO_MUCH * bit_rate)
