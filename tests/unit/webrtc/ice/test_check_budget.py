"""How many checks one peer may cause."""

from __future__ import annotations

from classroom.webrtc.ice.check_budget import AT_ONCE, CHECKS, CheckBudget


def test_some_at_once_and_then_so_many_a_second() -> None:
    budget = CheckBudget(100.0)
    assert sum(budget.take(100.0) for _ in range(1000)) == AT_ONCE
    assert not budget.left(100.0)
    assert sum(budget.take(100.0 + step / 1000) for step in range(10_001)) == 10 * CHECKS
    assert sum(budget.take(1000.0) for _ in range(1000)) == AT_ONCE
