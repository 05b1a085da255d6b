"""How many connectivity checks one peer may cause: packets that are sent to addresses of its choice.

Pure: the time is an argument.
"""

from __future__ import annotations

from typing import Final

__all__ = ["CheckBudget"]

CHECKS: Final = 20.0
"""Checks a second for one peer (RFC 8445, section 14.2, has one in 50 ms)."""

AT_ONCE: Final = 20


class CheckBudget:
    """Some checks at once, and then this many a second. One budget serves all connections of a peer in sequence."""

    def __init__(self, now: float) -> None:
        self._left = float(AT_ONCE)
        self._at = now

    def left(self, now: float) -> bool:
        """Whether one more check may be sent now."""
        self._left = min(float(AT_ONCE), self._left + CHECKS * (now - self._at))
        self._at = now
        return self._left >= 1.0

    def take(self, now: float) -> bool:
        """Spend one check, if there is one."""
        if not self.left(now):
            return False
        self._left -= 1.0
        return True
