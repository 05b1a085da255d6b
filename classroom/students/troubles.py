"""What is wrong with what students get, decided from the list of students as it is each second. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from classroom.students.roster import StudentEntry

__all__ = ["LATE", "Trouble", "TroubleKind", "Troubles"]

TroubleKind = Literal["nothing", "sound_blocked", "small_picture", "late"]

LATE: Final = 0.2
"""Seconds that 95 of 100 pictures should not be late."""

_AFTER: Final[Mapping[TroubleKind, float]] = {
    "nothing": 15.0,
    # Two reports of a page, which come every five seconds: a person who has just joined may be about to click.
    "sound_blocked": 8.0,
    "small_picture": 60.0,
    # Three reports.
    "late": 12.0,
}
"""Seconds for which each must have been so."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """The students, by number, who have one kind of trouble, with the name of each."""

    kind: TroubleKind
    students: Mapping[str, str]


class Troubles:
    """Remembers since when each student has had which trouble."""

    def __init__(self) -> None:
        self._since: dict[TroubleKind, dict[str, float]] = {kind: {} for kind in _AFTER}

    def observe(self, students: Mapping[str, StudentEntry], pages: Collection[str], now: float) -> list[Trouble]:
        """The troubles that have lasted.

        Args:
            students: the list of students, by number.
            pages: the numbers of those who use our page; of other clients it is not known what they mean to watch.
            now: seconds of any steady clock.
        """
        found = []
        for kind, after in _AFTER.items():
            before = self._since[kind]
            now_so = {
                number: before.get(number, now)
                for number, entry in students.items()
                if number in pages and kind in _kinds(entry)
            }
            self._since[kind] = now_so
            lasting = {number: students[number]["name"] for number, since in now_so.items() if now - since >= after}
            if lasting:
                found.append(Trouble(kind, lasting))
        return found


def _kinds(entry: StudentEntry) -> set[TroubleKind]:
    """What is wrong with one student at this moment."""
    if not entry["admitted"] or entry["state"] == "gone" or entry["blocked"]:
        return set()  # a network that blocks the picture has an alarm of its own
    if entry["state"] == "waiting":
        return {"nothing"}
    found: set[TroubleKind] = set()
    shows, latency = entry["shows"], entry["latency"]
    if entry["small"]:
        found.add("small_picture")
    elif shows is not None and shows["fps"] == 0 and entry["codec"] is not None:
        found.add("nothing")
    if shows is not None and shows["sound"] == "blocked":
        found.add("sound_blocked")
    if latency is not None and latency["p95"] is not None and latency["p95"] - latency["clock"] > LATE:
        found.add("late")
    return found
