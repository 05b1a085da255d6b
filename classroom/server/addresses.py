"""Under which addresses other machines reach this one."""

from __future__ import annotations

import ipaddress
import logging
import re
import socket

import ifaddr

__all__ = ["announced_host", "certified_names", "lan_addresses", "reachable_hosts"]

logger = logging.getLogger(__name__)

_VIRTUAL = ("docker", "br-", "veth", "virbr", "vboxnet", "vmnet", "vethernet", "virtualbox", "vmware", "zt", "tun")
_DNS_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_]([a-z0-9_-]{0,62}))*")
_NOWHERE = "192.0.2.1"
"""An address for documentation (RFC 5737): the system chooses a route to it, and no packet is sent."""


def reachable_hosts(host: str) -> list[str]:
    """The hosts to write into an address when listening on ``host``: LAN addresses, best first, and loopback last.

    A host that stands for one address is returned alone.
    """
    if host not in ("", "0.0.0.0", "::"):
        return [f"[{host}]" if ":" in host else host]
    return [*lan_addresses(), "127.0.0.1"]


def announced_host() -> str:
    """The name by which mDNS announces this computer (see ``announce.py``).

    Not the computer's own ``.local`` name: that one belongs to the system's own responder.
    """
    return f"classroom-{_label(socket.gethostname())}.local"


def certified_names(host: str) -> list[str]:
    """Every name and address under which somebody may open a lesson that listens on ``host``, as certificates have it.

    Names with other letters than DNS knows are left out.
    """
    computer = socket.gethostname().lower().rstrip(".")
    names = ["localhost", "127.0.0.1", "::1", announced_host(), f"{computer.partition('.')[0]}.local", computer]
    if host in ("", "0.0.0.0"):
        names += lan_addresses()
    elif host == "::":
        names += [*lan_addresses(), *_lan_addresses_6()]
    else:
        names.append(host.lower())
    return [name for name in dict.fromkeys(names) if _DNS_NAME.fullmatch(name) or ":" in name]


def _label(name: str) -> str:
    """A name as one label of DNS."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.partition(".")[0].lower()).strip("-")
    return plain[:50] or "computer"


def _lan_addresses_6() -> list[str]:
    """IPv6 addresses that can be written into an address bar; those of one link only need a zone."""
    try:
        found = [entry.ip[0] for adapter in ifaddr.get_adapters() for entry in adapter.ips if entry.is_IPv6]
    except OSError as error:
        logger.debug("the network cards cannot be listed: %s", error)
        return []
    addresses = [ipaddress.IPv6Address(each.partition("%")[0]) for each in found]
    return [str(each) for each in addresses if not (each.is_link_local or each.is_loopback or each.is_multicast)]


def lan_addresses() -> list[str]:
    """IPv4 addresses of real networks: that of the default route first, then private ones, virtual cards last."""
    routed = _routed_address()
    ranked: dict[str, tuple[int, ...]] = {}
    try:
        adapters = list(ifaddr.get_adapters())
    except OSError as error:
        logger.debug("the network cards cannot be listed: %s", error)
        return [routed] if routed else []
    for adapter in adapters:
        for entry in adapter.ips:
            if not isinstance(entry.ip, str):
                continue  # IPv6 comes as a tuple; students type these addresses
            address = ipaddress.IPv4Address(entry.ip)
            if address.is_loopback or address.is_unspecified or address.is_multicast:
                continue
            virtual = f"{adapter.name} {adapter.nice_name}".lower().startswith(_VIRTUAL)
            ranked[entry.ip] = (entry.ip != routed, address.is_link_local, virtual, not address.is_private)
    if routed is not None:
        ranked.setdefault(routed, (0,))
    return sorted(ranked, key=lambda ip: ranked[ip])


def _routed_address() -> str | None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((_NOWHERE, 9))
            address = str(probe.getsockname()[0])
        except OSError:
            return None
    return None if address.startswith("127.") or address == "0.0.0.0" else address
