"""Slows an address down that keeps giving a wrong token, passcode or id.

Pure: the time is an argument. The memory is bounded; the oldest address is forgotten first.
"""

from __future__ import annotations

from collections import OrderedDict
from ipaddress import IPv6Address, ip_address

__all__ = ["Throttle", "household"]


def household(address: str) -> str:
    """Whom an IP address counts for: an IPv4 address for itself, an IPv6 address for its network of 64 bits.

    A single machine has as many IPv6 addresses of its network as it likes (RFC 8981), so limits must not count them
    one by one. Link-local addresses are all of one network and count for themselves.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    if parsed.is_link_local or parsed.is_loopback:
        return address
    return f"{IPv6Address(int(parsed) >> 64 << 64)}/64"


class Throttle:
    """Counts failures by address and says how long the next answer must wait, in seconds.

    Args:
        first: the wait for the first failure that costs something; each further one costs twice as much.
        longest: no wait is longer.
        forget: seconds without a failure after which an address begins anew.
        free: failures that cost nothing.
        addresses: how many are remembered.
    """

    def __init__(
        self,
        *,
        first: float = 0.5,
        longest: float = 8.0,
        forget: float = 300.0,
        free: int = 0,
        addresses: int = 1024,
    ) -> None:
        self._first = first
        self._longest = longest
        self._forget = forget
        self._free = free
        self._addresses = addresses
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def failed(self, address: str, now: float) -> float:
        """Note a failure; return the seconds to wait before it is answered."""
        who = household(address)
        count, last = self._failures.pop(who, (0, now))
        count = 1 if now - last > self._forget else count + 1
        self._failures[who] = (count, now)
        while len(self._failures) > self._addresses:
            self._failures.popitem(last=False)
        costly = count - self._free
        return float(min(self._longest, self._first * 2 ** (min(costly, 16) - 1))) if costly > 0 else 0.0

    def succeeded(self, address: str) -> None:
        """Forget the failures of an address."""
        self._failures.pop(household(address), None)
