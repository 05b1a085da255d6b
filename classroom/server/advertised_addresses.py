"""The advertised addresses: printed, shown as QR codes, in the links for teachers and phones.

They are ``server.address`` where the lesson has one. Otherwise they are those of this computer, which change with its
network. With a certificate from files, https uses its name, because browsers accept no other.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from classroom.server.addresses import lan_addresses, reachable_hosts

__all__ = ["AdvertisedAddresses", "names_leading_to", "public_address"]

logger = logging.getLogger(__name__)


def public_address(address: str | None, path: str) -> str | None:
    """``server.address`` with ``server.path``, without a slash at its end; None where the lesson has no address."""
    if address is None:
        return None
    bare = "/" not in address.partition("://")[2]
    return f"{address}{path.rstrip('/')}" if bare else address


@dataclass(slots=True)
class AdvertisedAddresses:
    """The addresses of a lesson that listens on ``host``; ``public`` comes from ``public_address``.

    ``names`` are those of a certificate that was given. The ports are known once the lesson listens.
    """

    host: str
    public: str | None = None
    names: Callable[[], Sequence[str]] = lambda: ()
    port: int = 0
    tls_port: int | None = None
    _hosts: tuple[str, ...] = field(default=(), init=False)
    _named: tuple[str, ...] = field(default=(), init=False)
    """Names of the certificate, and of these ..."""
    _leading_here: frozenset[str] = field(default=frozenset(), init=False)
    """... those that lead to this computer."""

    def refresh(self) -> None:
        """Read the addresses of this computer again."""
        self._hosts = tuple(reachable_hosts(self.host))
        self._named = tuple(name for name in self.names() if "*" not in name)

    def resolve(self) -> None:
        """Refresh, and resolve the names of the certificate; may take long."""
        self.refresh()
        self._leading_here = names_leading_to(self._named, lan_addresses(4) + lan_addresses(6))

    def plain(self, path: str = "/") -> list[str]:
        """Where students find a path, the best address first.

        That is the public address; or a name of the certificate that is known to lead here, and the addresses of this
        computer with http, its loopback last.
        """
        own = [f"http://{host}:{self.port}{path}" for host in self._hosts]
        named = [address for address in self.secure(path) if urlsplit(address).hostname in self._leading_here]
        return self._public(path) or [*named[:1], *own]

    def secure(self, path: str = "/") -> list[str]:
        """The same with https; empty without https."""
        if self.public is not None and self.public.startswith("https://"):
            return self._public(path)
        if self.tls_port is None:
            return []
        # A name that resolves to another computer may be right behind a router. The address of this one never is.
        named = sorted(self._named, key=lambda name: name not in self._leading_here)
        return [f"https://{host}:{self.tls_port}{path}" for host in named or self._hosts]

    def here(self, path: str = "/") -> str:
        """Where a browser on this computer finds a path. Loopback counts as secure without https."""
        return f"http://{self._hosts[-1] if self._hosts else '127.0.0.1'}:{self.port}{path}"

    def _public(self, path: str) -> list[str]:
        return [] if self.public is None else [f"{self.public}{path}"]


def names_leading_to(names: Iterable[str], addresses: Iterable[str]) -> frozenset[str]:
    """The names that resolve to one of these addresses; may take long."""
    own = frozenset(addresses)
    return frozenset(name for name in names if not own.isdisjoint(_addresses_of(name)))


def _addresses_of(name: str) -> set[str]:
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        logger.debug("%s is not known to the network: %s", name, error)
        return set()
    return {str(ipaddress.ip_address(str(info[4][0]).partition("%")[0])) for info in found}
