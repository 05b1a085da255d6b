from __future__ import annotations

import logging

import pytest

from classroom.sparing import SparingLog


def test_a_flood_writes_a_few_lines_and_then_how_many_it_was(caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0
    log = SparingLog(logging.getLogger("classroom.test"), lines=3, span=30.0, now=lambda: now)
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
    log = SparingLog(logging.getLogger("classroom.test"), lines=1, now=lambda: 0.0)
    for _ in range(5):
        log.warn("a")
        log.warn("b %d", 1)
    assert [record.getMessage() for record in caplog.records] == ["a", "b 1"]
