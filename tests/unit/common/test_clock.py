from __future__ import annotations

import importlib
import sys
import time

import pytest

from classroom.common import clock


def test_the_clock_of_the_machine_goes_on_in_steps_finer_than_a_millisecond() -> None:
    now = clock.SystemClock().now
    steps: set[float] = set()
    last = now()
    while len(steps) < 50:
        if (next_ := now()) != last:
            assert next_ > last
            steps.add(next_ - last)
            last = next_
    assert min(steps) < 0.001


@pytest.mark.parametrize(
    ("system", "counter"), [("win32", "perf_counter"), ("linux", "monotonic"), ("darwin", "monotonic")]
)
def test_each_system_has_the_clock_that_is_fine_there(
    system: str, counter: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as there:
        there.setattr(sys, "platform", system)
        there.setattr(time, counter, lambda: 12.5)
        assert importlib.reload(clock).SystemClock().now() == 12.5
    importlib.reload(clock)
