"""Pages that may sign in or control, by the origin that their browser tells."""

from __future__ import annotations

import pytest

from classroom.lesson import lesson_from_text
from classroom.server.client_address import Client
from classroom.server.origins import Rule, allows, is_own, rule_of
from tests.support.lessons import SMALL

DIRECT = Client("192.0.2.7", host="192.0.2.2:8888")
ADDRESS = "https://lesson.example:8443/maths"


def proxied(host: str | None) -> Client:
    return Client("192.0.2.7", proxied=True, host=host)


@pytest.mark.parametrize(
    ("origin", "client", "address"),
    [
        ("http://192.0.2.2:8888", DIRECT, None),
        ("https://lesson.example", Client("192.0.2.7", host="lesson.example"), None),
        ("https://lesson.example:443", Client("192.0.2.7", host="Lesson.Example."), None),
        ("http://[2001:db8::7]:8888", Client("192.0.2.7", host="[2001:DB8::7]:8888"), None),
        ("https://lesson.example:8443", Client("127.0.0.1", host="127.0.0.1:8888"), ADDRESS),
        ("https://lesson.example:8443", proxied("127.0.0.1:8888"), ADDRESS),
        ("https://lesson.example:8443", proxied("lesson.example"), None),
        ("https://lesson.example:8443", proxied("lesson.example:8443"), None),
    ],
)
def test_our_own_pages_come_from_where_they_ask(origin: str, client: Client, address: str | None) -> None:
    assert is_own(origin, client, address)


@pytest.mark.parametrize(
    ("origin", "client", "address"),
    [
        ("http://evil.example", DIRECT, None),
        ("http://192.0.2.2:8889", DIRECT, None),
        ("http://192.0.2.2", DIRECT, None),
        ("null", DIRECT, None),
        ("", DIRECT, None),
        ("file://192.0.2.2:8888", DIRECT, None),
        ("http://evil@192.0.2.2:8888", DIRECT, None),
        ("http://192.0.2.2:8888/page", DIRECT, None),
        ("http://192.0.2.2:port", DIRECT, None),
        ("http://[192.0.2.2", DIRECT, None),
        ("https://lesson.example:8443", Client("192.0.2.7", host="lesson.example"), None),
        ("https://lesson.example:8443", proxied("lesson.example:9443"), None),
        ("http://lesson.example:8443", proxied("127.0.0.1:8888"), ADDRESS),
        ("https://lesson.example:8443", Client("192.0.2.7"), None),
    ],
)
def test_others_are_not_ours(origin: str, client: Client, address: str | None) -> None:
    assert not is_own(origin, client, address)


@pytest.mark.parametrize(
    ("rule", "origins", "let_in"),
    [
        ("any", ["https://evil.example"], True),
        ("any", ["null"], True),
        ("own", [], True),
        ("own", ["http://192.0.2.2:8888"], True),
        ("own", ["https://evil.example"], False),
        ("own", ["null"], False),
        ("own", ["http://192.0.2.2:8888", "https://evil.example"], False),
        (("https://school.example",), ["https://school.example"], True),
        (("https://school.example",), ["https://school.example:443"], True),
        (("https://school.example",), ["http://192.0.2.2:8888"], True),
        (("https://school.example",), ["http://school.example"], False),
        (("https://school.example",), ["null"], False),
        (("https://school.example",), ["https://school.example.evil"], False),
    ],
)
def test_who_may_sign_in(rule: Rule, origins: list[str], let_in: bool) -> None:
    assert allows(rule, origins, DIRECT, None) is let_in


@pytest.mark.parametrize(
    ("access", "rule"),
    [
        ("{}", "any"),
        ("{passcode: tango}", "own"),
        ("{admit: approve}", "own"),
        ("{passcode: tango, origins: any}", "any"),
        ("{origins: own}", "own"),
        ("{origins: ['https://School.example/']}", ("https://school.example",)),
    ],
)
def test_an_open_lesson_is_open_to_all_pages_and_a_closed_one_to_its_own(access: str, rule: Rule) -> None:
    lesson = lesson_from_text(f"{SMALL}access: {access}\n", "lesson.yaml").lesson
    assert lesson is not None
    assert rule_of(lesson.access) == rule
