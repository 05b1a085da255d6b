"""Which stranger has to go when too many have not said hello yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from classroom.control.sessions import _rudest


@dataclass(frozen=True, eq=False)
class Stranger:
    address: str


def rudest(*addresses: str) -> int:
    """The place in the row, oldest first, of the one who goes."""
    strangers = [Stranger(address) for address in addresses]
    return strangers.index(cast(Stranger, _rudest(cast(Any, strangers))))


def test_the_oldest_of_the_address_with_most_goes() -> None:
    assert rudest("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.2") == 1
    assert rudest("10.0.0.1", "10.0.0.2", "10.0.0.3") == 0


def test_an_ipv6_network_counts_as_one_address() -> None:
    assert rudest("2001:db8:5::1", "10.0.0.1", "2001:db8:7::1", "2001:db8:7::2", "2001:db8:7::3", "10.0.0.1") == 2
    assert rudest("10.0.0.1", "::ffff:10.0.0.2", "10.0.0.2") == 1
