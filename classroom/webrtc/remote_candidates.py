"""Adds the candidates that a peer names to its connection, each in a task of its own and only a bounded number."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from aiortc import RTCPeerConnection

from classroom.common.errors import WireError
from classroom.common.limited_log import LimitedLog
from classroom.webrtc.candidates import MOST_CANDIDATES, read_candidate
from classroom.webrtc.description import BAD_DESCRIPTION, Candidate

__all__ = ["RemoteCandidates", "add_candidate"]

logger = logging.getLogger(__name__)
limited_log = LimitedLog(logger)

_RESOLVE_WITHIN: Final = 5.0
"""Seconds for a candidate with a local name (mDNS), which must be resolved first."""

_LONGEST_FAULT: Final = 200
"""Characters of an error that are logged; some of them are the peer's."""


class RemoteCandidates:
    """The candidates of one peer's connection; ``peer`` names the peer in the log."""

    def __init__(self, peer: str) -> None:
        self._peer = peer
        self._count = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def restart(self) -> None:
        """Count from zero: a new connection has started."""
        self._count = 0

    def add(self, connection: RTCPeerConnection | None, candidate: Candidate) -> None:
        """Add a candidate to a connection that has a remote description; candidates beyond the limit are ignored."""
        if connection is None or connection.remoteDescription is None or not candidate.line:
            return
        self._count += 1
        if self._count > MOST_CANDIDATES:
            return
        work = add_candidate(connection, candidate, peer=self._peer)
        task = asyncio.create_task(work, name=f"candidate of {self._peer}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def cancel(self) -> None:
        """Stop adding, and wait until all tasks have ended."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def add_candidate(connection: RTCPeerConnection, candidate: Candidate, *, peer: str) -> None:
    """Add a candidate; a local name that nothing on this network answers to only costs its time-out.

    The connection is established even so, because the peer's own checks reveal its address.
    """
    try:
        parsed = read_candidate(candidate.line)
        if parsed is not None:
            parsed.sdpMid, parsed.sdpMLineIndex = candidate.mid, candidate.line_index
            await asyncio.wait_for(connection.addIceCandidate(parsed), _RESOLVE_WITHIN)
    except (*BAD_DESCRIPTION, WireError, TimeoutError, OSError) as fault:
        reason = str(fault)[:_LONGEST_FAULT] or type(fault).__name__
        limited_log.warn("a candidate of %s is ignored: %s", peer, reason)
