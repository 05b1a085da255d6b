"""Which students the teacher has banned for the rest of the lesson, and how they are recognized.

A signaling id does not identify a student: each sign-in gets a new one. So three things are remembered:

- always the page itself: the ticket of its tab and the mark of its browser, both of which it can lose;
- the network address, where it is one student's own: no other student present has it, and it is neither this computer
  nor unknown, such as behind a proxy;
- else the name at that address, so that a class behind one address loses one student and not all of them.

Pure and bounded; the oldest ban is forgotten first.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

__all__ = ["Bans", "Identity", "same_name"]


@dataclass(frozen=True, slots=True)
class Identity:
    """What a student can be recognized by; empty where it is not known."""

    name: str
    address: str = ""
    ticket: str = ""
    device: str = ""


class Bans:
    """The bans of one lesson."""

    def __init__(self, most: int = 4096) -> None:
        self._most = most
        self._banned: OrderedDict[tuple[str, ...], None] = OrderedDict()

    def add(self, identity: Identity, neighbours: Iterable[str]) -> None:
        """Ban a student; ``neighbours`` are the addresses of all other students present."""
        address = _plain(identity.address)
        if _is_own(address) and address not in map(_plain, neighbours):
            self._note(("address", address))
        else:
            self._note(("name", address, _folded(identity.name)))
        for mark in _marks(identity):
            self._note(mark)

    def address_banned(self, address: str) -> bool:
        """Whether all students from this address are banned."""
        return ("address", _plain(address)) in self._banned

    def holds(self, identity: Identity) -> bool:
        """Whether this student is banned."""
        address = _plain(identity.address)
        keys = (("address", address), ("name", address, _folded(identity.name)), *_marks(identity))
        return any(key in self._banned for key in keys)

    def _note(self, key: tuple[str, ...]) -> None:
        self._banned[key] = None
        self._banned.move_to_end(key)
        while len(self._banned) > self._most:
            self._banned.popitem(last=False)


def same_name(one: str, other: str) -> bool:
    """Whether two names are equal, apart from case and spaces."""
    return _folded(one) == _folded(other)


def _marks(identity: Identity) -> Iterator[tuple[str, ...]]:
    if identity.ticket:
        yield ("ticket", identity.ticket)
    if identity.device:
        yield ("device", identity.device)


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())


def _plain(address: str) -> str:
    """An address in its normal form: without a zone, and an IPv4-mapped IPv6 address as IPv4."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)


def _is_own(address: str) -> bool:
    return address != "" and not ipaddress.ip_address(address).is_loopback
