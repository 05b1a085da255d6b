"""How a connection ends: closed to the end, whoever else closes it, and within a bounded time."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from aiortc import RTCPeerConnection

__all__ = ["close_fully"]

logger = logging.getLogger(__name__)

_CLOSE_WITHIN: Final = 5.0
"""Seconds that a connection has to close; it takes a millisecond, or a second where a relay does not answer."""


async def close_fully(connection: RTCPeerConnection) -> None:
    """Close a connection to the end, also when cancelled meanwhile.

    aiortc closes by itself as well when the peer's end is gone, and whoever comes second waits for a future that a
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
        # Where aiortc's own closing was broken off, its future never comes; nobody is to wait for that.
        closing.cancel()
        logger.error("a connection did not close within %g s and is left to itself", _CLOSE_WITHIN)
    if cancelled:
        raise asyncio.CancelledError
