from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classroom.server.connection_limit import ConnectionGate


def test_a_connection_over_the_limit_of_its_address_is_turned_away_and_others_are_not() -> None:
    gate = ConnectionGate(connections=100, per_address=2)
    assert [gate.enter("10.0.0.1") for _ in range(3)] == [True, True, False]
    assert gate.enter("10.0.0.2")
    gate.leave("10.0.0.1")
    assert gate.enter("10.0.0.1")


def test_all_together_are_bounded() -> None:
    gate = ConnectionGate(connections=3, per_address=100)
    assert [gate.enter(f"10.0.0.{number}") for number in range(4)] == [True, True, True, False]
    gate.leave("10.0.0.0")
    assert gate.enter("10.0.0.9")


def test_a_network_of_ipv6_counts_as_one() -> None:
    gate = ConnectionGate(connections=100, per_address=2)
    assert [gate.enter(f"2001:db8::{number}") for number in range(3)] == [True, True, False]
    gate.leave("2001:db8::1")
    assert gate.enter("2001:db8::77")


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3)), max_size=200))
def test_whatever_comes_and_goes_the_counts_are_right(steps: list[tuple[bool, int]]) -> None:
    gate = ConnectionGate(connections=8, per_address=4)
    inside = {number: 0 for number in range(4)}
    for comes, number in steps:
        if comes:
            fits = inside[number] < 4 and sum(inside.values()) < 8
            assert gate.enter(f"10.0.0.{number}") == fits
            inside[number] += fits
        elif inside[number]:
            gate.leave(f"10.0.0.{number}")
            inside[number] -= 1
        assert gate.inside == sum(inside.values())


def test_a_flood_does_not_flood_the_log(caplog: pytest.LogCaptureFixture) -> None:
    gate = ConnectionGate(connections=1, per_address=1)
    gate.enter("10.0.0.1")
    for _ in range(1000):
        gate.enter("10.0.0.2")
    assert 1 <= len(caplog.records) <= 5
    assert "10.0.0.2" in caplog.text
