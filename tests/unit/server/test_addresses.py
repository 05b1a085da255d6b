"""The names and addresses that are printed, certified and announced."""

from __future__ import annotations

import re
import socket

import pytest

from classroom.server.addresses import announced_host, certified_names, lan_addresses, reachable_hosts


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
