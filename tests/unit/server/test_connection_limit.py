from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classroom.server.connection_limit import ConnectionLimit


def test_a_connection_over_the_limit_of_its_address_is_turned_away_and_others_are_not() -> None:
    connection_limit = ConnectionLimit(connections=100, per_address=2)
    assert [connection_limit.enter("10.0.0.1") for _ in range(3)] == [True, True, False]
    assert connection_limit.enter("10.0.0.2")
    connection_limit.leave("10.0.0.1")
    assert connection_limit.enter("10.0.0.1")


def test_all_together_are_bounded() -> None:
    connection_limit = ConnectionLimit(connections=3, per_address=100)
    assert [connection_limit.enter(f"10.0.0.{number}") for number in range(4)] == [True, True, True, False]
    connection_limit.leave("10.0.0.0")
    assert connection_limit.enter("10.0.0.9")


def test_a_network_of_ipv6_counts_as_one() -> None:
    connection_limit = ConnectionLimit(connections=100, per_address=2)
    assert [connection_limit.enter(f"2001:db8::{number}") for number in range(3)] == [True, True, False]
    connection_limit.leave("2001:db8::1")
    assert connection_limit.enter("2001:db8::77")


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3)), max_size=200))
def test_whatever_comes_and_goes_the_counts_are_right(steps: list[tuple[bool, int]]) -> None:
    connection_limit = ConnectionLimit(connections=8, per_address=4)
    inside = {number: 0 for number in range(4)}
    for comes, number in steps:
        if comes:
            fits = inside[number] < 4 and sum(inside.values()) < 8
            assert connection_limit.enter(f"10.0.0.{number}") == fits
            inside[number] += fits
        elif inside[number]:
            connection_limit.leave(f"10.0.0.{number}")
            inside[number] -= 1
        assert connection_limit.inside == sum(inside.values())


def test_a_flood_does_not_flood_the_log(caplog: pytest.LogCaptureFixture) -> None:
    connection_limit = ConnectionLimit(connections=1, per_address=1)
    connection_limit.enter("10.0.0.1")
    for _ in range(1000):
        connection_limit.enter("10.0.0.2")
    assert 1 <= len(caplog.records) <= 5
    assert "10.0.0.2" in caplog.text
