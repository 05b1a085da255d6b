"""The pages from which a lesson accepts the sign-in of students and control connections.

A browser says in ``Origin`` which page asks. A request without it is not from a page of another site: it is from an old
client, a program, or our own page.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from classroom.lesson.sections import AccessModel
from classroom.server.client_address import Client
from classroom.server.host_names import host_in

__all__ = ["Rule", "allows", "is_own", "rule_of"]

Rule = str | tuple[str, ...]
"""``any``, ``own``, or the origins that may sign in beside our own."""

_PORTS: Final = {"http": 80, "https": 443}


def rule_of(access: AccessModel) -> Rule:
    """The rule of a lesson: ``auto`` is any page in an open lesson, and our own pages where joining is restricted."""
    if access.origins != "auto":
        return access.origins
    return "any" if access.passcode is None and access.admit == "everyone" else "own"


def allows(rule: Rule, origins: Sequence[str], client: Client, address: str | None) -> bool:
    """Whether a request with these values of ``Origin`` is let in.

    ``null`` is the origin of pages that have none, as those opened from a file, but also of frames that any page can
    make; so only ``any`` lets it in.
    """
    if rule == "any" or not origins:
        return True
    if len(origins) > 1:
        return False
    return is_own(origins[0], client, address) or (isinstance(rule, tuple) and _parts(origins[0]) in map(_parts, rule))


def is_own(origin: str, client: Client, address: str | None) -> bool:
    """Whether an origin is that of the lesson's own pages, as ``client`` asks for them.

    Args:
        origin: the value of ``Origin``.
        client: the client, with the name that it uses.
        address: the public address, which is our own under any name that a proxy uses.
    """
    page = _parts(origin)
    if page is None:
        return False
    if address is not None and page == _parts("/".join(address.split("/", 3)[:3])):
        return True
    if client.host is None:
        return False
    asked = _parts(f"{page[0]}://{client.host}")
    if asked is None:
        return False
    if client.proxied and not _has_port(client.host):
        return page[1] == asked[1]  # the proxy passes on the name alone
    return page == asked


def _parts(address: str) -> tuple[str, str, int] | None:
    """Scheme, host and port of an origin; None for what is none."""
    try:
        found = urlsplit(address)
        default = _PORTS.get(found.scheme)
        host = None if "@" in found.netloc else host_in(found.netloc)
        if default is None or host is None or found.path or found.query or found.fragment:
            return None
        return found.scheme, host, found.port or default
    except ValueError:  # not a port, or not an address in brackets
        return None


def _has_port(authority: str) -> bool:
    return ":" in authority.rpartition("]")[2]
