"""The address that people are told, the proxies that are believed, and the path: how they are read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classroom.lesson import Lesson
from tests.support.lessons import SMALL, report


def server(text: str) -> Lesson:
    found = report(f"{SMALL}server: {{{text}}}\n")
    assert found.faults == ()
    assert found.lesson is not None
    return found.lesson


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("https://lesson.school.example", "https://lesson.school.example"),
        ("HTTPS://Lesson.School.Example:8443/", "https://lesson.school.example:8443"),
        ("http://192.0.2.7:8888/", "http://192.0.2.7:8888"),
        ("http://[2001:DB8::7]:8888", "http://[2001:db8::7]:8888"),
        ("https://课堂.example", "https://课堂.example"),
        ("http://lab", "http://lab"),
    ],
)
def test_an_address_is_read_without_its_last_slash(written: str, read: str) -> None:
    assert server(f"address: '{written}'").server.address == read


def test_an_address_may_have_the_path_of_the_lesson() -> None:
    lesson = server("address: 'https://school.example/Math/one/', path: /Math/one")
    assert (lesson.server.address, lesson.server.path) == ("https://school.example/Math/one", "/Math/one")


def test_an_address_without_a_path_is_told_with_the_path_of_the_lesson() -> None:
    lesson = server("address: 'https://school.example', path: /lesson/")
    assert (lesson.server.address, lesson.server.path) == ("https://school.example", "/lesson")


def test_proxies_are_addresses_and_networks() -> None:
    lesson = server("proxies: [127.0.0.1, '::1', '[2001:DB8::1]', 10.0.0.0/24, 192.0.2.9/32, 'fd00::/8']")
    assert lesson.server.proxies == ("127.0.0.1", "::1", "2001:db8::1", "10.0.0.0/24", "192.0.2.9", "fd00::/8")


def test_without_any_of_them_nothing_is_believed_and_the_lesson_stands_at_the_root() -> None:
    found = report(SMALL).lesson
    assert found is not None
    assert (found.server.address, found.server.proxies, found.server.path) == (None, (), "/")


@given(st.text(max_size=40))
def test_whatever_is_written_is_read_or_refused_in_a_sentence(text: str) -> None:
    import json

    quoted = json.dumps(text)
    found = report(f"{SMALL}server: {{address: {quoted}, proxies: [{quoted}], path: {quoted}}}\n")
    assert (found.lesson is None) == bool(found.faults)
