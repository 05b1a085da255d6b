"""The addresses of this computer on which a connection listens: as few as possible, because each needs a socket.

All addresses of one network card lead to the same machines, so one of each kind is enough. Bridges to containers and
virtual machines lead to this computer only, which its other addresses reach as well; they are used where there is
nothing else.
"""

from __future__ import annotations

import ipaddress
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import ifaddr

from classroom.common.network_interfaces import InterfaceKind, kind_by_name

__all__ = ["MOST_ADDRESSES", "Interfaces", "chosen", "interfaces", "is_here"]

logger = logging.getLogger(__name__)

MOST_ADDRESSES: Final = 6
"""Sockets of one connection at most: cable, wireless and a VPN, each with IPv4 and IPv6."""

_FRESH: Final = 0.1
"""Seconds for which a result is reused: a class that joins at once asks a hundred times, at 0.3 ms each. A network that
just came must not be missed: a connection that does not listen there waits 12 s for its successor."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Interfaces:
    """``addresses`` are those to listen on; ``all`` are all of this computer's, and ``networks`` those they are in."""

    addresses: tuple[str, ...]
    all: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()


_found: tuple[float, Interfaces] | None = None


def interfaces() -> Interfaces:
    """The interfaces of this computer as they were at most 0.1 s ago; none where they cannot be listed."""
    global _found
    now = time.monotonic()
    if _found is None or now - _found[0] > _FRESH:
        try:
            adapters = list(ifaddr.get_adapters())
        except OSError as error:
            logger.debug("the network cards cannot be listed: %s", error)
            adapters = []
        _found = now, chosen(adapters)
    return _found[1]


def is_here(address: str) -> bool:
    """Whether the address of a peer is one of this computer's."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return (mapped or parsed).is_loopback or str(mapped or parsed) in interfaces().all


def chosen(adapters: Iterable[ifaddr.Adapter]) -> Interfaces:
    """The addresses to listen on, those of real networks first."""
    ranked: list[tuple[int, str]] = []
    every: set[str] = set()
    networks: list[Network] = []
    loopback: str | None = None
    for adapter in adapters:
        kinds: set[object] = set()
        for entry in adapter.ips:
            parsed = _parsed(entry)
            if parsed is None:
                continue
            every.add(str(parsed))
            network = ipaddress.ip_network(f"{parsed}/{entry.network_prefix}", strict=False)
            networks.append(network)
            if parsed.is_loopback:
                loopback = loopback or (str(parsed) if parsed.version == 4 else None)
                continue
            # An IPv6 address of one link needs a zone, which no candidate can say.
            if parsed.version == 6 and parsed.is_link_local:
                continue
            kind: object = network if parsed.version == 4 else (6, int(parsed) >> 121 == _UNIQUE_LOCAL)
            if kind not in kinds:
                kinds.add(kind)
                ranked.append((_rank(adapter, parsed), str(parsed)))
    ranked.sort(key=lambda each: each[0])
    real = [address for rank, address in ranked if rank < _BRIDGE]
    addresses = real or [address for _, address in ranked] or ([loopback] if loopback is not None else [])
    return Interfaces(tuple(addresses[:MOST_ADDRESSES]), frozenset(every), tuple(networks))


_BRIDGE: Final = 3
_UNIQUE_LOCAL: Final = 0xFC >> 1
"""The first seven bits of addresses that a school gives itself (RFC 4193)."""


def _rank(adapter: ifaddr.Adapter, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> int:
    """Cards of real networks, then VPNs, then addresses that the system assigned to itself, then bridges."""
    match kind_by_name(adapter.name, adapter.nice_name):
        case InterfaceKind.BRIDGE:
            return _BRIDGE
        case InterfaceKind.TUNNEL:
            return 1
    return 2 if address.is_link_local else 0


def _parsed(entry: ifaddr.IP) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    text = entry.ip if isinstance(entry.ip, str) else entry.ip[0]
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
