from __future__ import annotations

import logging

import pytest

from classroom.common.limited_log import LimitedLog, LimitedLogFilter


def test_a_flood_writes_a_few_lines_and_then_how_many_it_was(caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0
    log = LimitedLog(logging.getLogger("classroom.test"), lines=3, span=30.0, now=lambda: now)
    for number in range(1000):
        log.warn("too much from %s", number)
    assert [record.getMessage() for record in caplog.records] == [f"too much from {n}" for n in range(3)]
    now = 29.9
    log.warn("too much from %s", "late")
    assert len(caplog.records) == 3
    now = 30.0
    log.warn("too much from %s", "x")
    log.warn("too much from %s", "y")
    assert [record.getMessage() for record in caplog.records[3:]] == [
        "too much from x (and 998 times before)",
        "too much from y",
    ]


def test_one_kind_does_not_silence_another(caplog: pytest.LogCaptureFixture) -> None:
    log = LimitedLog(logging.getLogger("classroom.test"), lines=1, now=lambda: 0.0)
    for _ in range(5):
        log.warn("a")
        log.warn("b %d", 1)
    assert [record.getMessage() for record in caplog.records] == ["a", "b 1"]


def test_the_net_under_all_loggers_lets_a_few_lines_of_each_place_through() -> None:
    now = 0.0
    net = LimitedLogFilter(lines=3, span=60.0, now=lambda: now)

    def record(line: int) -> logging.LogRecord:
        return logging.LogRecord("library", logging.ERROR, "library.py", line, "fault %d", (line,), None)

    assert [net.filter(record(1)) for _ in range(100)] == [True] * 3 + [False] * 97
    assert net.filter(record(2)), "another place is not silenced"
    now = 60.0
    late = record(1)
    assert net.filter(late)
    assert late.getMessage() == "fault 1 (and 97 lines like it before)"


def test_lines_that_are_spared_already_are_told_apart_by_who_wrote_them(caplog: pytest.LogCaptureFixture) -> None:
    net = LimitedLogFilter(lines=1, now=lambda: 0.0)
    log = LimitedLog(logging.getLogger("classroom.test"), now=lambda: 0.0)
    log.warn("a")
    log.warn("b")
    assert [net.filter(record) for record in caplog.records] == [True, True]


def test_a_loud_one_is_named_once_a_minute_and_hides_no_other(caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0
    log = LimitedLog(logging.getLogger("classroom.test"), lines=3, span=30.0, now=lambda: now)
    for _ in range(1000):
        log.warn("too much from %s", "a", by="a")
    log.warn("too much from %s", "b", by="b")
    for number in range(1000):
        log.warn("too much from %s", number, by=str(number))
    now = 59.9
    log.warn("too much from %s", "a", by="a")
    now = 60.0
    log.warn("too much from %s", "a", by="a")
    assert [record.getMessage() for record in caplog.records] == [
        "too much from a",
        "too much from b (and 999 times before)",
        "too much from 0",
        "too much from a (and 1000 times before)",
    ]
