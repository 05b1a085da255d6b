"""Alarms about clients that exceed the limits of a lesson, for as long as it lasts.

A client at a limit disturbs nobody, but a teacher who knows the address can find the computer, or raise a limit that is
too low for the class.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from classroom.common.alarms import Alarm, Alarms
from classroom.common.sentences import Wording
from classroom.common.throttle import limit_key

__all__ = ["LimitAlarms"]

_CODE: Final = "limits.exceeded"
_ONE: Final = Wording(
    "limits.one_address",
    "{address} keeps exceeding the limits of this lesson and is slowed down. If that is your own class, "
    "raise the limit that the log names.",
)
_MANY: Final = Wording(
    "limits.many_addresses",
    "{count} addresses keep exceeding the limits of this lesson and are slowed down, most of all {address}.",
)

_ENOUGH: Final = 5
"""Times in a row that raise an alarm; a class that joins all at once may exceed a limit once or twice."""

_FORGOTTEN_AFTER: Final = 60.0
"""Seconds without another time after which an address is forgotten."""

_LOOK_EVERY: Final = 2.0
_ADDRESSES: Final = 256
"""Addresses that are remembered; the one that exceeded a limit longest ago is forgotten first."""


@dataclass(slots=True)
class _Over:
    address: str
    last: float
    times: int = 0


class LimitAlarms:
    """Counts by address; an IPv6 network of 64 bits is one. The alarm is cleared automatically."""

    def __init__(self, alarms: Alarms) -> None:
        self._alarms = alarms
        self._over: OrderedDict[str, _Over] = OrderedDict()
        self._timer: asyncio.TimerHandle | None = None

    def count(self, address: str) -> None:
        """Note that a client at this address exceeded a limit, and was refused or delayed for it."""
        if not address:  # it has gone already
            return
        loop = asyncio.get_running_loop()
        who = limit_key(address)
        over = self._over.pop(who, None) or _Over(address, loop.time())
        over.address, over.last, over.times = address, loop.time(), over.times + 1
        self._over[who] = over
        if len(self._over) > _ADDRESSES:
            self._over.popitem(last=False)
        if self._timer is None:
            self._timer = loop.call_later(_LOOK_EVERY, self._look)

    def close(self) -> None:
        """Stop watching."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        while self._over and now - next(iter(self._over.values())).last > _FORGOTTEN_AFTER:
            self._over.popitem(last=False)
        loud = [each for each in self._over.values() if each.times >= _ENOUGH]
        if loud:
            worst = max(loud, key=lambda each: each.times).address
            sentence = _ONE(address=worst) if len(loud) == 1 else _MANY(count=len(loud), address=worst)
            self._alarms.put(Alarm(_CODE, sentence))
        else:
            self._alarms.clear(_CODE)
        self._timer = loop.call_later(_LOOK_EVERY, self._look) if self._over else None
