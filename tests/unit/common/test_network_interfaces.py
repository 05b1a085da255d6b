"""Which network interfaces students can be behind."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import ifaddr
import pytest

from classroom.common import network_interfaces
from classroom.common.network_interfaces import InterfaceKind, interface_addresses, interface_kind, kind_by_name


@pytest.mark.parametrize(
    ("name", "description", "kind"),
    [
        ("eth7", "eth7", InterfaceKind.NETWORK),
        ("wlp3s0", "wlp3s0", InterfaceKind.NETWORK),
        ("en0", "en0", InterfaceKind.NETWORK),
        ("br0", "br0", InterfaceKind.NETWORK),
        ("{A1}", "Intel(R) Wi-Fi 6 AX201 160MHz", InterfaceKind.NETWORK),
        ("docker0", "docker0", InterfaceKind.BRIDGE),
        ("br-4f2a", "br-4f2a", InterfaceKind.BRIDGE),
        ("vethA1", "vethA1", InterfaceKind.BRIDGE),
        ("virbr0", "virbr0", InterfaceKind.BRIDGE),
        ("vmnet8", "vmnet8", InterfaceKind.BRIDGE),
        ("bridge100", "bridge100", InterfaceKind.BRIDGE),
        ("{A2}", "Hyper-V Virtual Ethernet Adapter", InterfaceKind.BRIDGE),
        ("{A3}", "vEthernet (WSL)", InterfaceKind.BRIDGE),
        ("{A4}", "VirtualBox Host-Only Ethernet Adapter", InterfaceKind.BRIDGE),
        ("{A8}", "Microsoft Hyper-V Network Adapter", InterfaceKind.NETWORK),
        ("{A9}", "Microsoft Wi-Fi Direct Virtual Adapter #2", InterfaceKind.HOTSPOT),
        ("tun7", "tun7", InterfaceKind.TUNNEL),
        ("wg7", "wg7", InterfaceKind.TUNNEL),
        ("utun3", "utun3", InterfaceKind.TUNNEL),
        ("ppp7", "ppp7", InterfaceKind.TUNNEL),
        ("{A5}", "WireGuard Tunnel", InterfaceKind.TUNNEL),
        ("{A6}", "TAP-Windows Adapter V9", InterfaceKind.TUNNEL),
        ("{A7}", "Cisco AnyConnect Secure Mobility Client Virtual Miniport Adapter", InterfaceKind.TUNNEL),
    ],
)
def test_interfaces_are_told_apart_on_all_systems(name: str, description: str, kind: InterfaceKind) -> None:
    assert interface_kind(name, description) is kind
    assert kind_by_name(name, description) is kind


def test_the_kernel_knows_a_bridge_by_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network_interfaces, "_INTERFACES", tmp_path)
    (tmp_path / "school" / "bridge").mkdir(parents=True)
    assert interface_kind("school", "school") is InterfaceKind.BRIDGE
    assert kind_by_name("school", "school") is InterfaceKind.NETWORK


def test_a_tunnel_is_one_by_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network_interfaces, "_INTERFACES", tmp_path)
    for name, file, content in (("office", "tun_flags", "0x1"), ("mobile", "type", "512")):
        (tmp_path / name).mkdir()
        (tmp_path / name / file).write_text(content)
        assert interface_kind(name, name) is InterfaceKind.TUNNEL


def test_addresses_that_nobody_can_write_down_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    own: list[tuple[str | tuple[str, int, int], int]] = [
        ("127.0.0.1", 8),
        ("192.168.1.5", 24),
        (("fe80::5", 0, 3), 64),
        (("fd00::5", 0, 0), 64),
    ]
    adapter = ifaddr.Adapter("eth7", "eth7", [ifaddr.IP(address, prefix, "eth7") for address, prefix in own])
    monkeypatch.setattr(ifaddr, "get_adapters", lambda: [adapter])
    found = [each.address for each in interface_addresses()]
    assert found == [ipaddress.ip_address("192.168.1.5"), ipaddress.ip_address("fd00::5")]
