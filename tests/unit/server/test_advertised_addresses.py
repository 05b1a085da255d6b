"""What people are told of where the lesson is."""

from __future__ import annotations

import pytest

from classroom.server import advertised_addresses
from classroom.server.advertised_addresses import AdvertisedAddresses, names_leading_to, public_address


@pytest.fixture(autouse=True)
def cards(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One address of one network card, which a test may change."""
    found = ["192.168.1.20"]
    monkeypatch.setattr(advertised_addresses, "reachable_hosts", lambda host: [*found, "127.0.0.1"])
    monkeypatch.setattr(advertised_addresses, "lan_addresses", lambda version: found if version == 4 else [])
    return found


def told(
    public: str | None = None, *names: str, leading: str = "", monkeypatch: pytest.MonkeyPatch
) -> AdvertisedAddresses:
    monkeypatch.setattr(
        advertised_addresses, "_addresses_of", lambda name: {"192.168.1.20"} if name == leading else {"203.0.113.5"}
    )
    found = AdvertisedAddresses("0.0.0.0", public=public, names=lambda: names, port=8888, tls_port=8443)
    found.resolve()
    return found


@pytest.mark.parametrize(
    ("address", "path", "public"),
    [
        (None, "/lesson", None),
        ("https://lesson.example", "/", "https://lesson.example"),
        ("https://lesson.example", "/lesson", "https://lesson.example/lesson"),
        ("https://lesson.example/lesson", "/lesson", "https://lesson.example/lesson"),
    ],
)
def test_the_public_address_has_the_path(address: str | None, path: str, public: str | None) -> None:
    assert public_address(address, path) == public


def test_without_an_address_people_are_told_those_of_this_computer(monkeypatch: pytest.MonkeyPatch) -> None:
    found = told(monkeypatch=monkeypatch)
    assert found.plain() == ["http://192.168.1.20:8888/", "http://127.0.0.1:8888/"]
    assert found.secure("/send") == ["https://192.168.1.20:8443/send", "https://127.0.0.1:8443/send"]
    assert found.here("/teach") == "http://127.0.0.1:8888/teach"


def test_a_public_address_is_all_that_people_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    found = told("https://lesson.example/maths", "other.example", leading="other.example", monkeypatch=monkeypatch)
    assert found.plain() == ["https://lesson.example/maths/"]
    assert found.secure("/send") == ["https://lesson.example/maths/send"]
    assert found.here("/teach") == "http://127.0.0.1:8888/teach"


def test_a_public_address_without_https_leaves_https_to_this_computer(monkeypatch: pytest.MonkeyPatch) -> None:
    found = told("http://lab:8888", monkeypatch=monkeypatch)
    assert found.plain() == ["http://lab:8888/"]
    assert found.secure()[0] == "https://192.168.1.20:8443/"


def test_https_is_told_by_the_name_of_its_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    found = told(None, "*.school.example", "lesson.school.example", monkeypatch=monkeypatch)
    assert found.secure("/teach") == ["https://lesson.school.example:8443/teach"]
    assert found.plain() == ["http://192.168.1.20:8888/", "http://127.0.0.1:8888/"]  # nobody knows where it leads


def test_a_name_of_the_certificate_that_leads_here_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    found = told(
        None, "www.school.example", "lab.school.example", leading="lab.school.example", monkeypatch=monkeypatch
    )
    assert found.secure() == ["https://lab.school.example:8443/", "https://www.school.example:8443/"]
    assert found.plain()[0] == "https://lab.school.example:8443/"
    assert found.plain()[1] == "http://192.168.1.20:8888/"


def test_a_certificate_with_a_star_alone_has_no_name_to_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    found = told(None, "*.school.example", monkeypatch=monkeypatch)
    assert found.secure()[0] == "https://192.168.1.20:8443/"


def test_addresses_follow_the_computer(cards: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    found = told(monkeypatch=monkeypatch)
    cards[:] = ["10.0.0.7"]
    found.refresh()
    assert found.plain()[0] == "http://10.0.0.7:8888/"
    assert found.secure()[0] == "https://10.0.0.7:8443/"


def test_a_name_is_looked_up_and_one_that_is_not_there_is_none() -> None:
    assert names_leading_to(["localhost", "no-such-host.invalid"], ["127.0.0.1", "::1"]) == {"localhost"}
