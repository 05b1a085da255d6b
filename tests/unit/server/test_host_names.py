"""Names that lead to a lesson, and names that do not."""

from __future__ import annotations

import pytest

from classroom.server.host_names import HostNames, host_in


@pytest.fixture
def names() -> HostNames:
    found = HostNames(lambda: ["Lab-7", "lab-7.local", "*.school.example", "课堂.example", "2001:db8::7"])
    found.refresh()
    return found


@pytest.mark.parametrize(
    "host",
    [
        "localhost", "LOCALHOST:8888", "lab-7", "LAB-7.:8888", "lab-7.local:8443", "lesson.school.example",
        "xn--cksr32j.example", "课堂.example:8888",
        "127.0.0.1", "192.0.2.7:8888", "[::1]:8888", "[2001:db8::9]", "203.0.113.5", "", None,
    ],
)  # fmt: skip
def test_names_of_the_lesson_and_all_addresses_are_known(names: HostNames, host: str | None) -> None:
    assert names.knows(host)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "evil.example:8888", "lab-7.evil.example", "a.b.school.example", "school.example",
        "127.0.0.1.evil.example", "localhost.evil.example", "evil.local", "*.school.example.evil", "[evil]",
        "[::1]evil", "evil example", "\u2028", ":8888", "@", "192.0.2.7:port",
    ],
)  # fmt: skip
def test_other_names_are_not(names: HostNames, host: str) -> None:
    assert not names.knows(host)


def test_a_name_is_read_without_its_port_and_its_last_dot() -> None:
    assert host_in("Lesson.School.Example.:8443") == "lesson.school.example"
    assert host_in("[2001:DB8::7]:8443") == "2001:db8::7"
    assert host_in("[2001:db8::7") is None
