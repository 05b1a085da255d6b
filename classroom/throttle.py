"""Slows an address down that keeps giving a wrong token.

Pure: the time is an argument. The memory is bounded; the oldest address is forgotten first.
"""

from __future__ import annotations

from collections import OrderedDict

__all__ = ["Throttle"]


class Throttle:
    """Counts failures by address and says how long the next answer must wait, in seconds."""

    def __init__(
        self, *, first: float = 0.5, longest: float = 8.0, forget: float = 300.0, addresses: int = 1024
    ) -> None:
        self._first = first
        self._longest = longest
        self._forget = forget
        self._addresses = addresses
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def failed(self, address: str, now: float) -> float:
        """Note a failure; return the seconds to wait before it is answered."""
        count, last = self._failures.pop(address, (0, now))
        count = 1 if now - last > self._forget else count + 1
        self._failures[address] = (count, now)
        while len(self._failures) > self._addresses:
            self._failures.popitem(last=False)
        return float(min(self._longest, self._first * 2 ** (min(count, 16) - 1)))

    def succeeded(self, address: str) -> None:
        """Forget the failures of an address."""
        self._failures.pop(address, None)
