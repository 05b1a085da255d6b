"""The network interfaces of this computer: their addresses, and whether students can be behind them.

A computer has more interfaces than network cards: bridges to containers and virtual machines, and the ends of tunnels
(VPN). Their addresses look like any other, but students are behind neither.
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

__all__ = [
    "Address",
    "InterfaceAddress",
    "InterfaceKind",
    "interface_addresses",
    "interface_kind",
    "kind_by_name",
    "routed_addresses",
]

logger = logging.getLogger(__name__)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_INTERFACES: Final = Path("/sys/class/net")
_ADDRESSES_6: Final = Path("/proc/net/if_inet6")

_TEMPORARY: Final = 0x01 | 0x08 | 0x20 | 0x40
"""Linux flags of IPv6 addresses that are temporary for privacy (RFC 8981), or that cannot be used now."""

_TUNNEL_TYPES: Final = frozenset({512, 519, 768, 769, 776, 778, 783, 823, 65534})
"""Linux types of interfaces that are ends of tunnels or of mobile networks (if_arp.h), such as ppp, ipip, sit, gre."""

_TUNNELS: Final = (
    "tun", "tap", "utun", "wg", "ppp", "ipsec", "gif", "stf", "gre", "sit", "tailscale", "zt", "feth", "nordlynx",
    "proton", "cscotun", "gpd", "ham", "nebula",
)  # fmt: skip
"""How the names of tunnels start, on Linux and macOS."""

_BRIDGES: Final = (
    "docker", "br-", "veth", "virbr", "vboxnet", "vmnet", "vmenet", "bridge10", "vnet", "lxc", "lxd", "incusbr",
    "podman", "cni", "flannel", "cali", "kube", "awdl", "llw", "anpi", "vethernet",
)  # fmt: skip
"""How the names of bridges and of other interfaces that lead into this computer start; macOS counts its from 100."""

_TUNNEL_WORDS: Final = (
    "vpn", "wireguard", "wintun", "tap-windows", "anyconnect", "fortinet", "globalprotect", "pangp", "tailscale",
    "zerotier", "juniper", "wan miniport", "hamachi", "cloudflare", "teredo", "isatap", "6to4",
)  # fmt: skip
"""What Windows calls tunnels, somewhere in the description of an interface."""

_BRIDGE_WORDS: Final = ("hyper-v virtual ethernet", "vethernet", "virtualbox", "vmware", "wsl", "docker", "loopback")
"""The network card of a guest of Hyper-V is called "Microsoft Hyper-V Network Adapter", and is a network."""

_HOTSPOT_WORDS: Final = ("wi-fi direct",)
"""What Windows calls the network that this computer opens for phones and computers around it."""

_NOWHERE: Final = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8:ffff:ffff::1"}
"""Addresses for documentation (RFC 5737, 3849): the system chooses a route to them, and no packet is sent."""


class InterfaceKind(enum.IntEnum):
    """What is behind an interface, in the order in which its addresses are advertised."""

    NETWORK = 0
    HOTSPOT = 1
    BRIDGE = 2
    TUNNEL = 3


@dataclass(frozen=True, slots=True)
class InterfaceAddress:
    """One address of an interface. A ``temporary`` one will soon be replaced by another."""

    address: Address
    kind: InterfaceKind
    temporary: bool = False


def interface_addresses() -> list[InterfaceAddress]:
    """The addresses at which other computers may find this one; empty where the interfaces cannot be listed.

    Loopback addresses are left out, and so are link-local IPv6 addresses: nobody can write them into an address bar.
    """
    try:
        adapters = list(ifaddr.get_adapters())
    except OSError as error:
        logger.debug("the network interfaces cannot be listed: %s", error)
        return []
    temporary = _temporary()
    found: dict[Address, InterfaceAddress] = {}
    for adapter in adapters:
        kind = interface_kind(str(adapter.name), str(adapter.nice_name))
        for entry in adapter.ips:
            address = ipaddress.ip_address((entry.ip if isinstance(entry.ip, str) else entry.ip[0]).partition("%")[0])
            if address.is_loopback or address.is_unspecified or address.is_multicast:
                continue
            if isinstance(address, ipaddress.IPv6Address) and address.is_link_local:
                continue
            found.setdefault(address, InterfaceAddress(address, kind, address in temporary))
    return list(found.values())


def interface_kind(name: str, description: str) -> InterfaceKind:
    """What is behind an interface of this name and description, by what the Linux kernel says and by the names.

    A bridge of the system is one even where it has the network card in it; see ``kind_by_name``.
    """
    folder = _INTERFACES / name.lower()
    if _interface_type(name.lower()) in _TUNNEL_TYPES or (folder / "tun_flags").exists():
        return InterfaceKind.TUNNEL
    kind = kind_by_name(name, description)
    return InterfaceKind.BRIDGE if kind is InterfaceKind.NETWORK and (folder / "bridge").exists() else kind


def kind_by_name(name: str, description: str) -> InterfaceKind:
    """What is behind an interface, by its name and description alone.

    A bridge that somebody made around the network card, such as ``br0``, is a network then: students are behind it.
    """
    name, text = name.lower(), f"{name} {description}".lower()
    if name.startswith(_TUNNELS) or any(word in text for word in _TUNNEL_WORDS):
        return InterfaceKind.TUNNEL
    if name.startswith(_BRIDGES) or any(word in text for word in _BRIDGE_WORDS):
        return InterfaceKind.BRIDGE
    return InterfaceKind.HOTSPOT if any(word in text for word in _HOTSPOT_WORDS) else InterfaceKind.NETWORK


def routed_addresses() -> list[Address]:
    """This computer's own addresses on the default routes: one of IPv4 and one of IPv6, where they exist."""
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


def _interface_type(name: str) -> int:
    if "/" in name:
        return 0
    try:
        return int((_INTERFACES / name / "type").read_text("ascii"))
    except (OSError, ValueError):
        return 0


def _temporary() -> frozenset[Address]:
    """The temporary IPv6 addresses, as far as the system says."""
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
