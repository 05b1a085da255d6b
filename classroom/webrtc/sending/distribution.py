"""Sends one rendition to all students who watch it: subscribed to once, packetized once, sent to each in turn.

No student waits for another: a full socket loses packets, which its receiver asks for again, and after some
milliseconds of sending the event loop gets its turn. Sound has a distribution of its own, so the portions of a picture
do not delay it.
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
from classroom.webrtc.rtp.send_jitter import SendJitter
from classroom.webrtc.sending.stream import Stream

__all__ = ["SLICE", "Distribution"]

logger = logging.getLogger(__name__)
limited_log = LimitedLog(logger, lines=1)

SLICE: Final = 0.002
"""Seconds of sending after which other tasks of the event loop get their turn."""

_STALE: Final = 0.3
"""Seconds without a frame after which the frames before it no longer show the program."""

_MOST_OCTETS: Final = 250_000
"""Octets of recent frames that a new student is sent at most: about a second of the program."""

_CATCH_UP_INTERVAL: Final = 0.01
"""Seconds between two portions of the recent frames, of about 36 kB each: no network has to queue more."""


@dataclass(slots=True)
class _Recipient:
    """How far one student has been sent a frame: this many portions, from a first sequence number on."""

    sequence: int
    stamp: int
    portions: int = 0


class _CatchUp:
    """Recent frames that a new student is sent before live ones; ``handle`` is the timer of the next portion."""

    def __init__(self, frames: Iterable[RtpFrame]) -> None:
        self.frames = deque(frames)
        self.handle: asyncio.TimerHandle | None = None

    def cancel(self) -> None:
        if self.handle is not None:
            self.handle.cancel()


class Distribution:
    """The students of one fan-out. ``run`` sends until the program ends; the encoder runs only while there are any."""

    def __init__(self, fanout: Fanout, demand: Demand, clock: Clock) -> None:
        self.demand = demand
        self.jitter = SendJitter()
        self._fanout = fanout
        self._clock = clock
        self._streams: dict[Stream, None] = {}
        self._catching_up: dict[Stream, _CatchUp] = {}
        self._frame: RtpFrame | None = None
        self._recipients: dict[Stream, _Recipient] = {}  # of the frame that is being sent
        self._cache = PacketCache()
        self._wanted = asyncio.Event()
        self._subscription: Subscription | None = None
        self._left = False

    @property
    def bit_rate(self) -> float:
        """Bits a second of the last two seconds."""
        return self._cache.bit_rate

    def add(self, stream: Stream) -> None:
        """Send to this stream as well: the frames since the last key frame, else from the next one on.

        When a whole class joins, one key frame is enough for all, and the picture stays good for the others.
        """
        self._streams[stream] = None
        self._wanted.set()
        self.bit_rate_requested()
        recent = [] if stream.begun else self._recent()
        if recent:
            self._catching_up[stream] = _CatchUp(recent)
            self._catch_up(stream)
        else:
            self.demand.key_frame()

    def remove(self, stream: Stream) -> None:
        """Send to this stream no more, except the rest of a frame that it has partly received. May be called again.

        The stream may continue with packets of another rendition, which follow those of that frame.
        """
        self._streams.pop(stream, None)
        catch_up = self._catching_up.pop(stream, None)
        if catch_up is not None:
            catch_up.cancel()
        recipient = self._recipients.pop(stream, None)
        if recipient is not None and self._frame is not None:
            self._send_rest(stream, self._frame, recipient)
        if self._streams:
            self.bit_rate_requested()
            return
        self._wanted.clear()
        if self._subscription is not None:
            self._left = True
            self._subscription.close()

    def bit_rate_requested(self) -> None:
        """Read the bit rates that the streams request; the encoder follows when all of them request less."""
        if self._subscription is None:
            return
        requests = [stream.requested_bit_rate for stream in self._streams]
        limits = [bit_rate for bit_rate in requests if bit_rate is not None]
        self._subscription.requested_bit_rate = max(limits) if limits and len(limits) == len(requests) else None

    def _recent(self) -> list[RtpFrame]:
        """The frames that a new student needs to see the program now; none where they are too old or too many."""
        frames = self._cache.since_key_frame()
        if (
            self._subscription is None
            or not frames
            or self._clock.now() - frames[-1].captured > _STALE
            or sum(frame.octets for frame in frames) > _MOST_OCTETS
        ):
            return []
        return frames

    def _catch_up(self, stream: Stream) -> None:
        """Send a new student the next portion of the recent frames, until it has all of them."""
        catch_up = self._catching_up[stream]
        try:
            self._send_recent(stream, catch_up)
        except Exception as fault:  # noqa: BLE001 - as in _deliver
            _report(fault)
            catch_up.frames.clear()
        if catch_up.frames:
            catch_up.handle = asyncio.get_running_loop().call_later(_CATCH_UP_INTERVAL, self._catch_up, stream)
        else:
            del self._catching_up[stream]

    def _send_recent(self, stream: Stream, catch_up: _CatchUp) -> None:
        packets = 0
        while catch_up.frames and packets < BURST:
            frame = catch_up.frames.popleft()
            accepted = stream.accept(self, frame, self._cache)
            if accepted is None:
                # Its connection is not ready yet, so the frames that follow would be of no use.
                catch_up.frames.clear()
                self.demand.key_frame()
                break
            self._send_rest(stream, frame, _Recipient(*accepted))
            packets += len(frame.payloads)

    def _send_rest(self, stream: Stream, frame: RtpFrame, recipient: _Recipient) -> None:
        sent = send_time(self._clock.now())
        for portion in frame.portions[recipient.portions :]:
            stream.send(_templates(frame, portion), recipient.sequence + portion.first, recipient.stamp, sent)

    async def run(self) -> None:
        """Send until the program ends."""
        self._left = True
        while self._left:
            await self._wanted.wait()
            if not self._streams:
                continue  # the student has left already
            self._left = False
            async with self._fanout.subscribe() as packets:
                self._subscription = packets
                self.bit_rate_requested()
                try:
                    async for encoded in packets:
                        if payloads := packetize(encoded.codec, bytes(encoded.packet)):
                            await self._deliver(self._keep(encoded, payloads))
                finally:
                    self._subscription = None

    def _keep(self, encoded: Encoded, payloads: Sequence[bytes]) -> RtpFrame:
        pts = encoded.packet.pts
        assert pts is not None, "encoders stamp what they make"
        return self._cache.add(payloads=payloads, pts=pts, captured=encoded.captured, key=encoded.key)

    async def _deliver(self, frame: RtpFrame) -> None:
        """Send a frame to all; a large one in portions, the first of which decides which students get it."""
        clock = self._clock
        self._frame, self._recipients = frame, {}
        turn = began = clock.now()
        self.jitter.add(began - frame.captured, began)
        for portion in frame.portions:
            if portion.first and (pause := began + portion.after - clock.now()) > 0:
                await asyncio.sleep(pause)
                turn = clock.now()
            templates, now = _templates(frame, portion), clock.now()
            for stream in tuple(self._recipients if portion.first else self._streams):
                if not portion.first and stream in self._catching_up:
                    self._catching_up[stream].frames.append(frame)
                    continue
                try:
                    recipient = self._recipients.get(stream) if portion.first else self._accepted(stream, frame)
                    if recipient is None:
                        continue
                    # Stamped for each as it leaves: time spent on others must not look like a queue of the network.
                    stream.send(templates, recipient.sequence + portion.first, recipient.stamp, send_time(now))
                    recipient.portions += 1
                except Exception as fault:  # noqa: BLE001 - what fails for one student must not fail for those after it
                    _report(fault)
                now = clock.now()
                if now - turn > SLICE:
                    await asyncio.sleep(0)
                    turn = now = clock.now()
        self._recipients = {}

    def _accepted(self, stream: Stream, frame: RtpFrame) -> _Recipient | None:
        """Ask a student, just before it is sent to, whether it takes a frame."""
        accepted = stream.accept(self, frame, self._cache)
        if accepted is None:
            return None
        recipient = self._recipients[stream] = _Recipient(*accepted)
        return recipient


def _report(fault: Exception) -> None:
    limited_log.warn("a student could not be sent to: %s", type(fault).__name__)
    logger.debug("a student could not be sent to", exc_info=fault)


def _templates(frame: RtpFrame, portion: Portion) -> PacketTemplates:
    return PacketTemplates(frame.payloads[portion.first : portion.end], ends=portion.end == len(frame.payloads))
