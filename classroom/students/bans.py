"""Whom the teacher has kept out for the rest of the lesson, and what they are recognised by.

A signaling id says nothing: everybody gets a new one at each sign-in. So three things are remembered:

- the page itself, always: the ticket of its tab and the mark of its browser, both of which it can lose;
- the network address, where it is one student's own: nobody else who is there has it, and it is neither this machine
  nor unknown, as behind a proxy;
- else the name at that address, so that a class behind one address loses one student and not everybody.

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
    """What somebody who asks to come in can be recognised by; empty where it is not known."""

    name: str
    address: str = ""
    ticket: str = ""
    device: str = ""


class Bans:
    """The bans of one lesson."""

    def __init__(self, most: int = 4096) -> None:
        self._most = most
        self._banned: OrderedDict[tuple[str, ...], None] = OrderedDict()

    def add(self, who: Identity, neighbours: Iterable[str]) -> None:
        """Ban somebody; ``neighbours`` are the addresses of all others who are there."""
        address = _plain(who.address)
        if _is_own(address) and address not in map(_plain, neighbours):
            self._note(("address", address))
        else:
            self._note(("name", address, _folded(who.name)))
        for mark in _marks(who):
            self._note(mark)

    def address_banned(self, address: str) -> bool:
        """Whether nobody from this address may come in."""
        return ("address", _plain(address)) in self._banned

    def holds(self, who: Identity) -> bool:
        """Whether this one is banned."""
        address = _plain(who.address)
        keys = (("address", address), ("name", address, _folded(who.name)), *_marks(who))
        return any(key in self._banned for key in keys)

    def _note(self, key: tuple[str, ...]) -> None:
        self._banned[key] = None
        self._banned.move_to_end(key)
        while len(self._banned) > self._most:
            self._banned.popitem(last=False)


def same_name(one: str, other: str) -> bool:
    """Whether two names read alike, whatever their case and blanks."""
    return _folded(one) == _folded(other)


def _marks(who: Identity) -> Iterator[tuple[str, ...]]:
    if who.ticket:
        yield ("ticket", who.ticket)
    if who.device:
        yield ("device", who.device)


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())


def _plain(address: str) -> str:
    """An address in one spelling: without a zone, and an IPv4 address as such where IPv6 wraps it."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)


def _is_own(address: str) -> bool:
    return address != "" and not ipaddress.ip_address(address).is_loopback
