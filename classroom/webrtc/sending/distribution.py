"""One rendition to all who watch it: subscribed to once, packetised once, sent to one student after the other.

Nobody waits for anybody: a socket that is full loses packets, which its owner asks for again, and after some
milliseconds of sending the event loop gets its turn. Sound has a distribution of its own and is not held up by a
picture's portions.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from classroom.common.clock import Clock
from classroom.common.limited_log import LimitedLog
from classroom.media.fanout import Fanout, Subscription
from classroom.media.frames import Demand, Encoded
from classroom.webrtc.rtp.header import PacketTemplates, send_time
from classroom.webrtc.rtp.pacer import BURST, Portion
from classroom.webrtc.rtp.packet_cache import PacketCache, RtpFrame
from classroom.webrtc.rtp.packetizer import packetize
from classroom.webrtc.sending.stream import Stream

__all__ = ["SLICE", "Distribution"]

logger = logging.getLogger(__name__)
sparing = LimitedLog(logger, lines=1)

SLICE: Final = 0.002
"""Seconds of sending after which others of the event loop get their turn."""

_STALE: Final = 0.3
"""Seconds without a frame after which what came before is not the program any more."""

_MOST_OCTETS: Final = 250_000
"""Octets that a newcomer is sent of what was before it came: about a second of the program."""

_PORTION_EVERY: Final = 0.01
"""Seconds between two portions of that, of about 36 kB: no network has to queue more."""


@dataclass(slots=True)
class _Recipient:
    """What of a frame one student has been sent: so many portions, from a first sequence number on."""

    sequence: int
    stamp: int
    portions: int = 0


class _CatchUp:
    """What a newcomer is still to be sent before it gets what all get; the next portion of it is on its way."""

    def __init__(self, frames: Iterable[RtpFrame]) -> None:
        self.frames = deque(frames)
        self.handle: asyncio.TimerHandle | None = None

    def cancel(self) -> None:
        if self.handle is not None:
            self.handle.cancel()


class Distribution:
    """The students of one fan-out. ``run`` sends until the program ends; the encoder runs only while there is one."""

    def __init__(self, fanout: Fanout, demand: Demand, clock: Clock) -> None:
        self.demand = demand
        self._fanout = fanout
        self._clock = clock
        self._streams: dict[Stream, None] = {}
        self._arriving: dict[Stream, _CatchUp] = {}
        self._frame: RtpFrame | None = None
        self._takers: dict[Stream, _Recipient] = {}  # of the frame that is being sent
        self._history = PacketCache()
        self._wanted = asyncio.Event()
        self._subscription: Subscription | None = None
        self._left = False

    @property
    def bit_rate(self) -> float:
        """Bits a second of the last two seconds."""
        return self._history.bit_rate

    def add(self, stream: Stream) -> None:
        """Send to a student as well: what there is since the last key frame, else from the next one on.

        When a class joins at once, one key frame is enough for all of it, and the picture stays good for the others.
        """
        self._streams[stream] = None
        self._wanted.set()
        self.wished()
        recent = [] if stream.begun else self._recent()
        if recent:
            self._arriving[stream] = _CatchUp(recent)
            self._lead_in(stream)
        else:
            self.demand.key_frame()

    def remove(self, stream: Stream) -> None:
        """Send to it no more, but for the rest of a frame that it has begun to get. One that is not there is no fault.

        It may go on with packets of another rendition, which come after those of that frame.
        """
        self._streams.pop(stream, None)
        arrival = self._arriving.pop(stream, None)
        if arrival is not None:
            arrival.cancel()
        taker = self._takers.pop(stream, None)
        if taker is not None and self._frame is not None:
            self._send_rest(stream, self._frame, taker)
        if self._streams:
            self.wished()
            return
        self._wanted.clear()
        if self._subscription is not None:
            self._left = True
            self._subscription.close()

    def wished(self) -> None:
        """A student wishes for another bit rate than before; the encoder follows when all wish for less."""
        if self._subscription is None:
            return
        wishes = [stream.wish for stream in self._streams]
        known = [wish for wish in wishes if wish is not None]
        self._subscription.wish = max(known) if known and len(known) == len(wishes) else None

    def _recent(self) -> list[RtpFrame]:
        """What a newcomer needs to see the program as it is now; nothing where that is too long ago or too much."""
        frames = self._history.since_key_frame()
        if (
            self._subscription is None
            or not frames
            or self._clock.now() - frames[-1].captured > _STALE
            or sum(frame.octets for frame in frames) > _MOST_OCTETS
        ):
            return []
        return frames

    def _lead_in(self, stream: Stream) -> None:
        """Send a newcomer the next portion of what was before it came, until it has all."""
        arrival = self._arriving[stream]
        try:
            self._lead_on(stream, arrival)
        except Exception as fault:  # noqa: BLE001 - as in _deliver
            _report(fault)
            arrival.frames.clear()
        if arrival.frames:
            arrival.handle = asyncio.get_running_loop().call_later(_PORTION_EVERY, self._lead_in, stream)
        else:
            del self._arriving[stream]

    def _lead_on(self, stream: Stream, arrival: _CatchUp) -> None:
        packets = 0
        while arrival.frames and packets < BURST:
            frame = arrival.frames.popleft()
            accepted = stream.accept(self, frame, self._history)
            if accepted is None:
                # Its connection cannot be sent to yet, so what follows would be of no use.
                arrival.frames.clear()
                self.demand.key_frame()
                break
            self._send_rest(stream, frame, _Recipient(*accepted))
            packets += len(frame.payloads)

    def _send_rest(self, stream: Stream, frame: RtpFrame, taker: _Recipient) -> None:
        sent = send_time(self._clock.now())
        for portion in frame.portions[taker.portions :]:
            stream.send(_layouts(frame, portion), taker.sequence + portion.first, taker.stamp, sent)

    async def run(self) -> None:
        """Send until the program ends."""
        self._left = True
        while self._left:
            await self._wanted.wait()
            if not self._streams:
                continue  # who came has gone before this was noticed
            self._left = False
            async with self._fanout.subscribe() as packets:
                self._subscription = packets
                self.wished()
                try:
                    async for encoded in packets:
                        if payloads := packetize(encoded.codec, bytes(encoded.packet)):
                            await self._deliver(self._keep(encoded, payloads))
                finally:
                    self._subscription = None

    def _keep(self, encoded: Encoded, payloads: Sequence[bytes]) -> RtpFrame:
        pts = encoded.packet.pts
        assert pts is not None, "encoders stamp what they make"
        return self._history.add(payloads=payloads, pts=pts, captured=encoded.captured, key=encoded.key)

    async def _deliver(self, frame: RtpFrame) -> None:
        """Send a frame to all; a large one in portions, the first of which decides who gets it."""
        clock = self._clock
        self._frame, self._takers = frame, {}
        turn = began = clock.now()
        for portion in frame.portions:
            if portion.first and (pause := began + portion.after - clock.now()) > 0:
                await asyncio.sleep(pause)
                turn = clock.now()
            layouts, now = _layouts(frame, portion), clock.now()
            for stream in tuple(self._takers if portion.first else self._streams):
                if not portion.first and stream in self._arriving:
                    self._arriving[stream].frames.append(frame)
                    continue
                try:
                    taker = self._takers.get(stream) if portion.first else self._accepted(stream, frame)
                    if taker is None:
                        continue
                    # Stamped for each as it leaves: the time that those before it took is no queue of the network.
                    stream.send(layouts, taker.sequence + portion.first, taker.stamp, send_time(now))
                    taker.portions += 1
                except Exception as fault:  # noqa: BLE001 - what befalls one student is not to befall those after it
                    _report(fault)
                now = clock.now()
                if now - turn > SLICE:
                    await asyncio.sleep(0)
                    turn = now = clock.now()
        self._takers = {}

    def _accepted(self, stream: Stream, frame: RtpFrame) -> _Recipient | None:
        """Ask a student, just before it is sent to, whether it takes a frame."""
        accepted = stream.accept(self, frame, self._history)
        if accepted is None:
            return None
        taker = self._takers[stream] = _Recipient(*accepted)
        return taker


def _report(fault: Exception) -> None:
    sparing.warn("a student could not be sent to: %s", type(fault).__name__)
    logger.debug("a student could not be sent to", exc_info=fault)


def _layouts(frame: RtpFrame, portion: Portion) -> PacketTemplates:
    return PacketTemplates(frame.payloads[portion.first : portion.end], ends=portion.end == len(frame.payloads))
