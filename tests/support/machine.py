"""Figures of time mean nothing while the host of a virtual machine takes its processors away.

Tests that look at time assert on a machine that has its processors, and say so where it has not.
"""

from __future__ import annotations

import pytest

from classroom.bench import machine

__all__ = ["StolenTime"]

_TOO_MUCH = 0.05


class StolenTime(machine.StolenTime):
    """The share of the processors' time that the host has taken away since this was made."""

    def excuse(self) -> None:
        """Skip the test when too much was taken for its figures to mean anything."""
        share = self.share()
        if share > _TOO_MUCH:
            pytest.skip(f"the host took {share:.0%} of the processors' time away; times were not looked at")
