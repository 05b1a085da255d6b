"""Under which addresses other machines reach this one."""

from __future__ import annotations

import ipaddress
import logging
import socket

import ifaddr

__all__ = ["reachable_hosts"]

logger = logging.getLogger(__name__)

_VIRTUAL = ("docker", "br-", "veth", "virbr", "vboxnet", "vmnet", "vethernet", "virtualbox", "vmware", "zt", "tun")
_NOWHERE = "192.0.2.1"
"""An address for documentation (RFC 5737): the system chooses a route to it, and no packet is sent."""


def reachable_hosts(host: str) -> list[str]:
    """The hosts to write into an address when listening on ``host``: LAN addresses, best first, and loopback last.

    A host that stands for one address is returned alone.
    """
    if host not in ("", "0.0.0.0", "::"):
        return [f"[{host}]" if ":" in host else host]
    return [*_lan_addresses(), "127.0.0.1"]


def _lan_addresses() -> list[str]:
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
