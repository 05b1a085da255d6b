"""What the host of a virtual machine takes away: figures of time mean nothing while it does.

Tests that look at time assert on a machine that has its processors, and say so where it has not.
"""

from __future__ import annotations

from pathlib import Path

import pytest

__all__ = ["StolenTime"]

_STAT = Path("/proc/stat")
_TOO_MUCH = 0.05


class StolenTime:
    """The share of the processors' time that the host has taken away since this was made (0 to 1)."""

    def __init__(self) -> None:
        self._before = _read()

    def share(self) -> float:
        """The share so far; 0 where the system does not tell."""
        stolen, total = (now - before for now, before in zip(_read(), self._before, strict=True))
        return stolen / total if total else 0.0

    def excuse(self) -> None:
        """Skip the test when too much was taken for its figures to mean anything."""
        share = self.share()
        if share > _TOO_MUCH:
            pytest.skip(f"the host took {share:.0%} of the processors' time away; times were not looked at")


def _read() -> tuple[int, int]:
    """Stolen and total time of all processors, in ticks (proc_stat(5))."""
    try:
        fields = [int(field) for field in _STAT.read_text("ascii").split("\n", 1)[0].split()[1:9]]
    except OSError:
        return 0, 0
    return fields[7], sum(fields)
