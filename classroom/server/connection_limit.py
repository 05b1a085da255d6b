"""Limits the open connections: of all clients together, and of each address."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable

from classroom.common.limited_log import LimitedLog
from classroom.common.throttle import limit_key

__all__ = ["ConnectionLimit"]

logger = logging.getLogger(__name__)


class ConnectionLimit:
    """Counts connections and turns away those over a limit. One may serve several ports.

    Args:
        connections: at a time, of all clients together.
        per_address: at a time, of one address; an IPv6 network of 64 bits counts as one.
        crowd: whether an address stands for many clients, as a proxy does; then only the first limit counts for it.
        over_limit: gets the address that has too many connections; at the total limit, the one that has most.
    """

    def __init__(
        self,
        *,
        connections: int,
        per_address: int,
        crowd: Callable[[str], bool] = lambda address: False,
        over_limit: Callable[[str], None] = lambda address: None,
    ) -> None:
        self._connections = connections
        self._per_address = per_address
        self._crowd = crowd
        self._over_limit = over_limit
        self._looked = 0.0
        self._inside: Counter[str] = Counter()
        self._all = 0
        self._log = LimitedLog(logger)

    @property
    def inside(self) -> int:
        """How many are open."""
        return self._all

    def enter(self, address: str) -> bool:
        """Whether a connection from this IP address is let in now."""
        who = limit_key(address)
        if self._all >= self._connections:
            self._log.warn("more than %d connections: one from %s is turned away", self._connections, address)
            self._report_the_largest()
            return False
        if self._inside[who] >= self._per_address and not self._crowd(address):
            self._log.warn("more than %d connections from %s: one is turned away", self._per_address, address)
            self._over_limit(address)
            return False
        self._all += 1
        self._inside[who] += 1
        return True

    def leave(self, address: str) -> None:
        """A connection from this IP address has ended."""
        who = limit_key(address)
        self._all -= 1
        self._inside[who] -= 1
        if self._inside[who] <= 0:
            del self._inside[who]

    def _report_the_largest(self) -> None:
        """At most once a second: there may be thousands of connections, and of attempts."""
        now = time.monotonic()
        if self._inside and now - self._looked >= 1.0:
            self._looked = now
            self._over_limit(max(self._inside, key=self._inside.__getitem__))
