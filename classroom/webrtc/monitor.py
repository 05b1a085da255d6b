"""The teacher's copy of the program, sent as to a student, but negotiated over the control websocket."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from classroom.common.errors import CommandError, WireError
from classroom.common.tasks import end
from classroom.webrtc.description import Candidate
from classroom.webrtc.messages import (
    OVER,
    UNUSABLE,
    Answer,
    Bye,
    KeyFrameWanted,
    Offer,
    RestartWanted,
    Tell,
    ToTeacher,
    read,
)
from classroom.webrtc.viewer import Viewer

__all__ = ["ProgramMonitor", "ViewerFactory"]

logger = logging.getLogger(__name__)

ViewerFactory = Callable[[str, Callable[[Offer], Awaitable[None]]], Viewer]
"""Makes a viewer with this name, which sends its offers by this function."""

_MEASURE_INTERVAL: Final = 2.0


class ProgramMonitor:
    """One monitor, which starts at once. ``tell`` gives the teacher's client the messages of the viewer."""

    def __init__(self, *, make_viewer: ViewerFactory, tell: Tell) -> None:
        self._tell = tell
        self._viewer = make_viewer("monitor", self._send)
        self._task = asyncio.create_task(self._run(), name="monitor")
        self._task.add_done_callback(_report)

    def take(self, message: Mapping[str, object]) -> None:
        """Read a message of the client. Raises CommandError when it cannot be read or comes too late."""
        try:
            parsed = read(message)
        except WireError as fault:
            raise CommandError.not_possible(UNUSABLE(fault=str(fault))) from fault
        if self._task.done():
            raise CommandError.not_possible(OVER())
        if isinstance(parsed, Answer | Candidate | Bye | KeyFrameWanted | RestartWanted):
            self._viewer.deliver(parsed)

    def tell(self, message: ToTeacher) -> None:
        """Send a message to the client."""
        self._tell(message)

    async def close(self) -> None:
        """End the connection."""
        await end(self._task)

    async def _run(self) -> None:
        measuring = asyncio.create_task(self._measure(), name="monitor's reports")
        try:
            await self._viewer.run()
        finally:
            await end(measuring)

    async def _measure(self) -> None:
        while True:
            await asyncio.sleep(_MEASURE_INTERVAL)
            await self._viewer.measure()

    async def _send(self, offer: Offer) -> None:
        self._tell(offer)


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (fault := task.exception()) is not None:
        logger.error("the monitor ended by a fault of its own", exc_info=fault)
