"""The fan-out: one encoder's packets to all subscribers, of any kind.

It knows nobody: a student's connection and a recorder are subscribers alike. Each has a bounded queue; one that
cannot follow skips to the next key frame and delays nobody.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Final

from classroom.media.frames import Codec, Demand, Encoded

__all__ = ["LIMIT", "Fanout", "Subscription", "SubscriptionClosed"]

_log = logging.getLogger(__name__)

LIMIT: Final = 15
"""Packets that may wait for a subscriber: half a second of pictures."""

_LINGER: Final = 2.0
"""Seconds an encoder runs on after its last subscriber, so that a reconnect does not start it again."""

_IN_FLIGHT: Final = 60
"""Packets that may be on their way from the encoder's thread to an event loop that is held up."""


class SubscriptionClosed(Exception):
    """The end of a subscription: it was closed, or the program ended."""


class Subscription:
    """One subscriber's packets. All methods belong to the event loop.

    >>> async with fanout.subscribe() as packets:  # doctest: +SKIP
    ...     async for encoded in packets:
    ...         send(encoded)
    """

    def __init__(
        self,
        *,
        limit: int,
        demand: Demand,
        leave: Callable[[Subscription], None],
        bit_rate_requested: Callable[[], None],
    ) -> None:
        self._limit = limit
        self._demand = demand
        self._leave = leave
        self._bit_rate_requested = bit_rate_requested
        self._requested_bit_rate: float | None = None
        self._waiting: deque[Encoded] = deque()
        self._arrived = asyncio.Event()
        self._needs_key = True
        self._closed = False
        self.dropped = 0

    async def get(self) -> Encoded:
        """The next packet; the first one, and the one after a gap, is a key frame.

        SubscriptionClosed after ``close``, at once, also for one who waits already.
        """
        while not self._waiting:
            if self._closed:
                raise SubscriptionClosed
            self._arrived.clear()
            await self._arrived.wait()
        return self._waiting.popleft()

    def close(self) -> None:
        """Unsubscribe and forget what waits. May be called again."""
        if self._closed:
            return
        self._closed = True
        self._waiting.clear()
        self._arrived.set()
        self._leave(self)

    @property
    def requested_bit_rate(self) -> float | None:
        """Bits a second with which this subscriber would be content; None, as at first, is all that is planned.

        The encoder follows it when all subscribers ask for less.
        """
        return self._requested_bit_rate

    @requested_bit_rate.setter
    def requested_bit_rate(self, bit_rate: float | None) -> None:
        if bit_rate != self._requested_bit_rate:
            self._requested_bit_rate = bit_rate
            self._bit_rate_requested()

    def put(self, encoded: Encoded) -> None:
        """Take a packet from the fan-out, or drop it."""
        if self._needs_key and not encoded.key:
            self.dropped += 1
            return
        if len(self._waiting) >= self._limit:
            self.dropped += len(self._waiting)
            self._waiting.clear()
            if not encoded.key:
                self.dropped += 1
                self._needs_key = True
                self._demand.key_frame()
                return
        self._needs_key = False
        self._waiting.append(encoded)
        self._arrived.set()

    async def __aenter__(self) -> Subscription:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    async def __aiter__(self) -> AsyncIterator[Encoded]:
        while True:
            try:
                encoded = await self.get()
            except SubscriptionClosed:
                return
            yield encoded


class Fanout:
    """Hands the packets of one encoder to every subscription.

    ``publish`` may be called in any thread, everything else belongs to the event loop. ``on_first`` is called with the
    first subscriber, ``on_last`` two seconds after the last one left. ``on_bit_rate_request`` is called with the
    largest bit rate that a subscriber requests, whenever that changed; None means that one wants the full rate.
    """

    def __init__(
        self,
        *,
        codec: Codec,
        demand: Demand,
        loop: asyncio.AbstractEventLoop,
        on_first: Callable[[], None],
        on_last: Callable[[], None],
        on_bit_rate_request: Callable[[float | None], None] = lambda _: None,
        linger: float = _LINGER,
    ) -> None:
        self.codec = codec
        self._demand = demand
        self._loop = loop
        self._on_first = on_first
        self._on_last = on_last
        self._on_bit_rate_request = on_bit_rate_request
        self._largest: float | None = None
        self._linger = linger
        self._subscriptions: set[Subscription] = set()
        self._leaving: asyncio.TimerHandle | None = None
        self._running = False
        self._lock = threading.Lock()
        self._in_flight = 0
        self._torn = False
        self.published = 0
        self.lost = 0

    @property
    def subscribers(self) -> int:
        """How many subscribe."""
        return len(self._subscriptions)

    def subscribe(self, limit: int = LIMIT) -> Subscription:
        """A new subscription, which starts at a key frame; ``limit`` packets may wait in it."""
        if limit < 1:
            raise ValueError("a subscription must hold at least one packet")
        subscription = Subscription(
            limit=limit, demand=self._demand, leave=self._left, bit_rate_requested=self._bit_rate_requested
        )
        self._subscriptions.add(subscription)
        self._bit_rate_requested()
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None
        if not self._running:
            self._running = True
            self._on_first()
        self._demand.key_frame()
        return subscription

    def publish(self, encoded: Encoded) -> None:
        """Hand a packet to all subscribers, soon, in the event loop. Never blocks; any thread.

        When the loop is held up for so long that 60 packets are on their way, the next ones are dropped up to a key
        frame. After the loop has closed, nothing happens.
        """
        with self._lock:
            if self._in_flight >= _IN_FLIGHT or (self._torn and not encoded.key):
                self.lost += 1
                first, self._torn = not self._torn, True
            else:
                first, self._torn = False, False
                self._in_flight += 1
            torn = self._torn
        if first:
            _log.warning("The event loop is held up: %s packets are dropped.", self.codec)
        if torn:
            self._demand.key_frame()
            return
        try:
            self._loop.call_soon_threadsafe(self._deliver, encoded)
        except RuntimeError:  # the loop is closed: the program is over, and nobody is left to miss this
            with self._lock:
                self._in_flight -= 1

    def close(self) -> None:
        """End every subscription and the encoder, at once."""
        for subscription in list(self._subscriptions):
            subscription.close()
        if self._leaving is not None:
            self._leaving.cancel()
        self._end()

    def _deliver(self, encoded: Encoded) -> None:
        with self._lock:
            self._in_flight -= 1
        self.published += 1
        for subscription in tuple(self._subscriptions):
            subscription.put(encoded)

    def _left(self, subscription: Subscription) -> None:
        self._subscriptions.discard(subscription)
        self._bit_rate_requested()
        if not self._subscriptions and self._running and self._leaving is None:
            self._leaving = self._loop.call_later(self._linger, self._end)

    def _bit_rate_requested(self) -> None:
        requests = [subscription.requested_bit_rate for subscription in self._subscriptions]
        known = [request for request in requests if request is not None]
        largest = max(known) if known and len(known) == len(requests) else None
        if largest != self._largest:
            self._largest = largest
            self._on_bit_rate_request(largest)

    def _end(self) -> None:
        self._leaving = None
        if self._running and not self._subscriptions:
            self._running = False
            self._on_last()
