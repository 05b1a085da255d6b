"""The addresses at which other computers reach this one."""

from __future__ import annotations

import re
import socket
from collections.abc import Sequence
from typing import Final

from classroom.common.network_interfaces import (
    Address,
    InterfaceAddress,
    InterfaceKind,
    interface_addresses,
    routed_addresses,
)

__all__ = [
    "EVERYWHERE",
    "announced_host",
    "best_first",
    "certified_names",
    "lan_addresses",
    "listened_hosts",
    "reachable_hosts",
]

EVERYWHERE: Final = ("", "0.0.0.0", "::")
"""Hosts that stand for every address of this computer."""

_DNS_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_]([a-z0-9_-]{0,62}))*")


def listened_hosts(host: str) -> list[str]:
    """The addresses to listen on for a lesson's ``host``.

    ``::`` is every address, of IPv4 too. ``0.0.0.0`` is those of IPv4; on a network that has only IPv6 it stands for
    those as well, or nobody could join. Where both exist, IPv6 is left out: its addresses may be reachable from the
    whole internet.
    """
    if host in ("", "::"):
        return ["0.0.0.0", "::"]
    if host == "0.0.0.0" and not lan_addresses(4) and lan_addresses(6):
        return ["0.0.0.0", "::"]
    return [host]


def reachable_hosts(host: str) -> list[str]:
    """The hosts to write into an address when listening on ``host``: LAN addresses, best first, and loopback last.

    A host that stands for one address is returned alone.
    """
    if host not in EVERYWHERE:
        return [f"[{host}]" if ":" in host else host]
    found = [*lan_addresses(4), *(f"[{each}]" for each in (lan_addresses(6) if "::" in listened_hosts(host) else ()))]
    return [*found, "127.0.0.1"]


def announced_host() -> str:
    """The name by which mDNS announces this computer (see ``announce.py``).

    Not the computer's own ``.local`` name: that one belongs to the system's own responder.
    """
    return f"classroom-{_label(socket.gethostname())}.local"


def certified_names(host: str) -> list[str]:
    """All names and addresses of a lesson that listens on ``host``, for its certificate.

    Names with other letters than DNS knows are left out.
    """
    computer = socket.gethostname().lower().rstrip(".")
    names = ["localhost", "127.0.0.1", "::1", announced_host(), f"{computer.partition('.')[0]}.local", computer]
    if host not in EVERYWHERE:
        names.append(host.lower())
    else:
        names += lan_addresses(4)
        if "::" in listened_hosts(host):
            names += lan_addresses(6)
    return [name for name in dict.fromkeys(names) if _DNS_NAME.fullmatch(name) or ":" in name]


def lan_addresses(version: int = 4) -> list[str]:
    """The addresses of this computer at which others may find it, of IPv4 or of IPv6, best first."""
    routed = [each for each in routed_addresses() if each.version == version]
    found = [each for each in interface_addresses() if each.address.version == version]
    known = {each.address for each in found}
    # Where the interfaces cannot be listed, the address on the default route is still known.
    ranked = best_first(found, routed) or [each for each in routed if each not in known]
    return [str(each) for each in ranked]


def best_first(found: Sequence[InterfaceAddress], routed: Sequence[Address]) -> list[Address]:
    """Addresses in the order in which they are advertised to students.

    Addresses of real networks come first: of these the one on the default route (``routed``), then private ones. A
    bridge on the default route is a real network: it has the network card in it. A tunnel never is, because students
    are not in it. Of the IPv6 addresses in one network the permanent one counts.
    """

    def rank(each: InterfaceAddress) -> tuple[int, ...]:
        on_the_way = _network(each.address) in {_network(address) for address in routed}
        kind = InterfaceKind.NETWORK if on_the_way and each.kind is InterfaceKind.BRIDGE else each.kind
        tunnel, bridge = kind is InterfaceKind.TUNNEL, kind in (InterfaceKind.BRIDGE, InterfaceKind.HOTSPOT)
        return (tunnel, each.address.is_link_local, bridge, not on_the_way, not each.address.is_private, each.temporary)

    networks: dict[object, Address] = {}
    for each in sorted(found, key=rank):
        networks.setdefault(_network(each.address), each.address)
    return list(networks.values())


def _network(address: Address) -> object:
    """The network of an address: the first 64 bits of an IPv6 address, an IPv4 address itself."""
    return int(address) >> 64 if address.version == 6 else address


def _label(name: str) -> str:
    """A name as one label of DNS."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.partition(".")[0].lower()).strip("-")
    return plain[:50] or "computer"
