"""A track of packets that are encoded already, so that a student needs no encoder.

aiortc packetizes a track's ``av.Packet`` without encoding it again; this is its public interface for that.
"""

from __future__ import annotations

from typing import Any, Literal

import av
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError

from classroom.media.fanout import Fanout, Subscription, SubscriptionClosed

__all__ = ["PacketTrack"]


class PacketTrack(MediaStreamTrack):
    """Picture or sound of the program for one student.

    It subscribes to the fan-out when the first packet is read, which is when the connection is established: only then
    the negotiated codec is known, and an encoder must run for this student.
    """

    def __init__(self, kind: Literal["audio", "video"], fanout: Fanout | None) -> None:
        super().__init__()
        self.kind = kind
        self._fanout = fanout
        self._subscription: Subscription | None = None

    def choose(self, fanout: Fanout) -> None:
        """Set the fan-out; only before the first packet."""
        self._fanout = fanout

    @property
    def dropped(self) -> int:
        """Packets that this student was too slow for."""
        return self._subscription.dropped if self._subscription else 0

    async def recv(self) -> av.Packet[Any]:
        """The next packet; MediaStreamError after stop."""
        if self.readyState != "live" or self._fanout is None:
            raise MediaStreamError
        if self._subscription is None:
            self._subscription = self._fanout.subscribe()
        try:
            return (await self._subscription.get()).packet
        except SubscriptionClosed as ended:
            raise MediaStreamError from ended

    def stop(self) -> None:
        """End the track and its subscription."""
        super().stop()
        if self._subscription is not None:
            self._subscription.close()
