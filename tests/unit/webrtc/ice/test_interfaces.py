"""On which addresses connections listen, with network cards as systems name them."""

from __future__ import annotations

import ifaddr
import pytest

from classroom.webrtc.ice.interfaces import MOST_ADDRESSES, chosen, interfaces, is_here


def card(name: str, *addresses: str, nice_name: str = "") -> ifaddr.Adapter:
    """A network card with addresses as ``ifaddr`` tells them."""
    ips = []
    for each in addresses:
        address, _, prefix = each.partition("/")
        scope = 3 if address.startswith("fe80") else 0
        ips.append(ifaddr.IP((address, 0, scope) if ":" in address else address, int(prefix), nice_name or name))
    return ifaddr.Adapter(name, nice_name or name, ips)


LOOPBACK = card("lo", "127.0.0.1/8", "::1/128")
CABLE = card("eth0", "192.168.1.5/24", "fd00::5/64", "2001:db8::5/64", "2001:db8::77/64", "fe80::5/64")
VPN = card("wg0", "10.8.0.2/24")
DOCKER = card("docker0", "172.17.0.1/16", "fe80::1/64")
BRIDGE = card("br-1f0c", "172.18.0.1/16", "fd01::1/64")


def test_one_address_of_each_kind_of_each_real_network_and_a_vpn_last() -> None:
    found = chosen([LOOPBACK, VPN, DOCKER, BRIDGE, CABLE])
    assert found.addresses == ("192.168.1.5", "fd00::5", "2001:db8::5", "10.8.0.2")
    assert {"172.17.0.1", "127.0.0.1", "::1", "2001:db8::77", "fe80::5"} <= found.all


def test_bridges_and_loopback_serve_where_there_is_nothing_else() -> None:
    assert chosen([LOOPBACK, DOCKER]).addresses == ("172.17.0.1",)
    assert chosen([LOOPBACK]).addresses == ("127.0.0.1",)
    assert chosen([]).addresses == ()


def test_windows_says_it_in_the_nice_name() -> None:
    cards = [
        card("{8C6B}", "172.30.0.1/20", nice_name="Hyper-V Virtual Ethernet Adapter"),
        card("{1F00}", "192.168.1.5/24", nice_name="Intel(R) Wi-Fi 6"),
    ]
    assert chosen(cards).addresses == ("192.168.1.5",)


def test_students_in_the_hotspot_of_this_computer_are_reached_too() -> None:
    cards = [
        card("{1F00}", "192.168.1.5/24", nice_name="Realtek PCIe GbE Family Controller"),
        card("{2E00}", "192.168.137.1/24", nice_name="Microsoft Wi-Fi Direct Virtual Adapter"),
    ]
    assert chosen(cards).addresses == ("192.168.1.5", "192.168.137.1")


def test_the_card_of_a_virtual_machine_is_its_network() -> None:
    cards = [
        card("{3D00}", "10.8.0.2/24", nice_name="WireGuard Tunnel"),
        card("{4C00}", "10.1.0.4/24", nice_name="Microsoft Hyper-V Network Adapter"),
    ]
    assert chosen(cards).addresses == ("10.1.0.4", "10.8.0.2")


def test_a_network_of_ipv6_only_is_listened_on() -> None:
    assert chosen([LOOPBACK, card("eth0", "fd00::5/64", "fe80::5/64")]).addresses == ("fd00::5",)


def test_two_addresses_in_one_network_are_one() -> None:
    assert chosen([card("eth0", "192.168.1.5/24", "192.168.1.6/24", "10.0.0.1/8")]).addresses == (
        "192.168.1.5",
        "10.0.0.1",
    )


def test_there_is_a_bound() -> None:
    cards = [card(f"eth{number}", f"10.{number}.0.1/16") for number in range(20)]
    assert len(chosen(cards).addresses) == MOST_ADDRESSES


def test_who_comes_from_an_address_of_this_computer_is_here() -> None:
    assert is_here("127.0.0.1")
    assert is_here("::1")
    assert is_here("::ffff:127.0.0.1")
    assert all(is_here(address) for address in interfaces().addresses)
    assert not any(map(is_here, ("8.8.8.8", "::ffff:8.8.8.8", "", "a name")))


def test_a_network_that_came_just_before_a_student_is_listened_to(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    cards = [card("lo", "127.0.0.1/8")]
    monkeypatch.setattr("classroom.webrtc.ice.interfaces._found", None)
    monkeypatch.setattr("classroom.webrtc.ice.interfaces.time.monotonic", lambda: clock[0])
    monkeypatch.setattr(ifaddr, "get_adapters", lambda: list(cards))
    assert interfaces().addresses == ("127.0.0.1",)
    cards.append(card("wlan0", "192.168.1.5/24"))
    clock[0] += 0.5
    assert interfaces().addresses == ("192.168.1.5",)


@pytest.mark.parametrize("fault", [OSError("no cards")])
def test_cards_that_cannot_be_listed_are_none(fault: OSError, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> list[ifaddr.Adapter]:
        raise fault

    monkeypatch.setattr("classroom.webrtc.ice.interfaces._found", None)
    monkeypatch.setattr(ifaddr, "get_adapters", fails)
    assert interfaces().addresses == ()
    monkeypatch.setattr("classroom.webrtc.ice.interfaces._found", None)
