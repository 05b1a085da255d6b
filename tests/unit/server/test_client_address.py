"""Who asks, as far as proxies can be believed."""

from __future__ import annotations

import pytest
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st

from classroom.server.client_address import Client, Proxies, keep_client, own_address

PROXIES = Proxies(["127.0.0.1", "10.0.0.0/24", "2001:db8:1::/64"])


def client(peer: str, *headers: tuple[str, str], proxies: Proxies = PROXIES) -> Client:
    return proxies.client(peer, lambda name: [value for key, value in headers if key.lower() == name.lower()])


@pytest.mark.parametrize("name", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "Via"])
def test_whoever_is_no_proxy_of_the_lesson_is_believed_nothing(name: str) -> None:
    found = client("192.0.2.7", (name, "198.51.100.9"), ("X-Forwarded-Host", "evil.example"), ("Host", "lesson:8888"))
    assert found == Client("192.0.2.7", certain=True, host="lesson:8888")


@pytest.mark.parametrize(
    ("chain", "address"),
    [
        (["198.51.100.9"], "198.51.100.9"),
        (["203.0.113.1, 198.51.100.9"], "198.51.100.9"),
        (["203.0.113.1", "198.51.100.9"], "198.51.100.9"),
        (["203.0.113.1, 198.51.100.9, 10.0.0.3, 127.0.0.1"], "198.51.100.9"),
        (["198.51.100.9:4711"], "198.51.100.9"),
        (["[2001:db8::7]:4711"], "2001:db8::7"),
        (["2001:DB8::7"], "2001:db8::7"),
        (["::ffff:198.51.100.9"], "198.51.100.9"),
        (["10.0.0.8, 10.0.0.9"], "10.0.0.8"),
        (["2001:db8::7, 2001:db8:1::5"], "2001:db8::7"),
    ],
)
def test_the_client_is_the_nearest_that_is_no_proxy(chain: list[str], address: str) -> None:
    found = client("127.0.0.1", *(("X-Forwarded-For", each) for each in chain))
    assert (found.address, found.certain, found.proxied) == (address, True, True)


@pytest.mark.parametrize("chain", ["", "unknown", "198.51.100.9, _hidden", "198.51.100.9, ", "1.2.3.4.5"])
def test_a_proxy_that_does_not_say_for_whom_it_asks_is_one_uncertain_client(chain: str) -> None:
    found = client("127.0.0.1", ("X-Forwarded-For", chain)) if chain else client("127.0.0.1")
    assert (found.address, found.certain, found.proxied) == ("127.0.0.1", False, True)
    assert not found.is_this_machine


@pytest.mark.parametrize(
    ("value", "address", "host", "scheme"),
    [
        ("for=198.51.100.9", "198.51.100.9", None, None),
        ('For="[2001:db8::7]:47";Proto=https;Host="lesson.example:84"', "2001:db8::7", "lesson.example:84", "https"),
        ("for=203.0.113.1, for=198.51.100.9;host=lesson.example", "198.51.100.9", "lesson.example", None),
        ('for="203.0.113.1,6", for=198.51.100.9', "198.51.100.9", None, None),
        ('for="198.51.100.9";by="a\\"b,c"', "198.51.100.9", None, None),
    ],
)  # fmt: skip
def test_forwarded_is_read_as_rfc_7239_has_it(value: str, address: str, host: str | None, scheme: str | None) -> None:
    found = client("10.0.0.3", ("Forwarded", value))
    assert (found.address, found.certain, found.host, found.scheme) == (address, True, host, scheme)


def test_what_a_client_adds_in_the_other_notation_does_not_count() -> None:
    found = client("127.0.0.1", ("Forwarded", "for=203.0.113.1"), ("X-Forwarded-For", "198.51.100.9"))
    assert found.address == "198.51.100.9"


def test_a_proxy_says_by_which_name_and_how_it_was_asked() -> None:
    found = client(
        "127.0.0.1",
        ("Host", "127.0.0.1:8888"),
        ("X-Forwarded-For", "198.51.100.9"),
        ("X-Forwarded-Host", "lesson.example"),
        ("X-Forwarded-Proto", "HTTPS"),
    )
    assert (found.host, found.scheme) == ("lesson.example", "https")


def test_this_machine_is_who_asks_from_it_and_for_nobody_else() -> None:
    without = Proxies()
    assert client("127.0.0.1", proxies=without).is_this_machine
    assert client("::1", proxies=without).is_this_machine
    assert client("::ffff:127.0.0.1", proxies=without).is_this_machine
    assert not client("192.0.2.7", proxies=without).is_this_machine
    for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "Via"):
        assert not client("127.0.0.1", (name, "198.51.100.9"), proxies=without).is_this_machine
    assert not client("127.0.0.1", ("X-Forwarded-For", "127.0.0.1")).is_this_machine
    assert client("::1", proxies=Proxies(["10.0.0.3"])).is_this_machine


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_whatever_headers_hold_somebody_asks(forwarded: str, chain: str, host: str) -> None:
    found = client("127.0.0.1", ("Forwarded", forwarded), ("X-Forwarded-For", chain), ("X-Forwarded-Host", host))
    assert found.address
    assert found.proxied


@pytest.mark.parametrize("proxied", [False, True])
@pytest.mark.parametrize("certain", [False, True])
def test_a_proxy_is_not_taken_for_the_computer_of_its_clients(proxied: bool, certain: bool) -> None:
    found = Client("192.0.2.7", certain=certain, proxied=proxied, host="lesson:8888", scheme="http")
    request = keep_client(make_mocked_request("GET", "/sign_in"), found)
    assert own_address(request) == ("192.0.2.7" if certain else "")
