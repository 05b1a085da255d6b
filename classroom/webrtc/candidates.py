"""Which addresses of a peer's candidates packets may be sent to, and how many: a peer could name other computers.

Each candidate that is accepted makes this computer send packets to an address of the peer's choice. So the address must
be the peer's own, or a relay's, as far as that can be known; never one of many machines, or of this one.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import Final

from aiortc import RTCIceCandidate

from classroom.common.errors import WireError

__all__ = ["MOST_CANDIDATES", "is_local_name", "may_be_sent_to", "read_candidate"]

MOST_CANDIDATES: Final = 32
"""Candidates that are accepted for one connection. A browser with cable, wireless, VPN and a relay names 20."""

_LONGEST: Final = 1024
_LINE: Final = re.compile(
    r"(?:a=)?(?:candidate:)?(\S{1,32}) (\d{1,5}) (udp|tcp) (\d{1,10}) (\S{1,255}) (\d{1,5}) "
    r"typ (host|srflx|prflx|relay)(?: .*)?",
    re.IGNORECASE | re.ASCII,
)
_LOCAL_NAME: Final = re.compile(r"[a-zA-Z0-9-]{1,63}\.local")
_LARGEST_PRIORITY: Final = (1 << 32) - 1
_BROADCAST: Final = ipaddress.IPv4Address("255.255.255.255")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def is_local_name(host: str) -> bool:
    """Whether a host is a name for mDNS, with which browsers hide their addresses."""
    return _LOCAL_NAME.fullmatch(host) is not None


def read_candidate(line: str) -> RTCIceCandidate | None:
    """Parse a candidate (RFC 8839, section 5.1); None where it cannot be used, such as one for TCP.

    Raises WireError where it is malformed.
    """
    match = _LINE.fullmatch(line.strip()) if len(line) <= _LONGEST else None
    if match is None:
        raise WireError("its candidate cannot be read")
    foundation, component, protocol, priority, host, port, kind = match.groups()
    if int(port) > 65_535 or int(priority) > _LARGEST_PRIORITY:
        raise WireError("its candidate has numbers that are too large")
    if protocol.lower() != "udp" or int(component) != 1 or int(port) == 0 or kind.lower() == "prflx":
        return None
    return RTCIceCandidate(
        component=1,
        foundation=foundation,
        ip=host,
        port=int(port),
        priority=int(priority),
        protocol="udp",
        type=kind.lower(),
    )


def may_be_sent_to(
    host: str, *, ours: Iterable[str] = (), networks: Iterable[Network] = (), near: bool = False
) -> bool:
    """Whether an address may be checked.

    ``ours`` are the addresses of the sockets that send, ``networks`` are this computer's networks; ``near`` says that
    the peer is on this computer.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    if address.is_multicast or address.is_unspecified:
        return False
    if address.is_loopback:
        return near
    if isinstance(address, ipaddress.IPv6Address):
        # A link-local address needs a zone, and an IPv4-mapped address would bypass the rules below.
        return not (address.is_link_local or address.is_site_local or address.ipv4_mapped or address.scope_id)
    if address == _BROADCAST or address.is_reserved or int(address) >> 24 == 0:
        return False
    if address.is_link_local:
        return any(each.startswith("169.254.") for each in ours)
    return not any(_ends(address, network) for network in networks)


def _ends(address: ipaddress.IPv4Address, network: Network) -> bool:
    """Whether it is the first or the last address of a network, which reach all computers in it (RFC 919)."""
    if not isinstance(network, ipaddress.IPv4Network) or network.prefixlen > 30:
        return False
    return address in (network.network_address, network.broadcast_address)
