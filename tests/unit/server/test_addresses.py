"""The names and addresses that are printed, certified and announced."""

from __future__ import annotations

import ipaddress
import re
import socket

import pytest

from classroom.common.network_interfaces import InterfaceAddress, InterfaceKind
from classroom.server import addresses
from classroom.server.addresses import (
    announced_host,
    best_first,
    certified_names,
    lan_addresses,
    listened_hosts,
    reachable_hosts,
)


@pytest.mark.parametrize("host", ["0.0.0.0", "", "::"])
def test_everything_that_can_be_reached_is_certified(host: str) -> None:
    assert {each.strip("[]") for each in reachable_hosts(host)} <= set(certified_names(host))


def test_this_computer_is_always_certified() -> None:
    names = certified_names("127.0.0.1")
    assert {"localhost", "127.0.0.1", "::1", announced_host()} <= set(names)
    assert not set(lan_addresses()) & set(names)
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("host", ["192.168.1.7", "fd00::7", "Lesson.school.example"])
def test_the_host_that_is_listened_on_is_certified(host: str) -> None:
    assert host.lower() in certified_names(host)


@pytest.mark.parametrize("computer", ["Desk", "desk.school.example", "教室", "ada's computer", "", "-", "a" * 200])
def test_a_computer_may_have_any_name(computer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: computer)
    assert re.fullmatch(r"classroom-[a-z0-9-]{1,50}\.local", announced_host())
    for name in certified_names("127.0.0.1"):
        assert ":" in name or re.fullmatch(r"[a-z0-9_.-]+", name)
        assert all(0 < len(label) <= 63 for label in name.split(".") if ":" not in name)


def card(address: str, kind: InterfaceKind = InterfaceKind.NETWORK, *, temporary: bool = False) -> InterfaceAddress:
    return InterfaceAddress(ipaddress.ip_address(address), kind, temporary)


@pytest.mark.parametrize(
    ("found", "routed", "expected"),
    [
        # The school's network before the others, in whatever order the system lists its cards.
        (
            [card("172.17.0.1", InterfaceKind.BRIDGE), card("10.8.0.2", InterfaceKind.TUNNEL), card("192.168.1.20")],
            ["192.168.1.20"],
            ["192.168.1.20", "172.17.0.1", "10.8.0.2"],
        ),
        # A VPN through which everything goes: students are not in it.
        (
            [card("10.8.0.2", InterfaceKind.TUNNEL), card("192.168.1.20"), card("172.17.0.1", InterfaceKind.BRIDGE)],
            ["10.8.0.2"],
            ["192.168.1.20", "172.17.0.1", "10.8.0.2"],
        ),
        # A bridge that has the network's card in it is the network.
        (
            [card("192.168.1.20", InterfaceKind.BRIDGE), card("172.17.0.1", InterfaceKind.BRIDGE), card("192.168.2.5")],
            ["192.168.1.20"],
            ["192.168.1.20", "192.168.2.5", "172.17.0.1"],
        ),
        # Two networks: the one with the way out first, then private ones; what a card gave itself last.
        (
            [card("169.254.3.4"), card("193.0.2.9"), card("192.168.2.5"), card("10.0.0.7")],
            ["10.0.0.7"],
            ["10.0.0.7", "192.168.2.5", "193.0.2.9", "169.254.3.4"],
        ),
        # Of IPv6 one address in each network: one that stays.
        (
            [card("2a00:1:2:3::aaaa", temporary=True), card("2a00:1:2:3::1"), card("fd00::7")],
            ["2a00:1:2:3::aaaa"],
            ["2a00:1:2:3::1", "fd00::7"],
        ),
    ],
)
def test_the_address_that_students_can_reach_comes_first(
    found: list[InterfaceAddress], routed: list[str], expected: list[str]
) -> None:
    for each in (found, found[::-1]):
        assert [str(one) for one in best_first(each, [ipaddress.ip_address(one) for one in routed])] == expected


@pytest.mark.parametrize(
    ("fours", "sixes", "listened", "reached"),
    [
        (["192.168.1.20"], [], ["0.0.0.0"], ["192.168.1.20", "127.0.0.1"]),
        (["192.168.1.20"], ["2a00::7"], ["0.0.0.0"], ["192.168.1.20", "127.0.0.1"]),
        ([], ["2a00::7"], ["0.0.0.0", "::"], ["[2a00::7]", "127.0.0.1"]),
        ([], [], ["0.0.0.0"], ["127.0.0.1"]),
    ],
)
def test_where_there_is_only_ipv6_students_come_over_it(
    fours: list[str], sixes: list[str], listened: list[str], reached: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "lan_addresses", lambda version=4: sixes if version == 6 else fours)
    assert listened_hosts("0.0.0.0") == listened
    assert reachable_hosts("0.0.0.0") == reached
    assert {"127.0.0.1", *(each.strip("[]") for each in reached)} <= set(certified_names("0.0.0.0"))
