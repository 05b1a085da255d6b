"""Who is kept out, and that nobody else is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classroom.students.bans import Bans, Identity

ADDRESSES = st.sampled_from(["192.168.1.7", "192.168.1.8", "fe80::1%eth0", "2001:db8::1", "127.0.0.1", "::1", ""])
NAMES = st.sampled_from(["Ada", "Bob", "王小明"])
MARKS = st.sampled_from(["", "a", "b"])
WHO = st.builds(Identity, name=NAMES, address=ADDRESSES, ticket=MARKS, device=MARKS)


def test_an_address_of_ones_own_is_banned_whatever_the_name() -> None:
    bans = Bans()
    bans.add(Identity("Ada", "192.168.1.7"), ["192.168.1.8", ""])
    assert bans.address_banned("192.168.1.7")
    assert bans.address_banned("::ffff:192.168.1.7")
    assert bans.holds(Identity("Bob", "192.168.1.7"))
    assert not bans.address_banned("192.168.1.8")
    assert not bans.holds(Identity("Ada", "192.168.1.8"))


@pytest.mark.parametrize(
    ("address", "neighbours"),
    [
        ("192.168.1.7", ["192.168.1.7"]),
        ("192.168.1.7", ["::ffff:192.168.1.7"]),
        ("127.0.0.1", []),
        ("::1", []),
        ("", []),
        ("no address", []),
    ],
)
def test_a_shared_address_loses_one_name_only(address: str, neighbours: list[str]) -> None:
    bans = Bans()
    bans.add(Identity("Ada", address), neighbours)
    assert not bans.address_banned(address)
    assert bans.holds(Identity(" ADA ", address))
    assert not bans.holds(Identity("Bob", address))
    assert not bans.holds(Identity("Ada", "10.0.0.9"))


@pytest.mark.parametrize("known", [{"ticket": "secret"}, {"device": "mark"}])
def test_page_and_browser_are_recognised_anywhere(known: dict[str, str]) -> None:
    bans = Bans()
    bans.add(Identity("Ada", "192.168.1.7", "secret", "mark"), [])
    assert bans.holds(Identity("Eve", "10.0.0.9", **known))
    assert not bans.holds(Identity("Eve", "10.0.0.9", **dict.fromkeys(known, "another")))


def test_a_mark_is_never_taken_for_another_kind() -> None:
    bans = Bans()
    bans.add(Identity("Ada", "", ticket="same"), [])
    assert not bans.holds(Identity("Bob", "", device="same"))


@given(banned=WHO, neighbours=st.lists(ADDRESSES, max_size=3), other=WHO)
def test_the_banned_stays_out_and_who_has_nothing_of_the_banned_comes_in(
    banned: Identity, neighbours: list[str], other: Identity
) -> None:
    bans = Bans()
    assert not bans.holds(other)
    bans.add(banned, neighbours)
    assert bans.holds(banned)
    common = (
        (other.ticket and other.ticket == banned.ticket)
        or (other.device and other.device == banned.device)
        or other.address == banned.address
    )
    assert common or not bans.holds(other)
    if banned.address in neighbours:
        assert not bans.address_banned(banned.address)


def test_the_oldest_ban_is_forgotten_first() -> None:
    bans = Bans(most=2)
    for number in range(3):
        bans.add(Identity(str(number), f"10.0.0.{number}"), [])
    assert [bans.address_banned(f"10.0.0.{number}") for number in range(3)] == [False, True, True]
