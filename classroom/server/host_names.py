"""The names of a lesson; requests for any other name are refused.

A page of ``evil.example`` may give its name the lesson's address once it is open (DNS rebinding). The browser then
takes the lesson for a part of that site and lets the page read everything that the browser's computer may. Such a
request still says ``Host: evil.example``, so names that the lesson does not know are refused.

An IP address instead of a name is always right: a page whose origin is an address came from that address, and nobody
can point an address to another computer. A request without Host is right, too: browsers always send one.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import re
import socket
from collections.abc import Callable, Iterable
from typing import Final

import idna

__all__ = ["HostNames", "host_in", "plain_name"]

_LOOK_EVERY: Final = 60.0
"""Seconds between two looks at the names of this computer."""

_PORT: Final = re.compile(r":[0-9]{0,5}\Z")
_ASCII_NAME: Final = re.compile(r"[a-z0-9_*.-]+")


class HostNames:
    """The names by which a lesson may be asked for.

    Args:
        names: returns them at once; the star of ``*.school.example`` stands for any one label.
        network_name: asks the network for the name of this computer, which may take long.
    """

    def __init__(self, names: Callable[[], Iterable[str]], *, network_name: Callable[[], str] = socket.getfqdn) -> None:
        self._names = names
        self._network_name = network_name
        self._called = ""
        self._known: frozenset[str] = frozenset({"localhost"})

    def refresh(self) -> None:
        """Read the names again, without asking the network."""
        self._known = frozenset({"localhost", *filter(None, map(plain_name, (*self._names(), self._called)))})

    async def keep_current(self) -> None:
        """Keep the names current, the one in the network too, until cancelled."""
        while True:
            with contextlib.suppress(OSError):
                self._called = await asyncio.to_thread(self._network_name)
            await asyncio.to_thread(self.refresh)
            await asyncio.sleep(_LOOK_EVERY)

    def knows(self, authority: str | None) -> bool:
        """Whether the lesson may be asked for by this value of ``Host``: a name or an address, maybe with a port."""
        if not authority:
            return True
        host = host_in(authority)
        if host is None:
            return False
        if host in self._known or f"*.{host.partition('.')[2]}" in self._known:
            return True
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return False
        return True


def host_in(authority: str) -> str | None:
    """The name or address in ``host:port``, as names are compared; None where there is none."""
    text = authority.strip()
    if text.startswith("["):
        address, closed, rest = text[1:].partition("]")
        if not closed or (rest and not _PORT.match(rest)):
            return None
        return address.lower() or None
    return plain_name(_PORT.sub("", text)) or None


def plain_name(name: str) -> str:
    """A name as names are compared: in lower case, in the letters of DNS, without a dot at its end; empty for none."""
    text = name.strip().rstrip(".").lower()
    if _ASCII_NAME.fullmatch(text) or ":" in text:
        return text
    try:
        return idna.encode(text, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return ""
