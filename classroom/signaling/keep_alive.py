"""TCP keep-alive, for connections on which nothing happens for hours and whose end must be noticed all the same."""

from __future__ import annotations

import asyncio
import logging
import socket

__all__ = ["keep_alive"]

logger = logging.getLogger(__name__)


def keep_alive(transport: asyncio.BaseTransport) -> None:
    """Let the system find out that the other end is gone: a hanging wait of a dead machine would stay for ever.

    With these numbers it takes about a minute. Where the system lacks an option, its own default stays.
    """
    sock = transport.get_extra_info("socket")
    if sock is None:
        return
    options = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
    for name, value in (("TCP_KEEPIDLE", 20), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 4)):
        number = getattr(socket, name, None)
        if number is not None:
            options.append((socket.IPPROTO_TCP, number, value))
    for level, number, value in options:
        try:
            sock.setsockopt(level, number, value)
        except OSError as error:
            logger.debug("no keep-alive option %s here: %s", number, error)
