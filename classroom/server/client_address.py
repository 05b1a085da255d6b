"""The address of a client, also behind a proxy. All limits, delays and bans by address use it.

Headers are believed from the lesson's own proxies (``server.proxies``) only, because every client can send them. In a
chain of proxies the nearest entry that is not one of ours is the client: it may have made up the entries before it.
Where both ``X-Forwarded-For`` and ``Forwarded`` (RFC 7239) exist, the former counts. Nearly every proxy writes that one
and passes on the other as the client sent it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from aiohttp import web

__all__ = ["Client", "Headers", "Proxies", "client_of", "keep_client", "own_address"]

Headers = Callable[[str], Sequence[str]]
"""All values of a header, in their order; none where it is missing."""

_MARKS: Final = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")
"""Headers by which a proxy shows itself, whether or not it can be believed."""

_MOST: Final = 32
"""Proxies of a chain that are looked at."""

_PAIR: Final = re.compile(r'([A-Za-z0-9!#$%&\'*+.^_`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*))')
_SCHEMES: Final = frozenset({"http", "https"})
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Client:
    """The client of a request. ``address`` is an IP address; ``scheme`` and ``host`` (with port) as it sent them."""

    address: str
    certain: bool = True
    """Whether the address is the client's; else it is that of a proxy, which asks for many."""
    proxied: bool = False
    """Whether a proxy of the lesson asks for it."""
    host: str | None = None
    scheme: str | None = None

    @property
    def is_this_machine(self) -> bool:
        """Whether the client is on this computer, and not behind a proxy."""
        parsed = _parsed(self.address)
        return self.certain and not self.proxied and parsed is not None and parsed.is_loopback


_CLIENT: Final = web.RequestKey("client", Client)


class Proxies:
    """The proxies in front of a lesson, as addresses or networks; others are never believed."""

    def __init__(self, networks: Iterable[str] = ()) -> None:
        self._networks: tuple[_Network, ...] = tuple(ipaddress.ip_network(each) for each in networks)

    def trusts(self, address: str) -> bool:
        """Whether an address is that of a proxy of the lesson."""
        parsed = _parsed(address) if self._networks else None
        return parsed is not None and any(parsed in network for network in self._networks)

    def client(self, peer: str, headers: Headers) -> Client:
        """The client of a request with these headers on a connection from ``peer``."""
        host = _only(headers("Host"))
        if not self.trusts(peer):
            # A program on this computer that sends proxy headers asks for unknown others.
            parsed = _parsed(peer)
            local = parsed is not None and parsed.is_loopback
            return Client(peer, certain=not (local and any(headers(name) for name in _MARKS)), host=host)
        elements = [_pairs(each) for each in _elements(headers("Forwarded"), quoted=True)]
        chain = _elements(headers("X-Forwarded-For")) or [each.get("for", "") for each in elements]
        found = self._nearest(chain)
        asked = _first(headers("X-Forwarded-Host")) or next((each["host"] for each in elements if "host" in each), host)
        proto = _first(headers("X-Forwarded-Proto")) or next(
            (each["proto"] for each in elements if "proto" in each), ""
        )
        return Client(
            found or peer,
            certain=found is not None,
            proxied=True,
            host=asked,
            scheme=proto.lower() if proto.lower() in _SCHEMES else None,
        )

    def _nearest(self, chain: Sequence[str]) -> str | None:
        """The last address of a chain that is not a proxy; the first one where all are proxies."""
        found = None
        for entry in reversed(chain[-_MOST:]):
            address = _address_in(entry)
            if address is None:  # "unknown", or a name that means something to that proxy only
                return None
            found = address
            if not self.trusts(address):
                break
        return found


def client_of(request: web.Request) -> Client:
    """The client of a request; where proxies were not checked, the other end of its connection."""
    kept: Client | None = request.get(_CLIENT)
    if kept is not None:
        return kept
    return Proxies().client(request.remote or "", lambda name: request.headers.getall(name, []))


def keep_client(request: web.Request, client: Client) -> web.Request:
    """The request as its client sent it: with the client's address, host and scheme, which handlers then find."""
    request[_CLIENT] = client
    if not client.proxied:
        return request
    return request.clone(
        remote=client.address, host=client.host or request.host, scheme=client.scheme or request.scheme
    )


def own_address(request: web.Request) -> str:
    """The address of the client's own computer; empty where it is that of a proxy, which stands for many."""
    client = client_of(request)
    return client.address if client.certain else ""


def _parsed(address: str) -> _Address | None:
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return getattr(parsed, "ipv4_mapped", None) or parsed


def _address_in(entry: str) -> str | None:
    """The address of an entry that may have a port: ``192.0.2.7:4711``, ``[2001:db8::7]:4711``."""
    text = entry.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    parsed = _parsed(text)
    return None if parsed is None else str(parsed)


def _elements(values: Sequence[str], *, quoted: bool = False) -> list[str]:
    joined = ",".join(values)
    if not joined:
        return []
    if not quoted:
        return [each.strip() for each in joined.split(",")]
    return list(_split_outside_quotes(joined))


def _split_outside_quotes(text: str) -> Iterator[str]:
    start, inside = 0, False
    for place, sign in enumerate(text):
        if sign == '"' and text[place - 1 : place] != "\\":
            inside = not inside
        elif sign == "," and not inside:
            yield text[start:place]
            start = place + 1
    yield text[start:]


def _pairs(element: str) -> dict[str, str]:
    """``for=…;host=…;proto=…`` of one proxy; names in lower case."""
    found: dict[str, str] = {}
    for name, quoted, bare in _PAIR.findall(element):
        found.setdefault(name.lower(), re.sub(r"\\(.)", r"\1", quoted) if quoted else bare)
    return found


def _only(values: Sequence[str]) -> str | None:
    return values[0].strip() if len(values) == 1 else None


def _first(values: Sequence[str]) -> str:
    return values[0].partition(",")[0].strip() if values else ""
