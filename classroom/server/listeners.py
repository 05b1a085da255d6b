"""Several addresses to listen on, at one port.

IPv4 and IPv6 get a socket each. One socket for both would be shorter, but not every system has that, and it shows
clients of IPv4 under addresses of IPv6, of which limits count a whole network as one.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from websockets.asyncio.server import Server

__all__ = ["listen_on", "port_of"]

logger = logging.getLogger(__name__)

_ATTEMPTS: Final = 20
"""Ports to try where any is right: one may be free for one kind of address only."""

_NO_SUCH_ADDRESS: Final = frozenset({errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT, 10047, 10049})
"""The errors of a system for a kind of address that it does not have."""


async def listen_on(
    hosts: Sequence[str], port: int, serve: Callable[[str, int], Awaitable[Server]]
) -> dict[str, Server]:
    """Listen on each of these hosts, all at one port; the servers by their hosts.

    Of several hosts those are left out whose kind of address this machine does not have. Port 0 takes one that is free
    for all. Raises OSError.
    """
    for attempt in range(_ATTEMPTS):
        servers: dict[str, Server] = {}
        try:
            for host in hosts:
                try:
                    servers[host] = await serve(host, port_of(servers) or port)
                except OSError as error:
                    last = not servers and host == hosts[-1]
                    if len(hosts) == 1 or last or error.errno not in _NO_SUCH_ADDRESS:
                        raise
                    logger.info("not listening on %s: %s", host, error.strerror or error)
        except BaseException as error:
            for server in servers.values():
                server.close()
                await server.wait_closed()
            if not (servers and port == 0 and isinstance(error, OSError)) or attempt + 1 == _ATTEMPTS:
                raise
        else:
            return servers
    raise AssertionError("the last attempt returns or raises")


def port_of(servers: Mapping[str, Server]) -> int | None:
    """The port that servers listen on; None where there is none."""
    for server in servers.values():
        return int(next(iter(server.sockets)).getsockname()[1])
    return None
