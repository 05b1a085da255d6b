"""The sending side of a lesson: a distribution for each rendition, and the reports that all connections owe.

One timer serves all connections, a tenth of them at a time, so that a student who only waits costs next to nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import Final

from classroom.common.alarms import Alarm, Alarms
from classroom.common.clock import Clock
from classroom.common.sentences import Wording
from classroom.common.tasks import run_supervised
from classroom.media.fanout import Fanout
from classroom.media.frames import Demand
from classroom.webrtc.aiortc_names import missing
from classroom.webrtc.sending.connection import RtpConnection
from classroom.webrtc.sending.distribution import SLICE, Distribution

__all__ = ["Transmitter", "transmitter_or_alarm"]

logger = logging.getLogger(__name__)

_REPORT_EVERY: Final = 1.0
_TURNS: Final = 10
"""Parts into which the connections are divided; one of them reports every 100 ms."""

_PUBLIC_PATH: Final = Wording(
    "rtp.public_path",
    "Classroom is not adapted to this version of aiortc, so fewer students can watch and pictures recover "
    "more slowly. Install the versions in requirements.lock.",
)


class Transmitter:
    """Owns what sends. ``close`` ends it; until then it sends to whoever has a stream on one of its lines."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        # Set once: a wall clock that is put right in the middle of a lesson must not part sound from picture.
        self._wall_at_zero = time.time() - clock.now()
        self._distributions: dict[Fanout, Distribution] = {}
        self._turns: list[dict[RtpConnection, None]] = [{} for _ in range(_TURNS)]
        self._stack = contextlib.AsyncExitStack()
        self._reporting = False

    def line(self) -> RtpConnection:
        """A line for a new connection."""
        if not self._reporting:
            self._reporting = True
            run_supervised(self._stack, "sender reports", self._report)
        turn = min(self._turns, key=len)
        line = RtpConnection(now=self._clock.now, wall=self._wall, ended=lambda line: turn.pop(line, None))
        turn[line] = None
        return line

    def distribution(self, fanout: Fanout, demand: Demand) -> Distribution:
        """What sends the packets of a fan-out to all who want them."""
        distribution = self._distributions.get(fanout)
        if distribution is None:
            distribution = self._distributions[fanout] = Distribution(fanout, demand, self._clock)
            run_supervised(self._stack, f"distribution of {fanout.codec}", distribution.run)
        return distribution

    async def close(self) -> None:
        """Send no more."""
        await self._stack.aclose()

    def _wall(self, now: float) -> float:
        return self._wall_at_zero + now

    async def _report(self) -> None:
        turn = 0
        while True:
            await asyncio.sleep(_REPORT_EVERY / _TURNS)
            began = self._clock.now()
            lines = list(self._turns[turn])
            lines += [line for each in self._turns if each is not self._turns[turn] for line in each if line.due]
            for line in lines:
                line.report()
                if self._clock.now() - began > SLICE:
                    await asyncio.sleep(0)
                    began = self._clock.now()
            turn = (turn + 1) % _TURNS


def transmitter_or_alarm(clock: Clock, alarms: Alarms) -> Transmitter | None:
    """A transmitter; None and an alarm where aiortc is not the one that is known here. Wants a running event loop."""
    absent = missing()
    if not absent:
        return Transmitter(clock)
    logger.warning("packets go the public way of aiortc, for these are missing: %s", ", ".join(absent))
    alarms.put(Alarm("rtp.public_path", _PUBLIC_PATH()))
    return None
