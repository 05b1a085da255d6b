"""Closes a connection completely, even where aiortc closes it as well, and within a bounded time."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from aiortc import RTCPeerConnection

__all__ = ["close_fully"]

logger = logging.getLogger(__name__)

_CLOSE_WITHIN: Final = 5.0
"""Seconds that a connection has to close. It needs a millisecond, or a second where a relay does not answer."""


async def close_fully(connection: RTCPeerConnection) -> None:
    """Close a connection completely, even where this call is cancelled.

    aiortc also closes a connection when the peer's end is gone. The second caller then waits for a future, which a
    cancellation would take away from the first.
    """
    loop = asyncio.get_running_loop()
    closing = asyncio.create_task(connection.close(), name="closing a connection")
    end, cancelled = loop.time() + _CLOSE_WITHIN, False
    while not closing.done() and (left := end - loop.time()) > 0:
        try:
            await asyncio.wait({closing}, timeout=left)
        except asyncio.CancelledError:
            cancelled = True
    if closing.done():
        closing.result()
    else:
        # Where aiortc's own close was interrupted, its future never resolves, and no task may wait for it.
        closing.cancel()
        logger.error("a connection did not close within %g s and is left to itself", _CLOSE_WITHIN)
    if cancelled:
        raise asyncio.CancelledError
