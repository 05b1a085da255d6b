"""For all tests: examples of hypothesis have no deadline, for it would measure the machine and not the code.

The profile ``fuzz`` is for ``make fuzz``: half a million examples instead of thousands, in the tests that say so. What
looks at time or at memory is marked ``alone``; the rest can run side by side.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.machine import Machine, measured_machine

ALONE = (
    "e2e/test_failover.py",
    "e2e/test_file_sync.py",
    "e2e/test_lesson.py",
    "e2e/test_lip_sync.py",
    "e2e/test_sent_sync.py",
    "integration/test_bench_join.py",
    "integration/test_dying_sources.py",
    "net/test_links.py",
    "net/test_wire.py",
)

LONG = ("e2e/test_latency.py", "integration/test_bench_fanout.py")

settings.register_profile("classroom", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("fuzz", settings.get_profile("classroom"), max_examples=500_000)
settings.load_profile("classroom")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what must not share the machine."""
    here = Path(__file__).parent
    for item in items:
        path = item.path.relative_to(here).as_posix()
        if path in ALONE:
            item.add_marker("alone")
        if path in LONG:
            item.add_marker("long")


@pytest.fixture
def machine() -> Iterator[Machine]:
    """How busy the machine is while a test runs, for those that look at time."""
    with measured_machine() as watched:
        yield watched
