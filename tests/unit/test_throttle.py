from __future__ import annotations

import pytest

from classroom.throttle import Throttle, household


def test_each_failure_waits_twice_as_long_up_to_the_longest() -> None:
    throttle = Throttle(first=0.5, longest=8.0)
    assert [throttle.failed("10.0.0.1", 0.0) for _ in range(7)] == [0.5, 1, 2, 4, 8, 8, 8]
    assert throttle.failed("10.0.0.2", 0.0) == 0.5


def test_the_first_may_be_free() -> None:
    throttle = Throttle(first=0.25, longest=1.0, free=3)
    assert [throttle.failed("10.0.0.1", 0.0) for _ in range(7)] == [0, 0, 0, 0.25, 0.5, 1, 1]


def test_an_address_begins_anew_after_a_while_or_a_success() -> None:
    throttle = Throttle(first=0.5, forget=60.0)
    for _ in range(5):
        throttle.failed("a", 0.0)
    assert throttle.failed("a", 60.1) == 0.5
    throttle.failed("a", 60.2)
    throttle.succeeded("a")
    assert throttle.failed("a", 60.3) == 0.5


def test_the_memory_is_bounded() -> None:
    throttle = Throttle(first=0.5, addresses=10)
    for number in range(1000):
        throttle.failed(str(number), 0.0)
    assert throttle.failed("999", 0.0) == 1.0
    assert throttle.failed("1", 0.0) == 0.5


@pytest.mark.parametrize(
    ("address", "who"),
    [
        ("192.168.1.20", "192.168.1.20"),
        ("::ffff:192.168.1.20", "192.168.1.20"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::9", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("::1", "::1"),
        ("", ""),
        ("unknown", "unknown"),
    ],
)
def test_a_network_of_ipv6_counts_as_one(address: str, who: str) -> None:
    assert household(address) == who


def test_an_address_cannot_be_changed_within_its_network() -> None:
    throttle = Throttle(first=0.5)
    assert [throttle.failed(f"2001:db8::{number:x}", 0.0) for number in range(4)] == [0.5, 1, 2, 4]
