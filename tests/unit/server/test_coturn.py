"""What coturn is told, and what is said where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from classroom.common.errors import AddressError, SetupError
from classroom.server.coturn import RELAY_PORTS, CoturnConfig, find_coturn, listening_addresses, user_for

OWN = ["10.0.0.2", "2001:db8::2"]


def settings(**changes: object) -> dict[str, list[str]]:
    wanted = {
        "listening": ["10.0.0.2", "2001:db8::2"], "own": ["10.0.0.2", "172.17.0.1", "2001:db8::2"], "port": 3478,
        "secret": "quiet", "students": 30, "bit_rate": 1_500_000,
    }  # fmt: skip
    found: dict[str, list[str]] = {}
    for line in CoturnConfig(**{**wanted, **changes}).text(Path("/x")).splitlines():  # type: ignore[arg-type]
        key, _, value = line.partition("=")
        found.setdefault(key, []).append(value)
    return found


def test_only_our_own_addresses_are_relayed_to() -> None:
    told = settings()
    assert told["denied-peer-ip"] == ["0.0.0.0-255.255.255.255", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"]
    assert told["allowed-peer-ip"] == ["10.0.0.2", "172.17.0.1", "2001:db8::2"]
    assert {"no-tcp-relay", "no-multicast-peers"} <= told.keys()
    assert "allow-loopback-peers" not in told


def test_it_serves_passwords_that_expire_and_nothing_beside_turn() -> None:
    told = settings()
    assert told["static-auth-secret"] == ["quiet"]
    assert {"use-auth-secret", "no-cli", "no-tls", "no-dtls", "no-stun", "no-rfc5780"} <= told.keys()
    assert told["log-file"] == ["/dev/null"]


def test_there_is_a_relay_address_for_each_family() -> None:
    assert settings()["relay-ip"] == ["10.0.0.2", "2001:db8::2"]
    assert settings(own=["2001:db8::2"])["relay-ip"] == ["2001:db8::2"]
    assert settings(own=[], listening=["127.0.0.1"])["relay-ip"] == ["127.0.0.1"]


def test_the_limits_follow_the_lesson_and_the_ports() -> None:
    assert int(settings(students=1000)["total-quota"][0]) == len(RELAY_PORTS)
    assert int(settings(students=30)["total-quota"][0]) < len(RELAY_PORTS)
    assert int(settings(bit_rate=20_000_000)["max-bps"][0]) * 8 >= 20_000_000
    assert int(settings()["min-port"][0]) <= int(settings()["max-port"][0])


def test_the_secret_is_in_no_representation() -> None:
    assert "quiet" not in repr(CoturnConfig(["a"], ["a"], 1, "quiet", 1, 1))


@pytest.mark.parametrize(
    ("platform", "how"),
    [("linux", "sudo apt install coturn"), ("darwin", "brew install coturn"), ("win32", "not for Windows")],
)
def test_where_there_is_no_coturn_one_sentence_says_how_to_get_it(
    platform: str, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    with pytest.raises(SetupError, match=how):
        find_coturn(platform)


def test_coturn_is_not_roots() -> None:
    assert user_for(1000) == ""
    assert user_for(0) not in ("", "root")


@pytest.mark.parametrize(("hosts", "listened"), [(["0.0.0.0"], ["10.0.0.2"]), (["0.0.0.0", "::"], OWN)])
def test_it_listens_where_the_lesson_does(
    hosts: list[str], listened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("classroom.server.coturn.listened_hosts", lambda _: hosts)
    assert listening_addresses("0.0.0.0", OWN) == listened


def test_an_address_of_the_lesson_is_the_only_one_that_is_listened_on() -> None:
    assert listening_addresses("::", ["10.0.0.2", "2001:db8::2"]) == ["10.0.0.2", "2001:db8::2"]
    assert listening_addresses("127.0.0.1", ["10.0.0.2"]) == ["127.0.0.1"]
    with pytest.raises(AddressError):
        listening_addresses("no such name.invalid", [])
