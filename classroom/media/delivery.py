"""Whether what is made for students leaves: the last place where picture and sound can be seen to be missing.

Whatever is wrong before it, a mixer that fails, an encoder that hangs, a thread that ended: nothing leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["Delivery", "Missing"]

_LOOKS: Final = 7
"""Looks in a row that must have seen nothing leave: whoever was held up, or slept, sees it once only."""

_BEGINNING: Final = 1.0
"""Seconds more that the first packet may take, for the encoder is opened first."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What was handed out so far of one rendition, or of the sound.

    ``name`` tells it from the others, ``takers`` is how many take it now, ``handed_out`` how many packets there were;
    after ``patience`` seconds without another one it is missing.
    """

    kind: Literal["picture", "sound"]
    name: str
    takers: int
    handed_out: int
    patience: float


@dataclass(slots=True)
class _Seen:
    handed_out: int
    since: float
    looks: int = 0
    begun: bool = False


class Missing:
    """Notices what somebody takes and what does not come."""

    def __init__(self) -> None:
        self._seen: dict[str, _Seen] = {}

    def look(self, now: float, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """Those that are missing at the clock second ``now``; to be called ten times a second."""
        return [each for each in deliveries if self._is_missing(now, each)]

    def _is_missing(self, now: float, each: Delivery) -> bool:
        if not each.takers:
            self._seen.pop(each.name, None)
            return False
        seen = self._seen.setdefault(each.name, _Seen(each.handed_out, now))
        if each.handed_out != seen.handed_out:
            seen.handed_out, seen.since, seen.looks, seen.begun = each.handed_out, now, 0, True
            return False
        seen.looks += 1
        patience = each.patience if seen.begun else each.patience + _BEGINNING
        return seen.looks >= _LOOKS and now - seen.since >= patience
