"""The sending side of a lesson: a distribution for each rendition, and the sender reports of all connections.

One timer serves all connections, a tenth of them at a time, so that an idle student costs next to nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Final

from classroom.common.alarms import Alarm, Alarms
from classroom.common.clock import Clock, WallClock
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
"""Groups into which the connections are divided; one of them reports every 100 ms."""

_PUBLIC_PATH: Final = Wording(
    "rtp.public_path",
    "Classroom is not adapted to this version of aiortc, so fewer students can watch and pictures recover "
    "more slowly. Install the versions in requirements.lock.",
)


class Transmitter:
    """Owns the distributions and connections of a lesson, until ``close``."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._wall = WallClock(clock)
        self._distributions: dict[Fanout, Distribution] = {}
        self._turns: list[dict[RtpConnection, None]] = [{} for _ in range(_TURNS)]
        self._stack = contextlib.AsyncExitStack()
        self._reporting = False

    def connection(self) -> RtpConnection:
        """A new connection, which sends its reports until its last stream has stopped."""
        if not self._reporting:
            self._reporting = True
            run_supervised(self._stack, "sender reports", self._report)
        turn = min(self._turns, key=len)
        connection = RtpConnection(now=self._clock.now, wall=self._wall.at, ended=lambda each: turn.pop(each, None))
        turn[connection] = None
        return connection

    def distribution(self, fanout: Fanout, demand: Demand) -> Distribution:
        """The distribution of a fan-out, which is made when it is first asked for."""
        distribution = self._distributions.get(fanout)
        if distribution is None:
            distribution = self._distributions[fanout] = Distribution(fanout, demand, self._clock)
            run_supervised(self._stack, f"distribution of {fanout.codec}", distribution.run)
        return distribution

    async def close(self) -> None:
        """Stop sending."""
        await self._stack.aclose()

    async def _report(self) -> None:
        turn = 0
        while True:
            await asyncio.sleep(_REPORT_EVERY / _TURNS)
            began = self._clock.now()
            own = self._turns[turn]
            connections = list(own)
            connections += [each for others in self._turns if others is not own for each in others if each.due]
            for connection in connections:
                connection.report()
                if self._clock.now() - began > SLICE:
                    await asyncio.sleep(0)
                    began = self._clock.now()
            turn = (turn + 1) % _TURNS


def transmitter_or_alarm(clock: Clock, alarms: Alarms) -> Transmitter | None:
    """A transmitter; None and an alarm where this version of aiortc is not supported. Needs a running event loop."""
    absent = missing()
    if not absent:
        return Transmitter(clock)
    logger.warning("packets are sent by aiortc itself, because these are missing: %s", ", ".join(absent))
    alarms.put(Alarm("rtp.public_path", _PUBLIC_PATH()))
    return None
