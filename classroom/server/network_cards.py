"""The network cards of this computer: which addresses they have, and whether there can be students behind them.

A computer has more cards than plugs: bridges to containers and virtual machines, and the ends of tunnels (VPN). Their
addresses look like any other, but students are behind neither.
"""

from __future__ import annotations

import enum
import ipaddress
import logging
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import ifaddr

__all__ = ["Address", "CardAddress", "Kind", "card_addresses", "kind_of", "routed_addresses"]

logger = logging.getLogger(__name__)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_CARDS: Final = Path("/sys/class/net")
_ADDRESSES_6: Final = Path("/proc/net/if_inet6")

_TEMPORARY: Final = 0x01 | 0x08 | 0x20 | 0x40
"""Linux' flags of IPv6 addresses that come and go for privacy (RFC 8981), or cannot be used (any more)."""

_TUNNEL_TYPES: Final = frozenset({512, 519, 768, 769, 776, 778, 783, 823, 65534})
"""Linux' types of cards that are ends of tunnels or of mobile networks (if_arp.h): ppp, rawip, ipip, sit, gre, none."""

_TUNNELS: Final = (
    "tun", "tap", "utun", "wg", "ppp", "ipsec", "gif", "stf", "gre", "sit", "tailscale", "zt", "feth", "nordlynx",
    "proton", "cscotun", "gpd", "ham", "nebula",
)  # fmt: skip
"""How the names of tunnels begin, on Linux and macOS."""

_BRIDGES: Final = (
    "docker", "br-", "veth", "virbr", "vboxnet", "vmnet", "vmenet", "bridge", "vnet", "lxcbr", "lxdbr", "incusbr",
    "podman", "cni", "flannel", "cali", "kube", "awdl", "llw", "anpi", "vethernet",
)  # fmt: skip
"""How the names of bridges and of other cards that lead into this computer begin."""

_TUNNEL_WORDS: Final = (
    "vpn", "wireguard", "wintun", "tap-windows", "anyconnect", "fortinet", "globalprotect", "pangp", "tailscale",
    "zerotier", "juniper", "wan miniport", "hamachi", "cloudflare", "teredo", "isatap", "6to4",
)  # fmt: skip
"""What Windows calls tunnels, somewhere in the description of a card."""

_BRIDGE_WORDS: Final = ("hyper-v", "vethernet", "virtualbox", "vmware", "wsl", "docker", "loopback", "wi-fi direct")

_NOWHERE: Final = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8:ffff:ffff::1"}
"""Addresses for documentation (RFC 5737, 3849): the system chooses a route to them, and no packet is sent."""


class Kind(enum.IntEnum):
    """What is behind a card, in the order in which its addresses are told."""

    NETWORK = 0
    BRIDGE = 1
    TUNNEL = 2


@dataclass(frozen=True, slots=True)
class CardAddress:
    """One address of a card. ``passing`` is one that will be another soon."""

    address: Address
    kind: Kind
    passing: bool = False


def card_addresses() -> list[CardAddress]:
    """The addresses at which other computers may find this one; empty where the cards cannot be listed.

    Those that end at this computer, or that mean something on one wire only, are left out: nobody can write the
    latter into an address bar.
    """
    try:
        adapters = list(ifaddr.get_adapters())
    except OSError as error:
        logger.debug("the network cards cannot be listed: %s", error)
        return []
    passing = _passing()
    found: dict[Address, CardAddress] = {}
    for adapter in adapters:
        kind = kind_of(str(adapter.name), str(adapter.nice_name))
        for entry in adapter.ips:
            address = ipaddress.ip_address((entry.ip if isinstance(entry.ip, str) else entry.ip[0]).partition("%")[0])
            if address.is_loopback or address.is_unspecified or address.is_multicast:
                continue
            if isinstance(address, ipaddress.IPv6Address) and address.is_link_local:
                continue
            found.setdefault(address, CardAddress(address, kind, address in passing))
    return list(found.values())


def kind_of(name: str, description: str) -> Kind:
    """What is behind a card of this name and description. Linux' kernel knows; elsewhere the names tell."""
    name, text = name.lower(), f"{name} {description}".lower()
    if _card_type(name) in _TUNNEL_TYPES or (_CARDS / name / "tun_flags").exists():
        return Kind.TUNNEL
    if name.startswith(_TUNNELS) or any(word in text for word in _TUNNEL_WORDS):
        return Kind.TUNNEL
    if name.startswith(_BRIDGES) or any(word in text for word in _BRIDGE_WORDS) or (_CARDS / name / "bridge").exists():
        return Kind.BRIDGE
    return Kind.NETWORK


def routed_addresses() -> list[Address]:
    """This computer's own addresses on the ways to everywhere else: one of IPv4 and one of IPv6, where there are."""
    found = []
    for family, nowhere in _NOWHERE.items():
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((nowhere, 9))
                address = ipaddress.ip_address(str(probe.getsockname()[0]).partition("%")[0])
        except OSError:
            continue
        if not (address.is_loopback or address.is_unspecified or address.is_link_local):
            found.append(address)
    return found


def _card_type(name: str) -> int:
    if "/" in name:
        return 0
    try:
        return int((_CARDS / name / "type").read_text("ascii"))
    except (OSError, ValueError):
        return 0


def _passing() -> frozenset[Address]:
    """IPv6 addresses that come and go, as far as the system tells."""
    try:
        lines: Iterable[str] = _ADDRESSES_6.read_text("ascii").splitlines()
    except (OSError, ValueError):
        return frozenset()
    found = set()
    for line in lines:
        digits, _, _, _, flags, *_ = line.split()
        if int(flags, 16) & _TEMPORARY:
            found.add(ipaddress.IPv6Address(int(digits, 16)))
    return frozenset(found)
